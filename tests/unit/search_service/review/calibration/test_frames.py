"""Recall by random frames, and what a control arm says of time."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from search_service.review.calibration.frames import LEAST_LACKING, recall, saved


def test_recall__the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    rng, held, refused = np.random.default_rng(7), [], 0
    count = rng.poisson(2.5, 2000)
    found = rng.binomial(count, 1 / (1 + np.exp(-(2.2 + rng.normal(0, 1.3, 2000)))))
    true = found.sum() / count.sum()
    for run in range(200):
        drawn = rng.choice(2000, 60, replace=False)
        said = recall(found[drawn], (count - found)[drawn], seed=run)
        refused += said.low is None
        if said.low is not None and said.high is not None:
            held.append(said.low <= true <= said.high)
    assert refused < 20 and np.mean(held) >= 0.88


def test_recall__no_interval_when_few_frames_lack_something() -> None:
    few = recall([3] * 60, [1] * (LEAST_LACKING - 1) + [0] * (61 - LEAST_LACKING))
    assert (few.low, few.high, few.lacking) == (None, None, 4)
    assert few.recall == pytest.approx(180 / 184)
    enough = recall([3] * 60, [1] * LEAST_LACKING + [0] * (60 - LEAST_LACKING))
    assert enough.low is not None and enough.high is not None and enough.low < 180 / 185 <= enough.high


def test_recall__share_of_complete_frames_is_exact() -> None:
    said = recall([2] * 60, [1] * 6 + [0] * 54)
    assert said.complete == 0.9
    assert said.complete_low == pytest.approx(stats.beta.ppf(0.025, 54, 7), abs=1e-4)
    assert said.complete_high == pytest.approx(stats.beta.ppf(0.975, 55, 6), abs=1e-4)


def test_recall__of_frames_that_show_nothing() -> None:
    said = recall([0] * 10, [0] * 10)
    assert (said.recall, said.low, said.complete) == (None, None, 1.0)


def test_saved__is_the_ratio_of_typical_times() -> None:
    rng = np.random.default_rng(1)
    said = saved(rng.lognormal(np.log(5), 0.6, 400), rng.lognormal(np.log(20), 0.6, 400))
    assert said is not None and said.ratio == pytest.approx(0.25, rel=0.1) and said.low < 0.25 < said.high < 0.3


def test_saved__a_pause_counts_as_ten_minutes_and_few_tasks_say_nothing() -> None:
    assert saved([10.0] * 4, [20.0] * 400) is None
    assert saved([10.0] * 400, [20.0] * 4) is None
    with_pause = saved([10.0] * 9 + [36_000.0], [20.0] * 10)
    as_cut = saved([10.0] * 9 + [600.0], [20.0] * 10)
    assert with_pause == as_cut is not None


def test_saved__as_scipy_has_it() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.lognormal(2, 0.5, 30), rng.lognormal(3, 0.9, 12)
    said, exact = saved(a, b), stats.ttest_ind(np.log(a), np.log(b), equal_var=False).confidence_interval()
    assert said is not None
    assert [said.low, said.high] == pytest.approx(np.exp([exact.low, exact.high]), rel=0.01)
