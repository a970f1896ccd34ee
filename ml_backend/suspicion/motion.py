"""How far things move from one frame of a video to the next, told from the detections themselves.

Everything on a line moves alike. So each pair of alike detections on two frames proposes a step, the pairs of a few
frames around vote for it, and the step with most votes wins. Where too little is found there is no step: no verdict is
better than a wrong one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ml_backend.suspicion.frames import MARGIN, Box, Frame

AROUND = 2  # pairs of frames before and after that vote, too
LEAST_SCORE = 0.25  # of a detection that votes
LEAST_VOTES = 1.0
_REACH, _REACH_MORE = 0.02, 0.012  # how far a vote carries, in sides of the image; further for each pair away
_SAME_SIZE = 0.04
_GAP = 2.5  # times the usual time between frames: there is no step across a longer one


def steps(frames: Sequence[Frame]) -> list[Box | None]:
    """Return for each frame but the last how far things move until the next one.

    Args:
        frames: of one video, in the order of time.

    Returns:
        `len(frames) - 1` of (2,) x, y in sides of the image, None where it cannot be estimated.
    """
    times = np.array([frame.seconds or 0.0 for frame in frames])
    gaps = np.diff(times)
    usual = float(np.median(gaps)) if len(gaps) else 0.0
    # Velocities are compared, so that frames at uneven distances vote together.
    lengths = np.where((gaps > 0) & (gaps <= _GAP * usual), gaps, np.nan)
    votes = [_votes(frames[i], frames[i + 1]) / [length, length, 1] if np.isfinite(length) else np.zeros((0, 3))
             for i, length in enumerate(lengths)]
    return [_step(votes, lengths, i) for i in range(len(lengths))]


def _step(votes: Sequence[NDArray[np.float64]], lengths: NDArray[np.float64], i: int) -> Box | None:
    length = lengths[i]
    if not np.isfinite(length):
        return None
    near = [(votes[k], abs(k - i)) for k in range(max(0, i - AROUND), min(len(votes), i + AROUND + 1))]
    proposals = np.concatenate([found for found, _ in near])
    if not len(proposals):
        return None
    total = sum(_support(proposals, found, length, distance) for found, distance in near)
    best = int(np.argmax(total))
    if np.asarray(total)[best] < LEAST_VOTES:
        return None
    velocity = proposals[best, :2]
    own = votes[i]
    close = own[np.hypot(*((own[:, :2] - velocity) * length).T) < 2 * _REACH] if len(own) else own
    if len(close):
        velocity = np.average(close[:, :2], axis=0, weights=close[:, 2])
    return np.asarray(velocity * length, np.float64)


def _support(proposals: NDArray[np.float64], found: NDArray[np.float64], length: float,
             distance: int) -> NDArray[np.float64]:
    """Return the votes that each proposal (P, 3) gets from a pair of frames that is `distance` pairs away."""
    apart = (proposals[:, None, :2] - found[None, :, :2]) * length
    closeness = np.clip(1 - np.hypot(apart[..., 0], apart[..., 1]) / (_REACH + _REACH_MORE * distance), 0, 1)
    return np.asarray((closeness * found[None, :, 2]).sum(1) / (1 + distance / 2), np.float64)


def _votes(before: Frame, after: Frame) -> NDArray[np.float64]:
    """Return (V, 3): the step of each pair of alike detections, and the lower of their scores."""
    found = []
    for i in np.flatnonzero(before.scores >= LEAST_SCORE):
        for k in np.flatnonzero((after.scores >= LEAST_SCORE) & (after.labels == before.labels[i])):
            if (step := _moved(before.boxes[i], after.boxes[k])) is not None:
                found.append((*step, min(before.scores[i], after.scores[k])))
    return np.array(found, np.float64).reshape(-1, 3)


def _moved(a: Box, b: Box) -> tuple[float, float] | None:
    """Return how far one box is from another, by the edges that the image does not cut; None when they differ in size
    or have no such edge in common."""
    free = (a > MARGIN) & (a < 1 - MARGIN) & (b > MARGIN) & (b < 1 - MARGIN)
    apart = []
    for axis in (0, 1):
        moved = (b - a)[[axis, axis + 2]][free[[axis, axis + 2]]]
        if not len(moved) or np.ptp(moved) > _SAME_SIZE:
            return None
        apart.append(float(moved.mean()))
    return apart[0], apart[1]
