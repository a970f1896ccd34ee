"""A project that Label Studio no longer has, and that Argus still knows: every endpoint answers, and none fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error

from argus.db import connect as database
from argus.labelstudio import get_label_studio
from search_service.api.app import create_app
from search_service.api.openapi import ENDPOINTS
from search_service.sync import progress
from tests.pictures import plain
from tests.resting import resting
from tests.waiting import wait_for

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
OF_A_PROJECT = [(one.method, one.path) for one in ENDPOINTS if "{project_id}" in one.path
                and not one.path.endswith("/disconnect")]


@pytest.fixture(scope="module")
def gone(stack: Any) -> Iterator[tuple[int, int]]:
    """The number of a project, and of its task that was set aside; both are deleted in Label Studio."""
    from label_studio_config.connect import connect

    ls = get_label_studio()
    number = connect(ls, None, title="Gone", labels=["cpu", "fan"]).project_id
    assert number is not None
    files = [("a.jpg", ("a.jpg", plain((90, 90, 120)), "image/jpeg"))]
    ls.request("POST", f"/api/projects/{number}/import", timeout=60, files=files)
    (task,) = (task["id"] for task in ls.tasks(number))
    wait_for(lambda: progress.sync_progress(number).embedded == 1, 120)
    with resting(stack, "worker"):  # it would notice
        with database() as connection:
            version = connection.execute("SELECT model_version FROM project WHERE id = %s", (number,)).fetchone()
            assert version
            connection.execute("INSERT INTO set_aside (task_id, project_id, model_version, object, verdict, decided_by)"
                               " VALUES (%s, %s, %s, '', 'fix', '')", (task, number, version["model_version"]))
            connection.execute("INSERT INTO view (id, project_id, kind, title, query, written) "
                               "VALUES (99999, %s, 'band', 'Review: to fix', 'to_fix', '')", (number,))
        ls.delete(f"/api/projects/{number}/")
        yield number, task


@pytest.fixture(scope="module")
def description(gone: tuple[int, int]) -> Any:
    return schemathesis.openapi.from_wsgi("/openapi.json", create_app())


@pytest.mark.parametrize(("method", "path"), OF_A_PROJECT)
def test_a_project_that_label_studio_no_longer_has__is_answered(description: Any, gone: tuple[int, int],
                                                                 method: str, path: str) -> None:
    @given(case=description[path][method].as_strategy())
    @settings(max_examples=3, deadline=None, derandomize=True, database=None,
              suppress_health_check=list(HealthCheck))
    def check(case: schemathesis.Case) -> None:
        case.path_parameters["project_id"] = gone[0]
        if "task_id" in case.path_parameters:
            case.path_parameters["task_id"] = gone[1]
        if isinstance(case.body, dict) and "task" in case.body:
            case.body["task"] = gone[1]
        answer = case.call()
        if answer.status_code != 503 or answer.json()["code"] != "not_ready":  # nothing was detected in it, say
            case.validate_response(answer, checks=[not_a_server_error])

    check()
