"""Crops in an order by their look."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from search_service.review.arrangement import outliers, together
from search_service.vectors.store import Vectors


def groups(sizes: list[int], spread: float = 0.15, dim: int = 32) -> tuple[Vectors, list[int]]:
    """Return vectors around as many directions as there are sizes, in a random order, and the group of each."""
    random = np.random.default_rng(3)
    member = random.permutation(np.repeat(np.arange(len(sizes)), sizes))
    found = np.eye(dim)[member] + spread * random.normal(size=(len(member), dim)) / np.sqrt(dim)
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32), member.tolist()


@pytest.mark.parametrize("sizes", [[1], [2], [7, 5], [40, 1, 25, 3], [200] * 6])
def test_together__keeps_each_group_in_one_piece(sizes: list[int]) -> None:
    crops, member = groups(sizes)
    order = together(crops).tolist()
    assert sorted(order) == list(range(len(crops)))
    changes = sum(member[a] != member[b] for a, b in itertools.pairwise(order))
    assert changes <= 2 * len(sizes) - 2
    assert together(crops).tolist() == order


def test_together__identical_crops_do_no_harm() -> None:
    crops = np.tile(groups([1])[0], (50, 1))
    assert sorted(together(crops).tolist()) == list(range(50))


def test_outliers__of_each_label_come_first() -> None:
    crops, member = groups([60, 80])
    labels = ["cpu" if group == 0 else "fan" for group in member]
    wrong = [labels.index("cpu"), labels.index("fan")]
    for place in wrong:
        labels[place] = "fan" if labels[place] == "cpu" else "cpu"
    order = outliers(crops, labels).tolist()
    assert set(order[:2]) == set(wrong)
    assert sorted(order) == list(range(len(crops)))


def test_outliers__a_label_with_one_object_is_none() -> None:
    crops, _ = groups([30, 1])
    labels = ["cpu"] * 31
    labels[7] = "fan"
    assert outliers(crops, labels).tolist()[0] != 7
