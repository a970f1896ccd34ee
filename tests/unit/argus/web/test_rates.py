"""How often something may happen."""

from __future__ import annotations

import pytest

from argus.web.rates import Limit, RateLimiter, parse


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def test_whoever_is_over_the_limit_waits_until_the_first_of_the_window_is_past() -> None:
    clock = Clock()
    limiter, limit = RateLimiter(clock), parse("3/minute")
    for _ in range(3):
        assert limiter.wait(limit, "a") == 0
        clock.seconds += 10
    assert [limiter.wait(limit, "a") for _ in range(2)] == [30, 30]  # what is refused is not counted
    assert limiter.wait(limit, "b") == 0
    clock.seconds += 30
    assert [limiter.wait(limit, "a") for _ in range(2)] == [0, 10]


def test_of_two_limits_each_has_its_own_count() -> None:
    limiter = RateLimiter(Clock())
    assert [limiter.wait(Limit(1, 60), "a"), limiter.wait(Limit(2, 60), "a"), limiter.wait(Limit(1, 60), "a")] == [
        0, 0, 60]


def test_who_is_gone_is_forgotten() -> None:
    clock = Clock()
    limiter = RateLimiter(clock)
    for number in range(100):
        limiter.wait(Limit(5, 60), f"{number}")
        clock.seconds += 1
    assert len(limiter) == 60


@pytest.mark.parametrize(("text", "limit"), [("6000/minute", (6000, 60)), ("1/second", (1, 1)), ("7/hour", (7, 3600))])
def test_parse(text: str, limit: tuple[int, int]) -> None:
    assert parse(text) == limit
