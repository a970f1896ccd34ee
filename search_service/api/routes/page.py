"""The page, the health check and the description of the API."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response, request, send_from_directory

from argus import __version__
from argus.answers.service import Health
from argus.web import server_state
from argus.web.metrics_endpoint import CONTENT_TYPE, exposition
from search_service.api.answering import answers
from search_service.api.docs_page import page
from search_service.api.openapi import Document, document
from search_service.api.requests import API
from search_service.vectors import filter_memory

blueprint = Blueprint("page", __name__)
WEB = Path(__file__).parents[2] / "web"


@blueprint.get("/")
def get_page() -> Response:
    return send_from_directory(WEB, "index.html")


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
    return document()


@blueprint.get("/docs")
def get_docs() -> Response:
    return Response(page(document(), request.host_url.rstrip("/")), content_type="text/html; charset=utf-8")
