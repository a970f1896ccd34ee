from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from typing import Any, cast

import pytest

from argus.errors import ArgusError
from argus.labelstudio import LabelStudio
from benchmarks.soak import report
from benchmarks.soak.load import Load
from benchmarks.soak.samples import Sample


def sample(second: float, worker: float, files: int = 90, postgres: int = 20, valkey: int = 9,
           processes: int = 12) -> Sample:
    return Sample(second, {"worker": worker, "valkey": 8.0}, processes, files, postgres, valkey)


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
    whole = replace(found, late=early, apart=[])
    assert whole.passed() and "Went wrong" not in "\n".join(whole.lines())
    ended = replace(whole, wrong=["imports: ended by KeyError('id')"])
    assert not ended.passed() and "**Went wrong**: imports: ended by KeyError('id')." in ended.lines()[-1]
    text = "\n".join(found.lines())
    assert "20 minutes: 7 searches." in text and "Refused: nothing." in text
    assert "| worker | 104 | 210 | **no** |" in text and "| valkey | 8 | 8 | yes |" in text
    assert "| their open files | 70 | 90 | 90 | 71 | yes |" in text
    assert "3 tasks. **They differ**: tasks: only there [5]" in text


@pytest.mark.parametrize(("grown", "title"), [
    ({"files": 90 + 13}, "their open files"), ({"postgres": 20 + 5}, "PostgreSQL connections"),
    ({"valkey": 9 + 5}, "Valkey clients")])
def test_passed__files_and_connections_that_grow_between_the_windows_are_a_leak(grown: dict[str, int],
                                                                                title: str) -> None:
    early, rest = [sample(1, 100)], sample(11, 100)

    def soak(late: Sample) -> report.Report:
        return report.Report(20, early, [late] * 3, sample(0, 90, 70, 5, 4), rest, Counter(), Counter(), "", [])

    leaks, fills = soak(sample(9, 100, **grown)), soak(sample(9, 100, **{what: n - 1 for what, n in grown.items()}))
    assert not leaks.passed() and fills.passed()  # the pools fill, from 5 connections at rest to 20
    (told,) = [line for line in leaks.lines() if "**no**" in line]
    assert told.startswith(f"| {title} |")
    assert not any("**no**" in line for line in fills.lines())


def test_passed__a_process_that_is_there_afterwards_was_left_behind() -> None:
    early = [sample(1, 100)]
    found = report.Report(20, early, early, sample(0, 100), sample(9, 100, processes=13), Counter(), Counter(), "", [])
    assert not found.passed() and "| processes but PostgreSQL's | 12 | 12 | 12 | 13 | **no** |" in found.lines()
    busy = replace(found, late=[sample(8, 100, processes=13)], after=sample(9, 100))  # a job's, and it ended
    assert busy.passed()


class FakeLabelStudio:
    """Two tasks, and whatever is imported; a deletion may find its task gone."""

    def __init__(self) -> None:
        self.ids, self.gone = [1, 2], False

    def tasks(self, project: int, **_: Any) -> list[dict[str, Any]]:
        return [{"id": number} for number in self.ids]

    def project(self, project: int) -> dict[str, Any]:
        return {"label_config": "<View/>"}

    def post(self, path: str, body: Any) -> dict[str, Any]:
        self.ids.append(max(self.ids) + 1)
        return {"task_ids": self.ids[-1:]}

    def delete(self, path: str) -> None:
        self.ids.remove(int(path.rstrip("/").rpartition("/")[2]))
        if self.gone:
            raise ArgusError("not_found", "There is no such task.")


def test_load__tasks_are_as_many_once_they_have_ceased_to_grow() -> None:
    fake = FakeLabelStudio()
    load = Load(7, cast(LabelStudio, fake), ["/a.jpg"], ["cpu"], growing=1e9)
    load._began = time.monotonic()
    load._import()
    assert fake.ids == [1, 2, 3]
    load._growing = 0
    load._import()
    assert fake.ids == [2, 3, 4]
    fake.gone = True
    load._import()
    assert (fake.ids, load.done["tasks deleted"]) == ([3, 4, 5], 2)


def test_load__an_error_that_nobody_expects_is_told() -> None:
    load = Load(7, cast(LabelStudio, FakeLabelStudio()), ["/a.jpg"], ["cpu"], growing=0)
    acts = iter([ArgusError("timeout", "It took too long."), KeyError("id")])

    def act() -> None:
        raise next(acts)

    load._repeat("imports", 0, act)
    assert load.refused == {"imports: timeout": 1}
    assert load.broken() == ["imports: ended by KeyError('id')"]
