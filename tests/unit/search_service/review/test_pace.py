"""The rate of a review, from times that are easy to check by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from search_service.review.pace import seconds_each

START = datetime(2026, 3, 1, 9, tzinfo=UTC)


def at(*seconds: float) -> list[datetime]:
    return [START + timedelta(seconds=one) for one in seconds]


@pytest.mark.parametrize(("times", "expected"), [
    (at(), None),
    (at(0, 10, 20, 30), None),  # four tasks are too few
    (at(0, 10, 20, 30, 40), 10.0),
    (at(40, 0, 30, 10, 20), 10.0),  # in any order
    (at(0, 10, 20, 30, 30 + 3600, 40 + 3600), 10.0),  # an hour away from the desk
    (at(0, 10, 30 + 601), None),
    (at(0, 600, 1200, 1800, 2400), 600.0),  # ten minutes is still work
])
def test_seconds_each(times: list[datetime], expected: float | None) -> None:
    assert seconds_each(times) == expected
