"""The interval of a share is Clopper and Pearson's, as SciPy computes it."""

from __future__ import annotations

import pytest
from scipy import stats

from search_service.review.calibration.intervals import interval


@pytest.mark.parametrize(("right", "of"), [(0, 59), (1, 30), (59, 59), (3, 200), (500, 1000), (7.5, 20.2), (0, 1)])
def test_interval(right: float, of: float) -> None:
    low, high = interval(right, of)
    assert low == pytest.approx(0 if not right else stats.beta.ppf(0.025, right, of - right + 1), abs=6e-5)
    assert high == pytest.approx(1 if right >= of else stats.beta.ppf(0.975, right + 1, of - right), abs=6e-5)


def test_interval__narrows_with_less_confidence() -> None:
    assert interval(45, 50, 0.8)[0] > interval(45, 50, 0.95)[0] > interval(45, 50, 0.99)[0]


def test_interval__of_nothing_is_everything() -> None:
    assert interval(0, 0) == (0.0, 1.0)
