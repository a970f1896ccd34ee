"""Detections as data."""

from __future__ import annotations

import json

import numpy as np

from ml_backend.detection.store import from_items, to_items
from ml_backend.engines.base import Detections, Mask, best_named, nms, not_among


def test_nms__the_better_of_two_that_overlap_stays() -> None:
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [20, 0, 30, 10], [5, 0, 15, 10]], np.float32)
    scores = np.array([0.8, 0.9, 0.3, 0.7], np.float32)
    # 0 and 1 share 90 of 100 (IoU 0.9); 1 and 3 share 45 of 145 (IoU 0.31).
    assert nms(boxes, scores, 0.6).tolist() == [1, 3, 2]
    assert nms(boxes, scores, 0.3).tolist() == [1, 2]
    assert nms(boxes[:0], scores[:0], 0.6).tolist() == []


def test_not_among__leaves_out_what_is_there() -> None:
    boxes = np.array([[0, 0, 10, 10], [20, 0, 30, 10]], np.float32)
    found = Detections(np.array([0.9, 0.8], np.float32), boxes, [None, None])
    assert not_among(found, [(20, 0, 30, 9)], 0.6).boxes.tolist() == [[0, 0, 10, 10]]
    assert len(not_among(found, [(20, 0, 30, 9)], 0.95)) == 2
    assert len(not_among(found, [], 0.5)) == 2


def test_mask__survives_json() -> None:
    bits = np.random.default_rng(0).random((13, 21)) < 0.5
    mask = Mask.from_json(json.loads(json.dumps(Mask(5, 7, bits).to_json())))
    assert (mask.x, mask.y) == (5, 7)
    assert np.array_equal(mask.bits, bits)


def test_items__survive_json_rounded() -> None:
    found = Detections(np.array([0.9, 0.1234567], np.float32), np.array([[1, 2, 3.004, 4], [0, 0, 1, 1]], np.float32),
                       [Mask(0, 0, np.ones((2, 2), np.bool_)), None])
    back = from_items(json.loads(json.dumps(to_items(found))))
    assert np.allclose(back.scores, found.scores, atol=1e-6)
    assert np.allclose(back.boxes, found.boxes, atol=0.01)
    assert back.masks[1] is None
    assert back.masks[0] is not None
    assert len(from_items(to_items(Detections.none()))) == 0


def test_best_named__score_times_overlap_decides() -> None:
    thing = np.array([0, 0, 10, 10], np.float32)
    named = {"fan": found((0, 0, 10, 10), score=0.3), "cpu": found((0, 0, 10, 8), score=0.9),  # 0.3 and 0.72
             "hdd": found((0, 0, 10, 4), score=1.0), "ram": Detections.none()}  # 0.4 of it only
    assert best_named(thing, named, 0.5) == "cpu"
    assert best_named(thing, {"hdd": named["hdd"], "ram": named["ram"]}, 0.5) is None
    assert best_named(thing, {}, 0.5) is None


def found(box: tuple[float, float, float, float], score: float) -> Detections:
    return Detections(np.array([score], np.float32), np.array([box], np.float32), [None])
