"""Who asks, when they bring their own Label Studio token in a header."""

from __future__ import annotations

from typing import Any

from flask import g, request

from argus.errors import ArgusError
from search_service import access
from search_service.routes import API

HEADER = "X-Label-Studio-Token"


def check_access() -> None:
    """Before every request: a caller with a token of their own gets nothing of projects they cannot see."""
    g.caller = None
    if HEADER not in request.headers or not request.path.startswith(f"{API}/"):
        return
    token = request.headers[HEADER].strip()
    if not token:  # of a script whose variable is empty: it must not see everything then
        raise ArgusError("bad_request", f"{HEADER} is empty.", "Leave the header out, or send a personal access token.")
    g.caller = access.caller_of(token)
    if request.view_args:
        access.check(g.caller, request.view_args)


def caller() -> access.Caller | None:
    """Return who asks the current request; None when the service's own rights count."""
    found: access.Caller | None = g.caller
    return found


def mine(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out the projects that the caller cannot see."""
    asks = caller()
    visible = asks.visible() if asks else None
    return [one for one in found if visible is None or one["id"] in visible]


def acting_token(lent: str, project_id: int) -> str:
    """Return the token of who shall be named as the author; empty when it is the service.

    Args:
        lent: the token in the body, whose owner must see the project; empty for that in the header, which was checked.
    """
    if lent:
        access.caller_of(lent.strip()).check(project_id)
    return lent or request.headers.get(HEADER, "").strip()
