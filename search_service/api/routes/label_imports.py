"""Imports of labels. The work is `search_service.label_import`'s."""

from __future__ import annotations

from flask import Blueprint, request

from argus.answers.label_import import LabelImportJob, LabelImports, PlannedLabelImport
from label_studio_config import projects
from search_service.api.answering import answers
from search_service.api.caller import caller
from search_service.api.requests import API
from search_service.api.schemas import search
from search_service.api.schemas.setup import LabelImportRequest
from search_service.label_import import jobs
from search_service.uploads.service import Owner

blueprint = Blueprint("label_imports", __name__, url_prefix=API)


@blueprint.get("/projects/<int:project_id>/label-imports")
@answers
def list_label_imports(project_id: int) -> LabelImports:
    projects.require(project_id)
    return jobs.listing(project_id)


@blueprint.post("/projects/<int:project_id>/label-imports")
@answers
def post_label_import(project_id: int) -> tuple[LabelImportJob, int, dict[str, str]]:
    asked, asks = search.read_json(LabelImportRequest, request.get_data(), request.content_type or ""), caller()
    owner = Owner(project_id, asks.person.id if asks else None)
    made = jobs.ask(owner, asked.upload, taken=asked.taken, model_version=asked.model_version, images=asked.images,
                    keep_splits=asked.keep_splits)
    return made, 201, {"Location": f"{API}/projects/{project_id}/label-imports/jobs/{made.id}"}


@blueprint.get("/projects/<int:project_id>/label-imports/jobs/<int:label_job_id>")
@answers
def get_label_import(project_id: int, label_job_id: int) -> PlannedLabelImport:
    return jobs.describe(project_id, label_job_id)


@blueprint.post("/projects/<int:project_id>/label-imports/jobs/<int:label_job_id>/start")
@answers
def post_start(project_id: int, label_job_id: int) -> LabelImportJob:
    return jobs.start(project_id, label_job_id)


@blueprint.delete("/projects/<int:project_id>/label-imports/jobs/<int:label_job_id>")
@answers
def delete_label_import(project_id: int, label_job_id: int) -> LabelImportJob:
    return jobs.cancel(project_id, label_job_id)


@blueprint.post("/label-imports/<int:import_id>/undo")
@answers
def post_undo(import_id: int) -> tuple[LabelImportJob, int, dict[str, str]]:
    asked = jobs.undo(import_id)
    return asked, 202, {"Location": f"{API}/projects/{asked.project}/label-imports/jobs/{asked.id}"}
