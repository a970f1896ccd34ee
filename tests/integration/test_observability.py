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

from argus.settings import get_settings
from tests.waiting import wait_for

DASHBOARD = Path(__file__).parents[2] / "docker" / "monitoring" / "grafana-dashboard.json"
pytestmark = pytest.mark.integration


def lines(stack: Any, process: str) -> list[dict[str, Any]]:
    """The JSON lines that a process has logged so far."""
    text = (stack.settings.home / "logs" / f"{process}.log").read_text("utf-8", "replace")
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def scrape(url: str) -> str:
    answer = requests.get(f"{url}/metrics", timeout=10)
    assert answer.headers["Content-Type"].startswith("text/plain")
    return answer.text


def test_a_request_is_followed_from_http_to_the_worker(stack: Any, make_project: Any) -> None:
    file = io.BytesIO()
    Image.new("RGB", (64, 48), "gray").save(file, "JPEG")
    project = make_project(images=[("gray.jpg", file.getvalue())])
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
    assert job["job"] and job["function"] == "search_service.jobs.encode_text" and job["outcome"] == "ok"
    request = next(line for line in seen("search-service") if line["message"] == "request")
    assert request["path"].endswith("/search") and request["status"] == asked.status_code


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
    declared = set(re.findall(r"^# TYPE (\w+) ", shown, re.M))
    missing = {name for name in asked if name not in declared
               and re.sub(r"_(bucket|count|sum)$", "", name) not in declared}
    assert not missing
    assert 'argus_queue_depth{queue="siglip"} ' in shown


def test_probes_tell_alive_from_ready(stack: Any) -> None:
    settings = get_settings()
    for url in (settings.search_service_url, settings.ml_backend_url):
        assert requests.get(f"{url}/livez", timeout=10).json() == {"status": "ok"}
        assert requests.get(f"{url}/readyz", timeout=10).status_code == 200
