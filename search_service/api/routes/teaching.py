"""Labels that are taught by examples. The work is `search_service.review.teaching`'s."""

from __future__ import annotations

from flask import Blueprint, request

from argus.answers.teaching import LabelTeaching, Teaching, TeachMe
from search_service.api.answering import answers
from search_service.api.requests import API, body
from search_service.api.schemas import search
from search_service.api.schemas import teaching as asking
from search_service.review.teaching import service, teach_me

blueprint = Blueprint("teaching", __name__, url_prefix=API)


@blueprint.get("/projects/<int:project_id>/teaching")
@answers
def get_teaching(project_id: int) -> Teaching:
    return service.overview(project_id)


@blueprint.get("/projects/<int:project_id>/teaching/label")
@answers
def get_label(project_id: int) -> LabelTeaching:
    return service.show(project_id, search.read(asking.TaughtLabelRequest, request.args).label)


@blueprint.get("/projects/<int:project_id>/teaching/next")
@answers
def get_next(project_id: int) -> TeachMe:
    asked = search.read(asking.TeachMeRequest, request.args)
    return teach_me.next_objects(project_id, asked.label, asked.limit)


@blueprint.post("/projects/<int:project_id>/teaching/use")
@answers
def post_use(project_id: int) -> LabelTeaching:
    asked = body(asking.UseVerifierRequest)
    return service.use(project_id, asked.label, asked.key, end_samples=asked.end_samples)


@blueprint.post("/projects/<int:project_id>/teaching/off")
@answers
def post_off(project_id: int) -> LabelTeaching:
    asked = body(asking.SwitchOffRequest)
    return service.switch_off(project_id, asked.label, end_samples=asked.end_samples)
