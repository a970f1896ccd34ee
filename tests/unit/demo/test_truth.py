"""The yardstick itself, on numbers one can check by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from demo.truth import Region, Truth, iou, matched, quality


def test_iou__half_of_each() -> None:
    assert iou((0, 0, 2, 2), (1, 0, 3, 2)) == pytest.approx(1 / 3)
    assert iou((0, 0, 1, 1), (1, 0, 2, 1)) == 0


def test_matched__a_box_is_given_away_once_to_the_surest() -> None:
    box = (0, 0, 10, 10)
    assert matched([Region("cpu", box, 0.5), Region("cpu", box, 0.9)], [box]) == [False, True]


def test_quality__counts_misses_and_false_alarms(tmp_path: Path) -> None:
    path = tmp_path / "truth.json"
    thing = {"label": "cpu", "box": [0, 0, 10, 10]}
    frames_of_truth = {"0": [thing, {"label": "fan", "box": [10, 10, 20, 20]}], "25": [thing], "50": []}
    path.write_text(json.dumps({"width": 20, "height": 20, "frames": frames_of_truth}))
    truth = Truth(path)
    frames = [(0, [Region("cpu", (0, 0, 10, 10), 0.95), Region("fan", (0, 0, 1, 1), 0.9)]), (25, []),
              (50, [Region("cpu", (0, 0, 5, 5), 0.91)])]
    assert quality(frames, truth, "cpu") == {"objects": 2, "precision": 0.5, "recall": 0.5, "high_band_precision": 0.5}
    assert truth.labels == ["cpu", "fan"]
    with pytest.raises(KeyError):
        truth.shows(7, "cpu")
