"""How sure a figure is: it is computed again on videos, or blocks of time, drawn with replacement.

Frames of one video look alike, so they are drawn together. Where there are fewer than eight videos, these are cut into
blocks that follow one another in time, twenty in all; blocks of one video still resemble each other, so that the
interval is narrower than one over many videos would be.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from argus.answers.evaluation import Interval, Resampling
from search_service.evaluation.coco_figures import CocoFigures, Floats, Outcomes
from search_service.evaluation.records import JudgedImage

RESAMPLES, SEED = 1000, 20260302
_VIDEOS, _BLOCKS = 8, 20
_RECALLS = np.linspace(0, 1, 101)
_AT_ONCE = 100  # resamples that are held at a time


class Units(NamedTuple):
    """What is drawn: the unit of each image, int64 (images,), and how many there are."""

    of_image: NDArray[np.int64]
    number: int
    over: Literal["videos", "blocks"]


def units_of(images: Sequence[JudgedImage]) -> Units:
    """Return the videos of the images, or blocks of time of them. An image of no video counts as one of its own."""
    names = [image.video or f"\n{image.task}" for image in images]
    if len(set(names)) >= _VIDEOS:
        numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
        return Units(np.array([numbers[name] for name in names], np.int64), len(numbers), "videos")
    order = sorted(range(len(images)), key=lambda place: (names[place], images[place].seconds or 0.0,
                                                          images[place].task))
    found, number = np.zeros(len(images), np.int64), 0
    for name in sorted(set(names)):
        mine = [place for place in order if names[place] == name]
        for block in np.array_split(mine, max(1, min(len(mine), round(_BLOCKS * len(mine) / len(images))))):
            found[block], number = number, number + 1
    return Units(found, number, "blocks")


def draw(units: Units) -> tuple[NDArray[np.int64], Resampling] | None:
    """Return how often each unit is in each resample, int64 (resamples, units); None with fewer than two units."""
    if units.number < 2:
        return None
    counts = np.random.default_rng(SEED).multinomial(units.number, np.full(units.number, 1 / units.number), RESAMPLES)
    return counts.astype(np.int64), Resampling(over=units.over, units=units.number, resamples=RESAMPLES, seed=SEED)


def resampled_ap50(figures: CocoFigures, units: Units, counts: NDArray[np.int64]) -> Floats:
    """Return AP50 of each resample, (resamples,): as pycocotools has it, each image counting as often as it was drawn.
    A resample without an object has NaN."""
    parts = [_mean_ap50(figures.outcomes, counts[start:start + _AT_ONCE, units.of_image])
             for start in range(0, len(counts), _AT_ONCE)]
    return np.concatenate(parts)


def interval(values: Floats) -> Interval | None:
    """Return where 95 of 100 values lie; None when there are none."""
    there = values[~np.isnan(values)]
    if not len(there):
        return None
    low, high = np.percentile(there, (2.5, 97.5))
    return Interval(low=float(low), high=float(high))


def _mean_ap50(outcomes: Sequence[Outcomes], weights: NDArray[np.int64]) -> Floats:
    """Return AP50 by resample; `weights` are (resamples, images)."""
    total, labels = np.zeros(len(weights)), np.zeros(len(weights))
    for one in outcomes:
        objects = weights @ one.objects
        there = objects > 0
        total[there] += _ap50(one, weights[there], objects[there])
        labels += there
    mean: Floats = np.divide(total, labels, out=np.full(len(weights), np.nan), where=labels > 0)
    return mean


def _ap50(one: Outcomes, weights: NDArray[np.int64], objects: NDArray[np.int64]) -> Floats:
    if not len(one.right):
        return np.zeros(len(weights))
    mine = weights[:, one.image]
    right = np.cumsum(mine * one.right, axis=1).astype(float)
    seen = np.cumsum(mine, axis=1)
    precision = right / (seen + np.spacing(1))
    best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    recall = right / objects[:, None]
    found = np.zeros(len(weights))
    for line in range(len(weights)):
        places = np.searchsorted(recall[line], _RECALLS, side="left")
        found[line] = best[line, places[places < recall.shape[1]]].sum() / len(_RECALLS)
    return found
