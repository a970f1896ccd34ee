"""Which objects are asked about next."""

from __future__ import annotations

import numpy as np
import pytest

from search_service.review.teaching.picking import Candidates, moved, pick

DIM = 6


def label(scores: list[float], *, right: int = 0, wrong: int = 0, usable: bool = False,
          crops: list[int] | None = None, errors: list[float] | None = None) -> Candidates:
    """Return candidates whose crops lie along the axes that are named; what was judged lies along the last two."""
    directions = np.eye(DIM)
    judged = [directions[-1]] * right + [directions[-2]] * wrong
    return Candidates(np.array(scores), directions[crops or [place % (DIM - 2) for place in range(len(scores))]], 0.5,
                      np.array(judged).reshape(-1, DIM), np.array([True] * right + [False] * wrong, bool),
                      np.array(errors or [0.0] * (right + wrong)), usable)


def test_examples_of_the_kind_that_lacks_come_first() -> None:
    assert pick([label([0.9, 0.2, 0.5], right=6)], 1) == [(0, 1)], "the likeliest wrong one"
    assert pick([label([0.9, 0.2, 0.5], wrong=6)], 1) == [(0, 0)], "the likeliest right one"
    assert pick([label([0.9, 0.2, 0.5], right=6, wrong=6)], 1) == [(0, 2)], "the least sure one"


def test_a_batch_holds_different_objects() -> None:
    alike = label([0.5, 0.51, 0.6], right=6, wrong=6, crops=[0, 0, 1])
    assert [place for _, place in pick([alike], 2)] == [0, 2]


def test_what_is_like_a_mistake_comes_before_what_is_like_others() -> None:
    found = label([0.6, 0.6], right=5, wrong=5)
    beside = np.array([[0.8, 0, 0.6, 0, 0, 0], [0, 0.8, 0, 0.6, 0, 0]])  # one beside each candidate
    for mistake in (0, 1):
        errors = np.append(found.errors, [0.9 if place == mistake else 0.1 for place in (0, 1)])
        both = Candidates(found.scores, found.crops, 0.5, np.concatenate([found.judged, beside]),
                          np.append(found.right, [True, True]), errors, False)
        assert pick([both], 1) == [(0, mistake)]


def test_two_labels_at_a_time__those_begun_first_and_the_usable_last() -> None:
    labels = [label([0.5] * 4, right=9, wrong=9, usable=True), label([0.5] * 4), label([0.5] * 4, right=1),
              label([0.9] * 4)]
    assert [place for place, _ in pick(labels, 4)] == [2, 1, 2, 1]


def test_all_that_is_left_is_returned_once() -> None:
    picked = pick([label([0.5, 0.6]), label([]), label([0.7])], 10)
    assert sorted(picked) == [(0, 0), (0, 1), (2, 0)]
    assert pick([], 5) == [] and pick([label([])], 5) == []


@pytest.mark.parametrize(("right", "wrong"), [(0, 0), (0, 9), (9, 0)])
def test_moved__what_was_judged_moves_the_chances(right: int, wrong: int) -> None:
    said = np.array([True] * right + [False] * wrong, bool)
    (low, high), (was_low, was_high) = moved(np.array([0.3, 0.8]), said), moved(np.array([0.3, 0.8]), said[:0])
    assert low < high
    assert (low < was_low and high < was_high) if wrong else (low >= was_low and high >= was_high)
