"""Which detection shows which object: the table of confusions, what scores are worth, and the lists of errors.

At an IoU of 0.5: of the detections of an image, highest score first, each takes the free object of its own label that
it overlaps most; then those that are left take a free object of another label. What is left is false, or missed.
Detections that lie in a crowd of their label by half of their area are neither right nor wrong.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from argus.answers.evaluation import Calibration, Confusion, JudgedBox, JudgedList, ScoreBin
from search_service.evaluation.records import JudgedImage, Thing

IOU = 0.5
_BINS = 10
What = Literal["right", "confused", "false", "missed"]


@dataclass(frozen=True, eq=False)
class Verdict:
    """What became of a detection or an object; `object` is None for a false one, `found` for a missed one."""

    what: What
    image: JudgedImage
    object: Thing | None
    found: Thing | None


def judge(images: Sequence[JudgedImage], min_score: float = -math.inf) -> list[Verdict]:
    """Return what became of every object, and of every detection scored `min_score` or more."""
    return [verdict for image in images for verdict in _judge_image(image, min_score)]


def _judge_image(image: JudgedImage, min_score: float) -> Iterator[Verdict]:
    found = sorted((one for one in image.found if one.score >= min_score), key=lambda one: -one.score)
    objects = [one for one in image.objects if not one.crowd]
    crowds = [one for one in image.objects if one.crowd]
    overlap = _ious(found, objects)
    same = np.array([[one.label == other.label for other in objects] for one in found], bool).reshape(overlap.shape)
    taken: dict[int, int] = {}
    _take(np.where(same, overlap, 0.0), taken)
    crowded = [place for place, one in enumerate(found) if place not in taken and _in_crowd(one, crowds)]
    overlap[crowded] = 0
    _take(overlap, taken)
    for place, one in enumerate(found):
        if place in taken:
            yield Verdict("right" if same[place, taken[place]] else "confused", image, objects[taken[place]], one)
        elif place not in crowded:
            yield Verdict("false", image, None, one)
    for place, thing in enumerate(objects):
        if place not in taken.values():
            yield Verdict("missed", image, thing, None)


def _take(overlap: NDArray[np.float64], taken: dict[int, int]) -> None:
    """Give each detection in turn, a row, the free object that it overlaps most, a column; `taken` grows."""
    left = overlap.copy()
    left[:, list(taken.values())] = 0
    for place in range(len(left)):
        if place not in taken and left.shape[1] and left[place].max() >= IOU:
            taken[place] = int(left[place].argmax())
            left[:, taken[place]] = 0


def _in_crowd(one: Thing, crowds: Sequence[Thing]) -> bool:
    whole = (one.box[2] - one.box[0]) * (one.box[3] - one.box[1])
    return any(crowd.label == one.label and _intersections([one], [crowd])[0, 0] >= IOU * whole for crowd in crowds)


def _intersections(ones: Sequence[Thing], others: Sequence[Thing]) -> NDArray[np.float64]:
    a, b = (np.array([thing.box for thing in side], float).reshape(-1, 4) for side in (ones, others))
    sides = np.minimum(a[:, None, 2:], b[None, :, 2:]) - np.maximum(a[:, None, :2], b[None, :, :2])
    area: NDArray[np.float64] = sides.clip(0).prod(2)
    return area


def _ious(ones: Sequence[Thing], others: Sequence[Thing]) -> NDArray[np.float64]:
    """Return the IoU of each with each other, (ones, others)."""
    both = _intersections(ones, others)
    first, second = (np.array([(t.box[2] - t.box[0]) * (t.box[3] - t.box[1]) for t in side], float)
                     for side in (ones, others))
    joined = first[:, None] + second[None, :] - both
    share: NDArray[np.float64] = np.divide(both, joined, out=np.zeros_like(both), where=joined > 0)
    return share


def confusion(verdicts: Sequence[Verdict], labels: Sequence[str]) -> Confusion:
    """Return the table; `labels` name its rows and columns."""
    places = {label: place for place, label in enumerate(labels)}
    rows = [[0] * (len(labels) + 1) for _ in range(len(labels) + 1)]
    for one in verdicts:
        row = places[one.object.label] if one.object else len(labels)
        rows[row][places[one.found.label] if one.found else len(labels)] += 1
    return Confusion(labels=list(labels), rows=rows)


def calibration(verdicts: Sequence[Verdict]) -> Calibration:
    """Return how often detections of each tenth of the scores are right: of their own label, at an IoU of 0.5."""
    scored = [(one.found.score, one.what == "right") for one in verdicts if one.found]
    bins, error = [], 0.0
    for place in range(_BINS):
        mine = [(score, right) for score, right in scored if max(0, min(int(score * _BINS), _BINS - 1)) == place]
        right = sum(right for _, right in mine)
        mean = sum(score for score, _ in mine) / len(mine) if mine else None
        bins.append(ScoreBin(low=place / _BINS, high=(place + 1) / _BINS, detections=len(mine), right=right,
                             share=right / len(mine) if mine else None, mean_score=mean))
        error += abs(right - sum(score for score, _ in mine))
    return Calibration(bins=bins, error=error / len(scored) if scored else None)


def listing(verdicts: Sequence[Verdict], what: What, limit: int) -> JudgedList:
    """Return what went wrong in one way: the highest scores first, of missed objects the largest."""
    mine = sorted((one for one in verdicts if one.what == what), key=_badness)
    return JudgedList(count=len(mine), tasks=list(dict.fromkeys(one.image.task for one in mine)),
                      boxes=[_box(one) for one in mine[:limit]])


def _badness(one: Verdict) -> tuple[float, int]:
    shown = one.found.score if one.found else one.object.area if one.object else 0.0
    return -shown, one.image.task


def _box(one: Verdict) -> JudgedBox:
    thing = one.found or one.object
    assert thing is not None  # a verdict is about one of them
    size = (one.image.width, one.image.height, one.image.width, one.image.height)
    return JudgedBox(
        task=one.image.task, label=thing.label, annotated=one.object.label if one.what == "confused" and one.object
        else None, score=one.found.score if one.found else None,
        box=[round(side / whole, 5) for side, whole in zip(thing.box, size, strict=True)])
