"""Versions of a project's dataset. The work is `search_service.export.versions.service`'s."""

from __future__ import annotations

from flask import Blueprint, request

from argus.answers.versions import Version, VersionDeleted, VersionDiff, Versions
from label_studio_config import projects
from search_service.api.answering import answers
from search_service.api.requests import API
from search_service.api.schemas import search
from search_service.api.schemas.setup import VersionDiffRequest
from search_service.export.versions import service

blueprint = Blueprint("versions", __name__, url_prefix=API)


@blueprint.get("/projects/<int:project_id>/versions")
@answers
def list_versions(project_id: int) -> Versions:
    projects.require(project_id)
    return service.listing(project_id)


@blueprint.get("/projects/<int:project_id>/versions/<int:version>")
@answers
def get_version(project_id: int, version: int) -> Version:
    return service.describe(project_id, version)


@blueprint.get("/projects/<int:project_id>/versions/<int:version>/diff")
@answers
def get_version_diff(project_id: int, version: int) -> VersionDiff:
    asked = search.read(VersionDiffRequest, request.args)
    return service.compare(project_id, asked.before, version, after_task=asked.after_task, limit=asked.limit)


@blueprint.post("/projects/<int:project_id>/versions/<int:version>/lock")
@answers
def post_version_lock(project_id: int, version: int) -> Version:
    return service.lock(project_id, version)


@blueprint.delete("/projects/<int:project_id>/versions/<int:version>")
@answers
def delete_version(project_id: int, version: int) -> VersionDeleted:
    return service.delete(project_id, version)
