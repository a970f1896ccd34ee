"""The certificate of a verified acceptance: made, written as canonical JSON, and checked without any server.

A certificate holds the whole list, the seed and every judgement, so whoever has the file can draw the order again,
compute the bound again, and compare. Its digest tells a changed file; it is no signature: who changes a file and writes
a new digest *and* all numbers that follow is found out by comparing with the service's own copy. Pure functions.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from argus.answers.trust import Certificate, Verdict
from argus.errors import ArgusError
from search_service.review.verification.sample import (
    ALL_LABELS,
    FRAMES,
    Scope,
    combined,
    digest_of,
    drawn,
    key_of,
)
from search_service.review.verification.sentences import promise
from search_service.review.verification.thresholds import (
    FRAME_EDGE,
    Count,
    Listed,
    Step,
    check_terms,
    climb,
    count,
)

FORMAT = "argus certificate"
OF_ALL_LABELS, OF_A_SCOPE = 1, 2  # versions: a sample of all labels is certified as ever, another says what it is of
SCOPE_FIELDS = ("kind", "labels", "other_objects")  # of version 2 alone
_HINT = "Export the certificate again from the service that issued it."


@dataclass(frozen=True)
class Sample:
    """The list of a sample and what was fixed with it; `seed` was drawn after the list was stored."""

    id: int
    project: int
    model_version: str
    listed_at: str
    seed: str
    target: float
    confidence: float
    edges: tuple[float, ...]
    objects: tuple[Listed, ...]
    scope: Scope = ALL_LABELS

    def order(self) -> list[Listed]:
        """Return the objects in drawn order."""
        by_key = {key_of(listed.task, listed.name): listed for listed in self.objects}
        return [by_key[key] for key in drawn(by_key, self.seed)]


@dataclass(frozen=True)
class Judgement:
    """What somebody said of the object at a place of the drawn order; `who` may be "" for somebody not named."""

    place: int
    verdict: Verdict
    who: str
    at: str


@dataclass(frozen=True)
class Accepted:
    """What was accepted of a sample from a threshold up: tasks, all of whose objects in its scope are on its list.

    Args:
        others: objects of other labels on these tasks.
    """

    edge: float
    acceptances: tuple[int, ...]
    tasks: tuple[int, ...]
    others: int = 0


def issue(sample: Sample, judgements: Sequence[Judgement], accepted: Accepted, issued_at: str) -> Certificate:
    """Return the certificate of what was accepted.

    Raises:
        ArgusError: `not_certified` when the target is not reached, here or at a higher threshold.
    """
    step, objects = _result(sample, judgements, accepted)
    if not step.certified:
        raise ArgusError("not_certified", "The target is not reached for what was accepted.",
                         "Judge further objects of the sample, then accept again.", least_right=step.least_right)
    seen, scope = step.count, sample.scope
    of = {} if scope == ALL_LABELS else {"kind": scope.kind, "labels": list(scope.labels),
                                         "other_objects": accepted.others}
    body = {
        "format": FORMAT, "version": OF_A_SCOPE if of else OF_ALL_LABELS, **of, "project": sample.project,
        "model_version": sample.model_version,
        "sample": sample.id, "listed_at": sample.listed_at, "seed": sample.seed,
        "list_digest": digest_of(key_of(listed.task, listed.name) for listed in sample.objects),
        "target": sample.target, "confidence": sample.confidence, "edges": list(sample.edges), "edge": accepted.edge,
        "objects": [[listed.task, listed.name, listed.low] for listed in sample.objects],
        "judgements": [[one.place, one.verdict, one.who, one.at] for one in judgements],
        "acceptances": list(accepted.acceptances), "accepted_tasks": list(accepted.tasks), "accepted_objects": objects,
        "judged": seen.judged, "wrong": seen.wrong, "most_wrong": step.most_wrong, "least_right": step.least_right,
        "sentence": promise(objects, step.least_right, seen.judged, seen.wrong,
                            sorted({one.who for one in judgements}), sample.confidence, scope, accepted.others),
        "issued_at": issued_at}
    return Certificate.model_validate({**body, "digest": body_digest(body)})


def _result(sample: Sample, judgements: Sequence[Judgement], accepted: Accepted) -> tuple[Step, int]:
    """Return what the judgements show of what was accepted, and how many objects that are."""
    verdicts = combined_by_place(judgements)
    edges = sample.edges[:sample.edges.index(accepted.edge) + 1]
    counts = count(sample.order(), verdicts, edges)
    tasks, last = set(accepted.tasks), counts[-1]
    objects = sum(listed.task in tasks for listed in sample.objects)
    steps = climb([*counts[:-1], Count(last.edge, last.objects, last.judged, last.wrong, objects)],
                  sample.target, sample.confidence)
    return steps[-1], objects


def combined_by_place(judgements: Sequence[Judgement]) -> dict[int, bool]:
    """Return of each object that was judged whether it counts as right, by its place."""
    found: dict[int, list[Verdict]] = {}
    for one in judgements:
        found.setdefault(one.place, []).append(one.verdict)
    return {place: bool(combined(verdicts)) for place, verdicts in found.items()}


def canonical(body: Mapping[str, Any]) -> bytes:
    """Return JSON that is the same for the same content: keys sorted, no spaces, UTF-8, numbers as Python has them."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def body_digest(body: Mapping[str, Any]) -> str:
    """Return the SHA-256 of all of a certificate but its digest, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical({name: value for name, value in body.items() if name != "digest"})).hexdigest()


def written(certificate: Certificate) -> str:
    """Return the certificate as its file has it."""
    return canonical(certificate.model_dump(mode="json")).decode() + "\n"


def read(text: str | bytes) -> Certificate:
    """Return the certificate in a file that is what was issued, unchanged; whether it holds, `problems` tells.

    Raises:
        ArgusError: `bad_request` for no JSON, no certificate, or another version; `not_certified` for a changed one.
    """
    try:
        raw = json.loads(text, parse_constant=_no_number)
        if not isinstance(raw, dict) or raw.get("format") != FORMAT:
            raise ArgusError("bad_request", "This is JSON, but no certificate of Argus.", _HINT)
        if raw.get("version") not in (OF_ALL_LABELS, OF_A_SCOPE):
            raise ArgusError("bad_request", f"This certificate has version {str(raw.get('version'))[:40]}, and this "
                             f"program reads versions {OF_ALL_LABELS} and {OF_A_SCOPE}.",
                             "Check it with the release that wrote it.")
        _check_fields(raw)
        changed = raw.get("digest") != body_digest(raw)
        certificate = Certificate.model_validate_json(json.dumps(raw), strict=True)
    except ValidationError as error:
        raise _damaged(".".join(map(str, error.errors()[0]["loc"]))) from error
    except (ValueError, RecursionError) as error:
        raise ArgusError("bad_request", "This file is no JSON.", _HINT) from error
    if changed:
        raise ArgusError("not_certified", "This certificate was changed after it was issued: its digest is another.",
                         _HINT)
    return certificate


def _check_fields(raw: Mapping[str, Any]) -> None:
    """Raise `bad_request` where what a certificate is of does not stand as its version has it."""
    of_a_scope = raw["version"] == OF_A_SCOPE
    odd = [name for name in SCOPE_FIELDS if (raw.get(name) is None if of_a_scope else name in raw)]
    if odd:
        raise _damaged(odd[0])


def _damaged(field: str) -> ArgusError:
    return ArgusError("bad_request", f"This certificate is damaged: its field {field} is missing or no such value.",
                      _HINT)


def _no_number(name: str) -> float:
    raise ValueError(name)


def problems(certificate: Certificate) -> list[str]:
    """Return what is wrong with a certificate, in sentences: none when its sentence follows from what it holds.

    The order is drawn again, the judgements are counted again, and the bound is computed again.
    """
    try:
        check_terms(certificate.edges, certificate.target, certificate.confidence)
    except ValueError as error:
        return [str(error)]
    if certificate.edge not in certificate.edges:
        return ["The threshold is not on the ladder."]
    sample = _sample(certificate)
    found = [*_wrong_scope(certificate), *_wrong_list(certificate, sample), *_wrong_acceptance(certificate, sample)]
    return found or _wrong_numbers(certificate, sample)


def _sample(certificate: Certificate) -> Sample:
    return Sample(certificate.sample, certificate.project, certificate.model_version, certificate.listed_at,
                  certificate.seed, certificate.target, certificate.confidence, tuple(certificate.edges),
                  tuple(Listed(*row) for row in certificate.objects),
                  Scope(certificate.kind or "objects", tuple(certificate.labels or ())))


def _wrong_scope(certificate: Certificate) -> list[str]:
    """Return why a list cannot be of what the certificate says it is of."""
    if certificate.version == OF_ALL_LABELS:
        return []
    frames, labels, others = certificate.kind == FRAMES, certificate.labels or [], certificate.other_objects or 0
    if not labels or (not frames and len(labels) > 1) or others < 0:
        return ["It does not say which label it is about."]
    if any((name == "") != frames for _, name, _ in certificate.objects):
        return ["Its list is not of what it says: objects of a label have names, and frames have none."]
    if frames and (others or {low for _, _, low in certificate.objects} != {FRAME_EDGE}):
        return ["Nothing was found in the frames of its list, and it names objects or scores."]
    return []


def _judgements(certificate: Certificate) -> list[Judgement]:
    return [Judgement(*row) for row in certificate.judgements]


def _wrong_list(certificate: Certificate, sample: Sample) -> list[str]:
    keys = [key_of(listed.task, listed.name) for listed in sample.objects]
    found = []
    if len(set(keys)) < len(keys):
        found.append("An object is on the list twice.")
    if digest_of(keys) != certificate.list_digest:
        found.append("The list of objects is not the one that was fixed: its digest is another.")
    if any(not 0 <= one.place < len(set(keys)) for one in _judgements(certificate)):
        found.append("There is a judgement of an object that is not on the list.")
    if len({(listed.task, listed.low) for listed in sample.objects}) > len({listed.task for listed in sample.objects}):
        found.append("A task has two lowest scores.")
    return found


def _wrong_acceptance(certificate: Certificate, sample: Sample) -> list[str]:
    lows = {listed.task: listed.low for listed in sample.objects}
    twice = [task for task, times in Counter(certificate.accepted_tasks).items() if times > 1]
    outside = [task for task in certificate.accepted_tasks if lows.get(task, -1.0) < certificate.edge]
    order, found = sample.order(), []
    spoilt = {order[place].task for place, right in combined_by_place(_judgements(certificate)).items()
              if not right and 0 <= place < len(order)}
    if twice or outside:
        found.append("A task was accepted twice, or is not on the list from the threshold up.")
    if spoilt & set(certificate.accepted_tasks):
        found.append("A task was accepted that has an object judged wrong.")
    return found


def _wrong_numbers(certificate: Certificate, sample: Sample) -> list[str]:
    accepted = Accepted(certificate.edge, tuple(certificate.acceptances), tuple(certificate.accepted_tasks),
                        certificate.other_objects or 0)
    try:
        again = issue(sample, _judgements(certificate), accepted, certificate.issued_at)
    except ArgusError:
        return ["The judgements do not show what the certificate says."]
    names = ("accepted_objects", "judged", "wrong", "most_wrong", "least_right", "sentence")
    return [f"Its field {name} says {getattr(certificate, name)}, and what it holds gives {getattr(again, name)}."
            for name in names if getattr(certificate, name) != getattr(again, name)]
