"""The confidence bands of unreviewed predictions: the one rule for their edges, in Python, SQL and the Data Manager."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from argus.settings import get_settings

NOTHING_FOUND = "nothing_found"
CHECK_FIRST = "check_first"  # where a project asks for suspicions: tasks with an open one, whose score is 0 meanwhile
# The kinds of suspicions that new projects ask for: missing objects, and the odd shapes that were always wrong when
# measured (`python -m benchmarks.trust --part check_first`).
CHECKED_AT_FIRST = ("below_threshold", "seen_around", "nothing_found", "two_labels", "twins")
BANDS = ("high", "medium", "low", NOTHING_FOUND)
DIGITS = 4  # of a score as it is delivered to Label Studio
LEAST = 0.0001  # the lowest score that is not 0; no detection of less is stored

Range = tuple[float | None, float | None]


@dataclass(frozen=True)
class Edges:
    """Lower edges of the high and the medium band, 0-1."""

    high: float
    medium: float
    check_first: bool = False  # whether the project asks for suspicions; then a score of 0 is no low one

    def ranges(self) -> dict[str, Range]:
        """Return the bands as `name → (lowest score, inclusive; upper edge, exclusive)`; None is open."""
        bands: dict[str, Range] = {"high": (self.high, None), "medium": (self.medium, self.high),
                                   "low": (LEAST if self.check_first else None, self.medium)}
        return {**bands, CHECK_FIRST: (None, LEAST)} if self.check_first else bands

    def band(self, score: float | None) -> str:
        """Return the band of a task's score; None, the score of a prediction without regions, is a group of its own."""
        if score is None:
            return NOTHING_FOUND
        score = round(score, DIGITS)
        return next(band for band, (low, high) in self.ranges().items()
                    if (low is None or score >= low) and (high is None or score < high))


def edges_of(project: Mapping[str, Any]) -> Edges:
    """Return the edges of a row of `project`: its own, else the settings'."""
    settings = get_settings()
    high, medium = (default if project[name] is None else project[name]
                    for name, default in (("band_high", settings.band_high), ("band_medium", settings.band_medium)))
    return Edges(high, medium, bool(project.get("check_first")))


def condition_sql(edges: Edges, band: str, column: str) -> tuple[str, dict[str, float]]:
    """Return the SQL condition that the score in `column` lies in a band, and its parameters."""
    if band == NOTHING_FOUND:
        return f"{column} IS NULL", {}
    low, high = edges.ranges()[band]
    bounds = {name: value for name, value in (("band_low", low), ("band_high", high)) if value is not None}
    signs = {"band_low": ">=", "band_high": "<"}
    # A `real` holds 0.9 as 0.89999998; as a number of digits it is 0.9 again.
    return " AND ".join(f"{column}::numeric {signs[name]} %({name})s" for name in bounds), bounds
