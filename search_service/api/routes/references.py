"""Labels that are looked for by reference regions. The work is `search_service.references`'s."""

from __future__ import annotations

from flask import Blueprint, Response, request

from argus import audit
from argus.answers.references import References
from search_service.api.answering import answers
from search_service.api.requests import API, body
from search_service.api.schemas import references as asking
from search_service.api.schemas import search
from search_service.references import service

blueprint = Blueprint("references", __name__, url_prefix=API)


@blueprint.get("/projects/<int:project_id>/references")
@answers
def get_references(project_id: int) -> References:
    return service.show(project_id)


@blueprint.post("/projects/<int:project_id>/references")
@answers
def post_reference(project_id: int) -> References:
    asked = body(asking.ReferenceRequest)
    return service.add(project_id, asked.label, service.region_of(project_id, asked.task, asked.box, asked.object),
                       end_samples=asked.end_samples)


@blueprint.delete("/projects/<int:project_id>/references/<int:reference_id>")
@answers
def delete_reference(project_id: int, reference_id: int) -> References:
    audit.about(f"reference {reference_id}")
    asked = search.read(asking.RemoveReferenceRequest, request.args)
    return service.remove(project_id, reference_id, end_samples=asked.end_samples)


@blueprint.get("/projects/<int:project_id>/references/<int:reference_id>/picture")
def get_picture(project_id: int, reference_id: int) -> Response:
    response = Response(service.picture(project_id, reference_id), content_type="image/jpeg")
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response
