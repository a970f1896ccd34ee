"""A row of a ranking."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class RankedRow(NamedTuple):
    """A task, its cosine to the query, and its vector, float32 `(dim,)`, where it was asked for."""

    task: int
    similarity: float
    vector: NDArray[np.float32] | None
