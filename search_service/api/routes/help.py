"""The help pages, which `scripts/build_help.py` makes from docs/."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response, redirect, send_from_directory
from werkzeug.wrappers import Response as Redirect

from argus.errors import ArgusError
from search_service.api import csp

blueprint = Blueprint("help", __name__)
PAGES = Path(__file__).parents[2] / "help"


@blueprint.get("/help")
def get_help() -> Redirect:
    return redirect("/help/", 308)  # the pages' links are relative


@blueprint.get("/help/")
def get_help_start() -> Response:
    return get_help_page("index.html")


@blueprint.get("/help/<path:name>")
def get_help_page(name: str) -> Response:
    if not (PAGES / "index.html").exists():
        raise ArgusError("not_found", "The help pages have not been built.", "`make docs` builds them.")
    response = send_from_directory(PAGES, name)
    response.headers["Content-Security-Policy"] = csp.HELP
    return response
