"""Figures of merit, small enough to check by hand."""

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from demo.train.calibrate import calibrate
from demo.train.metrics import Truth, at_threshold, average_precision, judge, precision_at
from demo.train.predict import Detection, iou, suppress


def box(x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
    return np.array([x0, y0, x1, y1], np.float32)


def detection(score: float, at: np.ndarray, label: int = 0, image: int = 0) -> Detection:
    return Detection(image, label, at, score, float(np.log(score / (1 - score))), 20.0)


def test_iou__half_overlap_of_equal_boxes_is_a_third() -> None:
    assert iou(box(0, 0, 2, 2), box(1, 0, 3, 2)) == pytest.approx(1 / 3)
    assert iou(box(0, 0, 1, 1), box(2, 2, 3, 3)) == 0


def test_suppress__keeps_the_best_of_near_duplicates() -> None:
    boxes = np.stack([box(0, 0, 10, 10), box(0, 0, 10, 9), box(20, 20, 30, 30)])
    assert suppress(boxes, np.array([0.6, 0.9, 0.5], np.float32)) == [1, 2]


def test_precision_at__counts_the_best_scored() -> None:
    scores = np.array([0.9, 0.1, 0.8, 0.7], np.float32)
    assert precision_at(scores, np.array([True, True, False, True]), 2) == 0.5
    assert precision_at(scores, np.array([True, True, False, True]), 3) == pytest.approx(2 / 3)


def test_judge__gives_each_object_to_one_detection() -> None:
    truth = [Truth(0, 0, box(0, 0, 10, 10))]
    found = [detection(0.6, box(0, 0, 10, 10)), detection(0.9, box(0, 0, 10, 8))]
    assert judge(found, truth).tolist() == [False, True]  # the surer one takes it


def test_judge__label_and_image_must_agree() -> None:
    truth = [Truth(0, 0, box(0, 0, 10, 10))]
    found = [detection(0.9, truth[0].box, label=1), detection(0.8, truth[0].box, image=1)]
    assert judge(found, truth).tolist() == [False, False]


def test_average_precision__by_hand() -> None:
    # Hit, miss, hit of two objects: recall 0.5 at precision 1, then recall 1 at precision 2/3.
    value = average_precision(np.array([0.9, 0.8, 0.7]), np.array([True, False, True]), 2)
    assert value == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert average_precision(np.array([]), np.array([], bool), 3) == 0


def test_at_threshold__precision_and_recall() -> None:
    found = [detection(score, box(0, 0, 1, 1)) for score in (0.95, 0.9, 0.4)]
    counts = at_threshold(found, np.array([True, False, True]), objects=4, threshold=0.9)
    assert (counts.regions, counts.right) == (2, 1)
    assert (counts.precision, counts.recall) == (0.5, 0.25)


def test_calibrate__lowers_scores_that_promise_too_much() -> None:
    # Of 40 regions scored 0.93 only three quarters are right, of 60 scored 0.99 all are.
    at = box(0, 0, 1, 1)
    truth = [Truth(image, 0, at) for image in range(100) if image >= 10]
    found = [detection(0.93 if image < 40 else 0.99, at, image=image) for image in range(100)]
    result = calibrate(found, truth)
    assert result.precision >= 0.975
    assert result.share == pytest.approx(60 / 90)
