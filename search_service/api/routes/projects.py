"""Projects, how far their images are embedded, and what was searched in them."""

from __future__ import annotations

from flask import Blueprint, request

from argus.answers.base import Deleted
from argus.answers.home import ProjectHome
from argus.answers.projects import Project, Projects, Retried, SyncReport
from argus.answers.search import History, SearchResult
from label_studio_config import projects
from search_service.api import rights
from search_service.api.answering import answers
from search_service.api.caller import caller, mine
from search_service.api.requests import API
from search_service.api.schemas import search as schemas
from search_service.embedding import scheduling
from search_service.projects import describe, home
from search_service.search import history, search
from search_service.sync import progress, tasks

blueprint = Blueprint("projects", __name__, url_prefix=API)


@blueprint.get("/projects")
@answers
def list_projects() -> Projects:
    return Projects(projects=mine(describe.list_projects()))


@blueprint.get("/projects/<int:project_id>")
@answers
def get_project(project_id: int) -> Project:
    return describe.describe(project_id)


@blueprint.get("/projects/<int:project_id>/home")
@answers
def get_home(project_id: int) -> ProjectHome:
    return home.project_home(project_id)


@blueprint.post("/projects/<int:project_id>/sync")
@answers
def post_sync(project_id: int) -> SyncReport:
    report = tasks.sync_project(project_id)
    return SyncReport(created=report.created, changed=report.changed, deleted=report.deleted,
                      sync=progress.sync_progress(project_id))


@blueprint.post("/projects/<int:project_id>/retry")
@answers
def post_retry(project_id: int) -> Retried:
    projects.require(project_id)
    return Retried(retried=scheduling.retry_failed(project_id))


@blueprint.get("/projects/<int:project_id>/searches")
@answers
def get_history(project_id: int) -> History:
    asked = schemas.read(schemas.HistoryRequest, request.args)
    projects.require(project_id)
    return History(searches=history.history(project_id, asked.limit))


@blueprint.delete("/projects/<int:project_id>/searches")
@answers
def delete_history(project_id: int) -> Deleted:
    return Deleted(deleted=history.forget(project_id, person=rights.whose(caller(), project_id)))


@blueprint.delete("/projects/<int:project_id>/searches/<int:search_id>")
@answers
def delete_search(project_id: int, search_id: int) -> Deleted:
    return Deleted(deleted=history.forget(project_id, search_id, person=rights.whose(caller(), project_id)))


@blueprint.post("/projects/<int:project_id>/searches/<int:search_id>/repeat")
@answers
def post_repeat(project_id: int, search_id: int) -> SearchResult:
    asked = schemas.read(schemas.PageRequest, request.args)
    return search.find(project_id, history.recall(project_id, search_id), asked.limit, asked.offset)
