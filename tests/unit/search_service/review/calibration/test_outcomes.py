"""Which outcomes count, and with what weight."""

from __future__ import annotations

import pytest

from search_service.review.calibration.curves import CLASSES
from search_service.review.calibration.outcomes import class_of, weighed
from search_service.review.calibration.store import Outcome


def said(task: int, score: float = 0.92, right: bool = True, weight: float = 1.0, label: str = "cpu") -> Outcome:
    return Outcome(task, "a", label, score, right, weight, f"task {task}")


@pytest.mark.parametrize(("score", "start"), [
    (0.0, 0.0), (0.39999, 0.4), (0.7, 0.7), (0.8999, 0.8), (0.95, 0.95), (1.0, 0.95)])
def test_class_of(score: float, start: float) -> None:
    assert CLASSES[class_of(score)] == start


def test_weighed__a_sample_counts_with_its_weight_and_the_page_not_before_its_class_was_looked_at_in_full() -> None:
    sampled, paged = [said(1, weight=4.0), said(2, right=False, weight=4.0)], [said(3), said(4)]
    counted, left_out = weighed(sampled, paged, {("cpu", class_of(0.92)): 5})
    assert [(one.task_id, one.weight) for one in counted] == [(1, 4.0), (2, 4.0)] and left_out == {"cpu": 2}
    whole, left_out = weighed(sampled, paged, {("cpu", class_of(0.92)): 4})
    assert sorted((one.task_id, one.weight) for one in whole) == [(1, 1.0), (2, 1.0), (3, 1.0), (4, 1.0)]
    assert not left_out


def test_weighed__an_object_counts_once_and_its_sample_goes_first() -> None:
    counted, _ = weighed([said(1, right=False, weight=2.0)], [said(1)], {("cpu", class_of(0.92)): 9})
    assert [(one.is_right, one.weight) for one in counted] == [(False, 2.0)]


def test_weighed__labels_and_classes_are_apart() -> None:
    paged = [said(1), said(2, label="fan"), said(3, score=0.5)]
    shown = {("cpu", class_of(0.92)): 1, ("fan", class_of(0.92)): 2, ("cpu", class_of(0.5)): 1}
    counted, left_out = weighed([], paged, shown)
    assert sorted(one.task_id for one in counted) == [1, 3] and left_out == {"fan": 1}


def test_weighed__objects_that_are_not_shown_any_more_make_no_class_whole() -> None:
    counted, left_out = weighed([], [said(1)], {})
    assert not counted and left_out == {"cpu": 1}
