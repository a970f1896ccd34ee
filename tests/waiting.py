"""Waiting for something another process does."""

from __future__ import annotations

import time
from collections.abc import Callable


def wait_for(holds: Callable[[], object], seconds: float, pause: float = 0.2) -> None:
    """Return once `holds()` is true; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(pause)
