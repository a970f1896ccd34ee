"""The seconds of both builds for one part, pair by pair, and what they say."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

LIMIT = 1.05
BEGIN, END = "<!-- pairs: written by python -m benchmarks.side_by_side -->", "<!-- end of pairs -->"
HEAD = ["| part | baseline, s | this build, s | ratio of a pair | pairs | load | when, commit |",
        "|---|---|---|---|---|---|---|"]


@dataclass
class Pairs:
    """Attributes:
        before, after: seconds of the baseline and of this build, one after the other of each pair.
        loads: the machine's load after each pair.
    """

    part: str
    before: list[float] = field(default_factory=list)
    after: list[float] = field(default_factory=list)
    loads: list[float] = field(default_factory=list)

    def add(self, before: float, after: float, load: float) -> None:
        self.before.append(before)
        self.after.append(after)
        self.loads.append(load)

    def ratios(self) -> list[float]:
        return [after / before for before, after in zip(self.before, self.after, strict=True)]

    def is_slower(self) -> bool:
        return statistics.median(self.ratios()) > LIMIT

    def cells(self) -> list[str]:
        """Return medians and spreads of the baseline, of this build and of their ratio, the pairs and the loads."""
        return [_spread(self.before, 3), _spread(self.after, 3), _spread(self.ratios(), 2), str(len(self.before)),
                f"{min(self.loads):.0f} to {max(self.loads):.0f}"]

    def row(self, commit: str) -> str:
        return f"| {' | '.join([self.part, *self.cells(), f'{datetime.now(UTC):%Y-%m-%d}, {commit[:7]}'])} |"

    def __str__(self) -> str:
        before, after, ratio, pairs, load = self.cells()
        return (f"{self.part}: baseline {before} s, this build {after} s, ratio {ratio}, {pairs} pairs, load {load}"
                f"{'  SLOWER' if self.is_slower() else ''}")


def _spread(values: Sequence[float], digits: int) -> str:
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"
