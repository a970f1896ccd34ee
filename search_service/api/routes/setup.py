"""Connecting projects, and how the parts are."""

from __future__ import annotations

from flask import Blueprint, request

from argus import audit
from argus.answers.health import Findings, Status
from argus.answers.projects import Connection, Disconnected, LabelStudioProjects
from argus.labelstudio import get_label_studio
from label_studio_config import connect as setup
from ml_backend.runs import prompt_reading
from search_service.api import rights
from search_service.api.answering import answers
from search_service.api.caller import caller, mine
from search_service.api.requests import API
from search_service.api.schemas import search
from search_service.api.schemas import setup as schemas
from search_service.health import status
from search_service.projects import describe, disconnect

blueprint = Blueprint("setup", __name__, url_prefix=API)


@blueprint.get("/status")
@answers
def get_status() -> Status:
    asks = caller()
    return status.status(asks.visible() if asks else None)


@blueprint.get("/doctor")
@answers
def get_doctor() -> Findings:
    project_id, asks = search.read(schemas.DoctorRequest, request.args).project, caller()
    if asks and project_id is not None:
        asks.check(project_id)
    return status.doctor(project_id, asks.visible() if asks else None)


@blueprint.get("/label-studio/projects")
@answers
def list_label_studio_projects() -> LabelStudioProjects:
    return LabelStudioProjects(projects=mine(describe.list_label_studio_projects()))


@blueprint.post("/label-studio/connect")
@answers
def post_connect() -> Connection:
    asked = search.read_json(schemas.ConnectRequest, request.get_data(), request.content_type or "")
    if asked.dry_run:
        audit.nothing_changes()
    asks, ls = caller(), get_label_studio()
    if asks and asked.project is not None:
        asks.check(asked.project)
        rights.must_manage(asks, asked.project)
    elif asks:
        ls = rights.makes_projects(asks)
    report = setup.connect(ls, asked.project, title=asked.title, labels=asked.labels, masks=asked.masks,
                           dry_run=asked.dry_run)
    report.warnings += prompt_reading.warnings(report.prompts)
    audit.about(project=report.project_id)
    return report.answer()


@blueprint.post("/projects/<int:project_id>/disconnect")
@answers
def post_disconnect(project_id: int) -> Disconnected:
    return Disconnected(removed=disconnect.disconnect(get_label_studio(), project_id))
