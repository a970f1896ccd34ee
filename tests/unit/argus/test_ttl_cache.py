"""Entries that are forgotten."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from argus import ttl_cache
from argus.ttl_cache import Expiring


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The dictionary's clock, which stands until a test moves it."""
    clock = SimpleNamespace(seconds=0.0)
    monkeypatch.setattr(ttl_cache, "time", SimpleNamespace(monotonic=lambda: clock.seconds))
    return clock


def test_expiring__forgets(clock: SimpleNamespace) -> None:
    kept = Expiring[int, str](seconds=10)
    assert kept.get(1) is None
    kept[1] = "a"
    clock.seconds = 9
    assert kept.get(1) == "a"
    clock.seconds = 10
    assert kept.get(1) is None


def test_expiring__takes_no_memory_for_what_is_forgotten(clock: SimpleNamespace) -> None:
    kept = Expiring[int, str](seconds=10)
    for key in (1, 2, 3):
        kept[key] = "a"
    clock.seconds = 11
    kept[4] = "b"
    assert (len(kept), kept.get(4)) == (1, "b")
