"""How often objects of a score are right, by label: classes with an interval, and a curve. Pure functions.

A class is a claim: its interval needs no model of the scores. A curve is advice: it sorts, and says what a threshold
would come to. Intervals of such curves held the truth for 71 to 84 % of labels where 95 % were meant, so none is given.

The curve is logit p = a + b (logit s - logit 0.9) + c (log s(1 - s) - log 0.09) with s the score: Platt's curve for
c = 0, and a bent one otherwise, as beta calibration (Kull et al., 2017). After the fact, such curves calibrate
detectors as well as anything (Kuzucu et al., "On calibration of object detectors", 2024, arXiv:2405.20459).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from search_service.review.calibration.intervals import interval

Floats = NDArray[np.float64]
CLASSES = (0.0, 0.4, 0.7, 0.8, 0.9, 0.95, 1.0)
_MIDDLE = np.array([1.5, 1.0, 0.0])  # a, b, c before any outcome
_OF_ALL = np.array([1.5, 0.5, 0.5])  # spread of what the labels have in common around it
_OF_ONE = np.array([1.0, 0.4, 0.3])  # spread of one label around what they have in common
_BENDS_FROM, _BENT = 100, 1.5  # with so many outcomes a label's own bend may be this large
_ROUNDS, _LONGEST_STEP, _SMALL = 60, 3.0, 1e-6


@dataclass(frozen=True)
class Calibration:
    """The curve (a, b, c) of each label that has outcomes; of any other there is a score and no chance."""

    curves: Mapping[str, Floats]

    def chance(self, scores: ArrayLike, label: str) -> Floats | None:
        """Return the chance to be right by score, (n,), or None for a label without outcomes."""
        return _logistic(_features(scores) @ self.curves[label]) if label in self.curves else None


@dataclass(frozen=True)
class ScoreClass:
    """What was seen of a label's objects scored from `start` to below `end` (of the last class, to 1).

    Args:
        outcomes: as many independent ones as those seen are worth.
        share: of right ones among them; None without any.
        low, high: the interval of the share at 95 %.
    """

    start: float
    end: float
    outcomes: float
    share: float | None
    low: float
    high: float


def fit_calibration(scores: ArrayLike, right: ArrayLike, labels: Sequence[str], weights: ArrayLike | None = None,
                    groups: Sequence[Hashable] | None = None) -> Calibration:
    """Fit the curves of all labels at once: each is drawn towards what they have in common by as much as it lacks
    outcomes of its own (penalised likelihood, Newton's method).

    Args:
        scores, right, labels: of each outcome.
        weights: 1 / chance that it was looked at; 1 for all by default.
        groups: outcomes of one group count as one together: a track, near-duplicates.
    """
    y, x = np.asarray(right, float), _features(np.asarray(scores, float).reshape(-1))
    names = sorted(set(labels))
    of = np.array([names.index(label) for label in labels], int)
    design = np.zeros((len(y), 3 * (len(names) + 1)))
    design[:, :3] = x
    for column in range(3):
        design[np.arange(len(y)), 3 * (of + 1) + column] = x[:, column]
    penalties = _penalties(np.bincount(of, minlength=len(names)))
    common, *own = _newton(design, y, _counted(len(y), weights, groups), penalties)
    return Calibration({name: common + theirs for name, theirs in zip(names, own, strict=True)})


def _penalties(counts: NDArray[np.int64]) -> Floats:
    """Return 1 / variance of the common parameters and of each label's, (3 * (labels + 1),)."""
    spread = np.tile(_OF_ONE, (len(counts), 1))
    spread[counts >= _BENDS_FROM, 2] = _BENT
    return np.asarray(1 / np.concatenate([_OF_ALL, spread.ravel()]) ** 2)


def _newton(design: Floats, y: Floats, weights: Floats, penalties: Floats) -> Floats:
    """Return the most likely parameters, a row of three each."""
    centre = np.zeros(len(penalties))
    centre[:3] = _MIDDLE
    found = centre.copy()
    for _ in range(_ROUNDS):
        p = _logistic(design @ found)
        curvature = design.T @ (design * (weights * p * (1 - p))[:, None]) + np.diag(penalties)
        slope = design.T @ (weights * (y - p)) - penalties * (found - centre)
        step = np.linalg.solve(curvature, slope)
        longest = float(np.abs(step).max())
        found = found + step * min(1.0, _LONGEST_STEP / max(_SMALL, longest))
        if longest < _SMALL:
            break
    return found.reshape(-1, 3)


def _features(scores: ArrayLike) -> Floats:
    s = np.clip(np.asarray(scores, float), 0.02, 0.985)
    return np.stack([np.ones_like(s), np.log(s / (1 - s)) - math.log(9), np.log(s * (1 - s)) - math.log(0.09)], axis=-1)


def _logistic(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -40, 40))))


def _counted(n: int, weights: ArrayLike | None, groups: Sequence[Hashable] | None) -> Floats:
    """Return what each outcome counts: its weight (on average 1), shared with the others of its group."""
    counted = np.ones(n) if weights is None or not n else np.asarray(weights, float)
    counted = counted / counted.mean() if n else counted
    if groups is None or not n:
        return counted
    which, sizes = _numbered(groups)
    return np.asarray(counted / sizes[which])


def _numbered(groups: Sequence[Hashable]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the number of each outcome's group, and how large each group is."""
    numbers: dict[Hashable, int] = {}
    which = np.array([numbers.setdefault(group, len(numbers)) for group in groups], np.int64)
    return which, np.bincount(which, minlength=len(numbers))


def score_classes(scores: ArrayLike, right: ArrayLike, weights: ArrayLike | None = None,
                  groups: Sequence[Hashable] | None = None, edges: Sequence[float] = CLASSES) -> list[ScoreClass]:
    """Return what was seen of one label in each class of scores, with an exact interval.

    Args:
        weights, groups: as `fit_calibration`; they make the outcomes worth fewer (Kish's effective number).
    """
    s, y = np.asarray(scores, float), np.asarray(right, float)
    w = np.ones(len(s)) if weights is None else np.asarray(weights, float)
    found = []
    for start, end in itertools.pairwise(edges):
        inside = np.flatnonzero((s >= start) & ((s < end) | (end == edges[-1])))
        if not len(inside):
            found.append(ScoreClass(start, end, 0.0, None, 0.0, 1.0))
            continue
        which, _ = _numbered([groups[place] for place in inside] if groups is not None else inside.tolist())
        worth = float(w[inside].sum() ** 2 / (np.bincount(which, w[inside]) ** 2).sum())
        share = float(np.average(y[inside], weights=w[inside]))
        found.append(ScoreClass(start, end, worth, share, *interval(share * worth, worth)))
    return found


def d_ece(chance: ArrayLike, right: ArrayLike, bins: int = 10) -> tuple[float, float]:
    """Return the expected calibration error of detections, and what a perfectly calibrated model would show here.

    With few outcomes perfection itself shows an error (0.04 with 200), so the one says nothing without the other. Bins
    hold equal counts (Roelofs et al., "Mitigating bias in calibration error estimation", 2022, arXiv:2012.08668).
    """
    p, y = np.asarray(chance, float), np.asarray(right, float)
    error = noise = 0.0
    for part in np.array_split(np.argsort(p, kind="stable"), bins):
        if len(part):
            share = len(part) / len(p)
            error += share * abs(float(p[part].mean() - y[part].mean()))
            noise += share * math.sqrt(2 / math.pi * float((p[part] * (1 - p[part])).sum())) / len(part)
    return error, noise
