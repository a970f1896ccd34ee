"""From a task in Label Studio to a hit over HTTP: sync, embedding, search, errors; every process is running."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import requests
from PIL import Image

from argus.db import connect
from argus.errors import ArgusError
from argus.labelstudio import LabelStudio
from argus.settings import get_settings
from search_service import sync
from search_service.search import search
from tests.waiting import wait_for

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]


def jpeg(seed: int, size: tuple[int, int] = (96, 64)) -> bytes:
    """A picture of coarse coloured noise; each seed gives another one."""
    coarse = np.random.default_rng(seed).integers(0, 255, (4, 6, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(coarse).resize(size, Image.Resampling.NEAREST).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def settled(project: int, count: int) -> Callable[[], bool]:
    """Whether `count` tasks were seen and none of them waits any more."""
    def holds() -> bool:
        progress = sync.sync_progress(project)
        return bool(progress["seen"] == count and progress["waiting"] == 0)

    return holds


class Api:
    """The running search service."""

    def __init__(self) -> None:
        self.base = get_settings().search_service_url

    def __call__(self, method: str, path: str, expect: int = 200, **options: Any) -> Any:
        answer = requests.request(method, f"{self.base}/api/v1{path}", timeout=30, **options)
        assert answer.status_code == expect, answer.text
        kind = answer.headers["Content-Type"]
        if expect >= 400:
            assert kind == "application/problem+json"
        return answer.json() if "json" in kind else answer.content


@pytest.fixture
def api(stack: Any) -> Api:
    return Api()


@pytest.fixture(scope="module")
def twelve(stack: Any) -> Iterator[tuple[int, list[int]]]:
    """A project of twelve embedded images, the last of which has the content of the first; `(project, task ids)`."""
    from label_studio_config.project import connect as connect_project

    settings = get_settings()
    ls = LabelStudio(settings.label_studio_url, settings.access_token)
    project = connect_project(ls, None, title="Twelve", labels=["cpu", "fan"]).project_id
    assert project is not None
    files = [(f"{n:02}.jpg", (f"{n:02}.jpg", jpeg(n % 11), "image/jpeg")) for n in range(12)]
    ls.request("POST", f"/api/projects/{project}/import", files=files, timeout=60)
    wait_for(settled(project, 12), 90)
    yield project, sorted(task["id"] for task in ls.tasks(project))
    ls.delete(f"/api/projects/{project}/")


def test_new_tasks_are_embedded_without_anybody_asking(twelve: tuple[int, list[int]]) -> None:
    progress = sync.sync_progress(twelve[0])
    assert (progress["seen"], progress["embedded"], progress["failed"], progress["errors"]) == (12, 12, 0, [])


def test_search__over_http_is_what_the_service_says(twelve: tuple[int, list[int]], api: Api) -> None:
    project, tasks = twelve
    answer = api("GET", f"/projects/{project}/search", params={"q": "CPU", "limit": 5})
    assert (answer["total"], answer["exact"], answer["waiting"], len(answer["hits"])) == (12, True, 0, 5)
    similarities = [hit["similarity"] for hit in answer["hits"]]
    assert similarities == sorted(similarities, reverse=True)
    ours = search(project, "cpu", 5).to_json()
    assert [hit["task"] for hit in ours["hits"]] == [hit["task"] for hit in answer["hits"]]
    pages = [hit["task"] for offset in (0, 5, 10) for hit in
             api("GET", f"/projects/{project}/search", params={"q": "cpu", "limit": 5, "offset": offset})["hits"]]
    assert sorted(pages) == tasks


def test_search__identical_content_is_embedded_once_and_found_twice(twelve: tuple[int, list[int]], api: Api) -> None:
    project, tasks = twelve
    with connect() as connection:
        digests = {row["id"]: bytes(row["content_hash"]) for row in connection.execute(
            "SELECT id, content_hash FROM task WHERE project_id = %s", (project,))}
    assert len(set(digests.values())) == 11
    twin = api("GET", f"/projects/{project}/tasks/{tasks[0]}/similar", params={"limit": 3})["hits"][0]
    assert digests[twin["task"]] == digests[tasks[0]]
    assert twin["similarity"] == pytest.approx(1, abs=1e-3)


def test_similar__leaves_the_task_itself_out_and_pages_do_not_overlap(twelve: tuple[int, list[int]], api: Api) -> None:
    project, tasks = twelve
    got = [hit["task"] for offset in range(0, 12, 4) for hit in api(
        "GET", f"/projects/{project}/tasks/{tasks[3]}/similar", params={"limit": 4, "offset": offset})["hits"]]
    assert sorted(got) == [task for task in tasks if task != tasks[3]]


def test_search_by_image__finds_the_same_picture(twelve: tuple[int, list[int]], api: Api) -> None:
    project, _ = twelve
    for options in ({"data": jpeg(5)}, {"files": {"image": ("x.jpg", jpeg(5), "image/jpeg")}}):
        best = api("POST", f"/projects/{project}/search/image", params={"limit": 1}, **options)["hits"][0]
        assert best["similarity"] > 0.99
        assert best["image"].endswith("-05.jpg")


@pytest.mark.parametrize(("path", "params", "status", "code"), [
    ("/projects/{p}/search", {"q": ""}, 400, "empty_query"),
    ("/projects/{p}/search", {"q": "-cpu"}, 400, "empty_query"),
    ("/projects/{p}/search", {"q": "c" * 10_000}, 400, "bad_request"),
    ("/projects/{p}/search", {"q": "c\0pu"}, 400, "bad_request"),
    ("/projects/{p}/search", {"q": "cpu", "limit": "0"}, 400, "bad_request"),
    ("/projects/{p}/search", {"q": "cpu", "offset": "-1"}, 400, "bad_request"),
    ("/projects/{p}/search", {"q": "cpu", "limt": "3"}, 400, "bad_request"),
    ("/projects/987654/search", {"q": "cpu"}, 404, "unknown_project"),
    ("/projects/987654", {}, 404, "unknown_project"),
    ("/projects/99999999999999999999/search", {"q": "cpu"}, 404, "unknown_project"),
    ("/projects/{p}/tasks/999999999/similar", {}, 404, "unknown_task"),
    ("/images/999999999", {}, 404, "unknown_task"),
    ("/images/{t}", {"size": "9999"}, 400, "bad_request"),
])
def test_wrong_questions_get_their_error(twelve: tuple[int, list[int]], api: Api, path: str, params: dict[str, str],
                                         status: int, code: str) -> None:
    problem = api("GET", path.format(p=twelve[0], t=twelve[1][0]), status, params=params)
    assert problem["code"] == code
    assert len(problem["detail"]) > 10


@pytest.mark.parametrize(("data", "code"), [(b"", "bad_request"), (b"this is no image", "bad_image")])
def test_search_by_image__refuses_what_is_none(twelve: tuple[int, list[int]], api: Api, data: bytes, code: str) -> None:
    status = {"bad_request": 400, "bad_image": 422}[code]
    assert api("POST", f"/projects/{twelve[0]}/search/image", status, data=data)["code"] == code


def test_search_by_image__refuses_a_bomb(twelve: tuple[int, list[int]], api: Api) -> None:
    buffer = io.BytesIO()
    Image.new("1", (50_000, 50_000)).save(buffer, "PNG")
    assert api("POST", f"/projects/{twelve[0]}/search/image", 422, data=buffer.getvalue())["code"] == "image_too_large"


def test_history__keeps_first_pages_and_forgets_on_request(twelve: tuple[int, list[int]], api: Api) -> None:
    project, _ = twelve
    path = f"/projects/{project}/searches"
    api("DELETE", path)
    for query, offset in (("fan", 0), ("Red  fan", 0), ("fan", 0), ("battery", 5)):
        api("GET", f"/projects/{project}/search", params={"q": query, "offset": offset, "limit": 2})
    kept = api("GET", path)["searches"]
    assert [entry["query"] for entry in kept] == ["fan", "Red fan"]
    api("DELETE", f"{path}/{kept[0]['id']}")
    assert [entry["query"] for entry in api("GET", path)["searches"]] == ["Red fan"]


def test_thumbnail__is_a_small_jpeg_that_a_browser_may_keep(twelve: tuple[int, list[int]], api: Api) -> None:
    url = f"{api.base}/api/v1/images/{twelve[1][0]}?size=48"
    answer = requests.get(url, timeout=10)
    assert Image.open(io.BytesIO(answer.content)).size == (48, 32)
    again = requests.get(url, timeout=10, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_views__of_a_query_and_of_tasks(twelve: tuple[int, list[int]], api: Api, label_studio: LabelStudio) -> None:
    project, tasks = twelve
    made = api("POST", f"/projects/{project}/views", 201, json={"query": "cpu", "limit": 4})
    shown = [t["id"] for t in label_studio.get("/api/tasks/", project=project, view=made["views"][0])["tasks"]]
    assert sorted(shown) == sorted(hit.task_id for hit in search(project, "cpu", 4).hits)
    again = api("POST", f"/projects/{project}/views", 201, json={"title": "cpu", "task_ids": tasks[:2]})
    assert again["views"] == made["views"]
    assert again["url"].endswith(f"/projects/{project}/data?tab={made['views'][0]}")
    assert made["views"][0] in [view["id"] for view in api("GET", f"/projects/{project}/views")["views"]]
    api("DELETE", f"/projects/{project}/views/{made['views'][0]}")
    assert made["views"][0] not in [view["id"] for view in label_studio.get("/api/dm/views/", project=project)]
    assert api("DELETE", f"/projects/{project}/views/{made['views'][0]}", 404)["code"] == "not_found"
    unknown = api("POST", f"/projects/{project}/views", 404, json={"title": "x", "task_ids": [1, 10**12]})
    assert unknown["code"] == "unknown_task"


def test_views__are_refreshed_by_their_query(twelve: tuple[int, list[int]], api: Api,
                                             label_studio: LabelStudio) -> None:
    project, tasks = twelve
    path = f"/projects/{project}/views"
    (view,) = api("POST", path, 201, json={"title": "Fans", "query": "fan", "limit": 3})["views"]
    stale = label_studio.get(f"/api/dm/views/{view}/", project=project)
    for item, task in zip(stale["data"]["filters"]["items"], tasks, strict=False):
        item["value"] = task
    label_studio.patch(f"/api/dm/views/{view}/", {"project": project, "data": stale["data"]})
    assert api("POST", f"{path}/{view}/refresh")["views"] == [view]
    shown = [t["id"] for t in label_studio.get("/api/tasks/", project=project, view=view)["tasks"]]
    assert sorted(shown) == sorted(hit.task_id for hit in search(project, "fan", 3).hits)
    (chosen,) = api("POST", path, 201, json={"title": "Chosen", "task_ids": tasks[:2]})["views"]
    assert api("POST", f"{path}/{chosen}/refresh", 409)["code"] == "conflict"
    assert api("POST", f"{path}/123456789/refresh", 404)["code"] == "not_found"


def test_a_bad_image_fails_alone_and_a_repaired_task_recovers(stack: Any, make_project: Callable[..., int],
                                                               label_studio: LabelStudio, api: Api) -> None:
    project = make_project(["cpu"], [("0.jpg", jpeg(1)), ("1.jpg", b"\xff\xd8 broken"), ("2.jpg", jpeg(2))])
    label_studio.post(f"/api/projects/{project}/import", [{"data": {"image": "http://127.0.0.1:1/x.jpg"}}])
    wait_for(settled(project, 4), 60)
    progress = api("GET", f"/projects/{project}")["sync"]
    assert (progress["embedded"], progress["failed"]) == (2, 2)
    assert sorted(error["code"] for error in progress["errors"]) == ["bad_image", "image_forbidden"]
    assert all(error["message"] for error in progress["errors"])
    tasks = {task["id"]: task for task in label_studio.tasks(project)}
    bad = next(error["task"] for error in progress["errors"] if error["code"] == "bad_image")
    good = next(task for task in tasks.values() if task["data"]["image"].endswith("0.jpg"))
    label_studio.patch(f"/api/tasks/{bad}/", {"data": {"image": good["data"]["image"]}})
    wait_for(lambda: sync.sync_progress(project)["embedded"] == 3, 30)


def test_changed_and_deleted_tasks_are_noticed(stack: Any, make_project: Callable[..., int],
                                               label_studio: LabelStudio) -> None:
    project = make_project(["cpu"], [(f"{n}.jpg", jpeg(30 + n)) for n in range(4)])
    wait_for(settled(project, 4), 60)
    tasks = sorted(label_studio.tasks(project), key=lambda task: task["id"])
    label_studio.delete(f"/api/tasks/{tasks[0]['id']}/")
    sync.sync_project(project, full=True)
    assert sync.sync_progress(project)["seen"] == 3
    with connect() as connection:
        before = connection.execute("SELECT content_hash FROM task WHERE id = %s", (tasks[1]["id"],)).fetchone()
    label_studio.patch(f"/api/tasks/{tasks[1]['id']}/", {"data": {"image": tasks[2]["data"]["image"]}})

    def changed() -> bool:
        with connect() as connection:
            row = connection.execute("SELECT content_hash, state FROM task WHERE id = %s", (tasks[1]["id"],)).fetchone()
        return bool(row and before and row["state"] == "embedded" and row["content_hash"] != before["content_hash"])

    wait_for(changed, 30)
    twins = search(project, "cpu", 3).hits
    assert abs(next(h.similarity for h in twins if h.task_id == tasks[1]["id"])
               - next(h.similarity for h in twins if h.task_id == tasks[2]["id"])) < 1e-4


def test_sync__finds_created_tasks_by_poll_alone_and_a_second_one_changes_nothing(
        servers: Any, label_studio: LabelStudio) -> None:
    config = ('<View><Image name="i" value="$photo"/><RectangleLabels name="l" toName="i"><Label value="cpu"/>'
              "</RectangleLabels></View>")
    project = label_studio.post("/api/projects/", {"title": "Poll", "label_config": config})["id"]
    label_studio.post(f"/api/projects/{project}/import", [
        {"data": {"photo": f"/data/upload/{n}.jpg", "video": "line.mp4", "video_time": n / 2, "frame_number": n}}
        for n in range(5)])
    first = sync.sync_project(project)
    assert (first.created, first.changed, first.deleted, first.full) == (5, 0, 0, True)
    second = sync.sync_project(project)
    assert (second.created, second.changed, second.deleted, second.full) == (0, 0, 0, False)
    with connect() as connection:
        row = connection.execute("SELECT image, video, video_time, frame_number FROM task WHERE project_id = %s "
                                 "ORDER BY id OFFSET 3 LIMIT 1", (project,)).fetchone()
    assert row == {"image": "/data/upload/3.jpg", "video": "line.mp4", "video_time": 1.5, "frame_number": 3}
    label_studio.post(f"/api/projects/{project}/import", [{"data": {"photo": "/data/upload/9.jpg"}}])
    third = sync.sync_project(project, full=False)
    assert (third.created, third.full) == (1, False)
    label_studio.delete(f"/api/projects/{project}/")
    with pytest.raises(ArgusError) as error:
        sync.sync_project(project, full=True)
    assert error.value.code == "unknown_project"


def test_sync__unknown_project(servers: Any) -> None:
    for ask in (sync.sync_project, sync.sync_progress, lambda project: search(project, "cpu")):
        with pytest.raises(ArgusError) as error:
            ask(987_654)
        assert error.value.code == "unknown_project"


def test_search__nothing_embedded_yet_says_how_far_it_is(make_project: Callable[..., int], api: Api) -> None:
    project = make_project(["cpu"])
    problem = api("GET", f"/projects/{project}/search", 503, params={"q": "cpu"})
    assert problem["code"] == "not_ready"
    assert problem["details"] == {"seen": 0, "waiting": 0, "embedded": 0, "failed": 0}


def test_webhook__is_answered_at_once_and_takes_only_what_it_knows(twelve: tuple[int, list[int]], api: Api) -> None:
    url = f"{api.base}/webhooks/label-studio"
    sent = requests.post(url, json={"action": "TASKS_CREATED", "project": {"id": twelve[0]}, "tasks": []}, timeout=5)
    assert (sent.status_code, sent.json()) == (202, {"queued": True})
    assert sent.elapsed.total_seconds() < 0.5
    for body in ({"action": "ANNOTATION_CREATED", "project": {"id": 1}}, {"action": "TASKS_CREATED"}, {}):
        assert requests.post(url, json=body, timeout=5).json() == {"queued": False}
    for text in (b"", b"[]", b"{", json.dumps("x").encode()):
        answer = requests.post(url, data=text, headers={"Content-Type": "application/json"}, timeout=5)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
