"""A varied sample: the first images show what there is. Rare ones first: those that are least like any others."""

from __future__ import annotations

import numpy as np
import pytest

from search_service.search.browse import NEIGHBOURS, farthest_first, rarest_first


def test_farthest_first__starts_with_the_usual_and_goes_to_the_least_alike() -> None:
    angles = np.radians([-10, -5, 0, 5, 10, 60])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    assert farthest_first(vectors, 3) == [4, 5, 0]
    assert sorted(farthest_first(vectors, 9)) == [0, 1, 2, 3, 4, 5]
    assert farthest_first(vectors[:0], 9) == []


def test_farthest_first__takes_what_is_alike_only_once_nothing_else_is_left() -> None:
    assert farthest_first(np.eye(3, dtype=np.float32)[[0, 0, 1, 1, 2]], 5)[:3] == [0, 2, 4]


@pytest.mark.parametrize("seed", range(10))
def test_farthest_first__the_first_24_of_300_show_most_rare_situations(seed: int) -> None:
    """12 situations of 2 neighbouring frames each; 24 random frames show 1.8 of them on average."""
    random = np.random.default_rng(seed)
    usual, rare = random.normal(size=(4, 96)), random.normal(size=(12, 96))
    centres = np.concatenate([usual[random.integers(0, 4, 276)], np.repeat(rare, 2, axis=0)])
    vectors = (centres + 0.4 * random.normal(size=centres.shape)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert len({place // 2 for place in farthest_first(vectors, 24) if place >= 276}) >= 6


@pytest.mark.parametrize("seed", range(3))
def test_rarest_first__what_few_frames_show_comes_before_what_many_do(seed: int) -> None:
    random = np.random.default_rng(seed)
    usual, rare = random.normal(size=(3, 96)), random.normal(size=(5, 96))
    centres = np.concatenate([usual[random.integers(0, 3, 1200)], np.repeat(rare, NEIGHBOURS // 2, axis=0)])
    vectors = (centres + 0.3 * random.normal(size=centres.shape)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    first = rarest_first(vectors, 25)
    assert sorted(first) == list(range(1200, 1225))
    assert rarest_first(vectors, 40)[:25] == first


def test_rarest_first__of_few_images() -> None:
    vectors = np.eye(3, dtype=np.float32)[[0, 0, 1]]
    assert rarest_first(vectors, 9) == [2, 0, 1]
    assert rarest_first(vectors[:1], 9) == [0]
    assert rarest_first(vectors[:0], 9) == []
