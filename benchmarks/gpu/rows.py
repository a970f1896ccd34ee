"""What is measured, one row after the other, within the time there is."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch

from argus.errors import ArgusError

_MOST = 30  # runs of a row


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        name: what was done.
        options: of what, as words: number format, compiled.
        ms: median of the runs, in milliseconds; None where it was left out.
        runs: how many there were, one before them not counted.
        per_second: images or texts a second.
        peak_gb: most memory of the GPU that was allocated meanwhile; None on a CPU.
        first_seconds: the first run, which compiles and warms up.
        note: why it was left out, or a remark.
    """

    name: str
    options: str = ""
    ms: float | None = None
    runs: int = 0
    per_second: float | None = None
    peak_gb: float | None = None
    first_seconds: float | None = None
    note: str = ""

    def line(self) -> str:
        cells = [_shown(self.ms, 1), _shown(self.per_second, 1), _shown(self.first_seconds, 1), _shown(self.peak_gb, 2)]
        return f"| {self.name} | {self.options} | {' | '.join(cells)} | {self.runs} | {self.note} |"


HEAD = ["| what | how | ms | a second | first, s | peak, GB | runs | |", "|---|---|---|---|---|---|---|---|"]


def _shown(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


@dataclass
class Table:
    """Measures rows until its time is over; those after it are left out, and say so.

    Args:
        deadline: monotonic time.
        row_seconds: how long one row is repeated.
        least: runs of a row, however long they take.
    """

    deadline: float
    row_seconds: float
    least: int = 3
    rows: list[Row] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        return time.monotonic() > self.deadline

    def add(self, row: Row) -> Row:
        """Keep a row, and print it."""
        self.rows.append(row)
        figures = [f"{row.ms:,.1f} ms" if row.ms is not None else "",
                   f"{row.per_second:,.1f}/s" if row.per_second else "",
                   f"{row.peak_gb:.2f} GB" if row.peak_gb else "", row.note]
        print("  ".join([row.name, *([row.options] if row.options else []), *filter(None, figures)]), file=sys.stderr,
              flush=True)
        return row

    def measure(self, name: str, options: str, work: Callable[[], object], items: int = 1) -> Row:
        """Run `work` once, then again and again; a failure becomes the row's note.

        Args:
            items: images or texts of one run: `ms` is of one of them.
        """
        if self.is_over:
            return self.add(Row(name, options, note="left out: the time was over"))
        try:
            _forget_peak()
            first = _seconds(work)
            taken: list[float] = []
            end = min(self.deadline, time.monotonic() + self.row_seconds)
            while len(taken) < _MOST and (len(taken) < self.least or time.monotonic() < end):
                taken.append(_seconds(work))
        except (ArgusError, RuntimeError, ImportError, MemoryError) as error:
            said = error.message if isinstance(error, ArgusError) else str(error).strip().split("\n")[0]
            return self.add(Row(name, options, note=f"failed: {said or type(error).__name__}"))
        one = statistics.median(taken) / items
        return self.add(Row(name, options, 1000 * one, len(taken), 1 / one, _peak(), first))


def _seconds(work: Callable[[], object]) -> float:
    """Return what `work` takes; the engines give their answers on the CPU, so the GPU is done by then."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _forget_peak() -> None:
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()


def _peak() -> float | None:
    return torch.cuda.max_memory_allocated() / 2**30 if torch.cuda.is_available() else None
