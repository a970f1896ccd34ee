"""Classes and curves of scores, held against labels whose chances are known (acceptance tests 12 and 13)."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.trust.known_labels import calibration_errors, class_coverage
from search_service.review.calibration.curves import d_ece, fit_calibration, score_classes


@pytest.mark.slow
@pytest.mark.parametrize(("outcomes", "at_least"), [(200, 0.80), (400, 0.90), (1000, 0.95)])
def test_fit_calibration__is_near_the_truth_for_most_labels(outcomes: int, at_least: float) -> None:
    errors = calibration_errors(outcomes, projects=40, seed=outcomes)
    assert len(errors) == 240
    assert (errors <= 0.05).mean() >= at_least


@pytest.mark.parametrize("outcomes", [20, 50, 200, 1000])
def test_score_classes__hold_the_truth(outcomes: int) -> None:
    assert class_coverage(outcomes, labels=120, seed=outcomes) >= 0.95


def test_score_classes__tracks_count_as_one_or_the_intervals_are_false() -> None:
    assert class_coverage(200, labels=100, seed=1, track=8) >= 0.95
    assert class_coverage(200, labels=100, seed=1, track=8, grouped=False) < 0.9


def test_fit_calibration__recovers_a_curve() -> None:
    rng = np.random.default_rng(2)
    scores = rng.uniform(0.4, 0.98, 4000)
    fitted = fit_calibration(scores, rng.random(4000) < 0.3 + 0.6 * scores, ["a"] * 4000)
    chance = fitted.chance([0.5, 0.7, 0.9], "a")
    assert chance is not None and np.abs(chance - [0.6, 0.72, 0.84]).max() < 0.03


def test_fit_calibration__knows_nothing_of_a_label_without_outcomes() -> None:
    fitted = fit_calibration([0.9] * 30, [1] * 30, ["a"] * 30)
    assert fitted.chance([0.9], "a") is not None and fitted.chance([0.9], "b") is None
    assert not fit_calibration([], [], []).curves


def test_fit_calibration__a_label_with_few_outcomes_is_drawn_to_the_others() -> None:
    few = ([0.95] * 2, [0, 0], ["few"] * 2)
    many = ([0.95] * 300, [1] * 285 + [0] * 15, ["many"] * 300)
    alone = fit_calibration(*few).chance([0.95], "few")
    together = fit_calibration(few[0] + many[0], few[1] + many[1], few[2] + many[2]).chance([0.95], "few")
    assert alone is not None and together is not None and 0.95 > together[0] > alone[0]


def test_fit_calibration__weights_put_right_what_was_looked_at_more_often() -> None:
    """Wrong objects were looked at four times as often as right ones: with the weights the share is the true one."""
    right = np.array([1] * 400 + [0] * 200)
    biased = fit_calibration([0.9] * 600, right, ["a"] * 600).chance([0.9], "a")
    weighted = fit_calibration([0.9] * 600, right, ["a"] * 600, np.where(right, 4.0, 1.0)).chance([0.9], "a")
    assert biased is not None and weighted is not None
    assert biased[0] == pytest.approx(2 / 3, abs=0.02) and weighted[0] == pytest.approx(1600 / 1800, abs=0.02)


def test_score_classes__one_group_is_one_outcome() -> None:
    at = next(one for one in score_classes([0.92] * 8, [1] * 8, groups=["a track"] * 8) if one.start == 0.9)
    assert at.outcomes == pytest.approx(1) and at.share == 1 and at.low < 0.03 and at.high == 1


def test_score_classes__without_outcomes_anything_can_be() -> None:
    assert {(one.outcomes, one.share, one.low, one.high) for one in score_classes([], [])} == {(0.0, None, 0.0, 1.0)}


def test_score_classes__a_score_of_1_and_every_edge_is_in_one_class() -> None:
    found = score_classes([0.0, 0.4, 0.7, 0.8, 0.9, 0.95, 1.0], [1] * 7)
    assert sum(one.outcomes for one in found) == pytest.approx(7)


def test_d_ece__tells_its_own_noise() -> None:
    rng = np.random.default_rng(4)
    chance = rng.uniform(0.4, 1, 200)
    measured = [d_ece(chance, rng.random(200) < chance) for _ in range(200)]
    error, noise = np.mean(measured, axis=0)
    assert error == pytest.approx(noise, rel=0.1)


def test_d_ece__of_a_model_that_promises_too_much_is_above_its_noise() -> None:
    rng = np.random.default_rng(5)
    chance = rng.uniform(0.8, 1, 1000)
    error, noise = d_ece(chance, rng.random(1000) < chance - 0.2)
    assert error == pytest.approx(0.2, abs=0.05) and error > 5 * noise
