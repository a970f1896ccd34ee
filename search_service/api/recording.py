"""A row of the audit table for every request that changes something or tries to."""

from __future__ import annotations

import json

from flask import Flask, Response, request
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from argus import audit
from search_service.api import access, rights
from search_service.api.caller import client_address

# Whoever is refused before they are known could fill the table; beyond this the log has them.
UNKNOWN = parse("60/minute")


def install(app: Flask) -> None:
    """Let `app` write a row for each request whose route is an action. Called before any check that may refuse it."""
    limiter = MovingWindowRateLimiter(MemoryStorage())  # the search service is one process

    @app.before_request
    def begin() -> None:
        audit.begin(audit.Actor(address=client_address(request)), _entry())

    @app.after_request
    def write(response: Response) -> Response:
        entry = audit.current()
        if entry is None or response.status_code == 429:
            return response
        if audit.actor().name or limiter.hit(UNKNOWN, "unknown"):
            entry.outcome = _outcome(response)
            audit.write(entry)
        return response

    @app.teardown_request
    def forget(_error: BaseException | None) -> None:
        audit.begin(audit.Actor())


def _entry() -> audit.Entry | None:
    """Return the row of the current request; None for a question."""
    if request.endpoint not in rights.ACTIONS or request.method in ("HEAD", "OPTIONS"):
        return None
    arguments = request.view_args or {}
    action = rights.action_of(request.endpoint, request.method)
    return audit.Entry(action.name, arguments.get("project_id"), rights.thing(arguments)) if action.name else None


def find_project() -> None:
    """Before a request that got past the token: name the project of a run, an acceptance or an export in its row."""
    if (entry := audit.current()) and entry.project is None:
        entry.project = access.project_of(request.view_args or {})


def _outcome(response: Response) -> str:
    if response.status_code < 400:
        return "done"
    try:
        return str(json.loads(response.get_data())["code"])
    except (ValueError, KeyError, TypeError):
        return str(response.status_code)
