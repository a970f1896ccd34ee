"""From a task in Label Studio to a hit over HTTP: sync, embedding, search, errors; every process is running."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import requests
from click.testing import CliRunner
from PIL import Image
from rq import Queue
from rq.serializers import JSONSerializer

from argus import queue_names
from argus.db import connect
from argus.errors import ArgusError
from argus.jobs import queues
from argus.labelstudio import LabelStudio
from argus.settings import get_settings
from argus_cli.main import main
from label_studio_config.views import search_views
from search_service.search.search import search
from search_service.sync import progress as sync_progress
from search_service.sync import tasks as sync_tasks
from search_service.views import ranks
from search_service.views import saved_searches as saved
from search_service.views.saved_searches import refresh_job
from tests.resting import resting
from tests.waiting import wait_for

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]


def jpeg(seed: int, size: tuple[int, int] = (96, 64)) -> bytes:
    """A picture of coarse coloured unlikely; each seed gives another one."""
    coarse = np.random.default_rng(seed).integers(0, 255, (4, 6, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(coarse).resize(size, Image.Resampling.NEAREST).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def settled(project: int, count: int) -> Callable[[], bool]:
    """Whether `count` tasks were seen and none of them waits any more."""
    def holds() -> bool:
        progress = sync_progress.sync_progress(project)
        return bool(progress.seen == count and progress.waiting == 0)

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
    from label_studio_config.connect import connect as connect_project

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
    progress = sync_progress.sync_progress(twelve[0])
    assert (progress.seen, progress.embedded, progress.failed, progress.errors) == (12, 12, 0, [])


def test_clusters__hold_each_image_once__and_are_looked_at_like_other_images(
        twelve: tuple[int, list[int]], api: Api, make_project: Callable[..., int]) -> None:
    project, tasks = twelve
    found = api("GET", f"/projects/{project}/clusters")
    assert (found["total"], found["looked_at"]) == (12, 12) and len(found["clusters"]) == 2
    seen: list[int] = []
    for cluster in found["clusters"]:
        around = cluster["picture"]["task"]
        page = api("GET", f"/projects/{project}/browse", params={"order": "cluster", "around": around, "limit": 50})
        assert page["total"] == cluster["images"] and page["images"][0]["task"] == around
        seen += [image["task"] for image in page["images"]]
        assert len(cluster["words"]) <= 3
    assert sorted(seen) == tasks
    assert api("GET", f"/projects/{project}/clusters", params={"labelled": "true"})["clusters"] == []
    path = f"/projects/{project}/browse"
    assert api("GET", path, 404, params={"order": "cluster", "around": 10**9})["code"] == "unknown_task"
    assert api("GET", path, 400, params={"order": "cluster"})["code"] == "bad_request"
    assert api("GET", path, 400, params={"order": "time", "around": tasks[0]})["code"] == "bad_request"
    assert api("GET", f"/projects/{make_project(['cpu'])}/clusters")["clusters"] == []
    assert api("GET", "/projects/999999/clusters", 404)["code"] == "unknown_project"


def test_search__over_http_is_what_the_service_says(twelve: tuple[int, list[int]], api: Api) -> None:
    project, tasks = twelve
    answer = api("GET", f"/projects/{project}/search", params={"q": "CPU", "limit": 5})
    assert (answer["total"], answer["exact"], answer["waiting"], len(answer["hits"])) == (12, True, 0, 5)
    similarities = [hit["similarity"] for hit in answer["hits"]]
    assert similarities == sorted(similarities, reverse=True)
    ours = search(project, "cpu", 5)
    assert [hit.task for hit in ours] == [hit["task"] for hit in answer["hits"]]
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
    ("/projects/99999999999999999999/search", {"q": "cpu"}, 404, "not_found"),
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


@pytest.mark.parametrize(("body", "status", "code"), [
    ({}, 400, "empty_query"),
    ({"text": " "}, 400, "empty_query"),
    ({"text": "c" * 10_000}, 400, "bad_request"),
    ({"text": "c\0pu"}, 400, "bad_request"),
    ({"unlike": [{"task": 1}]}, 400, "empty_query"),
    ({"like": [{"task": 10**30}]}, 400, "bad_request"),
    ({"like": [{"task": 999_999_999}]}, 404, "unknown_task"),
    ({"like": [{"image": "not base64!"}]}, 400, "bad_request"),
    ({"like": [{"image": "bm8gaW1hZ2U="}]}, 422, "bad_image"),
    ({"like": [{"task": 1}] * 21}, 400, "bad_request"),
    ({"text": "cpu", "filters": {"band": "best"}}, 400, "bad_request"),
    ({"text": "cpu", "filters": {"label": "a\0"}}, 400, "bad_request"),
    ({"text": "cpu", "filters": {"video_from": 2, "video_to": 1}}, 400, "bad_request"),
])
def test_post_search__wrong_questions_get_their_error_and_right_ones_go_on(
        twelve: tuple[int, list[int]], api: Api, body: dict[str, Any], status: int, code: str) -> None:
    path = f"/projects/{twelve[0]}/search"
    assert api("POST", path, status, json=body)["code"] == code
    assert len(api("POST", path, json={"text": "cpu", "limit": 2, "record": False})["hits"]) == 2


def test_judgements__measure_the_search(twelve: tuple[int, list[int]], api: Api) -> None:
    project, tasks = twelve
    path = f"/projects/{project}"
    assert api("GET", f"{path}/search-eval", 422)["code"] == "nothing_selected"
    first, second, third = (hit.task for hit in search(project, "cpu", 3, record=False).hits)
    for task, relevant in ((first, True), (second, False), (third, True)):
        api("POST", f"{path}/judgements", json={"query": " cpu", "task": task, "relevant": relevant})
    found = api("GET", f"{path}/search-eval", params={"k": "1,3"})
    (row,) = found["queries"]
    assert (row["query"], row["judged"], row["relevant"]) == ("cpu", 3, 2)
    assert row["recall"] == {"1": 1.0, "3": 1.0}
    assert row["ndcg"] == {"1": 1.0, "3": pytest.approx((1 + 0.5) / (1 + 0.63093), abs=1e-3)}
    assert sum(row["hits"].values()) == 3
    assert found["mean"]["recall"] == row["recall"]
    assert api("POST", f"{path}/judgements", json={"query": "cpu", "task": first, "relevant": None}) == {"judged": 2}
    assert api("GET", f"{path}/judgements", params={"query": "cpu"})["judgements"] == sorted(
        [{"query": "cpu", "task": second, "relevant": False}, {"query": "cpu", "task": third, "relevant": True}],
        key=lambda said: said["task"])
    assert api("DELETE", f"{path}/judgements") == {"deleted": 2}
    assert api("POST", f"{path}/judgements", 404, json={"query": "x", "task": 10**9, "relevant": True})["code"] \
        == "unknown_task"
    assert api("GET", f"{path}/search-eval", 400, params={"k": "0"})["code"] == "bad_request"
    with connect() as connection:
        connection.execute("UPDATE project SET reconciled_at = now() WHERE id = %s", (project,))  # no full listing now
        connection.execute("UPDATE task SET labelled = true, labels = '{cpu}' WHERE id = ANY(%s)", (tasks[:3],))
        connection.execute("UPDATE task SET labelled = true WHERE id = ANY(%s)", (tasks[3:6],))
    try:
        (row,) = api("GET", f"{path}/search-eval", params={"by": "labels"})["queries"]
        assert (row["query"], row["judged"], row["relevant"], row["recall"]["10"]) == ("cpu", 6, 3, 1.0)
        shown = CliRunner().invoke(main, ["search-eval", "--project", str(project), "--by", "labels", "--json"])
        assert json.loads(shown.stdout)["queries"] == [row]
        table = CliRunner().invoke(main, ["search-eval", "--project", str(project), "--by", "labels", "--k", "3"])
        assert "recall@3" in table.stdout and "mean" in table.stdout
    finally:
        with connect() as connection:
            connection.execute("UPDATE task SET labelled = false, labels = '{}' WHERE project_id = %s", (project,))


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
    assert sorted(shown) == sorted(hit.task for hit in search(project, "cpu", 4).hits)
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
    search_views(label_studio, project, "Fans", tasks[:3], "fan")  # what it showed when other images were there
    assert api("POST", f"{path}/{view}/refresh")["views"] == [view]
    shown = [t["id"] for t in label_studio.get("/api/tasks/", project=project, view=view)["tasks"]]
    assert sorted(shown) == sorted(hit.task for hit in search(project, "fan", 3).hits)
    (chosen,) = api("POST", path, 201, json={"title": "Chosen", "task_ids": tasks[:2]})["views"]
    assert api("POST", f"{path}/{chosen}/refresh", 409)["code"] == "conflict"
    assert api("POST", f"{path}/123456789/refresh", 404)["code"] == "not_found"


def test_a_bad_image_fails_alone_and_a_repaired_task_recovers(stack: Any, make_project: Callable[..., int],
                                                               label_studio: LabelStudio, api: Api) -> None:
    project = make_project(["cpu"], [("0.jpg", jpeg(1)), ("1.jpg", b"\xff\xd8 broken"), ("2.jpg", jpeg(2))])
    label_studio.post(f"/api/projects/{project}/import", [{"data": {"image": "http://127.0.0.1:1/x.jpg"}}])
    wait_for(settled(project, 4), 60)
    progress = api("GET", f"/projects/{project}")["sync"]
    assert (progress["fetched"], progress["embedded"], progress["failed"]) == (3, 2, 2)
    assert sorted(error["code"] for error in progress["errors"]) == ["bad_image", "image_forbidden"]
    assert all(error["message"] for error in progress["errors"])
    tasks = {task["id"]: task for task in label_studio.tasks(project)}
    private = next(error["task"] for error in progress["errors"] if error["code"] == "image_forbidden")
    for where in (f"/projects/{project}/tasks/{private}/similar?box=0,0,1,1", f"/images/{private}"):
        assert api("GET", where, 403)["code"] == "image_forbidden"
    assert len(api("GET", f"/projects/{project}/search", params={"q": "cpu"})["hits"]) == 2
    bad = next(error["task"] for error in progress["errors"] if error["code"] == "bad_image")
    good = next(task for task in tasks.values() if task["data"]["image"].endswith("0.jpg"))
    label_studio.patch(f"/api/tasks/{bad}/", {"data": {"image": good["data"]["image"]}})
    wait_for(lambda: sync_progress.sync_progress(project).embedded == 3, 30)


def test_changed_and_deleted_tasks_are_noticed(stack: Any, make_project: Callable[..., int],
                                               label_studio: LabelStudio) -> None:
    project = make_project(["cpu"], [(f"{n}.jpg", jpeg(30 + n)) for n in range(4)])
    wait_for(settled(project, 4), 60)
    tasks = sorted(label_studio.tasks(project), key=lambda task: task["id"])
    label_studio.delete(f"/api/tasks/{tasks[0]['id']}/")
    sync_tasks.sync_project(project, full=True)
    assert sync_progress.sync_progress(project).seen == 3
    with connect() as connection:
        before = connection.execute("SELECT content_hash FROM task WHERE id = %s", (tasks[1]["id"],)).fetchone()
    label_studio.patch(f"/api/tasks/{tasks[1]['id']}/", {"data": {"image": tasks[2]["data"]["image"]}})

    def changed() -> bool:
        with connect() as connection:
            row = connection.execute("SELECT content_hash, state FROM task WHERE id = %s", (tasks[1]["id"],)).fetchone()
        return bool(row and before and row["state"] == "embedded" and row["content_hash"] != before["content_hash"])

    wait_for(changed, 30)
    twins = search(project, "cpu", 3).hits
    assert abs(next(h.similarity for h in twins if h.task == tasks[1]["id"])
               - next(h.similarity for h in twins if h.task == tasks[2]["id"])) < 1e-4


def test_sync__finds_created_tasks_by_poll_alone_and_a_second_one_changes_nothing(
        servers: Any, label_studio: LabelStudio) -> None:
    config = ('<View><Image name="i" value="$photo"/><RectangleLabels name="l" toName="i"><Label value="cpu"/>'
              "</RectangleLabels></View>")
    project = label_studio.post("/api/projects/", {"title": "Poll", "label_config": config})["id"]
    label_studio.post(f"/api/projects/{project}/import", [
        {"data": {"photo": f"/data/upload/{n}.jpg", "video": "line.mp4", "video_time": n / 2, "frame_number": n}}
        for n in range(5)])
    first = sync_tasks.sync_project(project)
    assert (first.created, first.changed, first.deleted, first.full) == (5, 0, 0, True)
    second = sync_tasks.sync_project(project)
    assert (second.created, second.changed, second.deleted, second.full) == (0, 0, 0, False)
    with connect() as connection:
        row = connection.execute("SELECT image, video, video_time, frame_number FROM task WHERE project_id = %s "
                                 "ORDER BY id OFFSET 3 LIMIT 1", (project,)).fetchone()
    assert row == {"image": "/data/upload/3.jpg", "video": "line.mp4", "video_time": 1.5, "frame_number": 3}
    label_studio.post(f"/api/projects/{project}/import", [{"data": {"photo": "/data/upload/9.jpg"}}])
    third = sync_tasks.sync_project(project, full=False)
    assert (third.created, third.full) == (1, False)
    label_studio.delete(f"/api/projects/{project}/")
    with pytest.raises(ArgusError) as error:
        sync_tasks.sync_project(project, full=True)
    assert error.value.code == "unknown_project"


def test_sync__unknown_project(servers: Any) -> None:
    for ask in (sync_tasks.sync_project, sync_progress.sync_progress, lambda project: search(project, "cpu")):
        with pytest.raises(ArgusError) as error:
            ask(987_654)
        assert error.value.code == "unknown_project"


def test_search__nothing_embedded_yet_says_how_far_it_is(make_project: Callable[..., int], api: Api) -> None:
    project = make_project(["cpu"])
    problem = api("GET", f"/projects/{project}/search", 503, params={"q": "cpu"})
    assert problem["code"] == "not_ready"
    assert problem["details"] == {"seen": 0, "waiting": 0, "embedded": 0, "failed": 0}


def test_webhook__is_answered_before_its_work_is_done_and_takes_only_what_it_knows(
        twelve: tuple[int, list[int]], api: Api, stack: Any) -> None:
    url = f"{api.base}/webhooks/label-studio"
    with resting(stack, "worker"):
        for action in ("TASKS_CREATED", "TASKS_DELETED", "TASKS_CREATED", "PROJECT_UPDATED"):
            sent = requests.post(url, json={"action": action, "project": {"id": twelve[0]}, "tasks": []}, timeout=5)
            assert (sent.status_code, sent.json()) == (202, {"queued": True})
        for number in range(50):
            forged = {"action": "TASKS_CREATED", "project": {"id": 900_000 + number}}
            assert requests.post(url, json=forged, timeout=5).json() == {"queued": False}
        waiting = Queue(queue_names.DEFAULT, connection=queues.get_redis(), serializer=JSONSerializer).get_job_ids()
        assert [name for name in waiting if name.startswith((f"sync-{twelve[0]}", "sync-9000"))] == [
            f"sync-{twelve[0]}"]  # one a project
    for body in ({"action": "ANNOTATION_CREATED", "project": {"id": 1}}, {"action": "TASKS_CREATED"}, {}):
        assert requests.post(url, json=body, timeout=5).json() == {"queued": False}
    for text in (b"", b"[]", b"{", json.dumps("x").encode()):
        answer = requests.post(url, data=text, headers={"Content-Type": "application/json"}, timeout=5)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


def test_search__by_text_and_images_wanted_and_not(twelve: tuple[int, list[int]], api: Api) -> None:
    project, tasks = twelve
    path = f"/projects/{project}/search"
    like = api("POST", path, json={"like": [{"task": tasks[3]}], "limit": 12})
    assert [hit["task"] for hit in like["hits"]] == [hit["task"] for hit in api(
        "GET", f"/projects/{project}/tasks/{tasks[3]}/similar", params={"limit": 12})["hits"]]
    upload = base64.b64encode(jpeg(5)).decode()
    assert api("POST", path, json={"like": [{"image": upload}], "limit": 1})["hits"][0]["image"].endswith("-05.jpg")
    unlike = api("POST", path, json={"text": "cpu", "like": [{"image": upload}], "unlike": [{"image": upload}],
                                     "limit": 12})["hits"]
    assert unlike[0]["image"] != like["hits"][0]["image"]
    assert {hit["relevance"] for hit in unlike} <= {"likely", "possible", "unlikely"}
    part = api("POST", path, json={"like": [{"task": tasks[3], "box": [0, 0, 0.5, 0.5]}, {"task": tasks[4]}],
                                   "unlike": [{"task": tasks[5]}], "limit": 12})
    assert sorted(hit["task"] for hit in part["hits"]) == [task for task in tasks if task not in tasks[3:6]]
    assert part["query"] == f"like part 0 0 50 50 % of task {tasks[3]}, task {tasks[4]} · not like task {tasks[5]}"


def test_search__filters_over_http(twelve: tuple[int, list[int]], api: Api) -> None:
    project, tasks = twelve
    with connect() as connection:
        connection.execute("UPDATE project SET reconciled_at = now() WHERE id = %s", (project,))  # no full listing now
        connection.execute("UPDATE task SET labelled = true WHERE id = ANY(%s)", (tasks[:8],))
    try:
        answer = api("GET", f"/projects/{project}/search", params={"q": "cpu", "labelled": "no", "limit": 4})
        assert (answer["total"], answer["images"], answer["filters"]) == (4, 12, {"labelled": False})
        assert sorted(hit["task"] for hit in answer["hits"]) == tasks[8:]
        like = api("GET", f"/projects/{project}/tasks/{tasks[8]}/similar", params={"labelled": "no"})["hits"]
        assert sorted(hit["task"] for hit in like) == tasks[9:]
        asked = api("POST", f"/projects/{project}/search", json={"text": "cpu", "filters": {"labelled": True}})
        assert asked["total"] == 8
        assert api("GET", f"/projects/{project}/search", params={"q": "cpu", "band": "low"})["hits"] == []
        made = api("POST", f"/projects/{project}/views", 201, json={"query": "cpu", "filters": {"labelled": False}})
        assert made["tasks"] == 4
    finally:
        with connect() as connection:
            connection.execute("UPDATE task SET labelled = false WHERE project_id = %s", (project,))


def test_history__whole_searches_are_repeated(twelve: tuple[int, list[int]], api: Api) -> None:
    project, tasks = twelve
    body = {"text": "cpu -fan", "like": [{"task": tasks[1]}], "filters": {"labelled": False}}
    first = api("POST", f"/projects/{project}/search", json={**body, "limit": 3})
    api("POST", f"/projects/{project}/search", json={"like": [{"image": base64.b64encode(jpeg(1)).decode()}]})
    entry = api("GET", f"/projects/{project}/searches")["searches"][0]  # an uploaded file is not kept
    assert (entry["query"], entry["ask"]) == (first["query"], body)
    again = api("POST", f"/projects/{project}/searches/{entry['id']}/repeat", params={"limit": 3})
    assert again["hits"] == first["hits"]
    assert api("DELETE", f"/projects/{project}/searches/{entry['id']}") == {"deleted": 2}
    assert api("POST", f"/projects/{project}/searches/{entry['id']}/repeat", 404)["code"] == "not_found"


def test_saved_searches__are_kept_changed_and_deleted(twelve: tuple[int, list[int]], api: Api,
                                                      label_studio: LabelStudio) -> None:
    project = twelve[0]
    path = f"/projects/{project}/saved-searches"
    made = api("POST", path, 201, json={"name": "Fresh fans", "ask": {"text": "fan"}, "size": 5, "keep_view": True})
    (view,) = made["views"]
    expected = [hit.task for hit in search(project, "fan", 5, record=False).hits]
    assert shown(label_studio, project, view) == set(expected)
    (listed,) = api("GET", path)["saved_searches"]
    moves = ("stale", "refreshed_at")  # near-duplicates are still being looked for: another result is possible
    assert {name: listed[name] for name in listed if name not in moves} == {
        name: made[name] for name in made if name not in moves}
    assert [hit["task"] for hit in api("GET", f"{path}/{made['id']}/hits", params={"limit": 5})["hits"]] == expected
    assert api("POST", path, 409, json={"name": " Fresh  fans", "ask": {"text": "x"}})["code"] == "conflict"
    renamed = api("PATCH", f"{path}/{made['id']}", json={"name": "Parts", "ask": {"text": "cpu"}, "size": 2})
    assert (renamed["keep_view"], renamed["tasks"]) == (True, 2)
    views = {row["id"]: row["data"]["title"] for row in label_studio.get("/api/dm/views/", project=project)}
    assert views[renamed["views"][0]] == "Search: Parts (unordered)"
    assert not any("Fresh fans" in title for title in views.values())
    assert renamed["left"] == []
    assert api("DELETE", f"{path}/{made['id']}") == {"deleted": made["id"], "left": []}
    assert not any("Parts" in row["data"]["title"] for row in label_studio.get("/api/dm/views/", project=project))
    assert api("GET", f"{path}/{made['id']}", 404)["code"] == "not_found"
    for body in ({"name": "x", "ask": {}}, {"name": " ", "ask": {"text": "x"}}, {"ask": {"text": "x"}},
                 {"name": "x", "ask": {"like": [{"image": "aGk="}]}},
                 {"name": "x", "ask": {"text": "x"}, "ranked": 51}):
        assert api("POST", path, 400, json=body)["code"] in ("bad_request", "empty_query")


def test_saved_searches__a_view_that_a_person_changed_outlives_a_change_of_name_and_the_search(
        twelve: tuple[int, list[int]], api: Api, label_studio: LabelStudio) -> None:
    project, tasks = twelve
    path = f"/projects/{project}/saved-searches"

    def live() -> dict[int, dict[str, Any]]:
        return {view["id"]: view["data"] for view in label_studio.get("/api/dm/views/", project=project)}

    def write(view: int, **changes: Any) -> dict[str, Any]:
        data = {**live()[view], **changes}
        label_studio.patch(f"/api/dm/views/{view}/", {"project": project, "data": data})
        return live()[view]

    theirs: dict[int, dict[str, Any]] = {}
    only_first = {"conjunction": "or", "items": [{"filter": "filter:tasks:id", "operator": "equal", "type": "Number",
                                                  "value": tasks[0]}]}
    for name, change in (("Title", {"title": "My CPUs"}), ("Filter", {"filters": only_first})):
        made = api("POST", path, 201, json={"name": name, "ask": {"text": "cpu"}, "size": 3, "keep_view": True})
        (first,) = made["views"]
        theirs[first] = write(first, **change)
        taken = api("POST", path, 201, json={"name": f"{name} taken", "ask": {"text": "cpu"}})
        api("PATCH", f"{path}/{made['id']}", 409, json={"name": taken["name"]})
        assert api("GET", f"{path}/{made['id']}")["views"] == [first]  # nothing was removed for a change refused
        renamed = api("PATCH", f"{path}/{made['id']}", json={"name": f"{name} again"})
        (second,) = renamed["views"]
        assert renamed["left"] == [first] != [second]
        assert live()[second]["title"] == f"Search: {name} again (unordered)"
        theirs[second] = write(second, **change)
        assert api("DELETE", f"{path}/{made['id']}") == {"deleted": made["id"], "left": [second]}
        assert api("DELETE", f"{path}/{taken['id']}")["left"] == []
    (view,) = api("POST", f"/projects/{project}/views", 201, json={"query": "cpu", "title": "Once"})["views"]
    theirs[view] = write(view, title="Kept by hand")
    assert api("DELETE", f"/projects/{project}/views/{view}", 409)["code"] == "conflict"
    assert {view: data for view, data in live().items() if view in theirs} == theirs
    assert not theirs.keys() & {view["id"] for view in api("GET", f"/projects/{project}/views")["views"]}
    for view in theirs:
        label_studio.delete(f"/api/dm/views/{view}/")


def test_saved_searches__what_goes_wrong_with_the_view_is_said_and_mended(
        stack: Any, make_project: Callable[..., int], api: Api, label_studio: LabelStudio) -> None:
    project = make_project(["cpu"])
    path = f"/projects/{project}/saved-searches"
    made = api("POST", path, 201, json={"name": "Early", "ask": {"text": "cpu"}, "keep_view": True})
    assert (made["views"], made["error"]["code"]) == ([], "not_ready")
    label_studio.request("POST", f"/api/projects/{project}/import",
                         files=[("0.jpg", ("0.jpg", jpeg(80), "image/jpeg"))], timeout=60)
    wait_for(lambda: (now := api("GET", f"{path}/{made['id']}"))["views"] and now["error"] is None, 60)
    unknown = {"name": "Like what", "ask": {"like": [{"task": 10**9}]}}
    assert api("POST", path, 404, json=unknown)["code"] == "unknown_task"
    assert len(api("GET", path)["saved_searches"]) == 1


def test_saved_searches__ranks_order_the_view(twelve: tuple[int, list[int]], api: Api,
                                              label_studio: LabelStudio) -> None:
    project, _ = twelve
    path = f"/projects/{project}/saved-searches"
    made = api("POST", path, 201, json={"name": "In order", "ask": {"text": "cpu"}, "size": 6, "keep_view": True,
                                        "ranked": 6})
    wait_for(lambda: api("GET", f"{path}/{made['id']}")["refreshed_at"], 60)
    (view,) = api("GET", f"{path}/{made['id']}")["views"]
    listed = label_studio.get("/api/tasks/", project=project, view=view)["tasks"]
    assert [task["id"] for task in listed] == [hit.task for hit in search(project, "cpu", 6, record=False).hits]
    assert all(task["data"]["image"].startswith("/data/upload/") for task in listed)
    with ThreadPoolExecutor(1) as person:
        with saved.writing(project, made["id"]):  # a refresh that is under way
            changed = person.submit(api, "PATCH", f"{path}/{made['id']}", json={"ranked": 0})
            wait_for(somebody_waits_for_a_lock, 30)
            ranks.write(label_studio, project, made["id"], [task["id"] for task in reversed(listed)], [])
            assert not changed.done()
        changed.result(60)
    api("DELETE", f"{path}/{made['id']}")
    assert not any(ranks.key(made["id"]) in task["data"] for task in label_studio.tasks(project))


def somebody_waits_for_a_lock() -> bool:
    with connect() as connection:
        return connection.execute("SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted").rowcount > 0


def test_disconnect__takes_views_and_ranks_away_and_connecting_brings_them_back(
        stack: Any, make_project: Callable[..., int], api: Api, label_studio: LabelStudio) -> None:
    project = make_project(["cpu"], [(f"{n}.jpg", jpeg(90 + n)) for n in range(3)])
    wait_for(settled(project, 3), 60)
    path = f"/projects/{project}/saved-searches"
    made = api("POST", path, 201, json={"name": "Kept", "ask": {"text": "cpu"}, "keep_view": True, "ranked": 2})

    def ranked() -> int:
        return sum(f"argus_rank_{made['id']}" in task["data"] for task in label_studio.tasks(project))

    wait_for(lambda: ranked() == 2 and api("GET", f"{path}/{made['id']}")["refreshed_at"], 60)
    removed = api("POST", f"/projects/{project}/disconnect")["removed"]
    assert removed[-2:] == ["1 view", "ranks of saved searches from 2 tasks"]
    assert ranked() == 0
    assert refresh_job(project, made["id"]) == ""  # of a job that was queued before
    assert ranked() == 0
    assert label_studio.get("/api/dm/views/", project=project) == []
    assert [row["name"] for row in api("GET", path)["saved_searches"]] == ["Kept"]
    api("POST", "/label-studio/connect", json={"project": project})
    wait_for(lambda: ranked() == 2 and api("GET", f"{path}/{made['id']}")["views"], 60)


def shown(label_studio: LabelStudio, project: int, view: int) -> set[int]:
    return {task["id"] for task in label_studio.get("/api/tasks/", project=project, view=view)["tasks"]}


def test_saved_searches__a_view_follows_new_images(stack: Any, make_project: Callable[..., int], api: Api,
                                                   label_studio: LabelStudio) -> None:
    project = make_project(["cpu"], [("0.jpg", jpeg(70)), ("1.jpg", jpeg(71))])
    wait_for(settled(project, 2), 60)
    made = api("POST", f"/projects/{project}/saved-searches", 201,
               json={"name": "All", "ask": {"text": "cpu"}, "keep_view": True})
    (view,) = made["views"]
    assert len(shown(label_studio, project, view)) == 2
    label_studio.request("POST", f"/api/projects/{project}/import",
                         files=[("2.jpg", ("2.jpg", jpeg(72), "image/jpeg"))], timeout=60)
    wait_for(lambda: len(shown(label_studio, project, view)) == 3, 60)
    theirs = label_studio.get(f"/api/dm/views/{view}/", project=project)["data"]
    label_studio.patch(f"/api/dm/views/{view}/", {"project": project, "data": {**theirs, "title": "Mine now"}})
    label_studio.request("POST", f"/api/projects/{project}/import",
                         files=[("3.jpg", ("3.jpg", jpeg(73), "image/jpeg"))], timeout=60)
    saved = f"/projects/{project}/saved-searches/{made['id']}"
    wait_for(lambda: api("GET", saved)["tasks"] == 4, 60)
    assert len(shown(label_studio, project, view)) == 3  # the one that somebody made theirs is left alone
    (fresh,) = api("GET", saved)["views"]
    assert fresh != view
    assert len(shown(label_studio, project, fresh)) == 4


def test_tabs__a_title_that_asks_is_answered(twelve: tuple[int, list[int]], api: Api,
                                             label_studio: LabelStudio) -> None:
    """Tabs as a person makes them, filled by the background process."""
    project, tasks = twelve

    def tab(title: str) -> int:
        data = {"title": title, "type": "list", "target": "tasks", "filters": {"conjunction": "and", "items": []}}
        return int(label_studio.post("/api/dm/views/", {"project": project, "data": data})["id"])

    def data(view: int) -> dict[str, Any]:
        return dict(label_studio.get(f"/api/dm/views/{view}/", project=project)["data"])

    def write(view: int, **changes: Any) -> None:
        label_studio.patch(f"/api/dm/views/{view}/", {"project": project, "data": {**data(view), **changes}})

    def asked() -> dict[int, str]:
        return {view["id"]: view["query"] for view in api("GET", f"/projects/{project}/views")["views"]
                if view["kind"] == "tab"}

    def wanted(query: str) -> set[int]:
        return {hit.task for hit in search(project, query, 100, record=False).hits if hit.relevance != "unlikely"}

    one, other, plain, bad = tab("? capacitor"), tab("search: ram stick -cpu"), tab("Search: mine"), tab("? -cpu")
    wait_for(lambda: set(asked()) == {one, other, bad}, 30)
    assert asked()[other] == "ram stick -cpu"
    for view, query in ((one, "capacitor"), (other, "ram stick -cpu")):
        assert shown(label_studio, project, view) == wanted(query)
        assert data(view)["title"].endswith("⚠ nothing found") is not bool(wanted(query))
    assert data(bad)["title"] == "? -cpu ⚠ say what you are looking for"
    assert shown(label_studio, project, bad) == set()
    assert data(plain)["filters"]["items"] == []
    write(one, filters={"conjunction": "and", "items": []})  # what the page in a browser does with its old copy
    wait_for(lambda: data(one)["filters"]["items"], 30)
    assert shown(label_studio, project, one) == wanted("capacitor")
    write(one, title="? fan")
    wait_for(lambda: asked()[one] == "fan", 30)
    assert shown(label_studio, project, one) == wanted("fan")
    write(one, title="Fans, by hand")
    label_studio.delete(f"/api/dm/views/{other}/")
    wait_for(lambda: set(asked()) == {bad}, 30)
    kept = {"conjunction": "or", "items": [{"filter": "filter:tasks:id", "operator": "equal", "type": "Number",
                                            "value": tasks[0]}]}
    write(one, filters=kept)
    write(bad, title="? 象")
    wait_for(lambda: asked().get(bad) == "象", 30)
    assert shown(label_studio, project, one) == {tasks[0]}  # an ordinary tab again: nobody touches it
    for view in (one, plain, bad):
        label_studio.delete(f"/api/dm/views/{view}/")
