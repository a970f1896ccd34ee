"""One child process of the stack, and what its log and its exit status say of how it ended."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from argus_cli.stack.service import Service


@dataclass
class Child:
    """A running service."""

    service: Service
    process: subprocess.Popen[bytes]
    log: Path
    log_start: int
    started: float = field(default_factory=time.monotonic)
    ready: bool = False
    stopping: bool = False
    asked: float | None = None  # when it was told to stop
    quick_deaths: int = 0
    restart_at: float | None = None

    def alive(self) -> bool:
        return self.process.poll() is None

    def output(self) -> str:
        """Return what it wrote to its log since this start."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as file:
            file.seek(self.log_start)
            return file.read().decode(errors="replace")


def how_it_ended(status: int | None) -> str:
    """Return "ended with status 3", "was killed by SIGKILL"."""
    if status is not None and status < 0:
        return f"was killed by {signal.Signals(-status).name}"
    return f"ended with status {status}"


def last_words(log: str) -> tuple[str, str]:
    """Return sentence and hint of the error a process of ours ended with, from its log's last line; else empty ones."""
    try:
        line = json.loads(tail(log, 1))
        return (line["message"], line.get("hint", "")) if "code" in line else ("", "")
    except (ValueError, TypeError, KeyError):
        return "", ""


def tail(text: str, lines: int = 15) -> str:
    """Return the last lines of a log."""
    return "\n".join(text.rstrip().splitlines()[-lines:])
