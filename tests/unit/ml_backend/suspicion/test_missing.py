"""What predictions lack, told from stored detections and the frames around."""

from __future__ import annotations

import numpy as np
import pytest

from ml_backend.suspicion.frames import Frame, percent
from ml_backend.suspicion.missing import lacking
from ml_backend.suspicion.motion import steps

Detection = tuple[str, float, float]  # label, score, x of the left edge
STEP, SIZE, SHOWN = 0.1, 0.12, 0.4
PLACES = {"cpu": 0.2, "fan": 0.55}  # y of the upper edge


def frame(number: int, *detections: Detection, seconds: float | None = None) -> Frame:
    boxes = [[x, PLACES[label], x + SIZE, PLACES[label] + SIZE] for label, _, x in detections]
    scores = np.array([score for _, score, _ in detections])
    return Frame(number, float(number) if seconds is None else seconds,
                 np.array([label for label, _, _ in detections], "U9"), scores,
                 np.clip(np.array(boxes).reshape(-1, 4), 0, 1), scores >= SHOWN)


def line(leave_out: dict[int, str] | None = None, times: list[float] | None = None) -> list[Frame]:
    """A cpu and a fan that move to the right by `STEP` a second, 0.25 apart; `leave_out` is not detected there."""
    frames = []
    for number, at in enumerate(times or range(7)):
        there = [("cpu", 0.95, 0.05 + STEP * at), ("fan", 0.95, 0.3 + STEP * at)]
        frames.append(frame(number, *[one for one in there if one[2] < 0.95
                                      and (leave_out or {}).get(number) != one[0]], seconds=float(at)))
    return frames


def test_nothing_is_said_of_complete_frames() -> None:
    assert lacking(line()) == []


def test_what_is_seen_before_and_after_is_missed_in_between() -> None:
    (found,) = lacking(line({3: "fan"}))
    assert (found.task, found.kind, found.label, found.score) == (3, "seen_around", "fan", None)
    assert found.box == pytest.approx((60, 55, 12, 12), abs=0.5)
    assert found.other in (2, 4)


def test_a_step_is_told_from_the_detections_at_uneven_distances_too() -> None:
    times = [0, 1, 2, 3.5, 4.5, 6]
    told = steps(line(times=times))
    assert [None if step is None else round(float(step[0]), 3) for step in told] == [0.1, 0.1, 0.15, 0.1, 0.15]
    (found,) = lacking(line({3: "cpu"}, times))
    assert (found.task, found.label) == (3, "cpu")
    assert found.box is not None and found.box[0] == pytest.approx(40, abs=0.5)


def test_across_a_long_gap_nothing_is_told() -> None:
    frames = line({3: "fan"}, [0, 1, 2, 2.5, 40, 41, 42])
    assert steps(frames)[3] is None
    assert all(one.other != 4 for one in lacking(frames))


def test_a_low_score_counts_with_a_neighbour_and_not_alone() -> None:
    frames = line({3: "fan"})
    weak = frame(3, ("cpu", 0.95, 0.35), ("fan", 0.15, 0.6))
    (found,) = lacking([*frames[:3], weak, *frames[4:]])
    assert (found.kind, found.score, found.box) == ("below_threshold", 0.15, percent(weak.boxes[1]))
    assert lacking([weak]) == []


def test_the_labels_own_curve_says_what_a_score_is_worth() -> None:
    alone = frame(0, ("fan", 0.15, 0.6))
    (found,) = lacking([alone], lambda label, score: {"fan": 4.0}[label] * score)
    assert found.strength == pytest.approx(0.6)
    assert lacking([frame(0, ("fan", 0.3, 0.6))], lambda label, score: 0.01) == []


def test_an_empty_frame_between_frames_that_show_it_is_nothing_found() -> None:
    frames = line()
    frames[3] = frame(3)
    found = {(one.task, one.kind, one.label) for one in lacking(frames)}
    assert found == {(3, "nothing_found", "cpu"), (3, "nothing_found", "fan")}


def test_what_has_left_the_picture_is_not_missed() -> None:
    leaving = [frame(number, *[("cpu", 0.95, x) for x in (0.4 + STEP * number,) if x < 1]) for number in range(10)]
    assert lacking(leaving) == []


def test_another_label_on_the_place_makes_it_unlikely() -> None:
    frames = line()
    other = Frame(3, 3.0, np.array(["cpu", "battery"]), np.array([0.95, 0.95]), frames[3].boxes, np.array([True, True]))
    assert max((one.strength for one in lacking([*frames[:3], other, *frames[4:]])), default=0.0) < 0.3


def test_frames_whose_motion_is_not_known_say_nothing_of_each_other() -> None:
    apart = [frame(0, ("cpu", 0.95, 0.2)), frame(1), frame(2, ("fan", 0.95, 0.3))]
    assert lacking(apart) == []
