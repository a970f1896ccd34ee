"""Shapes that are odd: boxes that stand in each other's way, and sizes or counts far from those of the same video."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ml_backend.suspicion.frames import Frame, Kind, Suspicion, area, is_cut, overlap, percent, shared

ONE_THING = 0.7  # IoU from which two labels are on one thing
TWINS = 0.45  # IoU from which two boxes of one label are on one thing; above `nms_iou` one of them is gone anyway
INSIDE = 0.85  # share of a box that lies in another of its label
THIN = 8.0  # longer side by the shorter one, and
THINNER = 3.0  # times as thin as the label's usual box
SPECK = 0.0002  # share of the image, and
SMALLER = 0.1  # of the label's usual area
CUT_OFF = 0.2  # share of the label's usual area that is left of a box at the image's edge
FAR = 5.0  # robust standard deviations from the label's usual size, and
FAR_SIZE = 2.5  # times as large or small
ENOUGH = 10  # whole boxes of a label that tell what is usual
MORE, TIMES = 3, 2.0  # objects above what 95 % of the frames show, and times as many
_MAD = 1.4826  # a normal distribution's standard deviation by its median deviation


@dataclass(frozen=True)
class _Usual:
    """Of a label's whole boxes: median and spread of the logarithm of the area, and the median ratio of the sides;
    of its frames: how many 95 % of them show at most."""

    size: float
    spread: float
    ratio: float
    count: float


def odd(frames: Sequence[Frame]) -> list[Suspicion]:
    """Return what is odd about the shown boxes of frames of one video, or of one project's images."""
    usual = _usual(frames)
    return [suspicion for frame in frames for suspicion in (*_pairs(frame), *_single(frame, usual),
                                                            *_counts(frame, usual))]


def _ratio(boxes: NDArray[np.float64], aspect: float) -> NDArray[np.float64]:
    """Return how many times the longer side of boxes (..., 4) is the shorter one, in an image of this aspect."""
    size = np.maximum(boxes[..., 2:] - boxes[..., :2], 1e-9) * [aspect, 1]
    return np.asarray(size.max(-1) / size.min(-1), np.float64)


def _usual(frames: Sequence[Frame]) -> dict[str, _Usual]:
    found = {}
    labels = sorted({str(label) for frame in frames for label in frame.labels[frame.shown]})
    for label in labels:
        whole = [(box, frame.aspect) for frame in frames for box in frame.boxes[frame.shown & (frame.labels == label)]
                 if not is_cut(box)]
        if len(whole) < ENOUGH:
            continue
        sizes = np.log(np.maximum(area(np.array([box for box, _ in whole])), 1e-12))
        middle = float(np.median(sizes))
        counts = [int((frame.shown & (frame.labels == label)).sum()) for frame in frames]
        found[label] = _Usual(middle, _MAD * float(np.median(np.abs(sizes - middle))),
                              float(np.median([_ratio(box, aspect) for box, aspect in whole])),
                              float(np.quantile([count for count in counts if count], 0.95)))
    return found


def _pairs(frame: Frame) -> Iterator[Suspicion]:
    """Yield pairs of shown boxes that are on one thing, by the one with the lower score."""
    order = [int(k) for k in np.flatnonzero(frame.shown)[np.argsort(-frame.scores[frame.shown], kind="stable")]]
    for place, k in enumerate(order):
        for better in order[:place]:
            over = float(overlap(frame.boxes[k], frame.boxes[better][None])[0])
            inside = float(shared(frame.boxes[k], frame.boxes[better][None])[0]
                           / max(min(area(frame.boxes[k]), area(frame.boxes[better])), 1e-12))
            same = frame.labels[k] == frame.labels[better]
            if not same and over >= ONE_THING:
                yield _of(frame, k, "two_labels", over)
            elif same and over >= TWINS:
                yield _of(frame, k, "twins", over)
            elif same and inside >= INSIDE:
                yield _of(frame, k, "nested", inside)


def _single(frame: Frame, usual: dict[str, _Usual]) -> Iterator[Suspicion]:
    for k in (int(k) for k in np.flatnonzero(frame.shown)):
        known = usual.get(str(frame.labels[k]))
        if (kind := _shape(frame.boxes[k], frame.aspect, known)) is not None:
            yield _of(frame, k, kind, 0.5)


def _shape(box: NDArray[np.float64], aspect: float, known: _Usual | None) -> Kind | None:
    """Return what is odd about a box, compared with its label's usual ones if there are enough."""
    size, ratio = float(area(box)), float(_ratio(box, aspect))
    cut = is_cut(box)
    usual = np.exp(known.size) if known else None
    if ratio >= THIN and not cut and ratio >= THINNER * (known.ratio if known else 1):
        return "sliver"
    if size < SPECK and (usual is None or size < SMALLER * usual):
        return "speck"
    if cut and usual is not None and size < CUT_OFF * usual:
        return "cut_at_edge"
    if cut or known is None:
        return None
    away = abs(np.log(max(size, 1e-12)) - known.size)
    return "size" if away > max(FAR * known.spread, np.log(FAR_SIZE)) else None


def _counts(frame: Frame, usual: dict[str, _Usual]) -> Iterator[Suspicion]:
    """Yield labels of which far more objects are shown than elsewhere."""
    for label, known in usual.items():
        count = int((frame.shown & (frame.labels == label)).sum())
        if count >= max(known.count + MORE, known.count * TIMES):
            yield Suspicion(frame.task, "count", label, None, 0.5)


def _of(frame: Frame, k: int, kind: Kind, strength: float) -> Suspicion:
    return Suspicion(frame.task, kind, str(frame.labels[k]), percent(frame.boxes[k]), round(min(strength, 1.0), 4),
                     score=round(float(frame.scores[k]), 6))
