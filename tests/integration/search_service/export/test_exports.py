"""Exports beside everything else: a worker of their own, its death, and how many may wait. Real servers, over HTTP."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from rq import Queue
from rq.serializers import JSONSerializer

from argus import queue_names
from argus.answers.export import Export
from argus.client import Argus
from argus.errors import ArgusError
from argus.jobs import queues
from argus.labelstudio import LabelStudio, get_label_studio
from argus.settings import get_settings
from argus_cli.stack.stack import Stack
from label_studio_config.connect import connect
from search_service.export import jobs
from tests.pictures import plain
from tests.resting import resting
from tests.waiting import wait_for

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]


@pytest.fixture
def argus(stack: Stack) -> Argus:
    return Argus(get_settings().search_service_url, timeout=120)


@pytest.fixture(scope="module")
def project(stack: Stack) -> Iterator[int]:
    """300 annotated tasks that share three pictures: no test changes what is exported of them."""
    label_studio = get_label_studio()
    made = connect(label_studio, None, title="Exports", labels=["cpu"]).project_id
    assert made is not None
    label_studio.request("POST", f"/api/projects/{made}/import", timeout=120, files=[
        (f"{i}.jpg", (f"{i}.jpg", plain((60 * i, 90, 120)), "image/jpeg")) for i in range(3)])
    urls = [task["data"]["image"] for task in label_studio.tasks(made)]
    region = {"from_name": "box", "to_name": "image", "type": "rectanglelabels", "original_width": 64,
              "original_height": 48, "value": {"x": 10, "y": 10, "width": 20, "height": 20, "rotation": 0,
                                               "rectanglelabels": ["cpu"]}}
    label_studio.post(f"/api/projects/{made}/import", [
        {"data": {"image": urls[i % 3]}, "annotations": [{"result": [region]}]} for i in range(300)], timeout=120)
    yield made
    label_studio.delete(f"/api/projects/{made}/")


def waiting(name: str) -> set[int]:
    """The exports that wait in this queue, by number: other jobs may wait there too."""
    jobs_there = Queue(name, connection=queues.get_redis(), serializer=JSONSerializer).get_jobs()
    return {int(job.args[0]) for job in jobs_there if job.func_name == "search_service.export.jobs.run"}


def test_predictions_are_delivered_while_40_exports_wait(stack: Stack, argus: Argus, project: int,
                                                         label_studio: LabelStudio) -> None:
    with ExitStack() as clean_up:
        clean_up.enter_context(resting(stack, "export-worker"))
        wanted = Export(id=0, project=project, format="coco", state="queued", created_at=datetime.now(UTC))
        asked = [jobs._enqueue(wanted).id for _ in range(40)]
        for number in asked:
            clean_up.callback(jobs.remove, number)
        assert set(asked) <= waiting(queue_names.EXPORT) and not waiting(queue_names.DEFAULT)
        tasks = [task["id"] for task in label_studio.tasks(project, fields="task_only")][:3]
        wait_for(lambda: argus.sync(project).seen == 303, 60)
        run = argus.wait_for_run(argus.start_run(project, ["cpu"], tasks=tasks).id, seconds=180)
        assert (run.done, run.failed) == (3, 0)
        assert all(label_studio.get(f"/api/tasks/{task}/")["predictions"] for task in tasks)
        assert {jobs.describe(number).state for number in asked} == {"queued"}
    wait_for(lambda: not waiting(queue_names.EXPORT) & set(asked), 60)


def test_so_many_of_a_project_may_wait__then_one_is_refused_until_there_is_room(stack: Stack, argus: Argus,
                                                                                project: int) -> None:
    most, path = get_settings().export_waiting, f"/projects/{project}/exports"
    with resting(stack, "export-worker"):
        asked = [argus.call("POST", path, {"format": "coco"}).json()["id"] for _ in range(most)]
        refused = requests.post(f"{argus.address}/api/v1{path}", json={"format": "coco"}, timeout=30)
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
        assert int(refused.headers["Retry-After"]) > 0 and f"{most} exports" in refused.json()["detail"]
        argus.call("DELETE", f"/exports/{asked[0]}")
        asked.append(argus.call("POST", path, {"format": "coco"}).json()["id"])
        for number in asked[2:]:  # they would only take time
            argus.call("DELETE", f"/exports/{number}")
    wait_for(lambda: jobs.describe(asked[1]).state == "done", 120)
    jobs.remove(asked[1])


def test_the_client_gets_the_file_and_leaves_nothing_on_the_server(argus: Argus, project: int, tmp_path: Path) -> None:
    before = jobs.listing(project)
    with zipfile.ZipFile(argus.export(project, tmp_path / "coco.zip")) as archive:
        assert archive.testzip() is None and sum(name.endswith(".jpg") for name in archive.namelist()) == 300
    assert jobs.listing(project) == before
    gone = requests.post(f"{argus.address}/api/v1/projects/{project}/export", json={"format": "coco"}, timeout=30)
    assert gone.status_code == 404  # the whole export was made while this request waited, in the web process


def test_what_goes_wrong_with_an_export_is_what_the_client_raises(argus: Argus, make_project: Callable[..., int],
                                                                  tmp_path: Path) -> None:
    with pytest.raises(ArgusError) as caught:
        argus.export(make_project(("cpu",)), tmp_path / "none.zip")
    assert caught.value.code == "nothing_selected" and not (tmp_path / "none.zip").exists()


@pytest.mark.faults
def test_a_killed_export_worker__the_export_is_made_again_or_said_to_have_failed(stack: Stack, argus: Argus,
                                                                                 project: int) -> None:
    def state(number: int) -> Export:
        return jobs.describe(number)

    def kill_at_work(number: int, after: int = 0) -> int:
        """Kill the worker once it has written an image, later than at `after`; return when it last said so."""
        file = jobs._folder(number) / "state.json"
        wait_for(lambda: state(number).state == "running" and state(number).written > 0
                 and file.stat().st_mtime_ns > after, 180, pause=0.01)
        stack.kill("export-worker")
        assert not (jobs._folder(number) / "export.zip").exists()
        return file.stat().st_mtime_ns

    first, second = (argus.call("POST", f"/projects/{project}/exports", {"format": "coco"}).json()["id"]
                     for _ in range(2))
    kill_at_work(first)
    wait_for(lambda: state(first).state == "done", 180, pause=0.5)
    with zipfile.ZipFile(jobs.archive(first)[0]) as archive:
        assert archive.testzip() is None and sum(name.endswith(".jpg") for name in archive.namelist()) == 300
    assert {path.name for path in jobs._folder(first).iterdir()} == {"state.json", "export.zip"}
    jobs.remove(first)
    wait_for(lambda: state(second).state == "done", 180, pause=0.5)
    jobs.remove(second)

    third = argus.call("POST", f"/projects/{project}/exports", {"format": "yolo"}).json()["id"]
    kill_at_work(third, after=kill_at_work(third))
    wait_for(lambda: state(third).state == "failed", 180, pause=0.5)
    assert state(third).error.code == "child_died"
    jobs.tidy()  # as the worker does when it starts, and the service when the next one is asked for
    assert [path.name for path in jobs._folder(third).iterdir()] == ["state.json"]
    jobs.remove(third)
