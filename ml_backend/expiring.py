"""A small dictionary whose entries are forgotten after a while."""

from __future__ import annotations

import time
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Expiring(Generic[K, V]):
    """Entries older than `seconds` are as if they had never been set."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._kept: dict[K, tuple[V, float]] = {}

    def __setitem__(self, key: K, value: V) -> None:
        self._kept[key] = (value, time.monotonic() + self._seconds)

    def get(self, key: K) -> V | None:
        value, until = self._kept.get(key, (None, 0.0))
        return value if time.monotonic() < until else None
