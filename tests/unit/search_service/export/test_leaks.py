"""The leak report: the nearest training frames in time and in looks, counted, ranked, written and drawn."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image

from search_service.export import leak_files
from search_service.export.divide import Division, Rules
from search_service.export.frames import Origin, frames_of
from search_service.export.leaks import Leaks, find
from search_service.export.splitting import Planned
from search_service.export.vector_file import VectorFile

RULES = Rules({"train": 0.6, "val": 0.2, "test": 0.2}, 5.0, 0.985)
ORIGINS = {1: Origin("a", 0.0), 2: Origin("a", 4.0), 3: Origin("a", 30.0), 4: Origin("b", 0.0), 5: Origin()}
SPLITS = {1: "train", 2: "val", 3: "test", 4: "train", 5: "val"}


def axis(*turned: float) -> Any:
    """Return a vector of length 1 whose first numbers are given."""
    rest = max(0.0, 1 - sum(one * one for one in turned)) ** 0.5
    return np.array([*turned, *[0.0] * (3 - len(turned)), rest], np.float16)


LOOKS = {1: axis(1), 2: axis(0, 1), 3: axis(0.6, 0, 0), 4: axis(0, 0, 1), 5: axis(0, 0, 0.99)}


def file_of(looks: dict[int, Any]) -> VectorFile:
    return VectorFile([(np.array([task]), vector[None]) for task, vector in looks.items()])


def found(looks: dict[int, Any] = LOOKS, splits: dict[int, str] = SPLITS, rules: Rules = RULES) -> Leaks:
    with file_of(looks) as vectors:
        return find(frames_of(ORIGINS, {}, {}), splits, vectors, rules)


def test_find__names_the_nearest_training_frame_in_time_and_in_looks() -> None:
    leaks = found()
    rows = {int(task): row for row, task in enumerate(leaks.tasks)}
    assert set(rows) == {2, 3, 5}
    assert [(int(leaks.by_time[rows[t]]), float(leaks.seconds[rows[t]])) for t in (2, 3, 5)] == [
        (1, 4.0), (1, 30.0), (-1, np.inf)]
    assert [int(leaks.by_looks[rows[t]]) for t in (3, 5)] == [1, 4]
    assert leaks.cosine[rows[3]] == pytest.approx(0.6, abs=0.01)
    assert [bool(leaks.leaks[rows[t]]) for t in (2, 3, 5)] == [True, False, True]  # near in time; apart; looks alike
    assert leaks.share == pytest.approx(2 / 3)
    assert leaks.tasks[leaks.worst(2)].tolist() == [5, 2]
    assert [leaks.partner(rows[t]) for t in (2, 3, 5)] == [1, 1, 4]


def test_find__the_gap_and_the_cosine_decide() -> None:
    assert found(rules=Rules(RULES.shares, 3.0, 0.995)).share == 0
    assert found(rules=Rules(RULES.shares, 31.0, 0.995)).leaks.sum() == 2
    assert found(rules=Rules(RULES.shares, 0.0, 0.5)).leaks.sum() == 2


@pytest.mark.parametrize("known", [{}, {1: LOOKS[1]}, {5: LOOKS[5]}])
def test_find__frames_without_a_vector_are_compared_by_time_and_counted(known: dict[int, Any]) -> None:
    leaks = found(known)
    assert leaks.leaks.sum() == 1 and (leaks.by_looks == -1).all()
    assert leaks.unseen == 5 - len(known)


def test_find__only_what_was_written_is_looked_at() -> None:
    leaks = found(splits={1: "train", 3: "test"})
    assert leaks.tasks.tolist() == [3] and leaks.unseen == 0
    assert found(splits={2: "val", 3: "test"}).leaks.sum() == 0


@pytest.mark.parametrize("images", [True, False])
def test_write__a_line_a_frame_a_summary_and_pictures(tmp_path: Path, images: bool) -> None:
    places = {task: (f"{task}.jpg", split) for task, split in SPLITS.items()}
    if images:
        for name, split in places.values():
            path = tmp_path / "images" / split / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (640, 360), "teal").save(path)
    planned = Planned(frames_of(ORIGINS, {}, {}), cast(Division, None), RULES, {}, None)
    with file_of(LOOKS) as vectors:
        report = leak_files.write(tmp_path, planned, places, vectors, lambda split: f"images/{split}")
    assert (report.checked, report.leaking, report.without_vector) == (3, 2, 0)
    assert [(one.task, one.shown, one.leaks) for one in report.worst] == [(5, 4, True), (2, 1, True), (3, 1, False)]
    with (tmp_path / "leaks/frames.csv").open() as file:
        lines = {line["file_name"]: line for line in csv.DictReader(file)}
    assert lines["2.jpg"]["nearest_in_time"] == "1.jpg" and lines["2.jpg"]["seconds"] == "4.0"
    assert lines["5.jpg"]["nearest_in_time"] == "" and lines["5.jpg"]["nearest_in_looks"] == "4.jpg"
    assert type(report).model_validate_json((tmp_path / "leaks/report.json").read_text()) == report
    pictures = sorted(path.name for path in (tmp_path / "leaks").glob("*.jpg"))
    assert pictures == (["01.jpg", "02.jpg", "03.jpg"] if images else [])
    if images:
        assert Image.open(tmp_path / "leaks/01.jpg").size == (968, 270)


@pytest.mark.parametrize(("shares", "expected"), [
    ({"train": 1.0}, False), ({"a": 0.5, "b": 0.5}, False), ({"train": 0.5, "val": 0.5}, True)])
def test_fits__training_and_another_split(shares: dict[str, float], expected: bool) -> None:
    assert leak_files.fits(shares) is expected
