"""Runs as their users meet them: cost before the start, lists, errors, the REST API and the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests
from click.testing import CliRunner

from argus import queue_names
from argus.db import connect
from argus.jobs import queues
from argus.labelstudio import LabelStudio
from argus_cli.main import main
from demo.draw import Split
from label_studio_config import projects
from label_studio_config.recipe import recipe_for
from ml_backend.runs import runs
from tests.pictures import scene
from tests.resting import resting
from tests.waiting import wait_for

pytestmark = pytest.mark.integration


def api(stack: Any, method: str, path: str, status: int = 200, body: Any = None) -> Any:
    answer = requests.request(method, f"{stack.settings.search_service_url}/api/v1{path}", json=body, timeout=60)
    assert answer.status_code == status, answer.text
    return answer.json()


def command(*arguments: str) -> str:
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_run_from_its_estimate_to_its_place_in_the_list(stack: Any, project: int, tasks: list[int]) -> None:
    body = {"labels": ["cpu"], "task_ids": tasks}
    wait_for(lambda: queues.workers_of(queue_names.SAM3), 120)  # it has loaded its model, tested it, and timed the test
    before = api(stack, "POST", f"/projects/{project}/runs/estimate", body=body)
    assert (before["tasks"], before["to_compute"]) == (8, 8)
    assert before["seconds"] > 0 and before["measured_images"] > 0
    started = api(stack, "POST", f"/projects/{project}/runs", 201, body | {"max_tasks": 3})
    run_id = started["id"]
    assert started["requested"] == 3
    wait_for(lambda: api(stack, "GET", f"/runs/{run_id}")["state"] == "done", 120)
    after = api(stack, "POST", f"/projects/{project}/runs/estimate", body=body)
    assert (after["to_compute"], after["tasks_ahead"]) == (5, 0)
    estimate = json.loads(command("annotate", "-p", str(project), "--all", "--estimate", "-l", "cpu", "--json"))
    assert estimate["to_compute"] == 5

    second = json.loads(command("annotate", "-p", str(project), "--all", "-l", "cpu", "--max-tasks", "6", "--json"))
    assert (second["requested"], second["computed"], second["done"], second["failed"]) == (6, 4, 5, 1)
    (error,) = second["errors"]
    assert (error["task"], error["code"]) == (tasks[-1], "bad_image")
    assert error["message"].endswith(".") and "Traceback" not in error["message"]

    listed = api(stack, "GET", f"/projects/{project}/runs")["runs"]
    assert [(run["id"], run["requested"]) for run in listed] == [(second["id"], 6), (run_id, 3)]
    assert [run["settings"]["source"] for run in listed] == ["all", "tasks"]
    assert listed[0]["settings"]["recipe"]["labels"] == [{"label": "cpu", "prompts": ["cpu"], "threshold": 0.4}]
    assert [(e["tasks"], e["code"]) for e in listed[0]["errors"]] == [(1, "bad_image")]
    shown = command("runs", "list", "-p", str(project))
    assert "1 task: " in shown and error["message"][:20] in shown

    with resting(stack, "sam3-worker"):  # or it may have tried again before the answer is written
        assert api(stack, "POST", f"/runs/{second['id']}/retry")["waiting"] == 1
    wait_for(lambda: api(stack, "GET", f"/runs/{second['id']}")["state"] == "done", 120)
    assert api(stack, "GET", f"/runs/{second['id']}")["failed"] == 1


@pytest.mark.parametrize("body", [
    {}, {"labels": [], "all": True}, {"labels": ["cpu"]}, {"labels": ["cpu"], "all": True, "max_tasks": 0},
    {"labels": ["cpu"], "all": True, "task_ids": [1]}, {"labels": "cpu", "all": True}])
def test_estimate__refused_with_a_sentence(stack: Any, body: Any) -> None:
    problem = api(stack, "POST", "/projects/1/runs/estimate", 400, body)
    assert problem["code"] == "bad_request" and problem["detail"].endswith(".")


def test_estimate__of_what_is_not_there(stack: Any, project: int) -> None:
    path = f"/projects/{project}/runs"
    for ending in ("", "/estimate"):
        assert api(stack, "POST", path + ending, 422, {"labels": ["hdd"], "all": True})["code"] == "unknown_label"
        assert api(stack, "POST", f"/projects/999999/runs{ending}", 404, {"labels": ["cpu"], "all": True})
    assert api(stack, "POST", "/runs/999999/retry", 404)["code"] == "unknown_run"
    assert api(stack, "GET", path)["runs"] == []


def test_predict__without_the_queue_answers_what_is_computed(stack: Any, project: int, tasks: list[int],
                                                             label_studio: LabelStudio) -> None:
    run_id = runs.create_run(project, [], tasks[:3])
    wait_for(lambda: runs.run_progress(run_id).state == "done", 120)
    with connect() as connection:
        connection.execute("DELETE FROM prediction WHERE task_id = ANY(%s)", (tasks[:2],))
    body = {"tasks": list(label_studio.tasks(project, fields="task_only")), "project": f"{project}.1",
            "label_config": label_studio.project(project)["label_config"], "params": {"context": None}}
    stack.stop("valkey")
    try:
        answer = requests.post(f"{stack.settings.ml_backend_url}/predict", json=body, timeout=90)
    finally:
        stack.start("valkey")
    assert answer.status_code == 200
    assert [bool(entry) for entry in answer.json()["results"]] == [True] * 2 + [False] * 6
    assert recipe_for(projects.load(project)).model_version == answer.json()["results"][0]["model_version"]
    assert queues.get_redis().ping()


@pytest.mark.long
@pytest.mark.timeout(900)
def test_label_studio__connects_tests_retrieves_300_and_disconnects(stack: Any, make_project: Callable[..., int],
                                                                    label_studio: LabelStudio) -> None:
    count = 300
    project = make_project(("cpu", "fan"), [(f"{i}.jpg", scene(f"runs {i}", 320, Split.VALIDATION)) for i in range(20)])
    urls = [task["data"]["image"] for task in label_studio.tasks(project)]
    label_studio.post(f"/api/projects/{project}/import", [{"image": urls[i % 20]} for i in range(count - 20)],
                      timeout=120)
    backend = label_studio.get("/api/ml/", project=project)[0]
    assert backend["state"] == "CO"
    version = projects.refresh(project)["model_version"]
    tried = label_studio.post(f"/api/ml/{backend['id']}/predict/test?random=true", timeout=60)
    assert tried["status"] == 200 and len(tried["response"]) == 1

    retrieve(label_studio, project)
    wait_for(lambda: settled(project), 300, pause=1)  # what was not ready in time comes by a run
    assert versions(label_studio, project) == [[version]] * count
    retrieve(label_studio, project)
    wait_for(lambda: settled(project), 60, pause=1)
    assert versions(label_studio, project) == [[version]] * count

    before = computed(project)
    projects.set_threshold(project, [], 0.55)
    changed = projects.refresh(project)["model_version"]
    retrieve(label_studio, project)
    wait_for(lambda: settled(project) and versions(label_studio, project) == [[changed]] * count, 240, pause=2)
    assert changed != version and computed(project) == before

    label_studio.delete(f"/api/ml/{backend['id']}")
    assert label_studio.get("/api/ml/", project=project) == []
    assert versions(label_studio, project) == [[changed]] * count  # people keep what they have


def retrieve(label_studio: LabelStudio, project: int) -> None:
    """Click "Retrieve predictions" for every task."""
    label_studio.request("POST", f"/api/dm/actions?id=retrieve_tasks_predictions&project={project}", timeout=240, json={
        "selectedItems": {"all": True, "excluded": []}, "filters": {"conjunction": "and", "items": []}})


def versions(label_studio: LabelStudio, project: int) -> list[list[str]]:
    """The model versions of each task's predictions."""
    return [[p["model_version"] for p in task["predictions"]] for task in label_studio.tasks(project)]


def settled(project: int) -> bool:
    with connect() as connection:
        claimed = connection.execute("SELECT FROM prediction WHERE project_id = %s AND state = 'claimed'",
                                     (project,)).fetchall()
    return not claimed and all(r.state not in ("queued", "running") for r in runs.list_runs(project))


def computed(project: int) -> list[Any]:
    with connect() as connection:
        return connection.execute("SELECT task_id, label, detection.created_at FROM detection JOIN task "
                                  "ON task.id = task_id WHERE project_id = %s ORDER BY 1, 2", (project,)).fetchall()
