"""Verified acceptance: a sample is drawn, people judge it, and what it certifies is accepted with a certificate.

A sample is continued and never drawn anew, and an object is on one list of its model version only: who could draw again
until a sample looks good would prove nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime

from argus import audit
from argus.answers import review as review_answers
from argus.answers import trust
from argus.db import alone, locks
from argus.errors import ArgusError
from argus.labelstudio.client import LabelStudio
from argus.labelstudio.filters import UNREVIEWED, chunks
from label_studio_config.views import fix_view
from search_service.review import service as review_service
from search_service.review.calibration import outcomes
from search_service.review.candidates import CHUNK, Review, of_version, open_review, prepare, read_ids
from search_service.review.set_aside import open_tasks
from search_service.review.verification import certificate_store, later, listing_store, store
from search_service.review.verification.bound import least_right
from search_service.review.verification.certificate import Accepted, issue
from search_service.review.verification.listing import acceptable, as_listed, candidates, scope_of
from search_service.review.verification.listing_store import OnList
from search_service.review.verification.reports import describe, steps_of, void_reason
from search_service.review.verification.sample import FRAMES, Scope
from search_service.review.verification.sentences import progress
from search_service.review.verification.store import Head, Who
from search_service.review.verification.thresholds import FRAME_EDGE, Terms, check_terms

_STEP, _STEPS, _LOCK_SECONDS = 0.05, 4, 60
_NOTHING_NEW = review_answers.Accepted(acceptance=None, accepted_tasks=0, accepted_objects=0, skipped=0, reasons={})


def ladder(high: float, medium: float) -> tuple[float, ...]:
    """Return the thresholds to try by default: the high band's edge and up to three below, down to the medium's."""
    edges = [round(high - step * _STEP, 4) for step in range(_STEPS)]
    return tuple(edge for edge in edges if edge == high or edge >= medium)


def open_sample(project_id: int, edges: Sequence[float] | None = None, *, kind: trust.Kind = "objects",
                label: str | None = None, target: float = 0.95, confidence: float = 0.95, new: bool = False,
                ls: LabelStudio | None = None) -> trust.Sample:
    """Return the newest sample of the current model version that has something left to accept; else draw one.

    Args:
        edges: thresholds from high to low; None: `ladder` of the project's bands. Fixed from then on. None for frames.
        kind: objects, or frames in which nothing was found.
        label: list the objects of this label only; None: of all.
        new: draw one of the objects that are on no list yet, even if an older sample is open.

    Raises:
        ArgusError: `bad_request` for such terms, `unknown_label`, `conflict` when an open sample has other terms,
            `nothing_selected` when no object is left to list, `unknown_project`.
    """
    review = open_review(project_id, ls)
    scope, asked = scope_of(review, kind, label), _terms(review, kind, edges, target, confidence)
    with _locked(project_id):
        prepare(review)
        found = None if new else _continued(review, scope)
        if found is None:
            outcomes.remember(project_id)
            return describe(store.draw(project_id, review.model_version, asked, scope,
                                       candidates(review, asked.edges[-1], scope), _who()))
    if (edges and found.edges != asked.edges) or (found.target, found.confidence) != (target, confidence):
        raise ArgusError("conflict", f"Sample {found.id} of these objects was drawn with other terms, and a sample is "
                         "never drawn anew.", "Go on with it by leaving the terms out, or draw one of the objects that "
                         "are on no list yet (new).", sample=found.id)
    return describe(found.id, continued=True)


def _terms(review: Review, kind: trust.Kind, edges: Sequence[float] | None, target: float, confidence: float) -> Terms:
    """Return what a sample is drawn for. Raises `bad_request`."""
    if kind == FRAMES and edges:
        raise ArgusError("bad_request", "Frames in which nothing was found have no score to compare with a threshold.",
                         "Leave the thresholds out.")
    usual = (FRAME_EDGE,) if kind == FRAMES else ladder(review.edges.high, review.edges.medium)
    asked = Terms(tuple(edges) if edges else usual, target, confidence)
    try:
        check_terms(asked.edges, asked.target, asked.confidence)
    except ValueError as error:
        raise ArgusError("bad_request", str(error)) from error
    return asked


def _continued(review: Review, scope: Scope) -> Head | None:
    """Return the newest sample of a scope that has something left to accept, or to certify."""
    for number in store.sample_ids(review.project_id, review.model_version):
        found = store.head(number)
        if (found.scope.kind, found.scope.label) == (scope.kind, scope.label) and _has_left(review, found):
            return found
    return None


def _has_left(review: Review, sample: Head) -> bool:
    """Return whether a task of a sample is not reviewed, or was accepted under another label's sample and has no
    certificate of this one yet."""
    listed = listing_store.objects_by_task(sample.id, sample.edges[-1])
    if any(read_ids(review, chunk, [of_version(review), *UNREVIEWED]) for chunk in chunks(listed, CHUNK)):
        return True
    certified = any(one.state == "valid" for one in certificate_store.summaries(sample.project, sample.id))
    return sample.scope.label is not None and not certified and bool(_standing(review, sample, listed))


def _live(sample_id: int) -> Head:
    sample = store.head(sample_id)
    audit.about(f"sample {sample_id}", project=sample.project)
    if reason := void_reason(sample):
        raise ArgusError("conflict", f"Sample {sample_id} is void. {reason}", "Draw a sample of the new predictions.")
    return sample


def claim(sample_id: int, limit: int = 8, *, edge: float | None = None, screen: str = "") -> trust.SampleItems:
    """Return the next objects to judge, for the first threshold that is not certified; nobody else is given them for a
    minute.

    Args:
        edge: serve this threshold instead.
        screen: tells apart two screens of one person.

    Raises:
        ArgusError: `not_found`, `conflict` for a void sample, `bad_request` for a threshold that is not on the ladder.
    """
    sample, who = _live(sample_id), _who()
    served = _edge(sample, edge) if edge is not None else next(
        (step.count.edge for step in steps_of(sample) if step.count.objects and not step.certified), sample.edges[-1])
    items, with_others = store.claim(sample_id, served, limit, f"{who.id or ''} {who.name} {screen}")
    return trust.SampleItems(edge=served, with_others=with_others, items=[trust.SampleItem(
        place=item.place, task=item.new.listed.task, object=item.new.listed.name, label=item.new.label,
        score=item.new.score if item.new.label else None,
        box=(item.new.box[0], item.new.box[1], item.new.box[2], item.new.box[3])) for item in items])


def judge(sample_id: int, given: Iterable[tuple[int, trust.Verdict, float | None]]) -> trust.Sample:
    """Store judgements, `(place, verdict, seconds or None)`; unsure counts as wrong, and so do two that differ.

    The task of an object judged wrong or unsure is set aside. The same verdict again changes nothing.

    Raises:
        ArgusError: `not_found`, `conflict` for a void sample, `bad_request` for a place that is not on the list; then
            none is stored.
    """
    sample, given = _live(sample_id), list(given)
    for place, _, _ in given:
        if not 0 <= place < sample.objects:
            raise ArgusError("bad_request", f"Sample {sample_id} has no place {place}.",
                             f"Its {sample.objects} places are counted from 0.")
    store.judge(sample, given, _who())
    return describe(sample_id)


def take_back(sample_id: int, place: int | None = None) -> trust.Sample:
    """Take back the caller's own judgement of a place, or their last one.

    Raises:
        ArgusError: `not_found`, also when there is none; `conflict` for a void sample.
    """
    sample = _live(sample_id)
    if store.take_back(sample, place, _who()) is None:
        raise ArgusError("not_found", "There is no judgement of yours to take back" +
                         ("." if place is None else f" at place {place}."))
    return describe(sample_id)


def accept(sample_id: int, edge: float, *, token: str = "", ls: LabelStudio | None = None) -> trust.VerifiedAcceptance:
    """Accept the listed tasks from a threshold up, without those that have a wrong object, and issue the certificate.

    Calling again after a failure accepts what is left; the certificate is about all that stands accepted then.

    Raises:
        ArgusError: `not_certified` when the target is not reached for what could be accepted now: nothing is accepted
            then, unless Label Studio accepted fewer tasks than it had; `nothing_selected`, `conflict`, `bad_request`,
            `not_found`, and what `review.service.accept` raises.
    """
    sample = _live(sample_id)
    _edge(sample, edge)
    review = open_review(sample.project, ls)
    with _locked(sample.project):
        review_service.complete_records(sample.project, ls=ls)
        (step,) = (step for step in steps_of(sample) if step.count.edge == edge)
        listed = listing_store.objects_by_task(sample_id, edge)
        before = _standing(review, sample, listed)
        left = acceptable(review, sample.scope, {task: of for task, of in listed.items() if task not in before})
        count = sum(len(listed[task].names) for task in [*before, *left])
        if not count:
            raise ArgusError("nothing_selected", f"Nothing of sample {sample_id} is left to accept from {edge:g} up.")
        if not step.certified or least_right(count, step.most_wrong, step.count.wrong) < sample.target:
            what = "frames" if sample.scope.kind == FRAMES else "objects"
            raise ArgusError("not_certified", f"{progress(step, sample.target, sample.scope)} Nothing was accepted: of "
                             f"the {count:,} {what} that could be, {sample.target * 100:g} % right is not shown.",
                             f"Judge further {what} of the sample.", sample=sample_id)
        done = review_service.accept(sample.project, task_ids=left, nothing_found=sample.scope.kind == FRAMES,
                                     token=token, sample=sample_id, ls=ls) if left else _NOTHING_NEW
        made = _certify(review, sample, edge)
        fix_view(review.ls, sample.project, open_tasks(review))  # those with a wrong object
    return trust.VerifiedAcceptance(
        acceptance=done.acceptance, accepted_tasks=done.accepted_tasks, accepted_objects=done.accepted_objects,
        skipped=done.skipped, reasons=done.reasons, certificate=made)


def _standing(review: Review, sample: Head, listed: Mapping[int, OnList]) -> dict[int, int]:
    """Return which of these tasks stand accepted as they were listed, with their acceptance. With a sample of one label
    also those that were accepted under another label's, which looked at that label's objects and counted the others."""
    found = {task: one for task, one in listing_store.accepted(sample).items()
             if task in listed and listed[task].regions == one.regions}
    of_others = {task: listed[task] for task, one in found.items() if one.sample != sample.id}
    changed = set(of_others) - set(as_listed(review, sample.scope, of_others)) if of_others else set()
    return {task: one.acceptance for task, one in found.items() if task not in changed}


def _certify(review: Review, sample: Head, edge: float) -> trust.CertificateSummary:
    """Issue the certificate of what stands accepted from a threshold up. Raises `not_certified`."""
    listed = listing_store.objects_by_task(sample.id, edge)
    standing = _standing(review, sample, listed)
    what = Accepted(edge, tuple(sorted(set(standing.values()))), tuple(sorted(standing)),
                    sum(listed[task].others for task in standing))
    made = issue(store.whole(sample), store.judgements(sample.id), what, datetime.now(UTC).isoformat())
    kept = certificate_store.keep_certificate(made)
    later.weigh(sample.project)  # it may be about tasks that were corrected under an earlier one
    return next(one for one in certificate_store.summaries(sample.project, sample.id) if one.id == kept.id)


def _edge(sample: Head, edge: float) -> float:
    if edge not in sample.edges:
        raise ArgusError("bad_request", f"{edge:g} is not on the ladder of sample {sample.id}.",
                         f"It has: {', '.join(f'{one:g}' for one in sample.edges)}.")
    return edge


def _who() -> Who:
    return Who(audit.actor().verified_name, audit.actor().person)


def _locked(project_id: int) -> AbstractContextManager[None]:
    return alone(locks.SAMPLE, project_id, seconds=_LOCK_SECONDS, busy=ArgusError(
        "conflict", f"A sample of project {project_id} is being drawn or accepted.", "Try again when it is done."))
