"""Where two models disagree about one image."""

from __future__ import annotations

import numpy as np

from ml_backend.suspicion.compared import disagreements
from ml_backend.suspicion.frames import Frame

Found = tuple[str, float, tuple[float, float, float, float]]
HERE, THERE, ELSEWHERE = (0.1, 0.1, 0.3, 0.3), (0.12, 0.1, 0.3, 0.31), (0.6, 0.6, 0.8, 0.9)


def frame(*found: Found, computed: tuple[str, ...] = ("cpu", "fan"), shown: float = 0.4) -> Frame:
    return Frame(7, None, np.array([f[0] for f in found], np.str_), np.array([f[1] for f in found], np.float64),
                 np.array([f[2] for f in found], np.float64).reshape(-1, 4),
                 np.array([f[1] >= shown for f in found], np.bool_), frozenset(computed))


def told(one: Frame, other: Frame) -> list[tuple[str, str, str]]:
    return [(s.kind, s.label, s.said) for s in disagreements(one, other)]


def test_what_both_show_is_no_question() -> None:
    one, other = frame(("cpu", 0.9, HERE), ("fan", 0.5, ELSEWHERE)), frame(("fan", 0.8, ELSEWHERE), ("cpu", 0.7, THERE))
    assert told(one, other) == told(other, one) == []
    assert told(frame(), frame()) == []


def test_what_one_alone_shows_is_asked_from_both_sides() -> None:
    one, other = frame(("cpu", 0.9, HERE)), frame(("cpu", 0.7, THERE), ("fan", 0.6, ELSEWHERE))
    assert told(one, other) == [("only_other", "fan", "")]
    assert told(other, one) == [("only_here", "fan", "")]
    (lacking,), (alone,) = disagreements(one, other), disagreements(other, one)
    assert (lacking.task, lacking.box, lacking.strength, lacking.score) == (7, (60.0, 60.0, 20.0, 30.0), 0.6, None)
    assert (alone.strength, alone.score) == (0.4, 0.6)


def test_two_labels_on_one_thing_are_one_question() -> None:
    (asked,) = disagreements(frame(("cpu", 0.9, HERE)), frame(("fan", 0.7, THERE)))
    assert (asked.kind, asked.label, asked.said, asked.strength) == ("other_label", "cpu", "fan", 0.7)


def test_the_same_label_goes_before_a_better_box_of_another() -> None:
    one = frame(("cpu", 0.9, HERE))
    other = frame(("fan", 0.95, HERE), ("cpu", 0.5, THERE))
    assert told(one, other) == [("only_other", "fan", "")]


def test_of_two_boxes_on_a_thing_the_second_is_not_missing() -> None:
    assert told(frame(("cpu", 0.9, HERE)), frame(("cpu", 0.9, HERE), ("cpu", 0.5, THERE))) == []


def test_what_is_not_shown_or_was_not_looked_for_by_both_does_not_count() -> None:
    assert told(frame(("cpu", 0.3, HERE)), frame(("fan", 0.39, ELSEWHERE))) == []
    assert told(frame(("cpu", 0.9, HERE), computed=("cpu",)), frame(("fan", 0.9, ELSEWHERE), computed=("fan",))) == []
    assert told(frame(("cpu", 0.3, HERE)), frame(("cpu", 0.9, HERE))) == [("only_other", "cpu", "")]
