"""Is a hit any good? Its similarity against that of texts which say nothing in particular.

Cosines of SigLIP have no absolute meaning: those of right pairs lie near 0.1 and move with the checkpoint. What has
one is the contrast on the same image: how far the query stands above a set of background texts, in their own spread. A
query for something that is not in the project then has no likely hit, and "nothing found" is an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from search_service.vectors import Vectors

LIKELY, MAYBE, NOISE = "likely", "maybe", "noise"
LIKELY_FROM, MAYBE_FROM = 2.0, 1.0  # standard deviations above the background

BACKGROUND = ("a photo", "an image", "an object", "something", "a picture of a thing", "a background", "an empty scene",
              "a surface", "a room", "outdoors", "a person", "an animal", "a plant", "food", "a vehicle", "a building",
              "furniture", "clothing", "a tool", "a machine", "text on paper", "water", "a toy", "an elephant")

Encode = Callable[[Sequence[str]], Vectors]


def relevance(images: Vectors, texts: Vectors, encode: Encode) -> list[str]:
    """Return `likely`, `maybe` or `noise` for each image.

    Args:
        images: float32 `(N, dim)`, rows of length 1.
        texts: `(1 + n, dim)`: the wanted text, then the excluded ones. An image on which an excluded text is likely is
            noise.
        encode: gives the vectors of the background texts, `(B, dim)`.
    """
    background = encode(BACKGROUND)
    scores = contrast(images, texts, background)
    bands = np.where(scores[:, 0] >= LIKELY_FROM, LIKELY, np.where(scores[:, 0] >= MAYBE_FROM, MAYBE, NOISE))
    if scores.shape[1] > 1:
        bands[scores[:, 1:].max(axis=1) >= LIKELY_FROM] = NOISE
    return [str(band) for band in bands]


def contrast(images: Vectors, texts: Vectors, background: Vectors) -> Vectors:
    """Return `(N, T)`: on each image, how many standard deviations each text stands above the background texts."""
    level = images @ background.T
    spread = np.maximum(level.std(axis=1, keepdims=True), 1e-6)
    scores: Vectors = (images @ texts.T - level.mean(axis=1, keepdims=True)) / spread
    return scores
