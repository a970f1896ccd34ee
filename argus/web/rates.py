"""How often something may happen: what happened of late is counted in this process's memory, for each caller."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import NamedTuple

_SECONDS = {"second": 1, "minute": 60, "hour": 3600}


class Limit(NamedTuple):
    """At most `amount` times within `seconds`, whenever they begin."""

    amount: int
    seconds: int


def parse(text: str) -> Limit:
    """Return what `20/minute` says; the other words are `second` and `hour`."""
    amount, _, unit = text.partition("/")
    return Limit(int(amount), _SECONDS[unit])


class RateLimiter:
    """Counts for each limit and key; those of keys that nothing happens for any more are forgotten.

    Args:
        clock: gives seconds; a test's own.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._happened: OrderedDict[tuple[Limit, str], deque[float]] = OrderedDict()  # the least recent key first

    def __len__(self) -> int:
        return len(self._happened)

    def wait(self, limit: Limit, key: str) -> float:
        """Count one more and return 0; when that would be over the limit, do not count it, and return for how many
        seconds it would be."""
        now = self._clock()
        with self._lock:
            times = self._happened.setdefault((limit, key), deque())
            while times and times[0] <= now - limit.seconds:
                times.popleft()
            if len(times) >= limit.amount:
                return times[0] + limit.seconds - now if times else float(limit.seconds)
            times.append(now)
            self._happened.move_to_end((limit, key))
            self._forget(now)
        return 0.0

    def _forget(self, now: float) -> None:
        while True:
            first, times = next(iter(self._happened.items()))
            if times and times[-1] > now - first[0].seconds:
                return
            del self._happened[first]
