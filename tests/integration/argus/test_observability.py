"""A request can be followed through the logs of every process, and every metric a dashboard asks for is there."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families

from argus.db import connect
from argus.labelstudio import LabelStudio
from argus.settings import get_settings
from tests.waiting import wait_for

DASHBOARD = Path(__file__).parents[3] / "docker" / "monitoring" / "grafana-dashboard.json"
pytestmark = pytest.mark.integration


def lines(stack: Any, process: str) -> list[dict[str, Any]]:
    """The JSON lines that a process has logged so far."""
    text = (stack.settings.home / "logs" / f"{process}.log").read_text("utf-8", "replace")
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def scrape(url: str) -> str:
    answer = requests.get(f"{url}/metrics", timeout=10)
    assert answer.headers["Content-Type"].startswith("text/plain")
    return answer.text


def by_state(name: str) -> dict[str, float]:
    """The samples of a metric of the whole installation, by the label `state`."""
    return {sample.labels["state"]: sample.value
            for family in text_string_to_metric_families(scrape(get_settings().search_service_url))
            for sample in family.samples if sample.name == name}


def gray() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 48), "gray").save(file, "JPEG")
    return file.getvalue()


def test_a_request_is_followed_from_http_to_the_worker(stack: Any, make_project: Any) -> None:
    project = make_project(images=[("gray.jpg", gray())])
    url = f"{get_settings().search_service_url}/api/v1/projects/{project}"
    wait_for(lambda: requests.get(url, timeout=10).json().get("sync", {}).get("embedded") == 1, seconds=90, pause=1)
    asked = requests.get(f"{url}/search",
                         params={"q": "words nobody has asked for"}, timeout=60,  # known ones need no worker
                         headers={"X-Request-ID": "follow-me.1"})
    assert asked.status_code == 200
    assert asked.headers["X-Request-ID"] == "follow-me.1"

    def seen(process: str) -> list[dict[str, Any]]:
        return [line for line in lines(stack, process) if line.get("request") == "follow-me.1"]

    wait_for(lambda: any(line["message"] == "job" for line in seen("siglip-worker")), seconds=20)
    job = next(line for line in seen("siglip-worker") if line["message"] == "job")
    assert job["job"] and job["function"] == "search_service.embedding.worker.encode_text" and job["outcome"] == "ok"
    request = next(line for line in seen("search-service") if line["message"] == "request")
    assert request["path"].endswith("/search") and request["status"] == asked.status_code


def tasks_of_runs() -> dict[str, float]:
    """The tasks of all runs by state, from the table."""
    with connect() as connection:
        rows = connection.execute("SELECT state, count(*) AS n FROM run_task GROUP BY state").fetchall()
    return dict.fromkeys(("waiting", "detected", "done", "failed", "cancelled"), 0) | {
        row["state"]: row["n"] for row in rows}


def test_a_run_is_followed_to_both_workers_and_stays_in_the_metrics(stack: Any, make_project: Any) -> None:
    project = make_project(images=[("gray.jpg", gray()), ("broken.jpg", b"no image")])
    url = f"{get_settings().search_service_url}/api/v1"
    wait_for(lambda: requests.get(f"{url}/projects/{project}", timeout=10).json().get("sync", {}).get("failed") == 1,
             seconds=90, pause=1)
    before = by_state("argus_run_tasks")
    asked = requests.post(f"{url}/projects/{project}/runs", json={"labels": ["cpu"], "all": True}, timeout=60,
                          headers={"X-Request-ID": "follow-me.2"})
    assert asked.status_code == 201
    run = asked.json()["id"]
    wait_for(lambda: requests.get(f"{url}/runs/{run}", timeout=10).json()["state"] == "done", seconds=120, pause=1)

    def seen(process: str, message: str, function: str | None = None) -> list[dict[str, Any]]:
        return [line for line in lines(stack, process) if line.get("request") == "follow-me.2"
                and line.get("run") == str(run) and line["message"] == message and line.get("function") == function]

    for process, function in (("sam3-worker", "ml_backend.sam3_worker.detect_jobs.detect_next"),
                              ("worker", "ml_backend.predictions.jobs.push_next")):
        wait_for(lambda process=process, function=function: seen(process, "job", function), seconds=20)
        assert seen(process, "job", function)[0]["job"]
    (failed,) = seen("sam3-worker", "a task failed")
    (error,) = requests.get(f"{url}/runs/{run}", timeout=10).json()["errors"]
    assert (failed["task"], failed["code"]) == (error["task"], "bad_image")

    # Though the run is over. What earlier tests left may still move, so the metric is compared with the table.
    wait_for(lambda: by_state("argus_run_tasks") == tasks_of_runs(), seconds=60)
    more = {state: count - before[state] for state, count in by_state("argus_run_tasks").items()}
    assert more["done"] >= 1 and more["failed"] >= 1


def test_a_click_is_followed_to_its_task(stack: Any, make_project: Any, label_studio: LabelStudio) -> None:
    project = make_project(images=[("gray.jpg", gray())])
    (task,) = label_studio.tasks(project)
    spot = {"type": "keypoint", "from_name": "click", "to_name": "image", "original_width": 64, "original_height": 48,
            "image_rotation": 0, "origin": "manual", "is_positive": True,
            "value": {"x": 50, "y": 50, "width": 0.3, "labels": []}}
    body = {"tasks": [{"id": task["id"], "data": task["data"]}], "project": f"{project}.1",
            "label_config": label_studio.project(project)["label_config"], "params": {"context": {"result": [spot]}}}
    answer = requests.post(f"{get_settings().ml_backend_url}/predict", json=body, timeout=60,
                           headers={"X-Request-ID": "follow-me.3"})
    assert answer.status_code == 200

    def jobs() -> list[dict[str, Any]]:
        return [line for line in lines(stack, "sam3-worker") if line.get("request") == "follow-me.3"
                and line.get("function") == "ml_backend.smart_tools.jobs.answer_smart_tool"]

    wait_for(jobs, seconds=20)
    assert jobs()[0]["task"] == str(task["id"])


@pytest.mark.parametrize("given", ["a b", "x" * 65, "<script>", "é"])
def test_a_request_id_that_is_not_plain_is_replaced(stack: Any, given: str) -> None:
    answer = requests.get(f"{get_settings().search_service_url}/livez",
                          headers={"X-Request-ID": given.encode()}, timeout=10)  # type: ignore[dict-item]
    assert re.fullmatch(r"[0-9a-f]{16}", answer.headers["X-Request-ID"])


def test_every_metric_of_the_dashboard_is_exposed(stack: Any) -> None:
    settings = get_settings()
    wait_for(lambda: 'argus_workers{role="sam3"} 1.0' in scrape(settings.ml_backend_url), seconds=60, pause=1)
    shown = scrape(settings.search_service_url) + scrape(settings.ml_backend_url)
    asked = {name for panel in json.loads(DASHBOARD.read_text())["panels"] for target in panel["targets"]
             for name in re.findall(r"argus_\w+", target["expr"])}
    assert len(asked) > 10
    sampled = set(re.findall(r"^(\w+)[{ ]", shown, re.M))
    assert not asked - sampled
    assert 'argus_queue_depth{queue="siglip"} ' in shown


@pytest.mark.parametrize(("metric", "table"), [
    ("argus_tasks", "task"), ("argus_runs", "run"), ("argus_running_tasks", "run_task"),
    ("argus_run_tasks", "run_task")])
def test_every_state_has_a_sample_from_the_start(stack: Any, metric: str, table: str) -> None:
    with connect() as connection:
        row = connection.execute("SELECT pg_get_constraintdef(oid) AS allowed FROM pg_constraint "
                                 "WHERE conname = %s", (f"{table}_state_check",)).fetchone()
    assert row is not None
    assert set(by_state(metric)) == set(re.findall(r"'(\w+)'", row["allowed"]))


def test_probes_tell_alive_from_ready(stack: Any) -> None:
    settings = get_settings()
    for url in (settings.search_service_url, settings.ml_backend_url):
        assert requests.get(f"{url}/livez", timeout=10).json() == {"status": "ok"}
        assert requests.get(f"{url}/readyz", timeout=10).status_code == 200
