from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.soak import report
from benchmarks.soak.samples import Sample


def sample(second: float, worker: float, files: int = 90) -> Sample:
    return Sample(second, {"worker": worker, "valkey": 8.0}, 12, files, 20, 9)


@pytest.mark.parametrize(("early", "late", "expected"), [
    (1000, 1050, True), (1000, 1101, False), (50, 65, True), (50, 67, False), (200, 100, True)])
def test_flat__a_tenth_or_sixteen_mib(early: float, late: float, expected: bool) -> None:
    assert report.flat(early, late) is expected


def test_lines__say_what_grew_and_what_differs() -> None:
    early, late = [sample(1, 100), sample(2, 104), sample(3, 400)], [sample(8, 200), sample(9, 220), sample(10, 210)]
    found = report.Report(20, early, late, sample(0, 90, 70), sample(11, 200, 71), Counter(searches=7), Counter(),
                          "3 tasks", ["tasks: only there [5], only here []"])
    assert found.memory() == [("worker", 104, 210), ("valkey", 8, 8)]
    assert not found.passed()
    assert replace(found, late=early, apart=[]).passed()
    text = "\n".join(found.lines())
    assert "20 minutes: 7 searches." in text and "Refused: nothing." in text
    assert "| worker | 104 | 210 | **no** |" in text and "| valkey | 8 | 8 | yes |" in text
    assert "| their open files | 70 | 90 | 90 | 71 |" in text
    assert "3 tasks. **They differ**: tasks: only there [5]" in text


def test_put__only_between_the_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<a>\nold\n<b>\nafter\n")
    for _ in range(2):
        report.put(page, "<a>", "<b>", ["new", "lines"])
    assert page.read_text() == "before\n<a>\n\nnew\nlines\n\n<b>\nafter\n"
