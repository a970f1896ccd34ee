"""Scores by the likeness of crops to references."""

from __future__ import annotations

import numpy as np
import pytest

from search_service.review.teaching import likeness
from search_service.review.teaching.fit import Floats

DIM = 16


def crops(kind: int, count: int, seed: int) -> Floats:
    """Crops of a kind, and each a little another way, of length 1."""
    found = np.random.default_rng(seed).normal(0, 0.12, (count, DIM))
    found[:, kind] += 1
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True))


OTHERS = np.concatenate([crops(kind, 20, kind) for kind in (1, 2, 3)])


@pytest.mark.parametrize("count", [1, 2, 5])
def test_by_references__tells_their_kind_from_others(count: int) -> None:
    made = likeness.by_references(crops(0, count, 7), OTHERS)
    right, wrong = likeness.scores(made, crops(0, 50, 8)), likeness.scores(made, crops(2, 50, 9))
    assert right.min() > wrong.max()
    assert np.mean(right >= 0.5) > 0.8 and np.mean(wrong >= 0.5) == 0
    assert made.slope == 0  # SAM 3's own score of a word for everything says nothing


def test_by_references__what_the_references_are_like_scores_09() -> None:
    own = crops(0, 5, 7)
    scores = likeness.scores(likeness.by_references(own, OTHERS), crops(0, 500, 8))
    assert 0.8 < float(np.median(scores)) < 0.96


def test_by_references__equal_crops_still_make_numbers() -> None:
    one = crops(0, 1, 7)
    made = likeness.by_references(one, one)
    assert np.isfinite(likeness.scores(made, OTHERS)).all()


def test_name__is_equal_for_equal_references_alone() -> None:
    first, second = (likeness.by_references(crops(0, 3, seed), OTHERS) for seed in (7, 8))
    again = likeness.by_references(crops(0, 3, 7), OTHERS)
    assert likeness.name(first) == likeness.name(again) != likeness.name(second)
