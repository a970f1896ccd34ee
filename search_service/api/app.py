"""The search service as a Flask application. It never loads torch."""

from __future__ import annotations

import contextlib
import hmac

from flask import Flask, Response, g, request
from werkzeug.routing import BaseConverter, IntegerConverter, Map

import argus.audit
from argus.db import refuse_when_read_only
from argus.errors import ArgusError
from argus.images.memory import get_budget
from argus.settings import get_settings
from argus.web import app_hooks, problems
from search_service.api import csp, recording
from search_service.api.caller import HEADER, check_access
from search_service.api.requests import API
from search_service.api.routes import blueprints

MAX_BODY, LARGE_BODY = 32 * 2**20, 2**20


class Id(IntegerConverter):
    """A number in a path that may be a row's: any other is an address that does not exist."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, min=1, max=2**63 - 1)


class UploadId(BaseConverter):
    """What an upload is known by in a path: 128 bits as hex."""

    regex = "[0-9a-f]{32}"


class Digest(BaseConverter):
    """What the page's files are known by in a path: 64 bits as hex."""

    regex = "[0-9a-f]{16}"


def create_app() -> Flask:
    """Return the WSGI application."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.url_map.converters |= {"int": Id, "upload": UploadId, "digest": Digest}
    recording.install(app)  # first: what is refused is a row, too
    app_hooks.install(app, "search-service", get_settings, _guard)
    problems.install(app, hint="GET /api/v1/openapi.json lists what there is.", challenge="Bearer")
    app.before_request(recording.find_project)
    app.before_request(check_access)
    app.before_request(_refuse_half_work)
    app.before_request(_reserve)
    app.teardown_request(_release)
    app.after_request(_harden)
    for blueprint in blueprints():
        app.register_blueprint(blueprint)
    return app


def _guard() -> None:
    """Refuse a request without the token. Where everybody must bring their own, that is the token."""
    settings = get_settings()
    token = settings.api_token.get_secret_value()
    guarded = request.path.startswith("/api/") or request.path == "/metrics"
    given = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    if not token or hmac.compare_digest(given.encode(), token.encode()):
        if token or not settings.require_person:
            argus.audit.act_as(argus.audit.SERVICE, None)
        return
    by_person = settings.require_person and request.path.startswith(f"{API}/") and (HEADER in request.headers
                                                                                    or not given)
    if guarded and request.path != f"{API}/openapi.json" and not by_person:  # else `check_access` asks for theirs
        raise ArgusError("unauthorized", "The API requires a token.", "Send Authorization: Bearer <ARGUS_API_TOKEN>.")


def _refuse_half_work() -> None:
    """Refuse what changes something while the database is read-only, before Label Studio is told anything."""
    if (entry := argus.audit.current()) and entry.action not in argus.audit.WITHOUT_ROWS:
        refuse_when_read_only()


def _reserve() -> None:
    """Hold the memory that a large body takes until its request ends: an image, as bytes, text and base64."""
    if request.endpoint == "uploads.patch_upload":
        return  # which goes to the disk piece by piece
    length = MAX_BODY if "Transfer-Encoding" in request.headers else request.content_length or 0
    if LARGE_BODY < length <= MAX_BODY:  # a larger one is refused unread
        g.body = contextlib.ExitStack()
        g.body.enter_context(get_budget().hold(3 * length))


def _release(_error: BaseException | None) -> None:
    if body := g.pop("body", None):
        body.close()


def _harden(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", csp.PAGE)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    response.headers.setdefault("Cache-Control", "no-store")
    return response
