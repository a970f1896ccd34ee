"""What a soak says: memory early and late, what is held, what was done, and whether the counts agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.soak.samples import Sample, held_of, median, memory_of

EARLY, LATE = (0.2, 0.4), (0.8, 1.0)  # shares of the time that are compared; before the first one caches fill
MARGIN = (1.10, 16.0)  # memory is flat when it grew by less than a tenth, or less than so many MiB
# What may be held late and was not held early: a pool opens a connection more at a rare peak, which is a file or, to
# Valkey, a file at each end. A connection left behind by each of the exports, the rarest things that happen, would be 7
# more in 20 minutes. Processes come and go with their jobs, so they count at rest.
HELD = {"processes but PostgreSQL's": ("processes", None), "their open files": ("files", 12),
        "PostgreSQL connections": ("postgres", 4), "Valkey clients": ("valkey", 4)}
BEGIN, END = "<!-- soak: written by make soak -->", "<!-- end of soak -->"


def flat(early: float, late: float) -> bool:
    return late < max(early * MARGIN[0], early + MARGIN[1])


@dataclass(frozen=True)
class Report:
    """One soak.

    Attributes:
        early, late: samples of the two windows that are compared.
        before, after: samples at rest.
        done, refused: how often each part of the load was done, and refused with what.
        counts: of tasks, predictions and so on at the end.
        apart: each difference between Label Studio and our database.
        wrong: what else went wrong, in sentences.
    """

    minutes: float
    early: Sequence[Sample]
    late: Sequence[Sample]
    before: Sample
    after: Sample
    done: Counter[str]
    refused: Counter[str]
    counts: str
    apart: Sequence[str]
    wrong: Sequence[str] = ()

    def memory(self) -> list[tuple[str, float, float]]:
        """Return (service, MiB early, MiB late) as medians."""
        return [(name, median(self.early, memory_of(name)), median(self.late, memory_of(name)))
                for name in self.after.memory]

    def held(self) -> list[tuple[str, int, float, float, int, bool]]:
        """Return (what, before, early, late, after, whether none was left behind); early and late are medians."""
        rows = []
        for title, (name, more) in HELD.items():
            of = held_of(name)
            before, early, late, after = of(self.before), median(self.early, of), median(self.late, of), of(self.after)
            rows.append((title, before, early, late, after, after <= before if more is None else late <= early + more))
        return rows

    def passed(self) -> bool:
        """Whether memory is flat, nothing was left behind, the counts agree, and nothing else went wrong."""
        grew = [name for name, early, late in self.memory() if not flat(early, late)]
        left = [title for title, *_, none in self.held() if not none]
        return not (grew or left or self.apart or self.wrong)

    def lines(self) -> list[str]:
        """Return the report in Markdown."""
        done = ", ".join(f"{n} {name}" for name, n in sorted(self.done.items()))
        refused = ", ".join(f"{n} × {name}" for name, n in sorted(self.refused.items()))
        said = [f"{self.minutes:g} minutes: {done}.", f"Refused: {refused or 'nothing'}.", "",
                f"| memory, MiB (median) | {_span(EARLY)} of the time | {_span(LATE)} | flat |", "|---|---|---|---|"]
        said += [f"| {name} | {early:.0f} | {late:.0f} | {'yes' if flat(early, late) else '**no**'} |"
                 for name, early, late in self.memory()]
        said += ["", f"| held | at rest before | {_span(EARLY)} | {_span(LATE)} | at rest after | none left behind |",
                 "|---|---|---|---|---|---|"]
        said += [f"| {title} | {before} | {early:.0f} | {late:.0f} | {after} | {'yes' if none else '**no**'} |"
                 for title, before, early, late, after, none in self.held()]
        agree = "**They differ**: " + "; ".join(self.apart) if self.apart else (
            "Label Studio and our database agree to the last task")
        said += ["", f"Counts at the end: {self.counts}. {agree}."]
        return said + (["", f"**Went wrong**: {'; '.join(self.wrong)}."] if self.wrong else [])


def _span(window: tuple[float, float]) -> str:
    return f"{100 * window[0]:.0f}–{100 * window[1]:.0f} %"
