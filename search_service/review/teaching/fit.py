"""A label's verifier: the chance that a detection is right, from the model's own score and the embedding of its crop.

    logit p = bias + slope * logit(score) + weights · crop

It is a logistic regression with a penalty: `weights` are drawn to 0, so with little to learn from a crop it is Platt's
curve of the score, and `slope` is drawn to one half. How strongly is chosen by cross-validation. Pure functions.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

PENALTIES = (0.02, 0.1, 0.5)  # of `weights`, of crops whose lengths are 1 on average
MOST = 600  # examples that are fitted to; further ones teach little and take time
_SLOPE, _SLOPE_SPREAD = 0.5, 0.5
_ROUNDS, _LONGEST_STEP, _SMALL = 50, 4.0, 1e-7
_AXES, _SHARED = 96, 1.0  # axes of crops that count, and the share of their mean spread
_WORDS = 0.7  # spread of crops along the label's own words: of them little has to be learned
_EDGE = 0.002  # scores are not told apart beyond it and 1 less it


@dataclass(frozen=True, eq=False)
class Examples:
    """What people said of detections of one label.

    Attributes:
        scores: (n,) the model's own, 0..1.
        crops: (n, d) embeddings of the crops.
        right: (n,) whether it is the label.
        groups: (n,) what belongs together: frames of one moment. Those of one group never stand on both sides of a
            cross-validation, and count as one.
    """

    scores: Floats
    crops: Floats
    right: Bools
    groups: Ints

    @classmethod
    def of(cls, scores: ArrayLike, crops: ArrayLike, right: ArrayLike, groups: Sequence[Hashable]) -> Examples:
        """Return examples with groups of any kind. Raises `ValueError` for lengths that differ."""
        s, x, y = np.asarray(scores, float), np.asarray(crops, float), np.asarray(right, bool)
        if not len(s) == len(x) == len(y) == len(groups):
            raise ValueError(f"{len(s)} scores, {len(x)} crops, {len(y)} verdicts, {len(groups)} groups")
        numbers: dict[Hashable, int] = {}
        return cls(s, x.reshape(len(s), -1), y,
                   np.array([numbers.setdefault(one, len(numbers)) for one in groups], np.int64))

    def __len__(self) -> int:
        return len(self.scores)

    def take(self, index: NDArray[np.intp] | Bools) -> Examples:
        return Examples(self.scores[index], self.crops[index], self.right[index], self.groups[index])


@dataclass(frozen=True, eq=False)
class Verifier:
    """See the module. `weights`: (d,); `penalty` is how strongly they were drawn to 0."""

    bias: float
    slope: float
    weights: Floats
    penalty: float

    def scores(self, scores: ArrayLike, crops: ArrayLike) -> Floats:
        """Return the chance that each detection is right, (n,), from its own score and its crop (n, d)."""
        return chance(self.bias + self.slope * logit(scores) + np.asarray(crops, float) @ self.weights)


def logit(scores: ArrayLike) -> Floats:
    s = np.clip(np.asarray(scores, float), _EDGE, 1 - _EDGE)
    return np.asarray(np.log(s / (1 - s)))


def chance(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -40, 40))))


@dataclass(frozen=True, eq=False)
class Axes:
    """What crops are described by: the main axes of how crops differ, `rows` (r, d), from the `middle`, (d,).

    Along each axis crops are divided by their spread there and a share of the mean spread: what tells a few objects
    apart counts beside what all differ by, such as the belt under them. The mean square length of crops is 1 then, so
    penalties mean the same whatever their dimensions and units.
    """

    middle: Floats
    rows: Floats

    @classmethod
    def of(cls, crops: Floats) -> Axes:
        """Return the at most `_AXES` main axes of crops (n, d)."""
        middle = crops.mean(axis=0)
        centred = crops - middle
        small = len(centred) < centred.shape[1]
        values, vectors = np.linalg.eigh(centred @ centred.T if small else centred.T @ centred)
        kept = np.flatnonzero(values > 1e-9 * max(float(values[-1]), 1e-12))[-_AXES:]
        values, vectors = values[kept], vectors[:, kept]
        main = (vectors / np.sqrt(values)).T @ centred if small else vectors.T
        rows = main / np.sqrt(values + _SHARED * values.mean())[:, None] if len(kept) else main
        spread = float(np.sqrt(((centred @ rows.T) ** 2).sum(axis=1).mean())) if len(kept) else 1.0
        return cls(middle, np.asarray(rows / spread))

    def with_words(self, crops: Floats, words: Floats) -> Axes:
        """Return these axes and one more, towards the embedding of a text, (d,), along which crops (n, d) differ more
        than along others: so what the text says is believed sooner."""
        spread = float(np.sqrt((((crops - self.middle) @ words) ** 2).mean()))
        if spread < 1e-9:
            return self
        return Axes(self.middle, np.vstack([self.rows, words * (_WORDS / spread)]))

    def parts(self, crops: Floats) -> Floats:
        """Return crops (n, d) by these axes, (n, r)."""
        return np.asarray((crops - self.middle) @ self.rows.T)


def fit(examples: Examples, penalty: float, among: Floats | None = None) -> Verifier:
    """Return the verifier of examples.

    Args:
        penalty: as in `PENALTIES`; infinite: a curve of the score alone.
        among: (m, d) crops of all labels, which nobody need have looked at; None: those of the examples.
    """
    axes = Axes.of(examples.crops if among is None else among)
    return of_parts(axes, fit_parts(examples, axes.parts(examples.crops), penalty), penalty)


def of_parts(axes: Axes, fitted: tuple[float, float, Floats], penalty: float) -> Verifier:
    """Return the verifier of a fit to crops by their axes."""
    bias, slope, weights = fitted
    of_crops = weights @ axes.rows[:len(weights)]
    return Verifier(float(bias - axes.middle @ of_crops), slope, np.asarray(of_crops), penalty)


def fit_parts(examples: Examples, parts: Floats, penalty: float) -> tuple[float, float, Floats]:
    """Return bias, slope and weights (r,) of examples with the crops `parts` (n, r); without weights for an infinite
    penalty."""
    if np.isinf(penalty):
        parts = parts[:, :0]
    return _newton(logit(examples.scores), parts, examples.right, _counted(examples.groups), penalty)


def _newton(logits: Floats, parts: Floats, right: Bools, counted: Floats,
            penalty: float) -> tuple[float, float, Floats]:
    """Return bias, slope and weights that are most likely, by Newton's method."""
    design = np.column_stack([np.ones(len(logits)), logits, parts])
    centre = np.zeros(design.shape[1])
    centre[1] = _SLOPE
    pull = np.full(design.shape[1], penalty if parts.shape[1] else 1.0)
    pull[:2] = 1e-3, 1 / _SLOPE_SPREAD ** 2
    found: Floats = centre.copy()
    for _ in range(_ROUNDS):
        p = chance(design @ found)
        curvature = design.T @ (design * (counted * (p * (1 - p) + 1e-9))[:, None]) + np.diag(pull)
        step = np.linalg.solve(curvature, design.T @ (counted * (right - p)) - pull * (found - centre))
        longest = float(np.abs(step).max())
        found = found + step * min(1.0, _LONGEST_STEP / max(longest, _SMALL))
        if longest < 1e-4:
            break
    return float(found[0]), float(found[1]), found[2:]


def _counted(groups: Ints) -> Floats:
    """Return what each example counts: those of one group count as their square root together, since frames of one
    moment say nearly the same of the same things, and different things lie on them too."""
    sizes = np.bincount(groups)[groups]
    return np.asarray(1 / np.sqrt(sizes))
