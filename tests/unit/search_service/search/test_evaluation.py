"""The measures, on rankings small enough to check by hand."""

from __future__ import annotations

import math

import pytest

from search_service.search.evaluation import ndcg_at, recall_at

RIGHT = {1, 2, 3}


@pytest.mark.parametrize(("order", "k", "recall"), [
    ([1, 2, 3, 9], 3, 1.0), ([9, 1, 8, 2], 2, 0.5), ([9, 1, 8, 2], 4, 2 / 3), ([9, 8], 2, 0.0), ([], 5, 0.0),
    ([1, 2, 3], 2, 1.0),  # two places hold two of the three: no ranking does better
])
def test_recall_at(order: list[int], k: int, recall: float) -> None:
    assert recall_at(order, RIGHT, k) == pytest.approx(recall, abs=1e-4)


def test_ndcg_at__is_one_for_the_best_order_and_less_the_later_a_right_one_comes() -> None:
    assert ndcg_at([3, 1, 2, 9], RIGHT, 4) == 1
    assert ndcg_at([9, 8], RIGHT, 2) == 0
    best = 1 + 1 / math.log2(3) + 1 / math.log2(4)
    assert ndcg_at([9, 1, 2, 3], RIGHT, 4) == pytest.approx(
        (1 / math.log2(3) + 1 / math.log2(4) + 1 / math.log2(5)) / best, abs=1e-4)
    assert ndcg_at([1, 9, 9, 2], RIGHT, 2) == pytest.approx(1 / (1 + 1 / math.log2(3)), abs=1e-4)
