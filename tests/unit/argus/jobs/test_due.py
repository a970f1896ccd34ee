"""Which failures of kept work get another attempt, and when."""

from __future__ import annotations

import pytest

from argus.errors import ArgusError
from argus.jobs.due import seconds_to_retry

WAITS = (5, 30)


@pytest.mark.parametrize(("code", "attempt", "seconds"), [
    ("label_studio_unreachable", 1, 5), ("label_studio_unreachable", 2, 30),
    ("label_studio_unreachable", 3, None),  # it was the last
    ("database_unreachable", 1, 5),
    ("bad_video", 1, None),  # would end alike
    ("conflict", 1, None),
])
def test_what_passes_is_tried_again_as_often_as_there_are_waits(code: str, attempt: int, seconds: int | None) -> None:
    assert seconds_to_retry(ArgusError(code, "It failed."), attempt, WAITS) == seconds


def test_what_passes_here_only_is_named() -> None:
    assert seconds_to_retry(ArgusError("conflict", "It failed."), 1, WAITS, "conflict") == 5
