"""Errors as HTTP answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask import Flask

from argus.errors import ArgusError
from argus.web import problems


def answered(error: Exception, **options: str | bool) -> tuple[int, str, dict[str, str], dict[str, object]]:
    app = Flask("test")
    problems.install(app, **options)  # type: ignore[arg-type]

    @app.get("/fails")
    def fails() -> None:
        raise error

    response = app.test_client().get("/fails")
    return response.status_code, response.status, dict(response.headers), json.loads(response.data)


def test_an_error_of_ours_is_a_problem_with_its_hint_and_details() -> None:
    status, line, headers, body = answered(ArgusError("busy", "電池 is busy.", "Wait.", retry_after=7, file=Path("a")),
                                           challenge="Bearer")
    assert (status, line, headers["Content-Type"]) == (503, "503 SERVICE UNAVAILABLE", "application/problem+json")
    assert headers["Retry-After"] == "7" and "WWW-Authenticate" not in headers
    assert body == {"type": "urn:argus:error:busy", "title": "busy", "status": 503, "detail": "電池 is busy.",
                    "code": "busy", "hint": "Wait.", "details": {"retry_after": 7, "file": "a"}}


@pytest.mark.parametrize(("challenge", "headers"), [("", 0), ("Bearer", 1)])
def test_only_unauthorized_asks_for_a_token(challenge: str, headers: int) -> None:
    given = answered(ArgusError("unauthorized", "No."), challenge=challenge)[2]
    assert list(given).count("WWW-Authenticate") == headers


def test_what_flask_refuses_has_the_answers_own_status_and_a_hint_where_to_look() -> None:
    app = Flask("test")
    problems.install(app, hint="GET /routes lists them.")
    for method, path, status, code in (("GET", "/nothing", 404, "not_found"),
                                       ("POST", "/static/x", 405, "bad_request")):
        response = app.test_client().open(path, method=method)
        body = json.loads(response.data)
        assert (response.status_code, body["status"], body["code"]) == (status, status, code)
        assert body["detail"].startswith(f"{method} {path}: ") and body["hint"] == "GET /routes lists them."


def test_an_unexpected_error_keeps_what_it_says_to_the_log() -> None:
    status, line, _, body = answered(RuntimeError("password is hunter2"), in_status_line=True)
    assert (status, line) == (500, "500 Unexpected error (RuntimeError).")
    assert body["code"] == "internal" and "hunter2" not in json.dumps(body)
