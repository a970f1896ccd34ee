from __future__ import annotations

import json
import logging
import time

import pytest

from argus.logs import JsonFormatter, redact


@pytest.mark.parametrize(("text", "secret"), [
    ("Authorization: Bearer eyJhbGciOi.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "c2lnbmF0dXJl"),
    ("refresh eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjF9.abc-DEF_1 refused", "eyJhbGciOiJIUzI1NiJ9"),
    ("Token 0123456789abcdef0123456789abcdef01234567", "0123456789abcdef"),
    ("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
    ("postgresql://argus:s3cret@db/argus", "s3cret"),
    ("GET /x?token=abcdef&y=1", "abcdef"),
    ("https://b.s3.example/a.png?X-Amz-Signature=feed01&x=1", "feed01"),
    ("https://b.s3.example/a.png?x=1&X-Amz-Security-Token=IQoJb3%2FJp", "IQoJb3"),
    ("https://b.s3.example/a.png?X-Amz-Credential=AKIA%2F20260101", "AKIA"),
    ("https://storage.example/a.png?X-Goog-Signature=feed02&X-Goog-Date=1", "feed02"),
    ("https://storage.example/a.png?X-Goog-Credential=robot%40example", "robot"),
    ("https://storage.example/a.png?GoogleAccessId=x&Signature=feed03%3D", "feed03"),
    ("https://a.blob.example/a.png?sv=2024&sig=feed04%2Bx%3D", "feed04"),
    ("GET /fetch?url=https%3A%2F%2Fa.example%2Fa.png%3Fsig%3Dfeed05%26x%3D1", "feed05"),
    ("GET /x?api_key=feed06", "feed06"), ("Cookie: sessionid=feed07; csrftoken=feed08", "feed07"),
    ("Cookie: sessionid=feed07; csrftoken=feed08", "feed08"), ("host=db user=argus password=s3cret dbname=x", "s3cret"),
    ('body {"token": "feed09", "x": 1}', "feed09"), ("{'password': 'feed10'}", "feed10"),
    ('{"access_token": "feed11"}', "feed11"), ("{'basic_auth_password': 'feed12'}", "feed12"),
    ("POST /o?client_secret=feed13", "feed13"), ('{"X-Amz-Signature": "feed14"}', "feed14"),
])
def test_redact__cuts_the_secret_and_leaves_the_rest(text: str, secret: str) -> None:
    assert secret not in redact(text)
    assert "[redacted]" in redact(text)


@pytest.mark.parametrize("text", [
    "task 7 of project 3: 12 regions, https://host/data/upload/1/a.png",
    "GET /data/upload/1/a.png?X-Amz-Date=20260101&X-Amz-Expires=60&page=2&design=7",
    '{"message": "the token is not known", "tokens": 12}',
])
def test_redact__leaves_ordinary_text(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize("text", ["?sig=feed05&x=1", "%3Fsig%3Dfeed05%26x%3D1", '{"token": "feed05", "x": 1}'])
def test_redact__ends_where_the_secret_does(text: str) -> None:
    assert redact(text) == text.replace("feed05", "[redacted]")


# What each pattern begins with, and what it goes over before it finds that it does not match.
BEGINNINGS = ["eyJ", "eyJ-", "eyJaaaaaaaa.", "token ", "Token 0123456789", "bearer ", "basic ", "://", "://a:", "https://x:",
              "token", "access_token", "sig", "%3F", "%26", "%3Ftoken", "%26token=", "token=", "token%3D", "apikey=%26",
              "'token': '", "token\\", 'token\\"', '"', "\\", "-", "a-", "_", "a", "%", " ", "/", "token: "]


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_redact__takes_linear_time(beginning: str) -> None:
    """Of the process, which a busy machine does not lengthen."""
    text = (beginning * 200_000)[:200_000]
    began = time.process_time()
    redact(text)
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize("before", ["", "%3D", "x_", "/", "token-eyJ", "Bearer "])
def test_redact__a_web_token_whatever_stands_before_it(before: str) -> None:
    assert "c2lnbmF0" not in redact(f"{before}eyJhbGciOi.eyJzdWIiOiIxIn0.c2lnbmF0")


def test_formatter__long_values_are_cut_and_no_secret_appears_by_it() -> None:
    for length in range(1_950, 2_010):  # the cut goes through each part of the secret once
        text = "x" * (length - 40) + " postgresql://argus:s3cret-hunter2@db/argus " + "y" * 100_000
        record = logging.makeLogRecord({"msg": "%s", "args": (text,), "path": text, "many": [text], "number": 7})
        line = JsonFormatter("worker").format(record)
        assert "s3c" not in line and len(line) < 7_000
        assert json.loads(line)["number"] == 7
        assert json.loads(line)["path"].endswith(f"… ({len(text)} characters)")


def test_formatter__of_a_long_traceback_the_end_stays() -> None:
    try:
        raise ValueError("first " + "token=hunter2 is bad\n" * 10_000 + "last")
    except ValueError as error:
        said = logging.makeLogRecord({"msg": "unexpected", "exc_info": (type(error), error, error.__traceback__)})
    line = JsonFormatter("worker").format(said)
    traceback = json.loads(line)["traceback"]
    assert traceback.startswith("Traceback") and traceback.endswith("last")
    assert "hunter2" not in line and len(line) < 40_000


def test_for_people__a_traceback_is_redacted() -> None:
    import subprocess
    import sys

    program = ("import logging; from argus import logs; logs.for_people()\n"
               "try: raise ValueError('token=hunter2 is bad')\n"
               "except ValueError as error: logging.getLogger('argus').error('unexpected', exc_info=error)")
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stderr
    assert said.startswith("ERROR: unexpected\nTraceback")
    assert said.endswith("ValueError: token=[redacted] is bad\n")


def test_formatter__json_within_json() -> None:
    body = json.dumps({"password": "hunter2", "page": 2})
    line = JsonFormatter("worker").format(logging.makeLogRecord({"msg": "sent", "body": body}))
    assert "hunter2" not in line
    assert json.loads(json.loads(line)["body"])["page"] == 2


def test_formatter__one_json_object_with_extras() -> None:
    record = logging.makeLogRecord({"name": "x", "levelname": "INFO", "msg": "pushed %d", "args": (3,), "run": 9})
    line = json.loads(JsonFormatter("worker").format(record))
    assert (line["message"], line["run"], line["process"]) == ("pushed 3", 9, "worker")
