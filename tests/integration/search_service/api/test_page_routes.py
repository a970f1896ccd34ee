"""What the page's set-up, preview and export screens ask for, on real servers over HTTP."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
import requests

from argus.labelstudio import LabelStudio
from argus.settings import get_settings
from tests.pictures import plain
from tests.waiting import wait_for

pytestmark = pytest.mark.integration


def api(method: str, path: str, status: int = 200, **options: Any) -> Any:
    answer = requests.request(method, f"{get_settings().search_service_url}/api/v1{path}", timeout=60, **options)
    assert answer.status_code == status, answer.text
    return answer.json() if "json" in answer.headers["Content-Type"] else answer.content


def box(task: int) -> list[dict[str, Any]]:
    return [{"id": f"{task:012x}-b", "from_name": "box", "to_name": "image", "type": "rectanglelabels",
             "original_width": 200, "original_height": 100, "image_rotation": 0,
             "value": {"x": 10, "y": 10, "width": 20, "height": 40, "rotation": 0, "rectanglelabels": ["cpu"]}}]


@pytest.fixture
def project(stack: Any, make_project: Callable[..., int], label_studio: LabelStudio) -> int:
    """A project of four images, three of them annotated, two of those from one video."""
    made = make_project(["cpu", "fan"], [(f"{n}.jpg", plain((40 * n, 90, 30), (200, 100))) for n in range(4)])
    tasks = list(label_studio.tasks(made))
    for task in tasks[:2]:
        label_studio.patch(f"/api/tasks/{task['id']}/", {"data": task["data"] | {"video": "a.mp4", "video_time": 1.5}})
    for task in tasks[:3]:
        label_studio.post(f"/api/tasks/{task['id']}/annotations/", {"result": box(task["id"])})
    return made


def test_export__counts_beforehand_then_a_file_with_the_same_counts(project: int) -> None:
    asked = {"format": "coco", "splits": {"train": 50, "val": 50}}
    counts = api("POST", f"/projects/{project}/exports/preview", json=asked)
    assert (counts["images"], counts["videos"], counts["objects"]) == (3, 2, {"cpu": 3, "fan": 0})
    assert sorted((one["images"], one["videos"]) for one in counts["splits"].values()) == [(1, 1), (2, 1)]

    made = api("POST", f"/projects/{project}/exports", 201, json=asked)
    wait_for(lambda: api("GET", f"/exports/{made['id']}")["state"] not in ("queued", "running"), 60)
    state = api("GET", f"/exports/{made['id']}")
    assert (state["state"], state["written"], state["total"]) == ("done", 3, 3), state["error"]
    with zipfile.ZipFile(io.BytesIO(api("GET", f"/exports/{made['id']}/file"))) as archive:
        names = archive.namelist()
        coco = [json.loads(archive.read(name)) for name in names if name.startswith("annotations")]
    assert sum(len(split["images"]) for split in coco) == 3
    assert sum(len(split["annotations"]) for split in coco) == 3
    assert len([name for name in names if name.startswith("images/")]) == 3
    assert state["report"]["leaks"]["checked"] == state["report"]["splits"]["val"]
    assert "leaks/frames.csv" in names
    assert [one["id"] for one in api("GET", f"/projects/{project}/exports")["exports"]] == [made["id"]]
    api("DELETE", f"/exports/{made['id']}")
    assert api("GET", f"/exports/{made['id']}", 404)["code"] == "not_found"


def test_export__what_cannot_be_made_is_said(project: int) -> None:
    assert api("POST", f"/projects/{project}/exports", 400, json={"format": "pascal"})["code"] == "unknown_format"
    assert api("POST", f"/projects/{project}/exports", 400, json={"splits": {"train": -1}})["code"] == "bad_request"
    made = api("POST", f"/projects/{project}/exports", 201, json={"format": "yolo", "source": "predictions"})
    wait_for(lambda: api("GET", f"/exports/{made['id']}")["state"] == "failed", 60)
    assert api("GET", f"/exports/{made['id']}")["error"]["code"] == "nothing_selected"
    assert api("GET", f"/exports/{made['id']}/file", 503)["code"] == "not_ready"


def test_task__has_its_objects_and_its_place_in_the_video(project: int, label_studio: LabelStudio) -> None:
    first = min(task["id"] for task in label_studio.tasks(project))
    wait_for(lambda: [one["frames"] for one in api("GET", f"/projects/{project}/videos")["videos"]] == [2], 60)
    task = api("GET", f"/projects/{project}/tasks/{first}")
    assert task["video_time"] == 1.5
    assert task["label_studio"].endswith(f"/projects/{project}/data?task={first}")
    ((thing,),) = [annotation["objects"] for annotation in task["annotations"]]
    assert (thing["label"], thing["box"]) == ("cpu", [0.1, 0.1, 0.3, 0.5])
    assert api("GET", f"/projects/{project}/videos")["videos"] == [
        {"video": "a.mp4", "video_id": None, "name": "a.mp4", "filter": "a.mp4", "frames": 2, "seconds": 1.5}]
    assert api("GET", f"/projects/{project}/tasks/99999999", 404)["code"] == "unknown_task"


def test_status__counts_workers_queues_and_images(project: int) -> None:
    wait_for(lambda: next(one for one in api("GET", "/status")["projects"] if one["id"] == project)["seen"] == 4, 60)
    status = api("GET", "/status")
    assert set(status["roles"].values()) == {1}
    assert {worker["role"] for worker in status["workers"]} == {"siglip", "sam3", "default", "export"}
    (ours,) = [one for one in status["projects"] if one["id"] == project]
    assert (ours["seen"], ours["connected"]) == (4, True)
    report = api("GET", f"/doctor?project={project}")
    names = {finding["name"] for finding in report["findings"]}
    assert {"database", "queue", "siglip worker", f"project {project}: webhook"} <= names
    assert report["problems"] == sum(f["state"] == "problem" for f in report["findings"])


def test_status__a_failed_image_stands_among_the_errors(make_project: Callable[..., int], stack: Any) -> None:
    project = make_project(["cpu"], [("broken.jpg", b"not a picture")])
    wait_for(lambda: any(e["project"] == project for e in api("GET", "/status")["errors"]), 120)
    error = next(e for e in api("GET", "/status")["errors"] if e["project"] == project)
    assert (error["what"], error["code"]) == ("image", "bad_image")
    assert error["message"] and error["at"]


def test_connect__says_first_what_it_would_do(label_studio: LabelStudio, stack: Any) -> None:
    plain = label_studio.post("/api/projects/", {"title": "Not ours"})["id"]
    try:
        asked = {"project": plain, "labels": ["cpu", "fan"]}
        plan = api("POST", "/label-studio/connect", json=asked | {"dry_run": True})
        assert plan["created"] and plan["dry_run"]
        listed = {one["id"]: one["connected"] for one in api("GET", "/label-studio/projects")["projects"]}
        assert listed[plain] is False
        assert api("POST", "/label-studio/connect", json=asked)["labels"] == ["cpu", "fan"]
        assert plain in {one["id"] for one in api("GET", "/projects")["projects"]}
        assert api("POST", f"/projects/{plain}/disconnect")["removed"]
        assert api("POST", "/label-studio/connect", 400, json={})["code"] == "bad_request"
        assert api("POST", "/label-studio/connect", 404, json={"project": 999_999})["code"] == "unknown_project"
    finally:
        label_studio.delete(f"/api/projects/{plain}/")
