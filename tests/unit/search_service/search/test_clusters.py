"""Images in groups of alike ones."""

from __future__ import annotations

import numpy as np
import pytest

from search_service.search.clusters import grouped


def _around(centres: np.ndarray, counts: list[int], seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    shared = 3 * random.normal(size=(1, centres.shape[1]))  # what all images have in common
    rows = np.repeat(centres, counts, axis=0) + 0.25 * random.normal(size=(sum(counts), centres.shape[1])) + shared
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("seed", range(6))
def test_grouped__a_group_holds_images_of_one_kind(seed: int) -> None:
    """With more clusters than kinds a kind may be in several; no two kinds are in one."""
    centres = np.random.default_rng(seed).normal(size=(5, 64))
    vectors = _around(centres, [90, 60, 40, 30, 20], seed)
    kinds = np.repeat(np.arange(5), [90, 60, 40, 30, 20])
    groups = grouped(vectors)
    assert len(groups) == 20 and sorted(np.concatenate(groups).tolist()) == list(range(240))
    assert [len(rows) for rows in groups] == sorted((len(rows) for rows in groups), reverse=True)
    pure = sum(np.bincount(kinds[rows]).max() for rows in groups)
    assert pure >= 236


def test_grouped__the_first_is_the_most_typical_and_each_answer_is_the_same() -> None:
    vectors = _around(np.eye(32)[:2], [30, 10], 1)
    groups = grouped(vectors)
    assert [rows.tolist() for rows in groups] == [rows.tolist() for rows in grouped(vectors)]
    apart = vectors - vectors.mean(0)
    for rows in groups:
        mean = apart[rows].mean(0)
        likeness = apart[rows] @ mean / np.linalg.norm(apart[rows], axis=1)
        assert likeness[0] >= likeness.max() - 0.02


def test_grouped__few_images_and_equal_ones() -> None:
    assert grouped(np.empty((0, 8), np.float32)) == []
    one = np.eye(8, dtype=np.float32)[:1]
    assert [rows.tolist() for rows in grouped(one)] == [[0]]
    assert [rows.tolist() for rows in grouped(np.repeat(one, 50, axis=0))] == [list(range(50))]
