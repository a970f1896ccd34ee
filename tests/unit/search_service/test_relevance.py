"""Relevance by contrast, on vectors small enough to check by hand."""

from __future__ import annotations

import numpy as np
import pytest

from search_service import relevance
from search_service.relevance import BACKGROUND, LIKELY_FROM, MAYBE_FROM, contrast


def test_contrast__is_the_distance_from_the_background_in_its_own_spread() -> None:
    image = np.array([[1.0, 0.0]], np.float32)
    background = np.array([[0.1, 0], [0.3, 0]], np.float32)  # on this image: mean 0.2, standard deviation 0.1
    texts = np.array([[0.5, 0], [0.2, 0]], np.float32)
    np.testing.assert_allclose(contrast(image, texts, background), [[3.0, 0.0]], atol=1e-5)


def background_of(mean: float, spread: float) -> np.ndarray:
    """As many vectors as there are background texts, whose similarity to (1, 0) has this mean and deviation."""
    signs = np.where(np.arange(len(BACKGROUND)) % 2 == 0, 1.0, -1.0)
    return np.stack([mean + spread * signs, np.zeros(len(BACKGROUND))], axis=1).astype(np.float32)


@pytest.mark.parametrize(("steps", "band"), [(LIKELY_FROM + 0.1, "likely"), (MAYBE_FROM + 0.1, "maybe"),
                                             (MAYBE_FROM - 0.1, "noise"), (-3.0, "noise")])
def test_relevance__bands(steps: float, band: str) -> None:
    image = np.array([[1.0, 0.0]], np.float32)
    text = np.array([[0.2 + 0.1 * steps, 0.0]], np.float32)
    assert relevance.relevance(image, text, lambda _: background_of(0.2, 0.1)) == [band]


def test_relevance__an_image_that_likely_shows_the_excluded_thing_is_noise() -> None:
    image = np.array([[1.0, 0.0]], np.float32)
    texts = np.array([[0.6, 0.0], [0.6, 0.0]], np.float32)
    assert relevance.relevance(image, texts, lambda _: background_of(0.2, 0.1)) == ["noise"]
