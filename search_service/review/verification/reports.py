"""What a project's samples and certificates say."""

from __future__ import annotations

from argus.answers import trust
from argus.errors import ArgusError
from search_service.review import store as review_store
from search_service.review.candidates import open_review
from search_service.review.verification import certificate_store, listing_store, store
from search_service.review.verification.sentences import BUDGET, progress, state_of
from search_service.review.verification.store import Head
from search_service.review.verification.thresholds import Step, climb, course

NOT_VERIFIED = ("What is accepted in bulk without a sample is not verified: nobody has shown how much of it is right. "
                "A certificate says the one sentence on it and nothing else.")


def describe(sample_id: int, *, continued: bool = False) -> trust.Sample:
    """Return a sample and what its judgements show. Raises `not_found`."""
    sample = store.head(sample_id)
    steps, reason, others = steps_of(sample), void_reason(sample), listing_store.others(sample)
    return trust.Sample(
        id=sample.id, project=sample.project, model_version=sample.model_version, reason=reason,
        kind=sample.scope.kind, labels=list(sample.scope.labels), others=sample.others,
        state="void" if reason else state_of(steps, sample.target),
        target=sample.target, confidence=sample.confidence, budget=BUDGET, objects=sample.objects, tasks=sample.tasks,
        digest=sample.digest, judgements=len(store.judgements(sample_id)), created_by=sample.created_by,
        created_at=sample.created_at, continued=continued,
        steps=[_told(step, sample, more) for step, more in zip(steps, others, strict=True)],
        certificates=certificate_store.summaries(sample.project, sample_id))


def _told(step: Step, sample: Head, others: int) -> trust.SampleStep:
    seen = step.count
    return trust.SampleStep(edge=seen.edge, objects=seen.objects, judged=seen.judged, wrong=seen.wrong,
                            accepted=seen.accepted, others=others, most_wrong=step.most_wrong,
                            least_right=step.least_right, certified=step.certified, more=step.more,
                            line=progress(step, sample.target, sample.scope))


def steps_of(sample: Head) -> list[Step]:
    return climb(store.counts(sample), sample.target, sample.confidence)


def course_of(sample_id: int, edge: float) -> trust.SampleCourse:
    """Return how the bound of a threshold went. Raises `not_found`, `bad_request` for one that is not on the ladder."""
    sample = store.head(sample_id)
    objects = {seen.edge: seen.objects for seen in store.counts(sample)}
    if edge not in objects:
        raise ArgusError("bad_request", f"{edge:g} is not on the ladder of sample {sample_id}.",
                         f"It has: {', '.join(f'{one:g}' for one in sample.edges)}.")
    went = course(store.judged_prefix(sample_id, edge), objects[edge], sample.target, sample.confidence)
    return trust.SampleCourse(edge=edge, points=[
        trust.SamplePoint(judged=judged, wrong=wrong, least_right=least) for judged, wrong, least in went], labels=[
        trust.SampleLabel(label=label, objects=count, first=min(store.FIRST, count), judged=judged, wrong=wrong)
        for label, count, judged, wrong in store.first_of_labels(sample_id, edge)])


def void_reason(sample: Head) -> str:
    """Return why nothing more can be judged or accepted of a sample, or ''."""
    now = open_review(sample.project).model_version
    return "" if now == sample.model_version else "The recipe was changed: predictions are of another version."


def certificates(project_id: int) -> trust.Certificates:
    """Return every certificate of a project with its state, oldest first. Raises `unknown_project`."""
    open_review(project_id)
    return trust.Certificates(certificates=[
        trust.IssuedCertificate(state=state, reason=reason, certificate=body)
        for state, reason, body in certificate_store.certificates_of(project_id)])


def certificate_of(acceptance_id: int) -> trust.Certificate:
    """Return the newest certificate of an acceptance. Raises `not_found`; `not_certified` unless it is valid."""
    project_id = review_store.project_of(acceptance_id)
    found = certificate_store.certificates_of(project_id, acceptance_id) if project_id is not None else []
    if not found:
        raise ArgusError("not_found", f"Acceptance {acceptance_id} has no certificate: it is not verified.",
                         "Draw a sample before accepting: `argus trust` says how.")
    state, reason, body = found[-1]
    if state != "valid":
        raise ArgusError("not_certified", f"The certificate of acceptance {acceptance_id} is {state}. {reason}")
    return body


def certificate(certificate_id: int) -> trust.Certificate:
    """Return a certificate by its own number. Raises `not_found`; `not_certified` unless it is valid."""
    found = certificate_store.certificate(certificate_id)
    if found is None:
        raise ArgusError("not_found", f"There is no certificate {certificate_id}.", "`argus trust status` lists them.")
    state, reason, body = found
    if state != "valid":
        raise ArgusError("not_certified", f"Certificate {certificate_id} is {state}. {reason}")
    return body
