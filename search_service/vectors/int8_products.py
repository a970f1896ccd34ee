"""Scalar products of int8 vectors by numkong: with the processor's own instructions for them, and without the GIL."""

from __future__ import annotations

import functools
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int8]
Floats = NDArray[np.float64]
Problem = Literal["not_installed", "failed_check"]


def products(code: Codes, codes: Codes) -> Floats:
    """Return the scalar products of one code `(1, dim)` with many `(n, dim)`: integers, exact ones."""
    import numkong

    return np.asarray(numkong.cdist(code, codes, "dot")).ravel().astype(np.float64, copy=False)


def _mixed(count: int) -> Codes:
    """Return codes of all sizes, `(count,)`, each time the same. `numpy.random` would take 7 MB for these alone."""
    steps = np.arange(1, count + 1, dtype=np.uint32) * np.uint32(2_654_435_761)  # that of Fibonacci hashing
    return (((steps >> np.uint32(16)) % np.uint32(255)).astype(np.int16) - 127).astype(np.int8)


@functools.cache
def problem() -> Problem | None:
    """Return why this process cannot multiply so, found out once: some products are held against numpy's."""
    try:
        import numkong  # noqa: F401
    except ImportError:
        return "not_installed"
    for dim in (1, 63, 768, 1152):
        codes = _mixed(64 * dim).reshape(64, dim)
        codes[0], codes[1] = 127, -127
        for row in (0, 2):
            right = codes.astype(np.int32) @ codes[row].astype(np.int32)
            if not np.array_equal(products(codes[row:row + 1], codes), right):
                return "failed_check"
    return None
