"""Verified acceptance, and verdicts on objects. The work is `search_service.review.verification`'s."""

from __future__ import annotations

from flask import Blueprint, request

from argus.answers.calibration import Arm, FrameSample, FrameSamples, Labour
from argus.answers.trust import (
    Certificate,
    Certificates,
    ObjectVerdict,
    ObjectVerdicts,
    Sample,
    SampleCourse,
    SampleItems,
    TrustStatus,
    VerifiedAcceptance,
)
from search_service.api import access, rights
from search_service.api.answering import answers
from search_service.api.caller import acting
from search_service.api.requests import API, body
from search_service.api.schemas import search
from search_service.api.schemas import trust as asking
from search_service.review import trust_status, verdicts
from search_service.review.calibration import arm, recall
from search_service.review.calibration import reports as calibration
from search_service.review.verification import reports, service

blueprint = Blueprint("trust", __name__, url_prefix=API)


@blueprint.get("/projects/<int:project_id>/trust")
@answers
def get_trust(project_id: int) -> TrustStatus:
    return trust_status.status(project_id)


@blueprint.get("/projects/<int:project_id>/trust/certificates")
@answers
def get_certificates(project_id: int) -> Certificates:
    return reports.certificates(project_id)


@blueprint.post("/projects/<int:project_id>/trust/samples")
@answers
def post_sample(project_id: int) -> tuple[Sample, int, dict[str, str]]:
    asked = body(asking.SampleRequest)
    made = service.open_sample(project_id, asked.edges, kind=asked.kind, label=asked.label, target=asked.target,
                               confidence=asked.confidence, new=asked.new)
    return made, 201, {"Location": f"{API}/trust/samples/{made.id}"}


@blueprint.get("/trust/samples/<int:sample_id>")
@answers
def get_sample(sample_id: int) -> Sample:
    return reports.describe(sample_id)


@blueprint.get("/trust/samples/<int:sample_id>/course")
@answers
def get_course(sample_id: int) -> SampleCourse:
    return reports.course_of(sample_id, search.read(asking.CourseRequest, request.args).edge)


@blueprint.post("/trust/samples/<int:sample_id>/claim")
@answers
def post_claim(sample_id: int) -> SampleItems:
    asked = body(asking.ClaimRequest)
    return service.claim(sample_id, asked.limit, edge=asked.edge, screen=asked.screen)


@blueprint.post("/trust/samples/<int:sample_id>/judgements")
@answers
def post_judgements(sample_id: int) -> Sample:
    asked = body(asking.JudgementsGiven)
    return service.judge(sample_id, [(one.place, one.verdict, one.seconds) for one in asked.judgements])


@blueprint.post("/trust/samples/<int:sample_id>/take-back")
@answers
def post_take_back(sample_id: int) -> Sample:
    return service.take_back(sample_id, body(asking.TakeBackRequest).place)


@blueprint.post("/trust/samples/<int:sample_id>/accept")
@answers
def post_accept(sample_id: int) -> VerifiedAcceptance:
    asked = body(asking.AcceptSampleRequest)
    project_id = reports.describe(sample_id).project
    token, person = acting(asked.token, project_id)
    rights.must_manage(person, project_id)
    with access.refused_token():
        return service.accept(sample_id, asked.edge, token=token)


@blueprint.get("/projects/<int:project_id>/trust/labour")
@answers
def get_labour(project_id: int) -> Labour:
    return calibration.labour(project_id)


@blueprint.put("/projects/<int:project_id>/trust/arm")
@answers
def put_arm(project_id: int) -> Arm:
    return arm.set_share(project_id, body(asking.ArmRequest).share)


@blueprint.get("/projects/<int:project_id>/trust/recall")
@answers
def get_recall(project_id: int) -> FrameSamples:
    return recall.samples(project_id)


@blueprint.post("/projects/<int:project_id>/trust/recall")
@answers
def post_recall(project_id: int) -> tuple[FrameSample, int, dict[str, str]]:
    made = recall.open_sample(project_id, body(asking.FrameSampleRequest).frames)
    return made, 201, {"Location": f"{API}/projects/{project_id}/trust/recall"}


@blueprint.post("/projects/<int:project_id>/trust/recall/checks")
@answers
def post_frame_check(project_id: int) -> FrameSample:
    asked = body(asking.FrameChecked)
    return recall.check(project_id, asked.task, asked.found, asked.missing)


@blueprint.get("/trust/certificates/<int:certificate_id>")
@answers
def get_certificate_by_number(certificate_id: int) -> Certificate:
    return reports.certificate(certificate_id)


@blueprint.get("/acceptances/<int:acceptance_id>/certificate")
@answers
def get_certificate(acceptance_id: int) -> Certificate:
    return reports.certificate_of(acceptance_id)


@blueprint.get("/projects/<int:project_id>/review/verdicts")
@answers
def get_verdicts(project_id: int) -> ObjectVerdicts:
    return verdicts.listing(project_id, search.read(asking.VerdictsRequest, request.args).task)


@blueprint.post("/projects/<int:project_id>/review/verdicts")
@answers
def post_verdict(project_id: int) -> ObjectVerdict:
    asked = body(asking.VerdictRequest)
    return verdicts.say(project_id, asked.task, asked.verdict, object_id=asked.object, label=asked.label, box=asked.box)


@blueprint.post("/projects/<int:project_id>/review/verdicts/take-back")
@answers
def post_verdict_taken_back(project_id: int) -> ObjectVerdicts:
    asked = body(asking.VerdictTakenBack)
    return verdicts.take_back(project_id, asked.task, asked.object)
