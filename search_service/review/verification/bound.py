"""How many of a list's objects are wrong at most, by a random sample of it. Pure functions.

Guarantee: when objects are judged in random order without replacement, then with the probability `confidence` the bound
of `most_wrong` holds after *every* judgement at once. So one may look after each judgement and stop whenever one likes,
which no interval for a fixed number of judgements allows.

Source: the prior-posterior ratio of Waudby-Smith and Ramdas, "Confidence sequences for sampling without replacement"
(NeurIPS 2020, arXiv:2006.04347), made one-sided: the prior of each test lies on fewer wrong objects only.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_OPTIMISM = 5  # the prior expects the allowed share of wrong objects divided by this: how soon good lists pass


def log_evidence(size: int, judged: int, wrong: int, target: float = 0.95) -> Floats:
    """Return the evidence against "exactly W of the objects are wrong" for W = 0 … size, as natural logarithms.

    The evidence is the likelihood of what was seen under fewer than W wrong objects, averaged over a beta-binomial
    prior, divided by its likelihood under W. If W is true, this is a martingale that starts at 1, and so ever reaches
    1 / a with the probability a at most (Ville's inequality). The prior decides only how many judgements it takes.

    Args:
        size: objects on the list.
        judged, wrong: of the sample, in drawn order; `0 <= wrong <= judged <= size`.
        target: share of right objects that is to be shown, 0 < target < 1; it sets the prior.

    Returns:
        float64 (size + 1,); inf where W cannot be, because more wrong or more right objects were seen; 0 for W = 0.

    Raises:
        ValueError: for counts that cannot be.
    """
    if not 0 <= wrong <= judged <= size:
        raise ValueError(f"{wrong} wrong of {judged} judged of {size}")
    right = judged - wrong
    evidence = np.full(size + 1, np.inf)
    w = np.arange(wrong, size - right + 1)  # what is possible
    likelihood = _log_falling(w, wrong) + _log_falling(size - w, right)
    weight = _log_prior(size, target)
    whole = np.logaddexp.reduce(weight[:wrong]) if wrong else -np.inf  # prior of what is impossible by now
    prior = np.logaddexp.accumulate(np.append(whole, weight[w]))[:-1]  # of fewer than w wrong
    both = weight[w] + likelihood
    peak = float(both.max())
    seen = np.cumsum(np.exp(both - peak))  # one that is too small for a float counts as no evidence
    with np.errstate(divide="ignore", invalid="ignore"):
        below = np.log(np.append(0.0, seen[:-1])) + peak - prior
        evidence[w] = np.where(w > 0, below - likelihood, 0.0)
    return evidence


def _log_falling(n: NDArray[np.int64], k: int) -> Floats:
    """Return log n! / (n - k)!."""
    logs = _log_factorials(int(n.max(initial=0)))
    return np.asarray(logs[n] - logs[n - k])


@lru_cache(maxsize=16)
def _log_factorials(most: int) -> Floats:
    return np.concatenate(([0.0], np.cumsum(np.log(np.arange(1.0, most + 1)))))


@lru_cache(maxsize=16)
def _log_prior(size: int, target: float) -> Floats:
    """Return the logarithms of a beta-binomial (1, b) prior of W = 0 … size, without its constant."""
    b = max(1, round(_OPTIMISM / (1 - target)))
    return _log_falling(np.arange(size, -1, -1) + b - 1, b - 1)


@lru_cache(maxsize=65_536)
def most_wrong(size: int, judged: int, wrong: int, target: float = 0.95, confidence: float = 0.95) -> int:
    """Return how many objects of the list are wrong at most, those that were seen included.

    After all were judged it is the number that was seen. Arguments and errors as `log_evidence`.
    """
    possible = np.flatnonzero(log_evidence(size, judged, wrong, target) < -math.log(1 - confidence))
    return int(possible[-1])


def least_right(accepted: int, most: int, removed: int) -> float:
    """Return the least share of right objects among those accepted, 0 to 1.

    Args:
        accepted: objects that are accepted: any part of the list, without the wrong ones that were found.
        most: wrong ones on the whole list at most.
        removed: wrong ones that were found, none of which is accepted.
    """
    return max(0, accepted - (most - removed)) / accepted if accepted else 1.0


def judgements_needed(size: int, wrong: int, target: float = 0.95, confidence: float = 0.95, *,
                      accepted: int | None = None) -> int:
    """Return after how many judgements the target is shown, when `wrong` of them are wrong; `size` at most.

    Args:
        accepted: objects that would be accepted; as a rule all but the wrong ones.
    """
    kept = size - wrong if accepted is None else accepted

    def shown(judged: int) -> bool:
        most = most_wrong(size, judged, wrong, target, confidence)
        return least_right(kept, most, wrong) >= target

    low, high = wrong, size
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if shown(middle) else (middle + 1, high)
    return low
