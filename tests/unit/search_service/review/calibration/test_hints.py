"""What corrections suggest to change, by examples that can be counted by hand."""

from __future__ import annotations

from search_service.review.calibration.hints import Judged, hints

THRESHOLDS = {"cpu": 0.4, "fan": 0.5}


def said(verdict: str, *scores: float, label: str = "fan", new: str = "") -> list[Judged]:
    return [Judged(label, score, verdict, new) for score in scores]


def test_relabelled__from_five_on_and_only_of_labels_that_are_there() -> None:
    judged = said("relabelled", *[0.9] * 5, new="cpu") + said("relabelled", *[0.9] * 4, label="cpu", new="fan")
    judged += said("relabelled", *[0.9] * 9, label="gone", new="fan")
    (hint,) = hints(judged, [], THRESHOLDS)
    assert (hint.kind, hint.label, hint.other, hint.objects, hint.threshold) == ("relabelled", "fan", "cpu", 5, None)


def test_raise__the_highest_threshold_that_leaves_out_four_wrong_ones_for_each_right_one() -> None:
    judged = said("wrong", 0.5, 0.52, 0.54, 0.61, 0.62, 0.71, 0.72, 0.73) + said("right", 0.6, 0.74, 0.76, 0.8)
    (hint,) = hints(judged, [], THRESHOLDS)  # below 0.75 there are 8 wrong and 2 right ones, below 0.8 a third
    assert (hint.kind, hint.threshold, hint.objects, hint.spoilt) == ("raise_threshold", 0.75, 8, 2)
    assert hints(judged[:4], [], THRESHOLDS) == []  # four say nothing


def test_lower__shows_what_was_added_and_little_that_was_nothing() -> None:
    below = said("add", 0.31, 0.33, 0.36, 0.41, 0.44, 0.46) + said("nothing_there", 0.32, 0.2, 0.21)
    (hint,) = hints([], below, THRESHOLDS)  # from 0.3 on: 6 were there, 1 was nothing
    assert (hint.kind, hint.threshold, hint.objects, hint.spoilt) == ("lower_threshold", 0.3, 6, 1)
    assert hints([], below[:4], THRESHOLDS) == []


def test_those_that_stand_on_most_come_first() -> None:
    judged = said("relabelled", *[0.9] * 6, new="cpu") + said("wrong", *[0.55] * 7)
    assert [one.kind for one in hints(judged, [], THRESHOLDS)] == ["raise_threshold", "relabelled"]
