"""What processes hold while they run: memory, files, connections. Linux only: it reads /proc."""

from __future__ import annotations

import contextlib
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from argus.jobs import queues
from argus_cli.stack import Stack, guard

SECONDS = 5.0  # between two samples


@dataclass(frozen=True)
class Sample:
    """One look. Memory in MiB by service (a page that processes share counts once), numbers of the whole stack.

    PostgreSQL has a process for each connection, with a file for each table: they count as connections alone.
    """

    second: float
    memory: dict[str, float]
    processes: int
    files: int
    postgres: int
    valkey: int


@dataclass
class Sampler:
    """Looks at a stack every `SECONDS`, in a thread of its own."""

    stack: Stack
    taken: list[Sample] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._began, self._end = time.monotonic(), threading.Event()
        self._thread = threading.Thread(target=self._forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._end.set()
        self._thread.join()

    def _forever(self) -> None:
        while not self._end.wait(SECONDS):
            self.taken.append(look(self.stack, time.monotonic() - self._began))

    def window(self, first: float, last: float) -> list[Sample]:
        """Return the samples between two shares (0..1) of all the time."""
        total = self.taken[-1].second
        return [sample for sample in self.taken if first * total <= sample.second <= last * total]


def look(stack: Stack, second: float = 0.0) -> Sample:
    """Return what the stack's processes hold now."""
    families = {name: guard.family({stack.pid(name)}) for name, runs in stack.alive().items() if runs}
    every: set[int] = set().union(*(pids for name, pids in families.items() if name != "postgres"))
    url = stack.settings.resolved_database_url
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute("SELECT count(*) - 1 FROM pg_stat_activity WHERE backend_type = 'client backend'"
                                 ).fetchone()
    return Sample(second, {name: sum(map(_memory, pids)) for name, pids in families.items()}, len(every),
                  sum(map(_files, every)), row[0] if row else 0, len(queues.get_redis().client_list()))


def _memory(pid: int) -> float:
    """Return the proportional set size of a process in MiB; 0 when it has just ended."""
    with contextlib.suppress(OSError, StopIteration):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("Pss:")).split()[1]) / 1024
    return 0.0


def _files(pid: int) -> int:
    with contextlib.suppress(OSError):
        return len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return 0


def median(samples: Sequence[Sample], of: Callable[[Sample], float]) -> float:
    return statistics.median(map(of, samples))


def memory_of(name: str) -> Callable[[Sample], float]:
    return lambda sample: sample.memory.get(name, 0.0)


def held_of(name: str) -> Callable[[Sample], int]:
    return lambda sample: int(getattr(sample, name))
