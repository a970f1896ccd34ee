"""Scores by the likeness of a detection's crop to a few reference regions.

The likeness is the mean cosine of a crop with the references' crops, less its mean cosine with crops of other things:
both are one product with one vector, so what makes the score is a `Verifier` whose slope is 0. The score is 0.9 where a
crop is as like as the references are among each other, and 0.5 a little below. Pure.
"""

from __future__ import annotations

import hashlib
import json

import numpy as np

from search_service.review.teaching.fit import Floats, Verifier, chance

MOST = 5  # references of a label
ALONE = 0.6  # how like further objects are, as a share of what a single reference is like itself
HALF = 0.7  # where the score is 0.5: from the mean of other things (0) to what the references are like (1)
_SURE = 2.2  # logit of 0.9
_LEAST = 1e-3  # between other things and references, so that equal crops make numbers too


def by_references(references: Floats, others: Floats) -> Verifier:
    """Return what makes the score of a detection from its crop.

    Args:
        references: (n, d) embeddings of the references' crops, of length 1; n is 1 to `MOST`.
        others: (m, d) crops of whatever there is, looked at or not, m at least 1.
    """
    middle = others.mean(axis=0)
    weights = references.mean(axis=0) - middle
    base = float(middle @ weights)
    span = max(_LEAST, _typical(references, middle, weights, base) - base)
    steep = _SURE / ((1 - HALF) * span)
    return Verifier(-steep * (base + HALF * span), 0.0, np.asarray(steep * weights), 0.0)


def _typical(references: Floats, middle: Floats, weights: Floats, base: float) -> float:
    """Return how like the references are: each by the others, or one by itself and less."""
    count = len(references)
    if count == 1:
        return base + ALONE * (float(references[0] @ weights) - base)
    rest = (references.sum(axis=0) - references) / (count - 1) - middle
    return float((references * rest).sum(axis=1).mean())


def name(verifier: Verifier) -> str:
    """Return 16 hex digits, equal for equal parameters."""
    content = [round(v, 9) for v in (verifier.bias, verifier.slope, *verifier.weights.tolist())]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


def scores(verifier: Verifier, crops: Floats) -> Floats:
    """Return the scores of crops (n, d), (n,): the model's own score says nothing of them."""
    return chance(verifier.bias + np.asarray(crops, float) @ verifier.weights)
