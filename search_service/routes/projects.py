"""Projects, how far their images are embedded, and what was searched in them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from search_service import history, projects, requests, rights, search, sync
from search_service.routes import API
from search_service.routes.caller import caller, mine

blueprint = Blueprint("projects", __name__, url_prefix=API)


@blueprint.get("/projects")
def list_projects() -> dict[str, Any]:
    return {"projects": mine(projects.list_projects())}


@blueprint.get("/projects/<int:project_id>")
def get_project(project_id: int) -> dict[str, Any]:
    return projects.describe(project_id)


@blueprint.post("/projects/<int:project_id>/sync")
def post_sync(project_id: int) -> dict[str, Any]:
    report = sync.sync_project(project_id)
    return {"created": report.created, "changed": report.changed, "deleted": report.deleted,
            "sync": sync.sync_progress(project_id)}


@blueprint.post("/projects/<int:project_id>/retry")
def post_retry(project_id: int) -> dict[str, Any]:
    sync.sync_progress(project_id)
    return {"retried": sync.retry_failed(project_id)}


@blueprint.get("/projects/<int:project_id>/searches")
def get_history(project_id: int) -> dict[str, Any]:
    asked = requests.read(requests.HistoryRequest, request.args)
    sync.sync_progress(project_id)
    return {"searches": history.history(project_id, asked.limit)}


@blueprint.delete("/projects/<int:project_id>/searches")
def delete_history(project_id: int) -> dict[str, Any]:
    return {"deleted": history.forget(project_id, person=rights.whose(caller(), project_id))}


@blueprint.delete("/projects/<int:project_id>/searches/<int:search_id>")
def delete_search(project_id: int, search_id: int) -> dict[str, Any]:
    return {"deleted": history.forget(project_id, search_id, person=rights.whose(caller(), project_id))}


@blueprint.post("/projects/<int:project_id>/searches/<int:search_id>/repeat")
def post_repeat(project_id: int, search_id: int) -> dict[str, Any]:
    asked = requests.read(requests.PageRequest, request.args)
    return search.find(project_id, history.recall(project_id, search_id), asked.limit, asked.offset).to_json()
