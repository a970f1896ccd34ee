"""Argus's own processes: two web processes and four workers."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import requests

from argus import dialling
from argus_cli.stack.service import PROCESS, Command, Service

WORKER_SETTLES = 0.5  # seconds a worker must live to count as started; it loads its model after that


class App(Service):
    """A Python process of this environment, in the directory the stack was started from.

    Args:
        name: its name and log file.
        title: its name in sentences.
        argv: what follows the interpreter.
        env: its whole environment.
    """

    restarts = True
    needed = False

    def __init__(self, name: str, title: str, argv: Sequence[str], env: Mapping[str, str]) -> None:
        self.name, self.title = name, title
        self._command = Command([sys.executable, *argv], dict(env) | PROCESS, cwd=Path.cwd())

    def command(self) -> Command:
        return self._command


class Web(App):
    """A web process: ready when its `/health` answers. Given up when it dies again and again right after its start."""

    ready_seconds = 120.0

    def __init__(self, name: str, title: str, argv: Sequence[str], env: Mapping[str, str], url: str) -> None:
        super().__init__(name, title, argv, env)
        self.url = url

    def is_ready(self) -> bool:
        try:
            return dialling.ask("GET", f"{self.url}/health", timeout=5).status_code < 500
        except (requests.RequestException, ValueError):
            return False


class Worker(App):
    """A queue worker. Finishes its current job when asked to stop, within `stop_seconds`."""

    stop_seconds = 20.0

    def __init__(self, name: str, title: str, argv: Sequence[str], env: Mapping[str, str]) -> None:
        super().__init__(name, title, argv, env)
        self._since = 0.0

    def command(self) -> Command:
        self._since = time.monotonic()
        return super().command()

    def is_ready(self) -> bool:
        return time.monotonic() - self._since > WORKER_SETTLES

    def came_up(self, log: str) -> bool:
        return '"message": "ready"' in log
