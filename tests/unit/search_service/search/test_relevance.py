"""Relevance, on vectors small enough to check by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from search_service.search.relevance import (
    BACKGROUND,
    CONTRAST_FROM,
    LIKELY_FROM,
    POSSIBLE_FROM,
    Calibration,
    contrast,
    relevance,
)

CALIBRATION = Calibration(scale=10, bias=-5)
IMAGE = np.array([[1.0, 0.0]], np.float32)


def cosine_of(probability: float) -> float:
    return (math.log(probability / (1 - probability)) - CALIBRATION.bias) / CALIBRATION.scale


def text_at(cosine: float) -> np.ndarray:
    return np.array([[cosine, math.sqrt(1 - cosine**2)]], np.float32)


def background_of(mean: float, spread: float) -> np.ndarray:
    """As many vectors as there are background texts, whose similarity to the image has this mean and deviation."""
    signs = np.resize([1.0, -1.0], len(BACKGROUND) - len(BACKGROUND) % 2).tolist() + [0.0] * (len(BACKGROUND) % 2)
    return np.array([[mean + spread * sign, 0] for sign in signs], np.float32)


def test_probability__is_the_sigmoid_of_scaled_cosine_plus_bias() -> None:
    cosine = np.array([0.5, 0.0, 0.6, -1.0], np.float32)
    expected = [0.5, 1 / (1 + math.e**5), 1 / (1 + math.e**-1), 1 / (1 + math.e**15)]
    np.testing.assert_allclose(CALIBRATION.probability(cosine), expected, rtol=1e-4)


def test_contrast__is_the_distance_from_the_background_in_its_own_spread() -> None:
    background = np.array([[0.1, 0], [0.3, 0]], np.float32)  # on this image: mean 0.2, standard deviation 0.1
    texts = np.array([[0.5, 0], [0.2, 0]], np.float32)
    np.testing.assert_allclose(contrast(IMAGE, texts, background), [[3.0, 0.0]], atol=1e-5)


@pytest.mark.parametrize(("probability", "band"), [(LIKELY_FROM + 0.01, "likely"), (LIKELY_FROM - 0.01, "possible"),
                                                   (POSSIBLE_FROM + 0.005, "possible"),
                                                   (POSSIBLE_FROM - 0.005, "unlikely")])
def test_relevance__by_the_checkpoints_own_probability(probability: float, band: str) -> None:
    text = text_at(cosine_of(probability))
    assert relevance(IMAGE, text, CALIBRATION, lambda _: background_of(0.9, 0.05)) == [band]


@pytest.mark.parametrize(("above", "band"), [(CONTRAST_FROM + 0.3, "possible"), (CONTRAST_FROM - 0.3, "unlikely")])
def test_relevance__what_stands_out_from_the_background_is_a_maybe(above: float, band: str) -> None:
    text = text_at(-0.5 + 0.02 * above)
    assert relevance(IMAGE, text, CALIBRATION, lambda _: background_of(-0.5, 0.02)) == [band]


def test_relevance__an_image_that_likely_shows_the_excluded_thing_is_noise() -> None:
    wanted = text_at(cosine_of(0.9))
    for excluded, band in ((cosine_of(0.5), "unlikely"), (cosine_of(0.1), "likely")):
        texts = np.concatenate([wanted, text_at(excluded)])
        assert relevance(IMAGE, texts, CALIBRATION, lambda _: background_of(0, 0.1)) == [band]
