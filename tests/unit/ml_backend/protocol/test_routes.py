"""The protocol's edges that need no server: malformed requests, auth, and a process without torch."""

from __future__ import annotations

import base64
import subprocess
import sys
from typing import Any

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr

from argus.errors import ArgusError
from argus.settings import Settings
from label_studio_config import projects
from ml_backend.protocol.app import create_app
from ml_backend.protocol.predict import Predictor


def client(**settings: Any) -> FlaskClient:
    return create_app(Settings(**settings)).test_client()


@pytest.mark.parametrize("path", ["/", "/health"])
def test_health(path: str) -> None:
    answer = client().get(path)
    assert answer.status_code == 200 and answer.json  # whatever becomes of the servers: `refused` tells that
    assert (answer.json["status"], answer.json["model_class"]) == ("UP", "Sam3Backend")


@pytest.mark.parametrize(("path", "body"), [
    ("/setup", None), ("/setup", []), ("/setup", {}), ("/setup", {"project": "x.1"}), ("/setup", {"project": "0.1"}),
    ("/setup", {"project": "9" * 30}), ("/setup", {"project": "²"}), ("/setup", {"project": "1.2", "schema": 5}),
    ("/predict", {"project": "1.2"}), ("/predict", {"project": "1.2", "tasks": {}}),
    ("/predict", {"project": "1.2", "tasks": [None]}), ("/predict", {"project": "1.2", "tasks": [{"id": "7"}]}),
    ("/predict", {"project": "1.2", "tasks": [{"id": True}]}), ("/predict", {"project": "1.2", "tasks": [{"id": -1}]}),
    ("/predict", {"tasks": []}),
])
def test_malformed_requests_get_a_sentence(path: str, body: Any) -> None:
    answer = client().post(path, json=body)
    assert answer.status_code == 400
    assert answer.mimetype == "application/problem+json"
    assert answer.json is not None
    assert answer.json["code"] == "bad_request"
    assert "Traceback" not in answer.text


def test_the_sentence_stands_in_the_status_line_and_cannot_break_it() -> None:
    """Of a smart tool's failure Label Studio passes on only the status line."""
    answer = client().post("/setup", json={"project": "1.2", "schema": 5})
    assert answer.status == "400 The labelling config must be text."
    odd = _problem_of(ArgusError("bad_request", "ein\r\nSet-Cookie: a=b\0 電池 ü" + "x" * 500))
    assert odd.status.startswith("400 ein Set-Cookie: a=b ?? üxxx")
    assert len(odd.status) <= 204


def test_an_unexpected_error_shows_nothing_of_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_given: object, **_named: object) -> None:
        raise RuntimeError("password is hunter2")

    monkeypatch.setattr(projects, "remember", fail)
    answer = client().post("/setup", json={"project": "1.2", "schema": "<View/>"})
    assert answer.status == "500 Unexpected error (RuntimeError)."
    assert answer.json is not None
    assert answer.headers["X-Request-ID"] in answer.json["hint"]
    assert "hunter2" not in answer.text


def _problem_of(error: ArgusError) -> Any:
    app = create_app(Settings())

    @app.get("/fails")
    def fails() -> None:
        raise error

    return app.test_client().get("/fails")


def test_not_json() -> None:
    assert client().post("/predict", data=b"{", content_type="text/plain").status_code == 400


def test_a_body_that_is_too_large_is_refused_unread() -> None:
    app = create_app(Settings())
    app.config["MAX_CONTENT_LENGTH"] = 1000
    answer = app.test_client().post("/predict", json={"project": "1.2", "tasks": [{"id": 1, "data": "x" * 2000}]})
    assert (answer.status_code, answer.mimetype) == (413, "application/problem+json")
    assert answer.json is not None and answer.json["status"] == 413  # RFC 9457: the answer's own


def test_unknown_route_and_method() -> None:
    assert client().get("/nothing").json["code"] == "not_found"  # type: ignore[index]
    wrong = client().get("/setup")
    assert wrong.json is not None and (wrong.status_code, wrong.json["status"]) == (405, 405)
    assert wrong.json["detail"] == "GET /setup: method not allowed."


AUTH = {"basic_auth_user": "üser", "basic_auth_password": SecretStr("pässwort")}


@pytest.mark.parametrize("auth", [None, ("üser", "x"), ("x", "pässwort"), ("", "")])
def test_basic_auth__wrong(auth: tuple[str, str] | None) -> None:
    answer = client(**AUTH).get("/health", auth=auth)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


def test_basic_auth__right_and_other_schemes() -> None:
    assert client(**AUTH).get("/health", auth=("üser", "pässwort")).status_code == 200
    assert client(**AUTH).get("/health", headers={"Authorization": "Bearer abc"}).status_code == 401


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_basic_auth__bytes_of_either_encoding(encoding: str) -> None:
    """Label Studio's client encodes Basic auth in Latin-1, a browser in UTF-8."""
    code = base64.b64encode("üser:pässwort".encode(encoding)).decode()
    assert client(**AUTH).get("/health", headers={"Authorization": f"Basic {code}"}).status_code == 200


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Basic \xff", "Basic AAA", "basic " + "A" * 9000,
                                    "Bearer x", ""])
def test_basic_auth__damaged_headers_are_401(header: str) -> None:
    assert client(**AUTH).get("/health", headers={"Authorization": header}).status_code == 401


def test_basic_auth__no_other_sign_stands_for_one_that_has_no_latin_form() -> None:
    ours = client(basic_auth_user="argus", basic_auth_password=SecretStr("電池"))
    assert ours.get("/health", auth=("argus", "電池")).status_code == 200
    assert ours.get("/health", auth=("argus", "??")).status_code == 401


def test_basic_auth__guards_every_route_but_the_webhook_and_the_probes() -> None:
    ours = client(**AUTH)
    rules = {rule.rule for rule in ours.application.url_map.iter_rules()}
    open_to_all = {"/webhook", "/livez", "/readyz"}
    assert rules - open_to_all == {"/", "/health", "/setup", "/predict", "/versions", "/metrics"}
    for rule in ours.application.url_map.iter_rules():
        for method in (rule.methods or set()) & {"GET", "POST"}:
            answer = ours.open(rule.rule, method=method, json={} if method == "POST" else None)
            assert (answer.status_code == 401) is (rule.rule not in open_to_all), rule.rule


def test_webhook__without_basic_auth_but_with_the_secret() -> None:
    assert client(**AUTH).post("/webhook", json={"action": "ANNOTATION_CREATED"}).status_code == 200
    guarded = client(webhook_secret=SecretStr("s3cret"))
    assert guarded.post("/webhook", json={}).status_code == 401
    assert guarded.post("/webhook", json={}, headers={"X-Argus-Secret": "s3cret"}).status_code == 200


def test_versions__get_and_post_without_a_project() -> None:
    for answer in (client().get("/versions"), client().post("/versions", json={})):
        assert (answer.status_code, answer.json) == (200, {"versions": []})


def test_metrics__declared_before_use() -> None:
    text = client().get("/metrics").text
    assert 'argus_ml_predict_tasks_total{outcome="empty"} 0.0' in text


@pytest.mark.parametrize(("tasks", "seconds"), [(1, 3.0), (2, 60.0), (100, 60.0), (300, 42.0), (600, 0.0)])
def test_deadline__leaves_label_studio_time_to_store(tasks: int, seconds: float) -> None:
    assert Predictor(Settings()).deadline(tasks) == pytest.approx(seconds)


def test_web_process__has_no_torch_and_stays_small() -> None:
    code = ("import sys, psutil, ml_backend.__main__, ml_backend.predictions.jobs;"
            "print('torch' in sys.modules, psutil.Process().memory_info().rss >> 20)")
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert said[0] == "False"
    assert int(said[1]) < 200
