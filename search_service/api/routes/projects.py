"""Projects, how far their images are embedded, and what was searched in them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from label_studio_config import projects
from search_service.api import rights
from search_service.api.caller import caller, mine
from search_service.api.requests import API
from search_service.api.schemas import search as schemas
from search_service.embedding import scheduling
from search_service.projects import describe
from search_service.search import history, search
from search_service.sync import progress, tasks

blueprint = Blueprint("projects", __name__, url_prefix=API)


@blueprint.get("/projects")
def list_projects() -> dict[str, Any]:
    return {"projects": mine(describe.list_projects())}


@blueprint.get("/projects/<int:project_id>")
def get_project(project_id: int) -> dict[str, Any]:
    return describe.describe(project_id)


@blueprint.post("/projects/<int:project_id>/sync")
def post_sync(project_id: int) -> dict[str, Any]:
    report = tasks.sync_project(project_id)
    return {"created": report.created, "changed": report.changed, "deleted": report.deleted,
            "sync": progress.sync_progress(project_id)}


@blueprint.post("/projects/<int:project_id>/retry")
def post_retry(project_id: int) -> dict[str, Any]:
    projects.require(project_id)
    return {"retried": scheduling.retry_failed(project_id)}


@blueprint.get("/projects/<int:project_id>/searches")
def get_history(project_id: int) -> dict[str, Any]:
    asked = schemas.read(schemas.HistoryRequest, request.args)
    projects.require(project_id)
    return {"searches": history.history(project_id, asked.limit)}


@blueprint.delete("/projects/<int:project_id>/searches")
def delete_history(project_id: int) -> dict[str, Any]:
    return {"deleted": history.forget(project_id, person=rights.whose(caller(), project_id))}


@blueprint.delete("/projects/<int:project_id>/searches/<int:search_id>")
def delete_search(project_id: int, search_id: int) -> dict[str, Any]:
    return {"deleted": history.forget(project_id, search_id, person=rights.whose(caller(), project_id))}


@blueprint.post("/projects/<int:project_id>/searches/<int:search_id>/repeat")
def post_repeat(project_id: int, search_id: int) -> dict[str, Any]:
    asked = schemas.read(schemas.PageRequest, request.args)
    return search.find(project_id, history.recall(project_id, search_id), asked.limit, asked.offset).to_json()
