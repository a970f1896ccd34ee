"""The page, the health check and the description of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, request, send_from_directory

from argus import __version__
from argus.answers.service import Health
from argus.web import server_state
from argus.web.metrics_endpoint import CONTENT_TYPE, exposition
from search_service.api.answering import answers
from search_service.api.page_files import KEPT, WEB, PageFiles
from search_service.api.requests import API
from search_service.vectors import filter_memory

if TYPE_CHECKING:
    from search_service.api.openapi import Document

blueprint = Blueprint("page", __name__)
files = PageFiles()


@blueprint.get("/")
def get_page() -> Response:
    response = Response(files.document(), content_type="text/html; charset=utf-8")
    response.headers["Cache-Control"] = "no-cache"
    response.add_etag()
    response.make_conditional(request)
    return response


@blueprint.get("/web/<digest:digest>/<path:name>")
def get_kept_asset(digest: str, name: str) -> Response:
    """Another version's digest gets the present file, which nobody keeps: the page's next load asks for its own."""
    response = send_from_directory(WEB, name)
    if files.holds(digest, name):
        response.headers["Cache-Control"] = KEPT
    return response


@blueprint.get("/web/<path:name>")
def get_asset(name: str) -> Response:
    return send_from_directory(WEB, name)


@blueprint.get("/health")
@answers
def get_health() -> Health:
    refused = server_state.codes()
    return Health(status="limited" if refused else "ok", service="search-service", version=__version__, refused=refused,
                  search_memory=filter_memory.get_memory().state())


@blueprint.get("/metrics")
def get_metrics() -> Response:
    return Response(exposition(), content_type=CONTENT_TYPE)


@blueprint.get("/openapi.json")
@blueprint.get(f"{API}/openapi.json")
def get_openapi() -> Document:
    return _document()


@blueprint.get("/docs")
def get_docs() -> Response:
    from search_service.api.docs_page import page

    return Response(page(_document(), request.host_url.rstrip("/")), content_type="text/html; charset=utf-8")


def _document() -> Document:
    """Return the description of the API. What it is made of, an example of every answer, is loaded with the first."""
    from search_service.api.openapi import document

    return document()
