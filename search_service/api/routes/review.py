"""Review by score, and export. The work is `search_service.review.service`'s and `search_service.export`'s."""

from __future__ import annotations

from flask import Blueprint, Response, request

from argus.answers.review import (
    Acceptances,
    Accepted,
    AcceptPlan,
    Added,
    AdditionsPlan,
    BandObjects,
    BandViews,
    Histogram,
    MovedBands,
    ReviewStatus,
    Undone,
)
from argus.answers.service import Me, Person
from argus.answers.to_fix import PutBack, SetAside, ToFix
from label_studio_config import projects
from search_service.api import access, rights
from search_service.api.answering import answers
from search_service.api.caller import acting, caller
from search_service.api.requests import API, body
from search_service.api.schemas import review as asking
from search_service.api.schemas import search
from search_service.pictures import crops
from search_service.review import objects, records, service, set_aside, to_fix

blueprint = Blueprint("review", __name__, url_prefix=API)


@blueprint.get("/projects/<int:project_id>/review")
@answers
def get_review(project_id: int) -> ReviewStatus:
    return service.review_status(project_id)


@blueprint.get("/projects/<int:project_id>/review/histogram")
@answers
def get_histogram(project_id: int) -> Histogram:
    return objects.histogram(project_id)


@blueprint.get("/projects/<int:project_id>/review/objects")
@answers
def get_objects(project_id: int) -> BandObjects:
    asked = search.read(asking.ObjectsRequest, request.args)
    return objects.band_objects(project_id, asked.band, label=asked.label, limit=asked.limit,
                                after=asked.after, order=asked.order)


@blueprint.put("/projects/<int:project_id>/review/bands")
@answers
def put_bands(project_id: int) -> MovedBands:
    asked = body(asking.BandsRequest)
    return service.set_edges(project_id, asked.high, asked.medium)


@blueprint.post("/projects/<int:project_id>/review/accept/plan")
@answers
def post_accept_plan(project_id: int) -> AcceptPlan:
    asked = body(asking.AcceptRequest)
    return service.accept_plan(project_id, min_score=asked.min_score, max_score=asked.max_score,
                               nothing_found=asked.nothing_found, task_ids=asked.task_ids,
                               without_rejected=asked.without_rejected, judged=asked.judged)


@blueprint.post("/projects/<int:project_id>/review/accept")
@answers
def post_accept(project_id: int) -> Accepted:
    asked = body(asking.AcceptRequest)
    token, person = acting(asked.token, project_id)
    rights.may_accept(person, project_id, asked.task_ids)
    with access.refused_token():
        return service.accept(project_id, min_score=asked.min_score, max_score=asked.max_score,
                              nothing_found=asked.nothing_found, task_ids=asked.task_ids,
                              without_rejected=asked.without_rejected, judged=asked.judged, token=token)


@blueprint.get("/people/me")
@answers
def get_me() -> Me:
    asks = caller()
    person = asks.person if asks else None
    return Me(id=person.id if person else None, email=person.email if person else None,
              name=person.name if person else None, admin=asks is None or asks.is_admin())


@blueprint.post("/people/me")
@answers
def post_me() -> Person:
    return access.person(body(asking.PersonRequest).token)


@blueprint.post("/projects/<int:project_id>/review/additions/plan")
@answers
def post_additions_plan(project_id: int) -> AdditionsPlan:
    asked = body(asking.AdditionsRequest)
    return service.additions_plan(project_id, min_score=asked.min_score, max_score=asked.max_score)


@blueprint.post("/projects/<int:project_id>/review/additions")
@answers
def post_additions(project_id: int) -> Added:
    asked = body(asking.AdditionsRequest)
    token, person = acting(asked.token, project_id)
    rights.must_manage(person, project_id)
    return service.add_labels(project_id, min_score=asked.min_score, max_score=asked.max_score, token=token)


@blueprint.get("/projects/<int:project_id>/review/acceptances")
@answers
def get_acceptances(project_id: int) -> Acceptances:
    asked = search.read(asking.AcceptancesRequest, request.args)
    projects.require(project_id)
    return Acceptances(acceptances=records.acceptances(project_id, limit=asked.limit))


@blueprint.post("/acceptances/<int:acceptance_id>/undo")
@answers
def post_undo(acceptance_id: int) -> Undone:
    return service.undo(acceptance_id)


@blueprint.post("/projects/<int:project_id>/review/set-aside")
@answers
def post_set_aside(project_id: int) -> SetAside:
    asked = body(asking.SetAsideRequest)
    return set_aside.set_aside(project_id, asked.task, asked.verdict, object_id=asked.object)


@blueprint.post("/projects/<int:project_id>/review/put-back")
@answers
def post_put_back(project_id: int) -> PutBack:
    asked = body(asking.PutBackRequest)
    return set_aside.put_back(project_id, asked.task, object_id=asked.object)


@blueprint.get("/projects/<int:project_id>/review/to-fix")
@answers
def get_to_fix(project_id: int) -> ToFix:
    return to_fix.waiting(project_id)


@blueprint.post("/projects/<int:project_id>/review/views")
@answers
def post_band_views(project_id: int) -> BandViews:
    return BandViews(views=service.make_band_views(project_id))


@blueprint.get("/images/<int:task_id>/crop")
def get_crop(task_id: int) -> Response:
    asked = search.read(asking.CropRequest, request.args)
    data, tag = crops.crop(task_id, crops.corners(asked.box), asked.size, asked.margin)
    response = Response(data, content_type="image/jpeg")
    response.set_etag(tag)
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response.make_conditional(request)  # type: ignore[return-value]
