"""Certificates: issued, written, read, and found out when anything in them is not what was issued."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from argus.errors import ArgusError
from search_service.review.verification import certificate as certificates
from search_service.review.verification.certificate import Accepted, Judgement, Sample, body_digest, issue, problems
from search_service.review.verification.thresholds import Listed

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
    ('{"format": "argus certificate", "version": 2}', "version 2"), ('{"format": "argus certificate"}', "version None"),
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
