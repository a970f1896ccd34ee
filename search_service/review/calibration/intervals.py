"""The exact interval of a share. Pure functions."""

from __future__ import annotations

import numpy as np

_CELLS = 20_000


def interval(right: float, of: float, confidence: float = 0.95) -> tuple[float, float]:
    """Return the two-sided interval of Clopper and Pearson (1934): what shares are compatible with what was seen.

    It describes a number of outcomes that did not depend on what they were. It is no bound to stop at: for that there
    is `verification.bound`.

    Args:
        right, of: outcomes; effective numbers need not be whole. Without any, everything is possible.
    """
    tail = (1 - confidence) / 2
    low = _beta_quantile(tail, right, of - right + 1) if right > 0 and of > 0 else 0.0
    high = _beta_quantile(1 - tail, right + 1, of - right) if right < of else 1.0
    return low, high


def _beta_quantile(q: float, a: float, b: float) -> float:
    """Return where a beta distribution reaches `q`, to 6e-5: by adding its density up in equal cells."""
    middles = (np.arange(_CELLS) + 0.5) / _CELLS
    logs = (a - 1) * np.log(middles) + (b - 1) * np.log1p(-middles)
    reached = np.cumsum(np.exp(logs - logs.max()))
    return float(np.interp(q * reached[-1], reached, np.arange(1, _CELLS + 1) / _CELLS))
