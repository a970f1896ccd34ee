"""A label's verifier as mathematics: what it learns, what it must not depend on, and when it may be used."""

from __future__ import annotations

import math

import numpy as np
import pytest

from search_service.review.teaching.fit import MOST, PENALTIES, Examples, fit, logit
from search_service.review.teaching.trial import LEAST, Trial, _folds, against, attempt, chosen


def drawn(seed: int, count: int, *, told: float = 1.0, by_score: float = 1.0, dimensions: int = 32,
          size: int = 1) -> Examples:
    """Return examples, half of them right, `size` of one moment.

    Args:
        told: how far crops tell right from wrong; 0: not at all.
        by_score: the same of scores.
    """
    draw = np.random.default_rng(seed)
    right = np.arange(count) % 2 == 0
    side = np.where(right, 1.0, -1.0)
    crops = draw.normal(0, 1 / math.sqrt(dimensions), (count, dimensions))
    crops[:, 0] += told * side
    scores = 1 / (1 + np.exp(-by_score * side - draw.normal(0, 1, count)))
    return Examples.of(scores, crops / np.linalg.norm(crops, axis=1, keepdims=True), right,
                       [f"moment {n // size}" for n in range(count)])


@pytest.mark.parametrize("penalty", [*PENALTIES, math.inf])
def test_crops_tell_what_the_score_cannot_unless_they_are_left_out(penalty: float) -> None:
    seen, fresh = drawn(1, 40, by_score=0.0), drawn(2, 400, by_score=0.0)
    found = fit(seen, penalty).scores(fresh.scores, fresh.crops)
    ranked = (found[fresh.right][:, None] > found[~fresh.right]).mean()
    assert ranked > 0.95 if math.isfinite(penalty) else 0.3 < ranked < 0.7


def test_without_crops_it_is_a_curve_of_the_score() -> None:
    seen = drawn(3, 200)
    curve = fit(seen, math.inf)
    assert not curve.weights.any() and curve.slope > 0
    scores = np.linspace(0.01, 0.99, 50)
    chances = curve.scores(scores, np.zeros((50, 32)))
    assert (np.diff(chances) > 0).all()
    assert np.allclose(np.log(chances / (1 - chances)), curve.bias + curve.slope * logit(scores), atol=1e-6)


def test_neither_units_nor_place_nor_empty_dimensions_of_crops_matter() -> None:
    seen, fresh = drawn(4, 50), drawn(5, 20)
    found = fit(seen, 2.0).scores(fresh.scores, fresh.crops)

    def moved(one: Examples) -> Examples:
        crops = np.hstack([7 * one.crops + 3, np.zeros((len(one), 40))])
        return Examples(one.scores, crops, one.right, one.groups)

    assert np.allclose(fit(moved(seen), 2.0).scores(fresh.scores, moved(fresh).crops), found, atol=1e-5)


def ranked(trial: Trial, fresh: Examples) -> float:
    assert trial.verifier is not None
    found = trial.verifier.scores(fresh.scores, fresh.crops)
    return float((found[fresh.right][:, None] > found[~fresh.right]).mean())


@pytest.mark.parametrize("seed", range(4))
def test_a_labels_name_that_says_what_tells_it_apart_helps_with_few_examples(seed: int) -> None:
    seen, fresh = drawn(20 + seed, 12, told=0.4, dimensions=200), drawn(40, 400, told=0.4, dimensions=200)
    among = drawn(60, 300, told=0.4, dimensions=200).crops
    words, nothing = np.eye(200)[0], np.eye(200)[7]
    without = ranked(attempt(seen, among), fresh)
    assert ranked(attempt(seen, among, words), fresh) > max(0.9, without)
    assert ranked(attempt(seen, among, nothing), fresh) > without - 0.05  # one that says nothing does little harm
    assert ranked(attempt(seen, among, np.zeros(200)), fresh) == without


def test_the_order_of_examples_does_not_matter_and_a_moment_counts_less_than_as_many() -> None:
    seen, fresh = drawn(6, 60), drawn(7, 20)
    shuffled = seen.take(np.random.default_rng(0).permutation(60))
    there = fit(seen, 2.0)
    assert np.allclose(fit(shuffled, 2.0).scores(fresh.scores, fresh.crops),
                       there.scores(fresh.scores, fresh.crops), atol=1e-6)
    of_one_moment = Examples(seen.scores, seen.crops, seen.right, np.zeros(60, np.int64))
    assert np.linalg.norm(fit(of_one_moment, 2.0).weights) < np.linalg.norm(there.weights)


@pytest.mark.parametrize("count", [10, 40, 200])
def test_it_is_used_where_crops_tell_more_than_the_score(count: int) -> None:
    trial = attempt(drawn(8, count, by_score=0.3))
    assert trial.verifier is not None and trial.paid and not trial.wanted
    assert trial.ranked > trial.ranked_by_score and trial.loss < trial.loss_of_curve
    assert len(trial.held_out) == count and (trial.right, trial.wrong) == (count // 2, count // 2)


@pytest.mark.parametrize("count", [20, 50, 200])
def test_crops_that_say_nothing_are_hardly_ever_used(count: int) -> None:
    tried = [attempt(drawn(seed, count, told=0.0)) for seed in range(20)]
    assert sum(trial.paid for trial in tried) <= 3
    assert all(trial.wanted >= 5 for trial in tried if not trial.paid)


def test_frames_of_one_moment_are_never_on_both_sides() -> None:
    """Crops that tell only the moment look perfect when its other frames were learned from."""
    count, size = 120, 6
    draw = np.random.default_rng(9)
    moments = np.repeat(draw.normal(size=(count // size, 32)), size, axis=0)
    right = np.repeat(draw.random(count // size) < 0.5, size)
    examples = Examples.of(draw.random(count), moments, right, np.repeat(np.arange(count // size), size).tolist())
    folds = _folds(examples)
    assert all(len(set(folds[examples.groups == group])) == 1 for group in set(examples.groups.tolist()))
    alone = Examples.of(examples.scores, examples.crops, right, list(range(count)))
    assert attempt(alone).ranked > 0.99 > 0.9 > attempt(examples).ranked


@pytest.mark.parametrize(("right", "wrong", "wanted"), [(0, 0, 10), (7, 0, 5), (0, 7, 5), (4, 9, 1), (3, 2, 5)])
def test_too_few_of_a_kind_make_none(right: int, wrong: int, wanted: int) -> None:
    examples = drawn(10, 20)
    some = np.concatenate([np.flatnonzero(examples.right)[:right], np.flatnonzero(~examples.right)[:wrong]])
    trial = attempt(examples.take(some))
    assert (trial.verifier, trial.paid, trial.wanted) == (None, False, wanted)
    assert (trial.wanted_right, trial.wanted_wrong) == (max(0, LEAST - right), max(0, LEAST - wrong))
    assert Trial.lacking(right, wrong).wanted == wanted


def test_of_very_many_the_last_of_each_kind_are_taken() -> None:
    right = np.arange(5 * MOST) % 5 == 0
    taken = chosen(right)
    assert taken.sum() == MOST and (taken & right).sum() == MOST // 2
    assert np.flatnonzero(taken & right).min() > np.flatnonzero(~taken & right).max()
    few = np.zeros(2 * MOST, bool)
    few[:10] = True
    assert chosen(few)[:10].all() and chosen(few).sum() == MOST
    assert chosen(right[:50]).all()


def test_examples_of_unequal_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="2 scores, 1 crops"):
        Examples.of([0.5, 0.6], [[1.0]], [True, False], ["a", "b"])


def test_it_is_not_used_where_the_likeness_to_references_tells_as_much() -> None:
    examples = drawn(9, 60, told=1.0, by_score=0.0)
    trial = attempt(examples)
    assert trial.paid and against(trial, examples, np.full(60, 0.5)) is trial
    better = against(trial, examples, np.where(examples.right, 0.9, 0.1))
    assert not better.paid and better.wanted == 60 and better.ranked == trial.ranked
