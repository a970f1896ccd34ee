"""The one place where an error becomes an HTTP answer: an RFC 9457 problem."""

from __future__ import annotations

import json

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from argus.errors import ArgusError, as_argus_error

CONTENT_TYPE = "application/problem+json"


def install(app: Flask, *, hint: str = "", challenge: str = "", in_status_line: bool = False) -> None:
    """Answer every error of `app` as a problem.

    Args:
        hint: where to look when there is nothing under an address, or not by that method.
        challenge: what `unauthorized` asks for, as `WWW-Authenticate` says it.
        in_status_line: whether the sentence stands there too, for callers who pass on nothing else.
    """

    @app.errorhandler(Exception)
    def answered(error: Exception) -> Response:
        status = None
        if isinstance(error, HTTPException):
            status, error = error.code, _refused(error, hint)
        ours = as_argus_error(error, method=request.method, path=request.path)
        response = answer(ours, status, challenge=challenge)
        if in_status_line:
            response.status = f"{response.status_code} {_reason(ours.message)}"
        return response


def answer(error: ArgusError, status: int | None = None, *, challenge: str = "") -> Response:
    """Return an error as an answer.

    Args:
        status: in the place of the code's own.
        challenge: see `install`.
    """
    response = Response(body(error, status), status or error.kind.status, content_type=CONTENT_TYPE)
    if wait := error.details.get("retry_after"):
        response.headers["Retry-After"] = str(wait)
    if challenge and error.code == "unauthorized":
        response.headers["WWW-Authenticate"] = challenge
    return response


def body(error: ArgusError, status: int | None = None) -> bytes:
    """Return the text of a problem, for what is answered without Flask. The arguments are those of `answer`."""
    problem = error.to_problem() | ({"status": status} if status else {})
    return json.dumps(problem, ensure_ascii=False, default=str).encode()


def _refused(error: HTTPException, hint: str) -> ArgusError:
    """Return what Flask says of an address, a method or a body as an error of ours."""
    return ArgusError("not_found" if error.code == 404 else "bad_request",
                      f"{request.method} {request.path}: {(error.name or '').lower()}.", hint)


def _reason(message: str) -> str:
    """Return `message` as it may stand in a status line: one line of Latin-1, 200 characters."""
    line = " ".join(message.encode("latin-1", "replace").decode("latin-1").split())
    return "".join(sign for sign in line if sign.isprintable())[:200]
