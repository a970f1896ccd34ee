"""One task with everything known of it, and the videos that frames come from."""

from __future__ import annotations

from flask import Blueprint, request

from argus.answers.projects import Videos
from argus.answers.tasks import Boxes, Neighbours, Task
from label_studio_config import projects
from search_service.api.answering import answers
from search_service.api.requests import API
from search_service.api.schemas import search
from search_service.api.schemas.tasks import BoxesRequest, NeighboursRequest
from search_service.pictures import boxes, neighbours, store, task_details
from search_service.sync import videos

blueprint = Blueprint("tasks", __name__, url_prefix=API)


@blueprint.get("/projects/<int:project_id>/tasks/<int:task_id>")
@answers
def get_task(project_id: int, task_id: int) -> Task:
    return task_details.describe_task(project_id, task_id)


@blueprint.get("/projects/<int:project_id>/tasks/<int:task_id>/neighbours")
@answers
def get_neighbours(project_id: int, task_id: int) -> Neighbours:
    return neighbours.around(project_id, task_id, search.read(NeighboursRequest, request.args).each)


@blueprint.get("/projects/<int:project_id>/boxes")
@answers
def get_boxes(project_id: int) -> Boxes:
    return boxes.on_tasks(project_id, search.read(BoxesRequest, request.args).ids())


@blueprint.get("/projects/<int:project_id>/videos")
@answers
def get_videos(project_id: int) -> Videos:
    projects.require(project_id)
    return Videos(videos=videos.list_videos(project_id), captured=store.captured_between(project_id))
