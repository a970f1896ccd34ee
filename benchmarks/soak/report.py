"""What a soak says: memory early and late, what is held, what was done, and whether the counts agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.soak.samples import Sample, held_of, median, memory_of

EARLY, LATE = (0.2, 0.4), (0.8, 1.0)  # shares of the time that are compared; before the first one caches fill
MARGIN = (1.10, 16.0)  # memory is flat when it grew by less than a tenth, or less than so many MiB
HELD = {"processes but PostgreSQL's": "processes", "their open files": "files", "PostgreSQL connections": "postgres",
        "Valkey clients": "valkey"}
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

    def passed(self) -> bool:
        """Whether memory is flat, nothing was left behind, the counts agree, and nothing else went wrong."""
        grew = [name for name, early, late in self.memory() if not flat(early, late)]
        return not (grew or self.apart or self.wrong or self.after.processes > self.before.processes)

    def lines(self) -> list[str]:
        """Return the report in Markdown."""
        done = ", ".join(f"{n} {name}" for name, n in sorted(self.done.items()))
        refused = ", ".join(f"{n} × {name}" for name, n in sorted(self.refused.items()))
        said = [f"{self.minutes:g} minutes: {done}.", f"Refused: {refused or 'nothing'}.", "",
                f"| memory, MiB (median) | {_span(EARLY)} of the time | {_span(LATE)} | flat |", "|---|---|---|---|"]
        said += [f"| {name} | {early:.0f} | {late:.0f} | {'yes' if flat(early, late) else '**no**'} |"
                 for name, early, late in self.memory()]
        said += ["", f"| held | at rest before | {_span(EARLY)} | {_span(LATE)} | at rest after |",
                 "|---|---|---|---|---|"]
        for title, name in HELD.items():
            of = held_of(name)
            said.append(f"| {title} | {of(self.before)} | {median(self.early, of):.0f} | {median(self.late, of):.0f} | "
                        f"{of(self.after)} |")
        agree = "**They differ**: " + "; ".join(self.apart) if self.apart else (
            "Label Studio and our database agree to the last task")
        said += ["", f"Counts at the end: {self.counts}. {agree}."]
        return said + (["", f"**Went wrong**: {'; '.join(self.wrong)}."] if self.wrong else [])


def _span(window: tuple[float, float]) -> str:
    return f"{100 * window[0]:.0f}–{100 * window[1]:.0f} %"


def put(file: Path, begin: str, end: str, text: Sequence[str]) -> None:
    """Put `text` between two marks of a page, and leave the rest of it as it is.

    Raises:
        ValueError: the page has not these marks.
    """
    before, rest = file.read_text().split(begin)
    _, after = rest.split(end)
    file.write_text("\n".join([before + begin, "", *text, "", end + after]))
