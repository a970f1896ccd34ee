"""Shapes, counts and pictures that are odd."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace

import numpy as np
import pytest

from argus.images.measures import Measures
from ml_backend.suspicion.frames import Frame
from ml_backend.suspicion.geometry import odd
from ml_backend.suspicion.pictures import Picture, unusable

Shape = tuple[str, tuple[float, float, float, float]]
USUAL: Shape = ("cpu", (0.4, 0.4, 0.5, 0.5))


def frame(number: int, *shapes: Shape, scores: list[float] | None = None) -> Frame:
    values = np.array(scores or [0.95 - i / 100 for i in range(len(shapes))])
    return Frame(number, float(number), np.array([label for label, _ in shapes], "U9"), values,
                 np.array([box for _, box in shapes], float).reshape(-1, 4), values >= 0.4)


def usual(count: int = 12) -> list[Frame]:
    return [frame(number, ("cpu", (0.4, 0.4, 0.5 + number % 3 / 1000, 0.5))) for number in range(count)]


def kinds(*shapes: Shape, before: int = 12) -> list[tuple[str, str]]:
    return [(one.kind, one.label) for one in odd([*usual(before), frame(99, *shapes)]) if one.task == 99]


def test_usual_boxes_are_not_odd() -> None:
    assert odd(usual()) == []


@pytest.mark.parametrize(("kind", "shapes"), [
    ("two_labels", [USUAL, ("fan", (0.4, 0.4, 0.5, 0.51))]),
    ("twins", [USUAL, ("cpu", (0.43, 0.4, 0.53, 0.5))]),
    ("nested", [USUAL, ("cpu", (0.42, 0.42, 0.485, 0.485))]),
    ("sliver", [("cpu", (0.2, 0.4, 0.8, 0.42))]),
    ("speck", [("cpu", (0.4, 0.4, 0.405, 0.405))]),
    ("cut_at_edge", [("cpu", (0, 0.4, 0.01, 0.5))]),
    ("size", [("cpu", (0.2, 0.2, 0.6, 0.6))]),
    ("size", [("cpu", (0.4, 0.4, 0.44, 0.44))]),
])
def test_each_kind_of_odd_shape_is_named_with_its_label(kind: str, shapes: list[Shape]) -> None:
    assert kinds(*shapes) == [(kind, shapes[-1][0])]


@pytest.mark.parametrize("shapes", [
    [USUAL, ("fan", (0.43, 0.4, 0.55, 0.5))],  # another label beside it
    [USUAL, ("cpu", (0.48, 0.4, 0.58, 0.5))],  # the next one touches it
    [("cpu", (0, 0.4, 0.05, 0.5))],  # half of it is still in the picture
    [("cpu", (0.4, 0.4, 0.48, 0.49))],  # a little smaller
])
def test_what_may_well_be_is_not_odd(shapes: list[Shape]) -> None:
    assert kinds(*shapes) == []


def test_few_boxes_of_a_label_say_nothing_of_its_size() -> None:
    assert kinds(("cpu", (0.2, 0.2, 0.6, 0.6)), before=5) == []


def test_a_thin_box_is_told_by_its_sides_in_pixels() -> None:
    wide, high = ("cpu", (0.2, 0.4, 0.7, 0.45)), ("cpu", (0.4, 0.2, 0.45, 0.7))  # 10 by 1 in fractions of the sides

    def slivers(aspect: float, shape: Shape) -> list[str]:
        frames = [replace(one, aspect=aspect) for one in [*usual(), frame(99, shape)]]
        return [one.kind for one in odd(frames) if one.task == 99 and one.kind == "sliver"]

    assert (slivers(16 / 9, wide), slivers(16 / 9, high)) == (["sliver"], [])
    assert (slivers(9 / 16, wide), slivers(9 / 16, high)) == ([], ["sliver"])


def test_far_more_objects_than_elsewhere() -> None:
    many = [("cpu", (x / 10, 0.4, x / 10 + 0.09, 0.5)) for x in range(1, 8)]
    assert kinds(*many) == [("count", "cpu")]
    assert kinds(*many[:2]) == []


def test_detections_below_the_threshold_are_not_odd() -> None:
    hidden = frame(99, USUAL, ("cpu", (0.42, 0.42, 0.48, 0.48)), scores=[0.95, 0.2])
    assert [one for one in odd([*usual(), hidden]) if one.task == 99] == []


def pictures(changes: dict[int, tuple[float, float]], same: Set[int] = frozenset()) -> list[Picture]:
    return [Picture(number, Measures(*changes.get(number, (0.8, 0.5))), bytes([0 if number in same else number]))
            for number in range(12)]


def test_dark_blurred_and_frozen_frames() -> None:
    found = unusable(pictures({3: (0.05, 0.5), 4: (0.3, 0.5), 7: (0.8, 0.2)}, {9, 10}))
    assert [(one.task, one.kind, one.other) for one in found] == [
        (3, "dark", None), (4, "dark", None), (7, "blurred", None), (10, "frozen", 9)]


def test_a_video_that_is_dark_or_still_throughout_is_not_odd_everywhere() -> None:
    assert unusable(pictures(dict.fromkeys(range(12), (0.2, 0.1)), set(range(12)))) == []
    assert [one.kind for one in unusable([Picture(1, Measures(0.02, 0.5))])] == ["dark"]
