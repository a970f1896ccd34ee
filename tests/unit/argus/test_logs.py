from __future__ import annotations

import json
import logging

import pytest

from argus.logs import JsonFormatter, redact


@pytest.mark.parametrize(("text", "secret"), [
    ("Authorization: Bearer eyJhbGciOi.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "c2lnbmF0dXJl"),
    ("refresh eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjF9.abc-DEF_1 refused", "eyJhbGciOiJIUzI1NiJ9"),
    ("Token 0123456789abcdef0123456789abcdef01234567", "0123456789abcdef"),
    ("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
    ("postgresql://argus:s3cret@db/argus", "s3cret"),
    ("GET /x?token=abcdef&y=1", "abcdef"),
])
def test_redact__cuts_the_secret_and_leaves_the_rest(text: str, secret: str) -> None:
    assert secret not in redact(text)
    assert "[redacted]" in redact(text)


def test_redact__leaves_ordinary_text() -> None:
    text = "task 7 of project 3: 12 regions, https://host/data/upload/1/a.png"
    assert redact(text) == text


def test_formatter__one_json_object_with_extras() -> None:
    record = logging.makeLogRecord({"name": "x", "levelname": "INFO", "msg": "pushed %d", "args": (3,), "run": 9})
    line = json.loads(JsonFormatter("worker").format(record))
    assert (line["message"], line["run"], line["process"]) == ("pushed 3", 9, "worker")
