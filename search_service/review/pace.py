"""How fast people review: from what they looked at one by one, and only while they worked. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise

PAUSE = timedelta(minutes=10)  # a longer gap is no work
FEWEST = 5  # tasks; with fewer no rate is shown


def seconds_each(times: Iterable[datetime]) -> float | None:
    """Return the seconds that one task takes, None when too few were looked at.

    Args:
        times: when each task was decided, one time a task, in any order.
    """
    gaps = [after - before for before, after in pairwise(sorted(times))]
    worked = [gap.total_seconds() for gap in gaps if gap <= PAUSE]
    return round(sum(worked) / len(worked), 1) if len(worked) >= FEWEST - 1 else None
