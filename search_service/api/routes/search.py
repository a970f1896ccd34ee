"""Search by text, by task and by image; views in Label Studio; pictures of tasks."""

from __future__ import annotations

from flask import Blueprint, Response, request

from argus.answers.base import Deleted
from argus.answers.browse import Browsed, Clusters
from argus.answers.search import MadeView, ObjectSearchResult, SearchResult, Views
from argus.errors import ArgusError
from search_service.api.answering import answers
from search_service.api.requests import API
from search_service.api.schemas import search as schemas
from search_service.pictures import thumbnails
from search_service.search import browse, clusters, object_search, search
from search_service.views import search_views

blueprint = Blueprint("search", __name__, url_prefix=API)


@blueprint.get("/projects/<int:project_id>/search")
@answers
def get_search(project_id: int) -> SearchResult:
    asked = schemas.read(schemas.SearchRequest, request.args)
    return search.search(project_id, asked.q, asked.limit, asked.offset, filters=asked.filters())


@blueprint.post("/projects/<int:project_id>/search")
@answers
def post_search(project_id: int) -> SearchResult:
    asked = schemas.read_json(schemas.AskRequest, request.get_data(), request.content_type or "")
    return search.find(project_id, asked.ask(), asked.limit, asked.offset, record=asked.record)


@blueprint.get("/projects/<int:project_id>/browse")
@answers
def get_browse(project_id: int) -> Browsed:
    asked = schemas.read(schemas.BrowseRequest, request.args)
    return browse.browse(project_id, asked.order, asked.filters(), asked.limit, asked.offset, around=asked.around)


@blueprint.get("/projects/<int:project_id>/clusters")
@answers
def get_clusters(project_id: int) -> Clusters:
    return clusters.clusters(project_id, schemas.read(schemas.ClustersRequest, request.args).filters())


@blueprint.get("/projects/<int:project_id>/search/objects")
@answers
def get_search_objects(project_id: int) -> ObjectSearchResult:
    asked = schemas.read(schemas.ObjectSearchRequest, request.args)
    return object_search.find_objects(project_id, asked.ask(), asked.limit, asked.offset)


@blueprint.post("/projects/<int:project_id>/search/objects")
@answers
def post_search_objects(project_id: int) -> ObjectSearchResult:
    asked = schemas.read_json(schemas.ObjectAskRequest, request.get_data(), request.content_type or "")
    return object_search.find_objects(project_id, asked.ask(), asked.limit, asked.offset)


@blueprint.get("/projects/<int:project_id>/tasks/<int:task_id>/similar")
@answers
def get_similar(project_id: int, task_id: int) -> SearchResult:
    asked = schemas.read(schemas.LikeRequest, request.args)
    return search.search_like_task(project_id, task_id, asked.limit, asked.offset, box=asked.corners(),
                                   filters=asked.filters())


@blueprint.post("/projects/<int:project_id>/search/image")
@answers
def post_search_image(project_id: int) -> SearchResult:
    asked = schemas.read(schemas.LikeRequest, request.args)
    if request.mimetype == "multipart/form-data":
        data = file.read() if (file := request.files.get("image")) else b""
    else:
        data = request.get_data()
    if not data:
        raise ArgusError("bad_request", "There is no image in the request.",
                         "Send the file as the body, or as the form field `image`.")
    return search.search_like_image(project_id, data, asked.limit, asked.offset, box=asked.corners(),
                                    filters=asked.filters())


@blueprint.post("/projects/<int:project_id>/views")
@answers
def post_view(project_id: int) -> tuple[MadeView, int, dict[str, str]]:
    asked = schemas.read_json(schemas.ViewRequest, request.get_data(), request.content_type or "")
    made = search_views.make(project_id, asked.title, asked.ask(), asked.task_ids, asked.limit, asked.relevance)
    return made, 201, {}


@blueprint.get("/projects/<int:project_id>/views")
@answers
def get_views(project_id: int) -> Views:
    return Views(views=search_views.listing(project_id))


@blueprint.delete("/projects/<int:project_id>/views/<int:view_id>")
@answers
def delete_view(project_id: int, view_id: int) -> Deleted:
    return Deleted(deleted=search_views.remove(project_id, view_id))


@blueprint.post("/projects/<int:project_id>/views/<int:view_id>/refresh")
@answers
def post_refresh(project_id: int, view_id: int) -> MadeView:
    return search_views.refresh(project_id, view_id)


@blueprint.get("/images/<int:task_id>")
def get_image(task_id: int) -> Response:
    asked = schemas.read(schemas.ThumbnailRequest, request.args)
    data, tag = thumbnails.thumbnail(task_id, asked.size)
    response = Response(data, content_type="image/jpeg")
    response.set_etag(tag)
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response.make_conditional(request)  # type: ignore[return-value]
