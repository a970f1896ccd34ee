"""Work that stands in a table, and that a thread of the default worker does beside its jobs: it may take hours.

Who is at it holds a lock that goes with its process: after a crash the next look takes it up again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from argus.db import held
from argus.errors import OUTAGES, ArgusError, may_pass

Id = TypeVar("Id", int, str)


def run_all(lock: int, due: Callable[[], list[Id]], run: Callable[[Id], None],
            key: Callable[[Id], int] = int) -> None:
    """Run everything that is due and that nobody else runs, one after another, until nothing is.

    Args:
        lock: see `argus.db.locks`.
        due: the ids on which there is work, the first to be done first.
        run: does it, if there still is any; what goes wrong is written into its row, not raised.
        key: a number of 32 bits for an id; with `lock` it is what is held.
    """
    while _run_next(lock, due, run, key):
        pass


def _run_next(lock: int, due: Callable[[], list[Id]], run: Callable[[Id], None], key: Callable[[Id], int]) -> bool:
    for one in due():
        with held(lock, key(one)) as ours:
            if ours:
                run(one)
                return True
    return False


def seconds_to_retry(error: ArgusError, attempt: int, waits: Sequence[int], *passing: str) -> int | None:
    """Return how long to wait before another attempt; None when another would end alike, or was the last.

    Args:
        attempt: which one failed, from 1.
        waits: seconds after each attempt but the last.
        passing: further codes of errors that pass.
    """
    passes = may_pass(error) or error.code in OUTAGES or error.code in passing
    return waits[attempt - 1] if passes and attempt <= len(waits) else None
