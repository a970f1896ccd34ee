"""Waiting for something another process does."""

from __future__ import annotations

import time
from collections.abc import Callable


def wait_for(holds: Callable[[], object], seconds: float, pause: float | None = None) -> None:
    """Return once `holds()` is true; fail after `seconds`.

    Between two looks it waits for `pause` seconds; where none is given, for as long as the last look took, and 0.2 at
    least: looking takes Label Studio's one processor from what is waited for.
    """
    deadline = time.monotonic() + seconds
    asked = time.monotonic()
    while not holds():
        now = time.monotonic()
        assert now < deadline, f"not within {seconds} s"
        time.sleep(max(0.2, now - asked) if pause is None else pause)
        asked = time.monotonic()
