"""Runs: SAM 3 on selected tasks. The work is `ml_backend.runs`'; here it is only asked for."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request

from search_service import requests, selection
from search_service.routes import API

blueprint = Blueprint("runs", __name__, url_prefix=API)


@blueprint.post("/projects/<int:project_id>/runs")
def post_run(project_id: int) -> tuple[dict[str, Any], int, dict[str, str]]:
    asked = requests.read_json(requests.RunRequest, request.get_data(), request.content_type or "")
    run_id = selection.start_run(project_id, asked)
    return {"id": run_id, **selection.runs().run_progress(run_id)}, 201, {"Location": f"{API}/runs/{run_id}"}


@blueprint.post("/projects/<int:project_id>/runs/estimate")
def post_estimate(project_id: int) -> dict[str, Any]:
    asked = requests.read_json(requests.RunRequest, request.get_data(), request.content_type or "")
    return selection.estimate_run(project_id, asked)


@blueprint.get("/projects/<int:project_id>/runs")
def get_runs(project_id: int) -> dict[str, Any]:
    return {"runs": selection.runs().list_runs(project_id)}


@blueprint.get("/runs/<int:run_id>")
def get_run(run_id: int) -> dict[str, Any]:
    return {"id": run_id, **selection.runs().run_progress(run_id)}


@blueprint.post("/runs/<int:run_id>/cancel")
def post_cancel(run_id: int) -> dict[str, Any]:
    selection.runs().cancel_run(run_id)
    return get_run(run_id)


@blueprint.post("/runs/<int:run_id>/resume")
def post_resume(run_id: int) -> dict[str, Any]:
    selection.runs().resume_run(run_id)
    return get_run(run_id)


@blueprint.post("/runs/<int:run_id>/retry")
def post_retry(run_id: int) -> dict[str, Any]:
    selection.runs().retry_failed(run_id)
    return get_run(run_id)
