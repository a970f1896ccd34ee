"""What is told of scores, missing objects and work; and what must not be claimed."""

from __future__ import annotations

import re

import pytest

from argus.answers.calibration import RecallFigures, ScoreClassSeen
from search_service.review.calibration.sentences import label_line, labour_line, recall_line

MUST_NOT_CLAIM = (r"guarantee|certif|proven|prove|calibrated|confidence|probab|chance|minute|hour|saved|faster|"
                  r"at least|later frames|all labels|mask")


def seen(start: float, outcomes: float, share: float = 0.97) -> ScoreClassSeen:
    return ScoreClassSeen(start=start, end=1 if start == 0.95 else start + 0.1, outcomes=outcomes, share=share,
                          low=0.91, high=0.99)


def figures(**said: float | None) -> RecallFigures:
    return RecallFigures.model_validate({
        "found": 180, "missing": 9, "lacking": 7, "recall": 0.952, "low": 0.912, "high": 0.984, "complete": 0.88,
        "complete_low": 0.773, "complete_high": 0.951, **said})


def test_label_line__claims_a_class_with_its_interval_and_nothing_without_outcomes() -> None:
    assert label_line("cpu", 0, []) == "cpu: nobody has judged objects of it yet, so its scores are only scores."
    assert label_line("cpu", 12, [seen(0.9, 12)]) == (
        "cpu: 12 objects judged, too few to say how often a score is right.")
    assert label_line("cpu", 80, [seen(0.8, 40), seen(0.95, 40)]) == (
        "cpu: of objects scored 0.95 or more, between 91.0 % and 99.0 % are right (95 % interval).")
    assert label_line("cpu", 45, [seen(0.8, 40), seen(0.95, 5)]).startswith("cpu: of objects scored 0.8 to 0.9, ")


def test_recall_line__tells_nothing_before_the_last_frame() -> None:
    assert recall_line(60, 1200, 59, None) == "59 of 60 frames checked; the result is shown after the last."
    assert not re.search(r"%|\bfound\b|missing", recall_line(60, 1200, 59, None))


def test_recall_line__no_interval_with_few_frames_that_lack_something() -> None:
    told = recall_line(60, 1200, 60, figures())
    assert told.endswith("About 91.2 % to 98.4 % of all objects are found.")
    assert "77.3 % to 95.1 % of all frames" in told
    few = recall_line(60, 1200, 60, figures(low=None, high=None, lacking=4))
    assert few.endswith("Too few frames lack something for an interval of the recall: check more frames.")
    assert "95.2" not in few and "About" not in few
    assert recall_line(4, 9, 4, figures(recall=None)).endswith("They show no object, so there is no recall.")


@pytest.mark.parametrize("told", [
    label_line("cpu", 0, []), label_line("cpu", 12, []), label_line("cpu", 5000, [seen(0.95, 5000)]),
    recall_line(60, 1200, 3, None), recall_line(60, 1200, 60, figures()),
    recall_line(60, 1200, 60, figures(low=None, high=None)), labour_line(0, 0), labour_line(193, 1012)])
def test_no_sentence_claims_what_is_not_proven(told: str) -> None:
    assert not re.findall(MUST_NOT_CLAIM, told, re.IGNORECASE)


def test_labour_line__is_in_actions() -> None:
    assert labour_line(193, 1012) == "Actions so far: 193. Accepted objects: 1,012, with 0.19 actions each."
    assert labour_line(3, 0) == "Actions so far: 3. Nothing is accepted yet."
