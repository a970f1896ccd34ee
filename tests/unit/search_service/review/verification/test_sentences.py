"""The sentences: exact, rounded down, and without what must not be claimed."""

from __future__ import annotations

import re

import pytest

from search_service.review.verification.sample import ALL_LABELS, Scope
from search_service.review.verification.sentences import percent, progress, promise, state_of
from search_service.review.verification.thresholds import Count, climb

CPU, FRAMES = Scope("objects", ("cpu",)), Scope("nothing_found", ("cpu", "fan"))
MUST_NOT_CLAIM = (r"chance|probab|likel|calibrat|recall|complete|missed|missing|mask|minute|second|saved|guarantee|"
                  r"future")


def test_promise__is_the_one_sentence() -> None:
    assert promise(1012, 0.9505, 66, 0, ["ann@example.com"], 0.95) == (
        "Of the 1,012 objects accepted here, at least 95.0 % are right (label, IoU >= 0.5) as ann@example.com judged; "
        "a sentence like this is false at most once in 20. 66 random objects were looked at, 0 were wrong.")


@pytest.mark.parametrize(("others", "besides"), [
    (0, ""), (1, " Nothing is said of the 1 object of other labels on the same frames that was accepted with them."),
    (540, " Nothing is said of the 540 objects of other labels on the same frames that were accepted with them.")])
def test_promise__of_one_label_speaks_of_it_alone(others: int, besides: str) -> None:
    assert promise(312, 0.9505, 66, 0, ["ann@example.com"], 0.95, CPU, others) == (
        "Of the 312 objects of cpu accepted here, at least 95.0 % are right (label, IoU >= 0.5) as ann@example.com "
        "judged; a sentence like this is false at most once in 20. 66 random objects of cpu were looked at, 0 were "
        f"wrong.{besides}")


def test_promise__of_frames_names_what_none_holds() -> None:
    assert promise(140, 0.9505, 66, 1, ["ann@example.com"], 0.95, FRAMES) == (
        "Of the 140 frames accepted here as empty, at least 95.0 % hold none of the labels cpu, fan as ann@example.com "
        "judged; a sentence like this is false at most once in 20. 66 random frames were looked at, 1 were wrong.")
    assert "hold none of the label cpu as" in promise(9, 1, 9, 0, [], 0.95, Scope("nothing_found", ("cpu",)))


@pytest.mark.parametrize(("people", "named"), [
    ([], "as somebody who was not named judged"), ([""], "as somebody who was not named judged"),
    (["a@x", "b@x"], "as a@x and b@x judged"), (["", "a@x"], "as a@x and somebody who was not named judged")])
def test_promise__names_who_judged(people: list[str], named: str) -> None:
    assert named in promise(10, 1.0, 10, 0, people, 0.95)


@pytest.mark.parametrize(("confidence", "once"), [(0.9, "once in 10."), (0.95, "once in 20."), (0.99, "once in 100.")])
def test_promise__says_how_often_it_is_false(confidence: float, once: str) -> None:
    assert once in promise(10, 1.0, 10, 0, [], confidence)


@pytest.mark.parametrize(("share", "said"), [(0.95, "95.0 %"), (0.94999, "94.9 %"), (0.29, "29.0 %"), (1.0, "100.0 %"),
                                             (0.9999, "99.9 %"), (0.0, "0.0 %")])
def test_percent__is_never_above_the_share(share: float, said: str) -> None:
    assert percent(share) == said


def line(objects: int, judged: int, wrong: int, accepted: int | None = None, scope: Scope = ALL_LABELS) -> str:
    counts = [Count(0.9, objects, judged, wrong, objects - wrong if accepted is None else accepted)]
    return progress(climb(counts, 0.95, 0.95)[0], 0.95, scope)


def test_progress__says_what_is_known_and_what_to_do() -> None:
    assert line(1000, 34, 0) == "34 looked at, 0 wrong: at least 91.0 % are right; 31 more right ones certify 95 %."
    assert line(1000, 65, 0) == "65 looked at, 0 wrong: at least 95.0 % are right."
    assert line(833, 62, 8) == ("8 wrong of 62: 95 % cannot be shown from 0.9 up with 250 judgements. Raise the "
                                "threshold, or look at all 833.")
    assert line(0, 0, 0) == "From 0.9 up there is nothing that could be accepted."


def test_progress__of_frames_speaks_of_no_threshold() -> None:
    assert line(1000, 34, 0, scope=FRAMES) == (
        "34 looked at, 0 wrong: at least 91.0 % hold nothing; 31 more right ones certify 95 %.")
    assert line(833, 62, 8, scope=FRAMES) == ("8 wrong of 62: 95 % cannot be shown with 250 judgements. Look at all "
                                              "833.")
    assert line(0, 0, 0, scope=FRAMES) == "Here there is nothing that could be accepted."
    assert line(1000, 34, 0, scope=CPU) == line(1000, 34, 0)


def test_no_sentence_claims_what_is_not_proven() -> None:
    told = [promise(10, 0.97, 10, 0, ["a@x"], 0.95), promise(10, 0.97, 10, 0, ["a@x"], 0.95, CPU, 5),
            promise(10, 0.97, 10, 0, ["a@x"], 0.95, FRAMES), line(833, 62, 8, scope=FRAMES), line(1000, 34, 0),
            line(1000, 65, 0), line(833, 62, 8)]
    assert not [found for said in told for found in re.findall(MUST_NOT_CLAIM, said, re.IGNORECASE)]


@pytest.mark.parametrize(("seen", "state"), [
    ([(1000, 0, 0)], "open"), ([(1000, 34, 0)], "open"), ([(1000, 65, 0)], "certified"), ([(833, 62, 8)], "stopped"),
    ([(833, 62, 8), (2000, 62, 8)], "stopped"), ([(300, 20, 0), (833, 62, 8)], "open"),
    ([(0, 0, 0), (833, 62, 8)], "stopped"), ([(0, 0, 0)], "open"), ([(60, 60, 5)], "certified")])
def test_state__is_stopped_when_no_threshold_can_be_shown_within_the_budget(
        seen: list[tuple[int, int, int]], state: str) -> None:
    counts = [Count(0.9 - 0.05 * n, objects, judged, wrong, objects - wrong)
              for n, (objects, judged, wrong) in enumerate(seen)]
    assert state_of(climb(counts, 0.95, 0.95), 0.95) == state
