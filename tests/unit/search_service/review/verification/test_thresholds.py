"""Acceptance tests of the sample as people judge it: 2,000 of each kind, and what is false among what was certified.

Scripted reviewers who know the truth; the bound, the prefix and the ladder are the project's own. A bound that is right
in 95 of 100 samples passes "at most 110 of 2,000" with a probability of 0.999; a bound that counts whatever was
answered first fails it.
"""

from __future__ import annotations

import functools

import numpy as np
import pytest

from search_service.review.verification.bound import judgements_needed, least_right, most_wrong
from search_service.review.verification.sample import drawn, key_of
from search_service.review.verification.sentences import BUDGET
from search_service.review.verification.thresholds import Count, Listed, check_terms, climb, count, course

RUNS, TARGET = 2000, 0.95
AT_MOST_FALSE = 110


def samples(objects: list[Listed], wrong: int, runs: int = RUNS) -> np.ndarray:
    """Return bool (runs, objects): each sample in drawn order, True for the objects that are the first `wrong`."""
    keys = [key_of(listed.task, listed.name) for listed in objects]
    bad = set(keys[:wrong])
    return np.array([[key in bad for key in drawn(keys, f"{run} of the test")] for run in range(runs)])


@functools.cache
def enough(size: int) -> np.ndarray:
    return np.array([judgements_needed(size, wrong, TARGET) for wrong in range(30)])


def outcome(judged: np.ndarray, wrong: np.ndarray, size: int, total: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (judgements when certified, 0 if never; whether more than 5 % of what is accepted then is wrong).

    Args:
        judged, wrong: int (runs, moments): what the bound was given at each moment; at most `BUDGET` judgements count.
    """
    passed = (judged >= enough(size)[np.minimum(wrong, 29)]) & (judged <= BUDGET) & (wrong < 29)
    rows, first = np.arange(len(judged)), passed.argmax(axis=1)
    ever, seen = passed.any(axis=1), wrong[rows, passed.argmax(axis=1)]
    return np.where(ever, judged[rows, first], 0), ever & ((total - seen) > 0.05 * (size - seen) + 1e-9)


def in_order(order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One reviewer, one object after the other."""
    return np.broadcast_to(np.arange(1, order.shape[1] + 1), order.shape), np.cumsum(order, axis=1)


LIST_OF_300 = [Listed(task, "a", 0.95) for task in range(300)]


def test_a_list_that_is_not_good_enough_is_certified_once_in_20_at_most() -> None:
    judged, wrong = in_order(samples(LIST_OF_300, 16))
    certified, false = outcome(judged, wrong, 300, 16)
    assert 0 < false.sum() <= AT_MOST_FALSE, (false.sum(), (certified > 0).sum())


@pytest.mark.slow
def test_two_reviewers_who_put_wrong_ones_off_change_nothing_but_would_deceive_a_first_come_bound() -> None:
    """Each second somebody answers; a wrong object is answered 30 seconds later than a right one would be."""
    order = samples(LIST_OF_300, 16)
    places = np.arange(order.shape[1])
    answered = places + 30 * order  # when
    moments = np.arange(1, 360)
    by_then = answered[:, None, :] < moments[None, :, None]  # (runs, moments, places)
    first_come = by_then.sum(2), (by_then & order[:, None, :]).sum(2)
    prefix = np.where(by_then.all(2), order.shape[1], (~by_then).argmax(2))
    wrong = np.concatenate([np.zeros((RUNS, 1), int), np.cumsum(order, axis=1)], axis=1)
    in_prefix = np.take_along_axis(wrong, prefix, axis=1)
    assert outcome(prefix, in_prefix, 300, 16)[1].sum() <= AT_MOST_FALSE
    assert outcome(*first_come, 300, 16)[1].sum() > AT_MOST_FALSE


def test_a_good_list_is_certified_soon() -> None:
    judged, wrong = in_order(samples(LIST_OF_300, 3))
    certified, false = outcome(judged, wrong, 300, 3)
    passed = certified[certified > 0]
    assert len(passed) >= 1900 and not false.any()
    assert (passed == 57).mean() == pytest.approx(0.53, abs=0.03) and passed.min() == 57
    assert np.quantile(passed, 0.9) <= 144


@pytest.mark.slow
def test_the_ladder_stops_where_the_list_gets_worse() -> None:
    """All right from 0.9 up; 5 % and one more wrong from 0.85 up. Judged until 0.9 is certified, then on for 0.85."""
    objects = [Listed(task, "a", 0.87 if task < 300 else 0.95) for task in range(600)]
    keys = [key_of(listed.task, listed.name) for listed in objects]
    high, bad = set(keys[300:]), set(keys[:31])
    false = reached = 0
    for run in range(RUNS):
        order = drawn(keys, f"{run} of the ladder")
        reached += len([key for key in order[:BUDGET] if key in high]) >= enough(300)[0]
        seen = np.cumsum([key in bad for key in order[:BUDGET]])
        passed = enough(600)[np.minimum(seen, 29)] <= np.arange(1, BUDGET + 1)
        if passed.any():
            found = seen[passed.argmax()]
            false += (31 - found) > 0.05 * (600 - found) + 1e-9
    assert reached == RUNS and 0 < false <= AT_MOST_FALSE


def test_an_over_confident_model_is_not_certified() -> None:
    """91 % right where 95 % are asked for."""
    judged, wrong = in_order(samples(LIST_OF_300, 27))
    assert outcome(judged, wrong, 300, 27)[1].sum() <= AT_MOST_FALSE
    fifty = in_order(samples(LIST_OF_300, 27, runs=50))
    assert (outcome(*fifty, 300, 27)[0] > 0).sum() <= 2


def test_climb__a_threshold_counts_only_with_all_above_it() -> None:
    order = [Listed(task, "a", (0.95, 0.85, 0.75)[task % 3]) for task in range(900)]
    verdicts = {place: order[place].low != 0.85 for place in range(400)}
    counts = count(order, verdicts, [0.9, 0.8, 0.7])
    assert [(c.objects, c.judged, c.wrong, c.accepted) for c in counts] == [
        (300, 134, 0, 300), (600, 267, 133, 467), (900, 400, 133, 767)]
    steps = climb(counts, TARGET, 0.95)
    assert [step.certified for step in steps] == [True, False, False] and steps[0].least_right >= 0.95
    good_below = climb([counts[1], counts[0]], TARGET, 0.95)
    assert good_below[1].least_right >= 0.95 and not good_below[1].certified


def test_count__judgements_behind_an_open_object_do_not_count_but_spoil_their_tasks() -> None:
    order = [Listed(1, "a", 0.9), Listed(2, "a", 0.9), Listed(3, "a", 0.9), Listed(3, "b", 0.9)]
    (seen,) = count(order, {0: True, 2: False}, [0.9])
    assert (seen.objects, seen.judged, seen.wrong, seen.accepted) == (4, 1, 0, 2)


def test_climb__what_is_said_agrees_with_the_bound() -> None:
    (step,) = climb([Count(0.9, 1000, 34, 0, 1000)], TARGET, 0.95)
    assert step.least_right == least_right(1000, most_wrong(1000, 34, 0), 0)
    assert (step.more, step.certified) == (65 - 34, False)
    (step,) = climb([Count(0.9, 1000, 65, 0, 1000)], TARGET, 0.95)
    assert (step.more, step.certified) == (0, True)
    (nothing,) = climb([Count(0.9, 0, 0, 0, 0)], TARGET, 0.95)
    assert not nothing.certified


def test_climb__a_threshold_above_all_scores_stands_in_the_way_of_none_below() -> None:
    empty, full = Count(0.9, 0, 0, 0, 0), Count(0.85, 1000, 65, 0, 1000)
    assert [step.certified for step in climb([empty, full], TARGET, 0.95)] == [False, True]
    assert [step.certified for step in climb([empty, empty, full], TARGET, 0.95)] == [False, False, True]
    spoilt = Count(0.9, 2, 2, 2, 0)  # nothing is left to accept of it, and it was not good
    assert not climb([spoilt, full], TARGET, 0.95)[1].certified


def test_course__ends_where_the_ladder_stands_and_a_task_is_spoilt_once() -> None:
    judged = [(task, task not in (3, 4), 2) for task in range(20)] + [(3, False, 2)]
    went = course(judged, 40, TARGET, 0.95)
    assert went[0] == (0, 0, least_right(40, most_wrong(40, 0, 0), 0))
    assert [point[:2] for point in went[3:6]] == [(3, 0), (4, 1), (5, 2)]
    (step,) = climb([Count(0.9, 40, 21, 3, 36)], TARGET, 0.95)
    assert went[-1] == (21, 3, step.least_right)


def test_course__of_many_judgements_is_short_and_of_a_list_that_is_all_wrong_ends_at_nothing() -> None:
    went = course([(task, True, 1) for task in range(230)], 5000, TARGET, 0.95)
    assert len(went) <= 52 and went[0][0] == 0 and went[-1][0] == 230
    assert course([(0, False, 1), (1, False, 1)], 2, TARGET, 0.95)[-1] == (2, 2, 0.0)


@pytest.mark.parametrize(("edges", "target", "confidence", "says"), [
    ([], 0.95, 0.95, "Thresholds are one to 8"), ([0.8, 0.9], 0.95, 0.95, "0.8, 0.9"),
    ([0.9, 0.9], 0.95, 0.95, "falling"), ([1.1], 0.95, 0.95, "up to 1"), ([0.5, 0.0], 0.95, 0.95, "above 0"),
    ([float("nan")], 0.95, 0.95, "nan"), ([k / 10 for k in range(9, 0, -1)], 0.95, 0.95, "one to 8"),
    ([0.9], 1.0, 0.95, "target"), ([0.9], 0.4, 0.95, "target"), ([0.9], float("nan"), 0.95, "target"),
    ([0.9], 0.95, 0.96, "confidence")])
def test_check_terms__says_what_cannot_be(edges: list[float], target: float, confidence: float, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        check_terms(edges, target, confidence)
    check_terms([1.0, 0.9, 0.85], 0.95, 0.99)
