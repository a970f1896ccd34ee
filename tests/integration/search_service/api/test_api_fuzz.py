"""Requests made up from the API's own description never make it fail, and every answer is one that it describes."""

from __future__ import annotations

import zlib
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from search_service.api.app import create_app
from search_service.api.openapi import ENDPOINTS
from search_service.sync import progress
from tests.pictures import plain
from tests.waiting import wait_for

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]


def body_is_as_described(ctx: schemathesis.CheckContext, response: schemathesis.Response,
                         case: schemathesis.Case) -> None:
    """The JSON of an answer fits its schema. Schemathesis's own check (4.32) takes the schema of a tuple for invalid:
    it rewrites `prefixItems` as `items`, and then reads that as JSON Schema 2020-12."""
    media = response.headers.get("content-type", [""])[0].partition(";")[0]
    if not media.endswith("json"):
        return
    document = case.operation.schema.raw_schema
    answers = document["paths"][case.operation.path][case.operation.method]["responses"]
    described = answers.get(str(response.status_code), answers["default"])["content"][media]["schema"]
    Draft202012Validator({**described, "components": document["components"]}).validate(response.json())


def no_server_error(ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case) -> None:
    """Nothing fails. That nothing is there to search yet is a 503 with a code of its own."""
    if response.status_code != 503 or response.json()["code"] != "not_ready":
        not_a_server_error(ctx, response, case)


CHECKS = [no_server_error, status_code_conformance, content_type_conformance, body_is_as_described]


def chunk(name: bytes, data: bytes) -> bytes:
    """A chunk of a PNG file."""
    return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")


@pytest.fixture(scope="module")
def project(stack: Any) -> Any:
    """A connected project with three embedded images: what is made up finds something to act on."""
    from argus.labelstudio import get_label_studio
    from label_studio_config.connect import connect

    ls = get_label_studio()
    number = connect(ls, None, title="Made-up requests", labels=["cpu", "fan"]).project_id
    assert number is not None
    files = [(f"{grey}.jpg", (f"{grey}.jpg", plain((grey, 90, 120)), "image/jpeg")) for grey in (10, 90, 170)]
    ls.request("POST", f"/api/projects/{number}/import", timeout=60, files=files)
    wait_for(lambda: progress.sync_progress(number).embedded == 3, 180)
    yield number
    ls.delete(f"/api/projects/{number}/")


@pytest.fixture(scope="module")
def run(project: int) -> int:
    """A run of that project which has ended."""
    from argus.labelstudio import get_label_studio
    from ml_backend.runs import runs

    number = runs.create_run(project, ["cpu"], [task["id"] for task in get_label_studio().tasks(project)])
    wait_for(lambda: runs.run_progress(number).state == "done", 180)
    return number


@pytest.fixture(scope="module")
def description(project: int) -> Any:
    return schemathesis.openapi.from_wsgi("/openapi.json", create_app())


@pytest.mark.parametrize("examples", [5, pytest.param(25, marks=pytest.mark.long)])
@pytest.mark.parametrize(("method", "path"), [(endpoint.method, endpoint.path) for endpoint in ENDPOINTS])
def test_what_is_made_up_is_answered_as_described(description: Any, project: int, run: int, method: str, path: str,
                                                  examples: int) -> None:
    @given(case=description[path][method].as_strategy())
    @settings(max_examples=examples, deadline=None, derandomize=True, database=None,
              suppress_health_check=list(HealthCheck))
    def check(case: schemathesis.Case) -> None:
        if case.path_parameters and case.path_parameters.get("project_id", 0) % 4 and not path.endswith("/disconnect"):
            case.path_parameters["project_id"] = project  # most requests to a project that exists
        if case.path_parameters and case.path_parameters.get("run_id", 0) % 4:
            case.path_parameters["run_id"] = run
        if path.endswith("/disconnect") and case.path_parameters["project_id"] == project:
            case.path_parameters["project_id"] = 0  # the others need its images
        if path.endswith("/connect") and isinstance(case.body, dict):
            case.body["dry_run"] = True  # made-up projects would stay in Label Studio
        case.call_and_validate(checks=CHECKS)

    check()


def test_bad_input_gets_its_error_and_nothing_else_breaks(project: int) -> None:
    client = create_app().test_client()
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", (50_000).to_bytes(4, "big") * 2 + b"\x08\x02\0\0\0") + chunk(
        b"IDAT", zlib.compress(bytes(1000)))
    base = f"/api/v1/projects/{project}"
    for method, path, options, status, code in (
            ("GET", f"{base}/search?q=", {}, 400, "empty_query"),
            ("GET", f"{base}/search?q={'a' * 10_000}", {}, 400, "bad_request"),
            ("GET", f"{base}/search?q=a%00b", {}, 400, "bad_request"),
            ("POST", f"{base}/search/image", {"data": b"no image"}, 422, "bad_image"),
            ("POST", f"{base}/search/image", {"data": bomb}, 422, "image_too_large"),
            ("GET", f"{base}/tasks/0/similar", {}, 404, "not_found"),
            ("GET", f"{base}/tasks/{2**63}/similar", {}, 404, "not_found"),
            ("GET", "/api/v1/projects/987654/search?q=cpu", {}, 404, "unknown_project")):
        answer = client.open(path, method=method, **options)
        problem = answer.get_json(force=True)
        assert (answer.status_code, problem["code"]) == (status, code), path
        assert problem["detail"].endswith((".", "…")), path
    answer = client.get(f"{base}/search?q=cpu")
    assert (answer.status_code, len(answer.json["hits"])) == (200, 3)
