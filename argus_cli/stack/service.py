"""What the supervisor knows about a child process before it starts it."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from argus.home import Account

Progress = Callable[[str], None]
# Of every Python process. With a heap for each of many threads glibc keeps what was needed once; two are enough.
PROCESS = {"PYTHONUNBUFFERED": "1", "MALLOC_ARENA_MAX": "2"}


@dataclass(frozen=True)
class Command:
    """One process to start: its arguments, its whole environment, and whom it runs as (None: as we do)."""

    argv: Sequence[str]
    env: Mapping[str, str]
    account: Account | None = None
    cwd: Path | None = None


class Service:
    """A child of the embedded stack. A subclass says how it is prepared, started and seen to be ready.

    Attributes:
        name: its name on the command line and of its log file.
        title: its name in sentences.
        restarts: whether it is started again when it dies, or takes the stack down (the two that keep data: PostgreSQL
            and Valkey die of a full disk, a lack of memory or damage, which a person must see before they go on).
        needed: whether others need it while they finish their work: it is asked to stop when those have ended.
        stop_signal: the signal that ends it in an orderly way.
        stop_seconds: how long that may take before SIGKILL.
        ready_seconds: how long it may take to become ready.
    """

    name: str
    title: str
    restarts = False
    needed = True
    stop_signal: int = signal.SIGTERM
    stop_seconds = 10.0
    ready_seconds = 60.0

    def prepare(self, progress: Progress) -> None:
        """Do what must be done before the process starts; other services it needs are already ready."""

    def command(self) -> Command:
        """Return the process to start."""
        raise NotImplementedError

    def is_ready(self) -> bool:
        """Say whether it does its work now. Called every fraction of a second until it is true."""
        return True

    def came_up(self, log: str) -> bool:
        """Say whether it got as far as doing its work since its start, from the log it wrote since then."""
        return False

    def state(self, log: str) -> str:
        """Return a few words on how far a slow start is, from the log it wrote so far; raise when it went wrong."""
        return ""

    def finish(self, progress: Progress) -> None:
        """Do what must be done once it is ready, before the next service starts."""
