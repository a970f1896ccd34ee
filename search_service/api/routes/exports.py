"""Exports made in the background, to be downloaded when they are done."""

from __future__ import annotations

from flask import Blueprint, Response, request, send_file

from argus.answers.export import Export, ExportPreview, Exports
from argus.answers.splits import Divisions
from label_studio_config import projects
from search_service.api.answering import answers
from search_service.api.requests import API
from search_service.api.schemas import search
from search_service.api.schemas.setup import ExportJobRequest, SplitsRequest
from search_service.export import divisions, jobs

blueprint = Blueprint("exports", __name__, url_prefix=API)


def _asked() -> ExportJobRequest:
    return search.read_json(ExportJobRequest, request.get_data(), request.content_type or "")


@blueprint.post("/projects/<int:project_id>/exports/preview")
@answers
def post_export_preview(project_id: int) -> ExportPreview:
    asked = _asked()
    return jobs.preview(project_id, source=asked.source, splits=asked.splits)


@blueprint.post("/projects/<int:project_id>/exports")
@answers
def post_export_job(project_id: int) -> tuple[Export, int, dict[str, str]]:
    asked = _asked()
    made = jobs.start(project_id, format=asked.format, source=asked.source, masks=asked.masks, images=asked.images,
                      splits=asked.splits, leak_report=asked.leak_report, note=asked.note, licence=asked.licence)
    return made, 201, {"Location": f"{API}/exports/{made.id}"}


@blueprint.get("/projects/<int:project_id>/exports")
@answers
def list_exports(project_id: int) -> Exports:
    projects.require(project_id)
    return Exports(exports=jobs.listing(project_id))


@blueprint.get("/projects/<int:project_id>/splits")
@answers
def get_splits(project_id: int) -> Divisions:
    return divisions.listing(project_id)


@blueprint.post("/projects/<int:project_id>/splits/lock")
@answers
def post_splits_lock(project_id: int) -> Divisions:
    return divisions.lock(project_id, _splits_asked())


@blueprint.post("/projects/<int:project_id>/splits/unlock")
@answers
def post_splits_unlock(project_id: int) -> Divisions:
    return divisions.unlock(project_id)


@blueprint.post("/projects/<int:project_id>/splits/reset")
@answers
def post_splits_reset(project_id: int) -> Divisions:
    return divisions.reset(project_id, _splits_asked())


def _splits_asked() -> str:
    return search.read_json(SplitsRequest, request.get_data(), request.content_type or "").splits


@blueprint.get("/exports/<int:export_id>")
@answers
def get_export(export_id: int) -> Export:
    return jobs.describe(export_id)


@blueprint.delete("/exports/<int:export_id>")
@answers
def delete_export(export_id: int) -> Export:
    return jobs.remove(export_id)


@blueprint.get("/exports/<int:export_id>/file")
def get_export_file(export_id: int) -> Response:
    path, name = jobs.archive(export_id)
    return send_file(path, mimetype="application/zip", as_attachment=True, download_name=name, conditional=True)
