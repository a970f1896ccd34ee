"""Exports made in the background, to be downloaded when they are done."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request, send_file

from label_studio_config import projects
from search_service.api.requests import API
from search_service.api.schemas import search
from search_service.api.schemas.setup import ExportJobRequest
from search_service.export import jobs

blueprint = Blueprint("exports", __name__, url_prefix=API)


def _asked() -> ExportJobRequest:
    return search.read_json(ExportJobRequest, request.get_data(), request.content_type or "")


@blueprint.post("/projects/<int:project_id>/exports/preview")
def post_export_preview(project_id: int) -> dict[str, Any]:
    asked = _asked()
    return jobs.preview(project_id, source=asked.source, splits=asked.splits)


@blueprint.post("/projects/<int:project_id>/exports")
def post_export_job(project_id: int) -> tuple[dict[str, Any], int, dict[str, str]]:
    asked = _asked()
    made = jobs.start(project_id, format=asked.format, source=asked.source, masks=asked.masks, images=asked.images,
                         splits=asked.splits)
    return made, 201, {"Location": f"{API}/exports/{made['id']}"}


@blueprint.get("/projects/<int:project_id>/exports")
def list_exports(project_id: int) -> dict[str, Any]:
    projects.require(project_id)
    return {"exports": jobs.listing(project_id)}


@blueprint.get("/exports/<int:export_id>")
def get_export(export_id: int) -> dict[str, Any]:
    return jobs.describe(export_id)


@blueprint.delete("/exports/<int:export_id>")
def delete_export(export_id: int) -> dict[str, Any]:
    return jobs.remove(export_id)


@blueprint.get("/exports/<int:export_id>/file")
def get_export_file(export_id: int) -> Response:
    path, name = jobs.archive(export_id)
    return send_file(path, mimetype="application/zip", as_attachment=True, download_name=name, conditional=True)
