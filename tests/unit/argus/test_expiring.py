"""Entries that are forgotten."""

from __future__ import annotations

import time

from argus.expiring import Expiring


def test_expiring__forgets() -> None:
    kept = Expiring[int, str](seconds=0.05)
    assert kept.get(1) is None
    kept[1] = "a"
    assert kept.get(1) == "a"
    time.sleep(0.06)
    assert kept.get(1) is None


def test_expiring__takes_no_memory_for_what_is_forgotten() -> None:
    kept = Expiring[int, str](seconds=0.05)
    for key in (1, 2, 3):
        kept[key] = "a"
    time.sleep(0.06)
    kept[4] = "b"
    assert (len(kept), kept.get(4)) == (1, "b")
