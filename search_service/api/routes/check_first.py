"""Check first: suspicions and their answers. The work is `search_service.review.check_first`'s."""

from __future__ import annotations

from flask import Blueprint, request

from argus.answers.check_first import Answered, CheckFirst, CheckFirstKinds, Decided, SuspicionWall
from search_service.api.answering import answers
from search_service.api.requests import API, body
from search_service.api.schemas import check_first as asking
from search_service.api.schemas import search
from search_service.review import check_first

blueprint = Blueprint("check_first", __name__, url_prefix=API)


@blueprint.get("/projects/<int:project_id>/review/check-first")
@answers
def get_check_first(project_id: int) -> CheckFirst:
    asked = search.read(asking.CheckFirstRequest, request.args)
    return check_first.listing(project_id, limit=asked.limit, after=asked.after)


@blueprint.post("/projects/<int:project_id>/review/check-first")
@answers
def post_answer(project_id: int) -> Decided:
    asked = body(asking.SuspicionAnswer)
    return check_first.decide(project_id, asked.suspicion, asked.verdict, label=asked.label, box=asked.box)


@blueprint.get("/projects/<int:project_id>/review/check-first/wall")
@answers
def get_wall(project_id: int) -> SuspicionWall:
    return check_first.at_once(project_id, limit=search.read(asking.SuspicionWallRequest, request.args).limit)


@blueprint.post("/projects/<int:project_id>/review/check-first/answers")
@answers
def post_answers(project_id: int) -> Answered:
    return check_first.decide_all(project_id, [(one.suspicion, one.verdict)
                                               for one in body(asking.SuspicionAnswers).answers])


@blueprint.post("/projects/<int:project_id>/review/check-first/undo")
@answers
def post_undo(project_id: int) -> Decided:
    return check_first.undo(project_id, body(asking.SuspicionUndo).suspicion)


@blueprint.put("/projects/<int:project_id>/review/check-first/kinds")
@answers
def put_kinds(project_id: int) -> CheckFirstKinds:
    return check_first.set_kinds(project_id, body(asking.CheckFirstKindsRequest).on)
