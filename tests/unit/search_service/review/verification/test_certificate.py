"""Certificates: issued, written, read, and found out when anything in them is not what was issued."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from argus.errors import ArgusError
from search_service.review.verification import certificate as certificates
from search_service.review.verification.certificate import Accepted, Judgement, Sample, body_digest, issue, problems
from search_service.review.verification.sample import Scope
from search_service.review.verification.thresholds import FRAME_EDGE, Listed

AT = "2026-01-02T03:04:05+00:00"
OBJECTS = tuple(Listed(1000 + number // 2, "ab"[number % 2], 0.95 if number < 200 else 0.87) for number in range(300))


def sample(**changes: Any) -> Sample:
    return Sample(**{"id": 3, "project": 7, "model_version": "v1", "listed_at": AT, "seed": "5eed", "target": 0.95,
                     "confidence": 0.95, "edges": (0.9, 0.85), "objects": OBJECTS, **changes})


def judged(number: int, wrong: tuple[int, ...] = (), edge: float = 0.9) -> list[Judgement]:
    """Return judgements of the first `number` objects from `edge` up; those counted in `wrong` are wrong."""
    places = [place for place, listed in enumerate(sample().order()) if listed.low >= edge][:number]
    return [Judgement(place, "wrong" if count in wrong else "right", "ann@example.com", AT)
            for count, place in enumerate(places)]


def accepted(judgements: list[Judgement], edge: float = 0.9) -> Accepted:
    order = sample().order()
    spoilt = {order[one.place].task for one in judgements if one.verdict != "right"}
    return Accepted(edge, (11,), tuple(sorted({o.task for o in OBJECTS if o.low >= edge} - spoilt)))


def issued() -> dict[str, Any]:
    judgements = judged(120, wrong=(4,))
    return issue(sample(), judgements, accepted(judgements), AT).model_dump(mode="json")


def redigested(body: dict[str, Any]) -> certificates.Certificate:
    """Return a changed certificate as somebody would make it who knows how the digest is computed."""
    return certificates.read(json.dumps({**body, "digest": body_digest(body)}))


def test_issue__holds_and_says_what_was_proven() -> None:
    made = certificates.read(json.dumps(issued()))
    assert problems(made) == []
    assert (made.judged, made.wrong, made.accepted_objects, len(made.accepted_tasks)) == (120, 1, 198, 99)
    assert made.least_right == pytest.approx(1 - (made.most_wrong - 1) / 198) and made.least_right >= 0.95
    assert made.sentence.startswith("Of the 198 objects accepted here, at least ")


def test_written__is_canonical_and_is_read_as_it_was() -> None:
    made = issue(sample(), judged(60), accepted(judged(60)), AT)
    text = certificates.written(made)
    assert certificates.read(text) == certificates.read(text.encode()) == made
    assert text == certificates.written(certificates.read(json.dumps(json.loads(text), indent=3)))
    assert ", " not in text.split('"sentence"')[0] and problems(certificates.read(text)) == []


def test_issue__refuses_what_is_not_shown() -> None:
    for judgements, edge in ((judged(20), 0.9), (judged(120, wrong=(1, 2, 3, 4, 5)), 0.9), (judged(60), 0.85)):
        with pytest.raises(ArgusError) as refused:
            issue(sample(), judgements, accepted(judgements, edge), AT)
        assert refused.value.code == "not_certified"


def test_issue__fewer_accepted_show_less() -> None:
    """Half of the tasks were accepted before Label Studio went away: the same wrong ones may all be among them."""
    judgements, whole = judged(60), accepted(judged(60))
    with pytest.raises(ArgusError):
        issue(sample(), judgements, Accepted(0.9, (11,), whole.tasks[:50]), AT)


def test_issue__a_lower_threshold_needs_the_higher_one() -> None:
    everything = judged(120, edge=0.85)
    assert issue(sample(), everything, accepted(everything, 0.85), AT).edge == 0.85
    spoilt = [one if sample().order()[one.place].low < 0.9 or n % 9 else
              Judgement(one.place, "wrong", one.who, one.at) for n, one in enumerate(everything)]
    with pytest.raises(ArgusError):
        issue(sample(), spoilt, accepted(spoilt, 0.85), AT)


def swap_verdict(body: dict[str, Any]) -> None:
    body["judgements"][7][1] = "wrong"


def drop_wrong(body: dict[str, Any]) -> None:
    body["judgements"] = [row for row in body["judgements"] if row[1] == "right"]


def drop_key(body: dict[str, Any]) -> None:
    del body["objects"][17]


def drop_all_of_an_accepted_task(body: dict[str, Any]) -> None:
    task = body["accepted_tasks"][0]
    body["objects"] = [row for row in body["objects"] if row[0] != task]


def other_seed(body: dict[str, Any]) -> None:
    body["seed"] = "another"


def accept_below(body: dict[str, Any]) -> None:
    body["accepted_tasks"].append(1140)


def accept_twice(body: dict[str, Any]) -> None:
    body["accepted_tasks"].append(body["accepted_tasks"][0])


def accept_the_wrong_one(body: dict[str, Any]) -> None:
    order = sample().order()
    body["accepted_tasks"].append(next(order[row[0]].task for row in body["judgements"] if row[1] == "wrong"))


def say_more(body: dict[str, Any]) -> None:
    body["sentence"] = body["sentence"].replace("at least 9", "at least 99.")


def higher_bound(body: dict[str, Any]) -> None:
    body["least_right"] = 0.999


def strict_target(body: dict[str, Any]) -> None:
    body["target"] = 0.9999999


def list_twice(body: dict[str, Any]) -> None:
    body["objects"].append(body["objects"][0])


def judge_beyond(body: dict[str, Any]) -> None:
    body["judgements"].append([300, "right", "", AT])


def other_edge(body: dict[str, Any]) -> None:
    body["edge"] = 0.5


CHANGES = [swap_verdict, drop_wrong, drop_key, drop_all_of_an_accepted_task, other_seed, accept_below, accept_twice,
           accept_the_wrong_one, say_more, higher_bound, strict_target, list_twice, judge_beyond, other_edge]


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_certificate_is_told(change: Callable[[dict[str, Any]], None]) -> None:
    body = issued()
    change(body)
    with pytest.raises(ArgusError) as refused:
        certificates.read(json.dumps(body))
    assert refused.value.code == "not_certified" and "changed" in refused.value.message


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_certificate_with_its_digest_written_anew_does_not_hold(
        change: Callable[[dict[str, Any]], None]) -> None:
    body = issued()
    change(body)
    assert problems(redigested(body))


@pytest.mark.parametrize(("text", "says"), [
    ("", "no JSON"), ("{", "no JSON"), (b"\xff\xfe\x00", "no JSON"), ("[" * 100_000, "no JSON"),
    ('{"format": "argus certificate", "version": 1, "target": NaN}', "no JSON"),
    ("[]", "no certificate"), ('"argus certificate"', "no certificate"), ('{"format": "other"}', "no certificate"),
    ('{"format": "argus certificate", "version": 3}', "version 3"), ('{"format": "argus certificate"}', "version None"),
    ('{"format": "argus certificate", "version": 1}', "damaged")])
def test_read__says_what_a_file_is_instead(text: str | bytes, says: str) -> None:
    with pytest.raises(ArgusError, match=says) as refused:
        certificates.read(text)
    assert refused.value.code == "bad_request"


@pytest.mark.parametrize(("name", "value"), [("objects", [["1", "a", 0.9]]), ("judgements", [[0, "perfect", "", AT]]),
                                             ("edges", "0.9"), ("target", "0.95"), ("accepted_tasks", None)])
def test_read__names_the_field_of_another_type(name: str, value: Any) -> None:
    body = {**issued(), name: value}
    with pytest.raises(ArgusError, match=name):
        certificates.read(json.dumps({**body, "digest": body_digest(body)}))


def of_cpu() -> dict[str, Any]:
    """Return a certificate of one label: each task has five objects of other labels, too."""
    judgements = judged(120, wrong=(4,))
    what = accepted(judgements)
    return issue(sample(scope=Scope("objects", ("cpu",))), judgements,
                 Accepted(what.edge, what.acceptances, what.tasks, 5 * len(what.tasks)), AT).model_dump(mode="json")


def of_frames() -> dict[str, Any]:
    frames = sample(scope=Scope("nothing_found", ("cpu", "fan")), edges=(FRAME_EDGE,),
                    objects=tuple(Listed(task, "", FRAME_EDGE) for task in range(100)))
    order = frames.order()
    judgements = [Judgement(place, "wrong" if place == 4 else "right", "ann@example.com", AT) for place in range(90)]
    return issue(frames, judgements, Accepted(FRAME_EDGE, (11,), tuple(sorted({one.task for one in order}
                                                                              - {order[4].task}))),
                 AT).model_dump(mode="json")


def test_issue__of_one_label_speaks_of_that_label_and_says_what_it_does_not() -> None:
    made = certificates.read(json.dumps(of_cpu()))
    assert problems(made) == []
    assert (made.version, made.kind, made.labels, made.other_objects, made.accepted_objects) == (
        2, "objects", ["cpu"], 495, 198)
    assert made.sentence.startswith("Of the 198 objects of cpu accepted here, at least 96.9 % are right")
    assert made.sentence.endswith("Nothing is said of the 495 objects of other labels on the same frames that were "
                                  "accepted with them.")


def test_issue__of_frames_names_the_labels_that_none_holds() -> None:
    made = certificates.read(json.dumps(of_frames()))
    assert problems(made) == [] and (made.accepted_objects, made.judged, made.wrong) == (99, 90, 1)
    assert made.sentence.startswith("Of the 99 frames accepted here as empty, at least ")
    assert " % hold none of the labels cpu, fan as ann@example.com judged;" in made.sentence


def test_issue__of_all_labels_is_as_it_ever_was() -> None:
    """What an earlier release wrote is read, checked and written as it was; and it reads what this one writes."""
    body = issued()
    assert body["version"] == 1 and not {"kind", "labels", "other_objects"} & body.keys()
    assert json.loads(certificates.written(certificates.read(json.dumps(body)))) == body


def another_label(body: dict[str, Any]) -> None:
    body["labels"] = ["fan"]


def all_labels(body: dict[str, Any]) -> None:
    body["labels"] = []


def two_labels(body: dict[str, Any]) -> None:
    body["labels"] = ["cpu", "fan"]


def fewer_others(body: dict[str, Any]) -> None:
    body["other_objects"] = 0


def other_kind(body: dict[str, Any]) -> None:
    body["kind"] = "objects" if body["kind"] == "nothing_found" else "nothing_found"


def name_a_frame(body: dict[str, Any]) -> None:
    body["objects"][3][1] = "" if body["objects"][3][1] else "a"


@pytest.mark.parametrize("change", [*CHANGES, another_label, all_labels, two_labels, fewer_others, other_kind,
                                    name_a_frame])
def test_a_changed_certificate_of_a_label_does_not_hold(change: Callable[[dict[str, Any]], None]) -> None:
    body = of_cpu()
    change(body)
    assert problems(redigested(body))


@pytest.mark.parametrize("change", [swap_verdict, drop_wrong, drop_key, other_seed, accept_twice, say_more,
                                    higher_bound, list_twice, other_edge, another_label, all_labels, other_kind,
                                    name_a_frame])
def test_a_changed_certificate_of_frames_does_not_hold(change: Callable[[dict[str, Any]], None]) -> None:
    body = of_frames()
    change(body)
    assert problems(redigested(body))


def test_frames_have_no_objects_and_no_score() -> None:
    body = of_frames()
    body["other_objects"] = 3
    assert problems(redigested(body))
    body = {**of_frames(), "edges": [0.9], "edge": 0.9}
    body["objects"] = [[task, name, 0.9] for task, name, _ in body["objects"]]
    assert "Nothing was found in the frames of its list" in problems(redigested(body))[0]


@pytest.mark.parametrize("change", [
    lambda body: body.update(version=1), lambda body: body.pop("labels"), lambda body: body.update(kind=None),
    lambda body: body.update(kind="tasks"), lambda body: body.update(other_objects="5")])
def test_read__what_it_is_about_stands_as_its_version_has_it(change: Callable[[dict[str, Any]], None]) -> None:
    body = of_cpu()
    change(body)
    with pytest.raises(ArgusError, match="damaged"):
        redigested(body)
    with pytest.raises(ArgusError, match="damaged"):
        redigested({**issued(), "kind": "nothing_found"})
