"""Objects that a prediction may lack: what was detected with a low score, and what the frames around show.

A place where an object of a label may be has evidence of three kinds: the chance that a stored detection there is
right, and what is shown there before and after, moved as everything moves. They count as independent: the object is
absent only if all of them err. An object of which little would be in the picture counts less, and so does a place where
something else is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ml_backend.suspicion import motion
from ml_backend.suspicion.frames import Box, Frame, Kind, Suspicion, area, is_cut, overlap, percent

Curve = Callable[[str, float], float]
"""`(label, score) → chance that a detection is right`; the score itself as long as nothing better is known."""

REACH = 3  # frames before and after that are looked at
LEAST = 0.22  # strength of a suspicion for which a task waits
WEAKEST = 0.05  # and of one that is shown beside these; among weaker ones next to none is right
SAME = 0.3  # IoU from which two boxes are one place
_FAR = (0.5, 0.4, 0.3)  # weight of what is shown one, two and three frames away
_COVERED, _COVERED_FROM = 0.3, 0.5  # weight of a place that something of another label covers, and from which IoU
_SEEN_FROM, _SEEN_WHOLLY = 0.2, 0.6  # share of an object in the picture: from there it counts, and fully


@dataclass
class _Place:
    """Where an object of a label may be on a frame; `before` and `after` are the weights of what is shown there."""

    label: str
    box: Box
    seen: float
    other: int | None = None
    score: float = 0.0
    around: dict[int, float] = field(default_factory=dict)  # -1 before, 1 after


def lacking(frames: Sequence[Frame], curve: Curve | None = None, least: float = LEAST) -> list[Suspicion]:
    """Return where objects may be that the predictions of these frames do not show.

    Args:
        frames: of one video in the order of time; or a single image.
        curve: chance that a detection of a label and score is right.
        least: strength of what is returned.
    """
    steps = motion.steps(frames)
    found = []
    for i, frame in enumerate(frames):
        for place in _places(frames, steps, i):
            strength = _strength(frame, place, curve or (lambda label, score: score))
            if strength >= least:
                found.append(Suspicion(frame.task, _kind(frame, place), place.label, percent(place.box),
                                       round(strength, 4), place.other, round(place.score, 6) or None))
    return found


def _kind(frame: Frame, place: _Place) -> Kind:
    if not frame.shown.any() and place.around:
        return "nothing_found"
    return "below_threshold" if place.score else "seen_around"


def _strength(frame: Frame, place: _Place, curve: Curve) -> float:
    """Return how likely it is that an object is missing there, 0..1; 0 where the prediction shows it."""
    if frame.computed is not None and place.label not in frame.computed:
        return 0.0
    over = frame.overlap(place.box)
    same = frame.labels == place.label
    if (over[frame.shown & same] > SAME).any():
        return 0.0
    absent = 1 - (curve(place.label, place.score) if place.score else 0.0)
    for weight in place.around.values():
        absent *= 1 - weight
    covered = (over[frame.shown & ~same] > _COVERED_FROM).any()
    seen = np.clip((place.seen - _SEEN_FROM) / (_SEEN_WHOLLY - _SEEN_FROM), 0, 1)
    return float((1 - absent) * seen * (_COVERED if covered else 1))


def _places(frames: Sequence[Frame], steps: Sequence[Box | None], i: int) -> list[_Place]:
    """Return the places of a frame: where frames around say that something is, and where something was detected."""
    places: list[_Place] = []
    for source in _around(frames, steps, i):
        known = next((p for p in places if p.label == source.label
                      and overlap(source.box, p.box[None])[0] > SAME), None)
        if known is None:
            places.append(source)
            continue
        for side, weight in source.around.items():
            known.around[side] = max(known.around.get(side, 0.0), weight)
    frame, free = frames[i], ~frames[i].shown
    for place in places:
        near = free & (frame.labels == place.label) & (frame.overlap(place.box) > SAME)
        if near.any():
            best = int(np.argmax(np.where(near, frame.scores, -1)))
            place.box, place.score = frame.boxes[best], float(frame.scores[best])
            free[best] = False
    return places + [_Place(str(frame.labels[k]), frame.boxes[k], 1.0, score=float(frame.scores[k]))
                     for k in np.flatnonzero(free)]


def _around(frames: Sequence[Frame], steps: Sequence[Box | None], i: int) -> list[_Place]:
    """Return what frames around show, moved to frame `i`, the nearest and surest first."""
    found: list[tuple[int, float, _Place]] = []
    for side in (-1, 1):
        moved: NDArray[np.float64] = np.zeros(2)
        for far, weight in enumerate(_FAR[:REACH], 1):
            k = i + side * far
            if not 0 <= k < len(frames) or (step := steps[k if side < 0 else k - 1]) is None:
                break
            moved = moved - side * step
            found += [(far, -score, place) for score, place in _moved_here(frames[k], moved, side, weight)]
    return [place for _, _, place in sorted(found, key=lambda entry: entry[:2])]


def _moved_here(source: Frame, moved: NDArray[np.float64], side: int, weight: float) -> list[tuple[float, _Place]]:
    found = []
    for k in np.flatnonzero(source.shown):
        if is_cut(source.boxes[k]):
            continue
        whole = source.boxes[k] + np.tile(moved, 2)
        box = np.clip(whole, 0, 1)
        seen = float(area(box) / area(whole))
        if seen > _SEEN_FROM:
            score = float(source.scores[k])
            found.append((score, _Place(str(source.labels[k]), box, seen, source.task, around={side: weight * score})))
    return found
