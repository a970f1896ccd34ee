"""Is a hit any good? A cosine alone does not say: those of right pairs lie near 0.1 and move with the checkpoint.

Two things do. SigLIP is trained with a sigmoid on every single pair, so its own `sigmoid(scale · cosine + bias)` is an
absolute statement; on short queries it errs on the low side. And the contrast on the same image: how far the query
stands above texts that say nothing in particular, in their own spread. A hit is `likely` by the first, `possible` by
either, else `unlikely`; a query for what is not in the project has no likely hit, and "nothing found" is an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from argus.answers.search import Relevance
from search_service.vectors.store import Vectors

LIKELY, POSSIBLE, UNLIKELY = "likely", "possible", "unlikely"
RELEVANCE = (LIKELY, POSSIBLE, UNLIKELY)  # best first
LIKELY_FROM, POSSIBLE_FROM = 0.3, 0.03  # the checkpoint's own probability
CONTRAST_FROM = 3.0  # standard deviations above the background texts

BACKGROUND = ("a photo", "an image", "an object", "something", "a picture of a thing", "a background", "an empty scene",
              "a surface", "a room", "outdoors", "a person", "an animal", "a plant", "food", "a vehicle", "a building",
              "furniture", "clothing", "a tool", "a machine", "text on paper", "water", "a toy")

Encode = Callable[[Sequence[str]], Vectors]


@dataclass(frozen=True)
class Calibration:
    """The two numbers that turn a checkpoint's cosine into its probability."""

    scale: float
    bias: float

    def probability(self, cosine: Vectors) -> Vectors:
        """Return `sigmoid(scale · cosine + bias)`, 0..1, of the same shape."""
        logit = self.scale * cosine.astype(np.float64) + self.bias
        found: Vectors = (1 / (1 + np.exp(-np.clip(logit, -60, 60)))).astype(np.float32)
        return found


def relevance(images: Vectors, texts: Vectors, calibration: Calibration, encode: Encode) -> list[Relevance]:
    """Return `likely`, `possible` or `unlikely` for each image.

    Args:
        images: float32 `(N, dim)`, rows of length 1.
        texts: `(1 + n, dim)`: the wanted text, then the excluded ones. An image on which an excluded text is likely is
            unlikely.
        encode: gives the vectors of the background texts, `(B, dim)`.
    """
    probability = calibration.probability(images @ texts.T)
    stands_out = contrast(images, texts[:1], encode(BACKGROUND))[:, 0] >= CONTRAST_FROM
    possible = (probability[:, 0] >= POSSIBLE_FROM) | stands_out
    bands = np.where(probability[:, 0] >= LIKELY_FROM, LIKELY, np.where(possible, POSSIBLE, UNLIKELY))
    if len(texts) > 1:
        bands[probability[:, 1:].max(axis=1) >= LIKELY_FROM] = UNLIKELY
    return [cast(Relevance, str(band)) for band in bands]


def contrast(images: Vectors, texts: Vectors, background: Vectors) -> Vectors:
    """Return `(N, T)`: on each image, how many standard deviations each text stands above the background texts."""
    level = images @ background.T
    spread = np.maximum(level.std(axis=1, keepdims=True), 1e-6)
    scores: Vectors = (images @ texts.T - level.mean(axis=1, keepdims=True)) / spread
    return scores
