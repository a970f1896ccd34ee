"""A small dictionary whose entries are forgotten after a while."""

from __future__ import annotations

import time
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Expiring(Generic[K, V]):
    """Entries older than `seconds` are as if they had never been set; what was set last is the last to go."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._kept: dict[K, tuple[V, float]] = {}

    def __setitem__(self, key: K, value: V) -> None:
        self._kept.pop(key, None)  # a dictionary keeps the order in which keys came: the oldest stands first
        self._kept[key] = (value, time.monotonic() + self._seconds)
        for old, (_, until) in list(self._kept.items()):
            if time.monotonic() < until:
                break
            self._kept.pop(old, None)

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: K) -> V | None:
        value, until = self._kept.get(key, (None, 0.0))
        return value if time.monotonic() < until else None
