"""Review by confidence, and export. The work is `ml_backend.review`'s and `argus.export`'s."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request, send_file

from search_service import downloads, requests, selection, sync
from search_service.routes import API

blueprint = Blueprint("review", __name__, url_prefix=API)


@blueprint.get("/projects/<int:project_id>/review")
def get_review(project_id: int) -> Any:
    return selection.review().review_status(project_id)


@blueprint.post("/projects/<int:project_id>/review/accept")
def post_accept(project_id: int) -> Any:
    asked = requests.read_json(requests.AcceptRequest, request.get_data(), request.content_type or "")
    return selection.review().accept(project_id, min_score=asked.min_score, max_score=asked.max_score,
                                     nothing_found=asked.nothing_found)


@blueprint.post("/projects/<int:project_id>/review/views")
def post_band_views(project_id: int) -> Any:
    return {"views": selection.review().make_band_views(project_id)}


@blueprint.post("/projects/<int:project_id>/export")
def post_export(project_id: int) -> Response:
    asked = requests.read_json(requests.ExportRequest, request.get_data(), request.content_type or "")
    sync.sync_progress(project_id)
    archive = downloads.export_archive(project_id, asked.format)
    return send_file(archive, mimetype="application/zip", as_attachment=True,
                     download_name=f"project-{project_id}-{asked.format}.zip")
