"""The pixels inside outlines, as pycocotools counts them: where an outline crosses itself, inside is what an odd number
of its lines encloses.

Written by hand for the reason of `coco_rle`, and held to pycocotools by a test. The rule is that of `rleFrPoly` in
`maskApi.c` of the COCO API: outlines are walked at five times the resolution, and a column's pixels change sides where
the walk passes its middle.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_SCALE = 5


def count(rings: Sequence[Sequence[tuple[float, float]]]) -> int:
    """Return how many pixels lie inside at least one of the rings; their points are pixels, none of them negative."""
    height = math.ceil(max(y for ring in rings for _, y in ring)) + 1
    runs = [_changes(ring, height) for ring in rings]
    places = np.concatenate(runs)
    steps = np.concatenate([np.where(np.arange(len(run)) % 2 == 0, 1, -1) for run in runs])  # in and out by turns
    order = np.argsort(places, kind="stable")
    covered = np.cumsum(steps[order])[:-1] > 0
    return int(np.diff(places[order])[covered].sum())


def fill(rings: Sequence[Sequence[tuple[float, float]]], width: int, height: int) -> NDArray[np.bool_]:
    """Return the pixels inside at least one of the rings, bool (H, W); their points are pixels inside the image."""
    covered = np.zeros(width * height, np.bool_)
    for ring in rings:
        steps = np.zeros(width * height + 1, np.uint8)
        np.bitwise_xor.at(steps, np.minimum(_changes(ring, height), width * height), 1)
        covered |= np.bitwise_xor.accumulate(steps[:-1]).astype(np.bool_)
    return covered.reshape(width, height).T


def _changes(ring: Sequence[tuple[float, float]], height: int) -> NDArray[np.int64]:
    """Return where one goes in and out of a ring on the way down all columns: numbers of pixels, sorted."""
    corners = np.floor(np.array(ring, np.float64) * _SCALE + 0.5).astype(np.int64)
    walk = np.concatenate([_line(a, b) for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True)])
    (u, v), (before_u, before_v) = walk[1:].T, walk[:-1].T
    x = (np.where(u < before_u, u, u - 1) + 0.5) / _SCALE - 0.5
    y = np.ceil(np.clip((np.minimum(v, before_v) + 0.5) / _SCALE - 0.5, 0, height))
    passes = (u != before_u) & (np.floor(x) == x) & (x >= 0)
    return np.sort((x[passes] * height + y[passes]).astype(np.int64))


def _line(a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the points from `a` to `b`, both included: (N, 2)."""
    delta = np.abs(b - a)
    axis = 0 if delta[0] >= delta[1] else 1
    steps = np.arange(delta[axis] + 1)
    backwards = a[axis] > b[axis]
    first, last = (b, a) if backwards else (a, b)
    slope = (last[1 - axis] - first[1 - axis]) / delta[axis] if delta[axis] else 0.0
    points = np.empty((len(steps), 2), np.int64)
    points[:, axis] = first[axis] + steps
    points[:, 1 - axis] = (first[1 - axis] + slope * steps + 0.5).astype(np.int64)
    return points[::-1] if backwards else points
