"""Four corners as a turned rectangle. Pure.

Files give corners in few digits. A rectangle is looked for whose corners, written again, have the same digits, so that
what comes in and goes out again is the same file.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from argus.labelstudio.geometry import Ring

_PIXELS = 1.0  # by which a corner may lie beside that of the nearest rectangle
_ROUNDS = 1000
_INSIDE, _FURTHER = 0.999, 1.6  # share of the slack that is aimed at; how far beyond the nearest point each step goes

Numbers = NDArray[np.float64]


def rectangle(ring: Ring, slack: tuple[float, float]) -> tuple[float, float, float, float, float] | None:
    """Return x, y, width, height in pixels and degrees clockwise, turned around the first corner; None when the corners
    are those of no rectangle.

    Args:
        ring: four corners in pixels, in order.
        slack: by which x and y of a corner may change without showing.
    """
    given = np.array(ring, np.float64)
    if given.shape != (4, 2):
        return None
    (ax, ay), (bx, by) = given[1] - given[0], given[3] - given[0]
    if ax * by - ay * bx < 0:
        given = given[[0, 3, 2, 1]]
    found = _start(given)
    if found is None or np.abs(_corners(found) - given).max() > _PIXELS:
        return None
    best, target = found, given
    for _ in range(_ROUNDS):  # by turns the nearest rectangle, and the nearest corners that show the same digits
        found = _nearest(found, target, np.array(slack))
        corners = _corners(found)
        off = (corners - given) / slack
        if (np.abs(off) <= 1).all():
            best = found
            break
        target = corners + _FURTHER * (given + np.clip(off, -_INSIDE, _INSIDE) * slack - corners)
    x, y, across, down, angle = best.tolist()
    return x, y, across, down, math.degrees(angle) % 360


def _start(corners: Numbers) -> Numbers | None:
    """Return a rectangle near the corners, which go round clockwise: x, y, width, height, radians."""
    across = (corners[1] - corners[0] + corners[2] - corners[3]) / 2
    down = (corners[3] - corners[0] + corners[2] - corners[1]) / 2
    width, height = float(np.hypot(*across)), float(np.hypot(*down))
    if min(width, height) <= 0:
        return None
    return np.array([*corners[0], width, height, math.atan2(across[1], across[0])])


def _corners(rectangle: Numbers) -> Numbers:
    x, y, width, height, angle = rectangle
    along, upright = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    first = np.array([x, y])
    return np.array([first, first + width * along, first + width * along + height * upright, first + height * upright])


def _nearest(rectangle: Numbers, target: Numbers, slack: Numbers) -> Numbers:
    """Return the rectangle whose corners are nearest to the target, in units of the slack (a step of Gauss-Newton)."""
    _, _, width, height, angle = rectangle
    cos, sin = np.cos(angle), np.sin(angle)
    slopes = np.zeros((4, 2, 5))
    slopes[:, 0, 0] = slopes[:, 1, 1] = 1
    slopes[1:3, :, 2] = cos, sin
    slopes[2:4, :, 3] = -sin, cos
    slopes[1:3, :, 4] += np.array([-sin, cos]) * width
    slopes[2:4, :, 4] += np.array([-cos, -sin]) * height
    weighted = (slopes / slack[:, None]).reshape(8, 5)
    step, *_ = np.linalg.lstsq(weighted, ((target - _corners(rectangle)) / slack).ravel(), rcond=None)
    found: Numbers = rectangle + step
    return found
