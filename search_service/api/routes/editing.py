"""Editing a picture: what a click finds, saving the annotation, taking that back."""

from __future__ import annotations

from flask import Blueprint

from argus.answers.editing import Edited, EditUndone, Segment
from search_service.api import access
from search_service.api.answering import answers
from search_service.api.caller import acting
from search_service.api.requests import API, body
from search_service.api.schemas import editing as asking
from search_service.editing import segments, service

blueprint = Blueprint("editing", __name__, url_prefix=API)


@blueprint.put("/projects/<int:project_id>/tasks/<int:task_id>/annotation")
@answers
def put_annotation(project_id: int, task_id: int) -> Edited:
    asked = body(asking.EditRequest)
    token, _ = acting(asked.token, project_id)
    with access.refused_token():
        return service.save(project_id, task_id, asked.edit(task_id), token=token)


@blueprint.post("/edits/<int:edit_id>/undo")
@answers
def post_undo(edit_id: int) -> EditUndone:
    return service.undo(edit_id)


@blueprint.post("/projects/<int:project_id>/tasks/<int:task_id>/segment")
@answers
def post_segment(project_id: int, task_id: int) -> Segment:
    asked = body(asking.SegmentRequest)
    return segments.find(project_id, task_id, [segments.Point(p.x, p.y, p.positive) for p in asked.points],
                         asked.label, asked.existing)
