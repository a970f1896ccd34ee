"""Imports of labels. The work is `search_service.label_import.service`'s."""

from __future__ import annotations

from flask import Blueprint

from argus.answers.label_import import LabelImports, LabelImportUndone
from label_studio_config import projects
from search_service.api.answering import answers
from search_service.api.requests import API
from search_service.label_import import service

blueprint = Blueprint("label_imports", __name__, url_prefix=API)


@blueprint.get("/projects/<int:project_id>/label-imports")
@answers
def list_label_imports(project_id: int) -> LabelImports:
    projects.require(project_id)
    return service.listing(project_id)


@blueprint.post("/label-imports/<int:import_id>/undo")
@answers
def post_undo(import_id: int) -> LabelImportUndone:
    return service.undo(import_id)
