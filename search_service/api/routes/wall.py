"""The objects of a label over all bands, and one verdict on many of them."""

from __future__ import annotations

from flask import Blueprint, request

from argus.answers.review import Wall, WallJudged, WallTakenBack
from search_service.api.answering import answers
from search_service.api.requests import API, body
from search_service.api.schemas import search
from search_service.api.schemas import wall as asking
from search_service.review import wall

blueprint = Blueprint("wall", __name__, url_prefix=API)


@blueprint.get("/projects/<int:project_id>/review/wall")
@answers
def get_wall(project_id: int) -> Wall:
    asked = search.read(asking.WallRequest, request.args)
    return wall.page(project_id, label=asked.label, limit=asked.limit, after=asked.after, order=asked.order)


@blueprint.post("/projects/<int:project_id>/review/wall/verdicts")
@answers
def post_verdicts(project_id: int) -> WallJudged:
    asked = body(asking.WallJudgeRequest)
    return wall.judge(project_id, asked.verdict, [(one.task, one.object) for one in asked.objects], asked.label)


@blueprint.post("/projects/<int:project_id>/review/wall/take-back")
@answers
def post_take_back(project_id: int) -> WallTakenBack:
    return wall.take_back(project_id, body(asking.WallTakeBackRequest).verdicts)
