"""What random frames say of objects that are missing, and what a control arm says of time. Pure functions."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from search_service.review.calibration.intervals import interval

FRAMES = 60  # of a sample, by default
LEAST_LACKING = 5  # fewer frames that lack something tell a bootstrap nothing
LEAST_IN_ARM = 5
LONGEST_SECONDS = 600.0  # on one task; what is longer is a pause
_DRAWS = 4000


@dataclass(frozen=True)
class Recall:
    """What was found of all objects there are, 0 to 1.

    Args:
        recall: of the sample; None without any object.
        low, high: 95 %, approximately (bootstrap over frames); None with fewer than `LEAST_LACKING` frames that lack
            something.
        complete, complete_low, complete_high: share of frames where nothing is missing, with its exact interval.
        lacking: frames that lack something.
    """

    recall: float | None
    low: float | None
    high: float | None
    complete: float
    complete_low: float
    complete_high: float
    lacking: int


def recall(found: ArrayLike, missing: ArrayLike, *, seed: int = 0) -> Recall:
    """Return what a random sample of frames says, each of which was checked in full.

    The number of frames has to be fixed before the first is shown: who may stop when the figure looks good proves
    nothing.

    Args:
        found, missing: right objects that were predicted on each frame, and objects that were not, (frames,).
    """
    f, m = np.asarray(found, float), np.asarray(missing, float)
    lacking, low, high = int((m > 0).sum()), None, None
    if lacking >= LEAST_LACKING:
        rows = np.random.default_rng(seed).integers(len(f), size=(_DRAWS, len(f)))
        there = f[rows].sum(axis=1) + m[rows].sum(axis=1)
        shares = f[rows].sum(axis=1)[there > 0] / there[there > 0]
        low, high = (float(edge) for edge in np.quantile(shares, [0.025, 0.975]))
    total = float(f.sum() + m.sum())
    whole = len(f) - lacking
    found_share = float(f.sum()) / total if total else None
    return Recall(found_share, low, high, whole / len(f), *interval(whole, len(f)), lacking)


@dataclass(frozen=True)
class Ratio:
    """Typical time of a task with predictions / without, and its interval at 95 %."""

    ratio: float
    low: float
    high: float


def saved(with_help: ArrayLike, without: ArrayLike) -> Ratio | None:
    """Return how the typical seconds of tasks compare (geometric means, Welch's interval on their logarithms).

    Only for tasks that were drawn at random beforehand to be shown without predictions. Means of the seconds themselves
    hang on a few tasks that take half of all time. None with fewer than `LEAST_IN_ARM` tasks in an arm.
    """
    a, b = (np.log(np.clip(np.asarray(seconds, float), 0.5, LONGEST_SECONDS)) for seconds in (with_help, without))
    if min(len(a), len(b)) < LEAST_IN_ARM:
        return None
    of_a, of_b = a.var(ddof=1) / len(a), b.var(ddof=1) / len(b)
    freedom = (of_a + of_b) ** 2 / (of_a**2 / (len(a) - 1) + of_b**2 / (len(b) - 1)) if of_a + of_b else math.inf
    middle, half = float(a.mean() - b.mean()), _student(freedom) * math.sqrt(of_a + of_b)
    return Ratio(math.exp(middle), math.exp(middle - half), math.exp(middle + half))


def _student(freedom: float) -> float:
    """Return the 97.5 % quantile of Student's distribution, by Cornish and Fisher's expansion."""
    z = 1.959964
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
