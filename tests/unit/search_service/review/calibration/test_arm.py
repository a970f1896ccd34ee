"""The seconds that acts on our page took of each task."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from argus.answers.calibration import Arm
from search_service.review.calibration.arm import own_seconds
from search_service.review.calibration.arm_store import Act
from search_service.review.calibration.sentences import arm_line

_AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def act(seconds: float, task: int, counted: float | None = None, person: str = "ada") -> Act:
    return Act(person, _AT + timedelta(seconds=seconds), task, counted)


def test_an_act_takes_the_time_since_the_one_before_shared_by_its_tasks() -> None:
    acts = [act(0, 1), act(10, 2), act(30, 3), act(30.2, 4), act(60, 3)]
    # 10, 20 for two tasks, 29.8; of the first nobody knows: the median, 20.
    assert own_seconds(acts) == pytest.approx({1: 20, 2: 10, 3: 10 + 29.8, 4: 10})


def test_a_pause_counts_as_a_usual_act_and_what_was_counted_as_that() -> None:
    acts = [act(0, 1, 3.0), act(8, 2), act(8 + 601, 3), act(8 + 601 + 12, 4, 5.0)]
    assert own_seconds(acts) == pytest.approx({1: 3, 2: 8, 3: 10, 4: 5})


def test_people_are_timed_apart_and_a_single_act_takes_nothing_known() -> None:
    assert own_seconds([act(0, 1), act(4, 2), act(1, 3, person="ben")]) == pytest.approx({1: 4, 2: 4, 3: 0})
    assert own_seconds([]) == {}


def arm(**changes: object) -> Arm:
    return Arm.model_validate({
        "share": 0.03, "drawn": 40, "without": 6, "waiting": [], "timed_with": 30, "timed_without": 6, "least": 5,
        "seconds_with": 10.0, "seconds_without": 40.0, "ratio": 0.25, "low": 0.2, "high": 0.31, "minutes_saved": 15.0,
        **changes})


def test_arm_line__tells_minutes_only_where_they_are_shown() -> None:
    assert arm_line(arm()).endswith("by 30 and 6 tasks: about 15 minutes saved on the tasks with predictions.")
    assert "0.25 (95 % interval 0.20 to 0.31) of the 40 seconds" in arm_line(arm())
    assert arm_line(arm(ratio=1.5, low=1.2, high=1.9, minutes_saved=-10.0)).endswith(
        "about 10 minutes lost on the tasks with predictions.")
    assert arm_line(arm(low=0.2, high=1.31)).endswith("by 30 and 6 tasks: no difference is shown yet.")
    few = arm(timed_without=4, ratio=None, low=None, high=None, seconds_with=None, seconds_without=None,
              minutes_saved=None)
    assert arm_line(few) == ("Timed so far: 30 tasks with predictions, 4 without; minutes are told from 5 of each.")
    assert arm_line(few.model_copy(update={"share": 0.0, "drawn": 0})) == ""
