"""The HTTP layer without any server behind it: errors, authentication, headers, the API's description."""

from __future__ import annotations

import html
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any, get_args, get_type_hints

import pytest
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator

from argus.errors import ArgusError
from argus.images.memory import Budget
from argus.settings import get_settings
from search_service.api import app as app_module
from search_service.api.answer_examples import ANSWERS
from search_service.api.app import create_app
from search_service.api.examples import BODIES, PARAMETERS
from search_service.api.openapi import ENDPOINTS, document
from search_service.api.routes import hooks
from search_service.pictures import thumbnails
from search_service.projects import describe
from search_service.search import search


@pytest.fixture
def client() -> FlaskClient:
    return create_app().test_client()


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """Set an environment variable for this test, and have the settings read again."""
    def set_variable(name: str, value: str) -> None:
        monkeypatch.setenv(name, value)
        get_settings.cache_clear()

    yield set_variable
    monkeypatch.undo()
    get_settings.cache_clear()


@pytest.fixture
def token(environment: Callable[[str, str], None]) -> str:
    environment("ARGUS_API_TOKEN", "s3cret")
    return "s3cret"


def test_service__starts_small_without_what_few_requests_need() -> None:
    code = ("import sys, psutil, search_service.__main__ as service;"
            "from search_service.vectors import int8_products;"
            "service.create_app(); int8_products.problem();"
            "print(psutil.Process().memory_info().rss >> 20, *(name for name in "
            "('torch', 'av', 'shapely', 'numpy.random', 'search_service.api.openapi') if name in sys.modules))")
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert said[1:] == []
    assert int(said[0]) < 125


def test_health_needs_no_server(client: FlaskClient) -> None:
    answer = client.get("/health")
    assert (answer.status_code, answer.json["service"]) == (200, "search-service")


@pytest.mark.parametrize(("method", "path", "status", "code"), [
    ("GET", "/nothing", 404, "not_found"), ("GET", "/api/v1/projects/x", 404, "not_found"),
    ("DELETE", "/health", 405, "bad_request"), ("GET", "/web/../app.py", 404, "not_found"),
])
def test_http_errors_are_problems(client: FlaskClient, method: str, path: str, status: int, code: str) -> None:
    answer = client.open(path, method=method)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    problem = answer.get_json(force=True)
    assert (problem["status"], problem["code"]) == (status, code)


def test_an_error_of_ours_keeps_its_code_hint_and_details(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise ArgusError("not_ready", "Not yet.", "Wait.", waiting=3)

    monkeypatch.setattr(describe, "list_projects", refuse)
    answer = client.get("/api/v1/projects")
    assert answer.status_code == 503
    assert answer.get_json(force=True) == {"type": "urn:argus:error:not_ready", "title": "not ready", "status": 503,
                                           "detail": "Not yet.", "code": "not_ready", "hint": "Wait.",
                                           "details": {"waiting": 3}}


def test_who_is_told_to_come_again_is_told_when(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(task_id: int, size: int) -> None:
        with Budget(1, patience=0.01).hold(0), Budget(1, waiters=0).hold(1):
            pass

    monkeypatch.setattr(thumbnails, "thumbnail", busy)
    answer = client.get("/api/v1/images/1")
    assert (answer.status_code, answer.get_json(force=True)["code"]) == (503, "busy")
    assert answer.headers["Retry-After"] == "2"


@pytest.mark.parametrize("headers", [{}, {"Transfer-Encoding": "chunked"}])
def test_a_large_body_counts_while_it_is_here(client: FlaskClient, monkeypatch: pytest.MonkeyPatch,
                                              headers: dict[str, str]) -> None:
    budget, seen = Budget(200 * 2**20, patience=0.01), []
    monkeypatch.setattr(app_module, "get_budget", lambda: budget)

    def look(project_id: int, *_: Any, **__: Any) -> None:
        seen.append(budget.total - budget.free)
        raise ArgusError("unknown_project", "None.")

    monkeypatch.setattr(search, "find", look)
    body = json.dumps({"like": [{"image": "A" * 2**21}]})
    assert client.post("/api/v1/projects/1/search", data=body, content_type="application/json",
                       headers=headers).status_code == 404
    assert seen == [3 * (len(body) if not headers else 32 * 2**20)] and budget.free == budget.total
    with budget.hold(budget.total):
        assert client.post("/api/v1/projects/1/search", data=body, content_type="application/json").status_code == 503
        assert client.post("/api/v1/projects/1/search", json={"text": "x"}).status_code == 404  # small ones go through


def test_an_unexpected_error_shows_nothing_of_itself(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RuntimeError("password is hunter2")

    monkeypatch.setattr(describe, "list_projects", fail)
    answer = client.get("/api/v1/projects")
    assert answer.status_code == 500
    assert answer.get_json(force=True)["detail"] == "Unexpected error (RuntimeError)."
    assert answer.headers["X-Request-ID"] in answer.get_json(force=True)["hint"]
    assert "hunter2" not in answer.text
    assert "Traceback" not in answer.text


def test_the_api_asks_for_its_token(client: FlaskClient, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(describe, "list_projects", list)
    assert client.get("/api/v1/projects").status_code == 401
    assert client.get("/api/v1/projects", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert client.get("/api/v1/projects", headers={"Authorization": "Bearer wröng"}).status_code == 401
    assert client.get("/api/v1/projects", headers={"Authorization": f"Bearer {token}"}).json == {"projects": []}
    assert client.get("/health").status_code == 200
    assert client.get("/").status_code == 200


def test_every_route_asks_for_the_token_but_those_that_tell_nothing(client: FlaskClient, token: str) -> None:
    """The page and the API's description are the same for everybody; a webhook has a secret of its own."""
    open_to_all = {"/", "/docs", "/web/<path:name>", "/web/<digest:digest>/<path:name>", "/openapi.json",
                   "/api/v1/openapi.json", "/health", "/livez", "/readyz", "/webhooks/label-studio", "/help", "/help/",
                   "/help/<path:name>"}
    rules = list(client.application.url_map.iter_rules())
    assert open_to_all < {rule.rule for rule in rules}
    for number, rule in enumerate(rules):
        path = re.sub(r"<(?:\w+:)?\w+>", "1", rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            caller = {"REMOTE_ADDR": f"192.0.2.{number}"}  # nobody is slowed down
            answer = client.open(path, method=method, json={} if method != "GET" else None, environ_base=caller)
            assert (answer.status_code == 401) is (rule.rule not in open_to_all), (method, path, answer.text)


def test_a_webhook_without_the_secret_is_refused(client: FlaskClient, monkeypatch: pytest.MonkeyPatch,
                                                 environment: Callable[[str, str], None]) -> None:
    queued: list[object] = []
    environment("ARGUS_WEBHOOK_SECRET", "hush")
    monkeypatch.setattr(hooks.webhook_probe, "refused", lambda: None)  # what the doctor reads in Redis
    monkeypatch.setattr(hooks.webhook_probe, "arrived", lambda project_id: False)
    monkeypatch.setattr(hooks.queues, "enqueue", lambda *what, **how: queued.append(what))
    monkeypatch.setattr(hooks.tasks, "note_change", lambda project_id, full: project_id == 7)  # the connected one
    for headers, status in (({}, 401), ({"X-Argus-Secret": "husch"}, 401), ({"X-Argus-Secret": "hüsh"}, 401),
                            ({"X-Argus-Secret": "hush"}, 202)):
        assert not queued
        answer = client.post("/webhooks/label-studio", json={"action": "TASKS_CREATED", "project": {"id": 7}},
                             headers=headers)
        assert answer.status_code == status, headers
    assert len(queued) == 1


def test_the_page_loads_nothing_from_elsewhere(client: FlaskClient) -> None:
    answer = client.get("/")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", answer.text)
    assert not re.search(r"<script(?![^>]*src=)|\son\w+=|\sstyle=", answer.text)
    for asset in re.findall(r"(?:src|href)=\"(/web/[^\"]+)\"", answer.text):
        assert client.get(asset).status_code == 200


def test_every_route_is_described_and_nothing_else(client: FlaskClient) -> None:
    rules = client.application.url_map.iter_rules()
    pages = {"/", "/docs", "/web/<path:name>", "/web/<digest:digest>/<path:name>", "/openapi.json",
             "/api/v1/openapi.json", "/help", "/help/", "/help/<path:name>"}
    routes = {(re.sub(r"<\w+:(\w+)>", r"{\1}", rule.rule), method.lower()) for rule in rules
              for method in (rule.methods or set()) - {"HEAD", "OPTIONS"} if rule.rule not in pages}
    described = {(path, method) for path, operations in document()["paths"].items() for method in operations}
    assert routes == described


def test_examples_are_valid_and_every_operation_that_needs_one_has_one() -> None:
    for endpoint in ENDPOINTS:
        for name in re.findall(r"{(\w+)}", endpoint.path):
            assert name in PARAMETERS, f"api_examples.PARAMETERS has no {name}"
        if endpoint.body:
            assert endpoint.body in BODIES, f"api_examples.BODIES has no {endpoint.body.__name__}"
            endpoint.body.model_validate(BODIES[endpoint.body])


def test_every_json_answer_has_a_named_schema_and_an_example_of_it() -> None:
    described = document()
    schemas = described["components"]["schemas"]
    for endpoint in ENDPOINTS:
        if endpoint.answer is None:
            assert endpoint.media not in ("application/json", "text/event-stream"), endpoint.path
            continue
        content = described["paths"][endpoint.path][endpoint.method]["responses"][str(endpoint.status)]["content"]
        assert "example" in content[endpoint.media], f"answer_examples has no {endpoint.answer.__name__}"
        schema = schemas[endpoint.answer.__name__]
        fields = endpoint.answer.model_fields
        assert set(schema["properties"]) == set(fields)
        assert set(schema["required"]) == {name for name, field in fields.items() if field.exclude_if is None}
        Draft202012Validator({**schema, "components": described["components"]}).validate(
            ANSWERS[endpoint.answer].model_dump(mode="json"))


def test_every_route_answers_with_the_model_that_is_described(client: FlaskClient) -> None:
    described = {(endpoint.path, endpoint.method): endpoint.answer for endpoint in ENDPOINTS}
    checked = 0
    for rule in client.application.url_map.iter_rules():
        view = inspect.unwrap(client.application.view_functions[rule.endpoint])
        if view is client.application.view_functions[rule.endpoint]:  # not decorated: no model
            continue
        returned = get_type_hints(view)["return"]
        model = get_args(returned)[0] if get_args(returned) else returned
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            path = re.sub(r"<\w+:(\w+)>", r"{\1}", rule.rule)
            assert described[path, method.lower()] is model, (method, path)
            checked += 1
    assert checked > 30


def test_the_documentation_is_one_plain_page_with_every_operation(client: FlaskClient) -> None:
    assert client.get("/openapi.json").json == client.get("/api/v1/openapi.json").json == document()
    answer = client.get("/docs")
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert not re.search(r"<script|\son\w+=|\sstyle=|(src|href)=[\"'](https?:)?//", answer.text)
    for operations in document()["paths"].values():
        for operation in operations.values():
            assert f'id="{operation["operationId"]}"' in answer.text
    assert "curl 'http://localhost/api/v1/projects/1/search?q=red+fan+-cpu'" in html.unescape(answer.text)


def test_the_description_is_whole(client: FlaskClient) -> None:
    described = client.get("/api/v1/openapi.json").json
    assert described["openapi"].startswith("3.1")
    text = client.get("/api/v1/openapi.json").text
    for name in re.findall(r'"#/components/schemas/(\w+)"', text):
        assert name in described["components"]["schemas"]
    operations = [operation for methods in described["paths"].values() for operation in methods.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
