"""Search by text, by task and by image; views in Label Studio; pictures of tasks."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from argus.errors import ArgusError
from search_service.api.requests import API
from search_service.api.schemas import search as schemas
from search_service.pictures import thumbnails
from search_service.search import search
from search_service.views import search_views

blueprint = Blueprint("search", __name__, url_prefix=API)


@blueprint.get("/projects/<int:project_id>/search")
def get_search(project_id: int) -> dict[str, Any]:
    asked = schemas.read(schemas.SearchRequest, request.args)
    return search.search(project_id, asked.q, asked.limit, asked.offset, filters=asked.filters()).to_json()


@blueprint.post("/projects/<int:project_id>/search")
def post_search(project_id: int) -> dict[str, Any]:
    asked = schemas.read_json(schemas.AskRequest, request.get_data(), request.content_type or "")
    return search.find(project_id, asked.ask(), asked.limit, asked.offset, record=asked.record).to_json()


@blueprint.get("/projects/<int:project_id>/tasks/<int:task_id>/similar")
def get_similar(project_id: int, task_id: int) -> dict[str, Any]:
    asked = schemas.read(schemas.LikeRequest, request.args)
    return search.search_like_task(project_id, task_id, asked.limit, asked.offset, box=asked.corners(),
                                   filters=asked.filters()).to_json()


@blueprint.post("/projects/<int:project_id>/search/image")
def post_search_image(project_id: int) -> dict[str, Any]:
    asked = schemas.read(schemas.LikeRequest, request.args)
    if request.mimetype == "multipart/form-data":
        data = file.read() if (file := request.files.get("image")) else b""
    else:
        data = request.get_data()
    if not data:
        raise ArgusError("bad_request", "There is no image in the request.",
                         "Send the file as the body, or as the form field `image`.")
    return search.search_like_image(project_id, data, asked.limit, asked.offset, box=asked.corners(),
                                    filters=asked.filters()).to_json()


@blueprint.post("/projects/<int:project_id>/views")
def post_view(project_id: int) -> tuple[dict[str, Any], int]:
    asked = schemas.read_json(schemas.ViewRequest, request.get_data(), request.content_type or "")
    return search_views.make(project_id, asked.title, asked.ask(), asked.task_ids, asked.limit, asked.relevance), 201


@blueprint.get("/projects/<int:project_id>/views")
def get_views(project_id: int) -> dict[str, Any]:
    return {"views": search_views.listing(project_id)}


@blueprint.delete("/projects/<int:project_id>/views/<int:view_id>")
def delete_view(project_id: int, view_id: int) -> dict[str, Any]:
    return {"deleted": search_views.remove(project_id, view_id)}


@blueprint.post("/projects/<int:project_id>/views/<int:view_id>/refresh")
def post_refresh(project_id: int, view_id: int) -> dict[str, Any]:
    return search_views.refresh(project_id, view_id)


@blueprint.get("/images/<int:task_id>")
def get_image(task_id: int) -> Response:
    asked = schemas.read(schemas.ThumbnailRequest, request.args)
    data, tag = thumbnails.thumbnail(task_id, asked.size)
    response = Response(data, content_type="image/jpeg")
    response.set_etag(tag)
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response.make_conditional(request)  # type: ignore[return-value]
