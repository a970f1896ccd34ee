"""Who asks, when they bring their own Label Studio token in a header, and whether they may."""

from __future__ import annotations

from typing import TypeVar

from flask import Request, g, request

from argus import audit
from argus.answers.projects import LabelStudioProject, ProjectSummary
from argus.errors import ArgusError
from argus.settings import get_settings
from search_service.api import access, rights
from search_service.api.requests import API

P = TypeVar("P", ProjectSummary, LabelStudioProject)
HEADER = "X-Label-Studio-Token"
OPEN = (f"{API}/openapi.json",)  # the same for everybody


def client_address(asked: Request) -> str:
    """Return the address of who sent a request."""
    return asked.remote_addr or ""


def check_access() -> None:
    """Before every request: a caller with a token of their own gets what they see and do what they may."""
    g.caller = None
    if not request.path.startswith(f"{API}/") or request.path in OPEN:
        return
    if HEADER not in request.headers:
        _without_a_person()
        return
    token = request.headers[HEADER].strip()
    if not token:  # of a script whose variable is empty: it must not see everything then
        raise ArgusError("bad_request", f"{HEADER} is empty.", "Leave the header out, or send a personal access token.")
    g.caller = asks = _caller_of(token)
    audit.act_as(asks.person.email, asks.person.id)
    arguments = request.view_args or {}
    access.check(asks, arguments)
    if request.endpoint:
        rights.check(asks, rights.action_of(request.endpoint, request.method), arguments)


def _without_a_person() -> None:
    if get_settings().require_person:
        raise ArgusError("person_required", "This service requires a personal Label Studio token.",
                         f"Make one under Account & Settings, Personal Access Token, and send it as {HEADER}.")


def _caller_of(token: str) -> access.Caller:
    try:
        return access.caller_of(token)
    except ArgusError as error:
        if error.code != "bad_request":
            raise
        code = "unauthorized" if get_settings().require_person else error.code  # there it is what opens the API
        raise ArgusError(code, error.message, error.hint, header=HEADER) from error


def caller() -> access.Caller | None:
    """Return who asks the current request; None when the service's own rights count."""
    found: access.Caller | None = g.caller
    return found


def mine(found: list[P]) -> list[P]:
    """Leave out the projects that the caller cannot see."""
    asks = caller()
    visible = asks.visible() if asks else None
    return [one for one in found if visible is None or one.id in visible]


def acting(lent: str, project_id: int) -> tuple[str, access.Caller | None]:
    """Return the token of who acts, empty when it is the service, and who that is.

    Args:
        lent: the token in the body, whose owner must see the project; empty for that in the header, which was checked.
    """
    if not lent:
        return request.headers.get(HEADER, "").strip(), caller()
    person = access.caller_of(lent.strip())
    person.check(project_id)
    audit.act_as(person.person.email, person.person.id)
    return lent, person
