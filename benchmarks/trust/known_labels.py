"""Labels whose chance to be right is known at every score: what calibration is held against.

Three kinds of curve: one that is shifted, one that stays below 1 however high the score, and one with a step. Scores
are spread as a detector's are: most are high.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Curve = Callable[[Floats], Floats]
LABELS = 6  # of a project
FRESH = 2000  # outcomes that a fitted curve is measured on
LOWEST = 0.4


def truth(rng: np.random.Generator) -> Curve:
    """Return a label's chance to be right by score."""
    kind = int(rng.integers(3))
    if kind == 2:
        at, low, high = rng.uniform(0.55, 0.9), rng.uniform(0.1, 0.6), rng.uniform(0.85, 0.99)
        return lambda s: low + (high - low) / (1 + np.exp(-25 * (s - at)))
    start, slope = (rng.normal(1.2, 1.0), abs(rng.normal(1.0, 0.35))) if kind == 0 else (
        rng.normal(2.2, 0.6), abs(rng.normal(1.2, 0.3)))
    most = 1.0 if kind == 0 else 1 - rng.uniform(0.05, 0.3)
    return lambda s: most / (1 + np.exp(-(start + slope * (np.log(s / (1 - s)) - math.log(9)))))


def scores(rng: np.random.Generator, count: int) -> Floats:
    """Return scores as a detector gives them, (count,)."""
    drawn = 1 / (1 + np.exp(-rng.normal(2.9, 1.1, 4 * count + 100)))
    return np.clip(drawn[drawn >= LOWEST][:count], 0.01, 0.99)


def calibration_errors(outcomes: int, projects: int, seed: int) -> Floats:
    """Return the D-ECE on fresh outcomes of each label of simulated projects, (projects * LABELS,)."""
    from search_service.review.calibration.curves import d_ece, fit_calibration

    rng, errors = np.random.default_rng(seed), []
    for _ in range(projects):
        truths = [truth(rng) for _ in range(LABELS)]
        seen = np.concatenate([scores(rng, outcomes) for _ in truths])
        names = [str(label) for label in range(LABELS) for _ in range(outcomes)]
        chance = np.concatenate([of(part) for of, part in zip(truths, np.split(seen, LABELS), strict=True)])
        fitted = fit_calibration(seen, rng.random(len(seen)) < chance, names)
        for label, of in enumerate(truths):
            fresh = scores(rng, FRESH)
            stated = fitted.chance(fresh, str(label))
            assert stated is not None
            errors.append(d_ece(stated, rng.random(FRESH) < of(fresh))[0])
    return np.array(errors)


def class_coverage(outcomes: int, labels: int, seed: int, *, track: int = 1, grouped: bool = True) -> float:
    """Return the share of objects whose class has an interval that holds the class's true share.

    Args:
        track: so many outcomes in a row are of one thing: about one score, and right or wrong together.
        grouped: whether the intervals are told so.
    """
    from search_service.review.calibration.curves import CLASSES, score_classes

    rng, held = np.random.default_rng(seed), []
    for _ in range(labels):
        of, things = truth(rng), -(-outcomes // track)
        once = scores(rng, things)
        seen = np.clip(np.repeat(once, track) + rng.normal(0, 0.01, things * track) * (track > 1), LOWEST, 0.99)
        right = np.repeat(rng.random(things) < of(once), track)
        groups = np.repeat(np.arange(things), track).tolist() if grouped else None
        fresh = scores(rng, FRESH)
        by_class = zip(score_classes(seen, right, groups=groups), itertools.pairwise(CLASSES), strict=True)
        for said, (start, end) in by_class:
            inside = (fresh >= start) & (fresh < end)
            if inside.any():
                share = float(of(fresh[inside]).mean())
                held.append((inside.mean(), said.low - 1e-4 <= share <= said.high + 1e-4))
    weights, inside_interval = np.array(held).T
    return float(np.average(inside_interval, weights=weights))
