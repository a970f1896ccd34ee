"""Videos that were uploaded in Label Studio: recognised, and cut into frames, each once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from argus.db import connect
from argus.errors import ArgusError
from argus.images.fetcher import get_images
from argus.labelstudio import LabelStudio, get_label_studio
from argus.labelstudio.task_data import TaskImage
from argus_cli.main import main
from search_service.api.app import create_app
from search_service.embedding import failures
from search_service.embedding.prefetch import Unusable, _fetch
from search_service.sync.progress import sync_progress
from search_service.sync.tasks import sync_project
from search_service.uploads import files, importing, store, task_videos
from tests.pictures import plain
from tests.predicted import ask
from tests.resting import resting
from tests.videos import write
from tests.waiting import wait_for

pytestmark = pytest.mark.integration
CONFIG = ('<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image"><Label value="cpu"/>'
          "</RectangleLabels></View>")


@pytest.fixture(scope="module", autouse=True)
def no_other_worker(servers: Any) -> Iterator[None]:
    """Nobody else imports or embeds what these tests upload."""
    with resting(servers, "siglip-worker", "worker"):
        yield


@pytest.fixture(scope="module")
def ls(servers: Any) -> LabelStudio:
    return get_label_studio()


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path: Path = write(tmp_path_factory.mktemp("video") / "line.mp4", 100)
    return path.read_bytes()


@pytest.fixture
def client(servers: Any) -> FlaskClient:
    return create_app().test_client()


@pytest.fixture
def project(ls: LabelStudio, content: bytes, no_uploads: None) -> Iterator[int]:
    """A project into which two videos and an image were uploaded, as on Label Studio's page."""
    number = ls.post("/api/projects/", {"title": "Footage", "label_config": CONFIG})["id"]
    for name, data in (("line a.mp4", content), ("line b.mp4", content + b"\0" * 8), ("c.jpg", plain((9, 9, 9)))):
        ls.request("POST", f"/api/projects/{number}/import", files=[("file", (name, data, "application/octet-stream"))])
    sync_project(number)
    yield number
    ls.delete(f"/api/projects/{number}/")
    with connect() as connection:
        connection.execute("DELETE FROM project WHERE id = %s", (number,))


def frames(ls: LabelStudio, project: int) -> list[tuple[str, int]]:
    return sorted((task["data"]["video"], task["data"]["frame_number"]) for task in ls.tasks(project)
                  if "frame_number" in task["data"])


def test_sync__a_video_is_no_failed_image(ls: LabelStudio, project: int, client: FlaskClient) -> None:
    progress = sync_progress(project)
    assert (progress.seen, progress.videos, progress.failed, progress.waiting + progress.embedded) == (1, 2, 0, 1)
    listed = ask(client, f"/projects/{project}/video-files")["files"]
    assert [(one["name"].replace("_", " "), one["state"]) for one in listed] == [
        ("line a.mp4", "new"), ("line b.mp4", "new")]
    assert ask(client, f"/projects/{project}/browse")["total"] == 1
    state = next(one for one in ask(client, "/status")["projects"] if one["id"] == project)
    assert (state["seen"], state["videos"]) == (1, 2)
    assert ask(client, f"/projects/{project}/sources") | {"views": []} == {"all": 1, "unlabelled": 1, "views": []}
    assert ask(client, f"/projects/{project}/tasks/{listed[0]['task']}")["state"] == "video"
    sync_project(project, full=True)
    assert sync_progress(project).videos == 2


def test_cut__every_frame_once_whatever_is_asked_again(ls: LabelStudio, project: int, client: FlaskClient) -> None:
    first, second = [one["task"] for one in ask(client, f"/projects/{project}/video-files")["files"]]
    begun = ask(client, f"/projects/{project}/video-files/cut", {"tasks": [first, first], "fps": "5"}, 202)["files"]
    assert [(one["task"], one["state"]) for one in begun] == [(first, "queued")]
    again = ask(client, f"/projects/{project}/video-files/cut", {"tasks": [first]}, 202)["files"]
    assert [one["upload"] for one in again] == [begun[0]["upload"]]  # it is under way
    importing.run_due()
    listed = {one["task"]: one for one in ask(client, f"/projects/{project}/video-files")["files"]}
    assert (listed[first]["state"], listed[first]["imported"], listed[second]["state"]) == ("done", 20, "new")
    assert [number for _, number in frames(ls, project)] == list(range(0, 100, 5))
    assert {name.replace("_", " ") for name, _ in frames(ls, project)} == {"line a.mp4"}
    assert not list(files.folder().iterdir())

    ask(client, f"/projects/{project}/video-files/cut", {"tasks": [first], "fps": "5"}, 202)
    begun = ask(client, f"/projects/{project}/video-files/cut", {"fps": "1"}, 202)["files"]  # those that were not cut
    assert [one["task"] for one in begun] == [second]
    importing.run_due()
    assert len(frames(ls, project)) == 20 + 4
    upload = ask(client, f"/projects/{project}/uploads")["uploads"]
    assert sorted((one["imported"], one["skipped"]) for one in upload) == [(0, 20), (4, 0), (20, 0)]
    assert ask(client, f"/projects/{project}/video-files/cut", {}, 202)["files"] == []


def test_cut__by_itself_while_the_project_says_so(ls: LabelStudio, project: int, content: bytes, client: FlaskClient,
                                                  no_uploads: None) -> None:
    path = f"/projects/{project}/video-files"

    def states() -> list[str]:
        task_videos.follow(project)
        return [one["state"] for one in ask(client, path)["files"]]

    assert states() == ["new", "new"] and ask(client, path)["rule"] is None
    answer = client.put(f"/api/v1{path}/rule", json={"fps": "1/100000"})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "bad_request")
    assert client.put("/api/v1/projects/999999/video-files/rule", json={}).status_code == 404
    told = client.put(f"/api/v1{path}/rule", json={"fps": "5"}).get_json()["rule"]
    assert (told["fps"], told["scene"]) == ("5", 0)
    assert states() == ["queued", "queued"] and states() == ["queued", "queued"]  # each once
    importing.run_due()
    assert len(frames(ls, project)) == 2 * 20 and states() == ["done", "done"]

    assert client.put(f"/api/v1{path}/rule", json={"on": False}).get_json()["rule"] is None
    ls.request("POST", f"/api/projects/{project}/import", files=[
        ("file", ("line d.mp4", content + b"\0" * 16, "application/octet-stream"))])
    sync_project(project)
    assert sorted(states()) == ["done", "done", "new"]


def test_cut__a_killed_import_goes_on_and_imports_nothing_twice(ls: LabelStudio, project: int,
                                                                client: FlaskClient) -> None:
    task = ask(client, f"/projects/{project}/video-files")["files"][0]["task"]
    ask(client, f"/projects/{project}/video-files/cut", {"tasks": [task], "fps": "25"}, 202)
    worker = subprocess.Popen([sys.executable, "-c", "from search_service.frames import batches\n"
                               "from search_service.uploads import importing\n"
                               "batches.BATCH_FILES = 8\nimporting.run_due()"])

    def told() -> dict[str, Any]:
        found: dict[str, Any] = ask(client, f"/projects/{project}/video-files")["files"][-1]
        return next(one for one in [found, *ask(client, f"/projects/{project}/video-files")["files"]]
                    if one["task"] == task)

    wait_for(lambda: told()["imported"] >= 8, 60)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()

    def goes_on() -> bool:
        importing.run_due()  # its lock goes when PostgreSQL notices
        return bool(told()["state"] == "done")

    wait_for(goes_on, 60)
    assert [number for _, number in frames(ls, project)] == list(range(100))


def test_cut__an_address_that_may_not_be_asked(ls: LabelStudio, project: int, client: FlaskClient) -> None:
    ids = ls.post(f"/api/projects/{project}/import?return_task_ids=true", [
        {"image": "http://10.1.2.3/secret.mp4"}, {"image": "/data/upload/999999/other.mp4"}])["task_ids"]
    sync_project(project)
    ask(client, f"/projects/{project}/video-files/cut", {"tasks": ids}, 202)
    importing.run_due()
    listed = {one["task"]: one for one in ask(client, f"/projects/{project}/video-files")["files"]}
    assert {listed[task]["state"] for task in ids} == {"failed"}
    assert {listed[task]["error"]["code"] for task in ids} == {"image_forbidden"}
    begun = ask(client, f"/projects/{project}/video-files/cut", {}, 202)["files"]
    assert not {one["task"] for one in begun} & set(ids)  # what failed is tried again when somebody says so


def test_cut__of_too_many_bytes_nothing_is_kept(project: int, client: FlaskClient,
                                                monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("search_service.uploads.room.largest", lambda: 1000)
    task = ask(client, f"/projects/{project}/video-files")["files"][0]["task"]
    ask(client, f"/projects/{project}/video-files/cut", {"tasks": [task]}, 202)
    importing.run_due()
    (upload,) = ask(client, f"/projects/{project}/uploads")["uploads"]
    assert (upload["state"], upload["error"]["code"]) == ("failed", "upload_too_large")
    assert not list(files.folder().iterdir())


@pytest.mark.parametrize("body", [{"fps": "0"}, {"fps": "soon"}, {"fps": "61"}, {"scene": 2}, {"tasks": []}])
def test_cut__nonsense_is_refused(project: int, client: FlaskClient, body: dict[str, Any]) -> None:
    assert ask(client, f"/projects/{project}/video-files/cut", body, 400)["code"] == "bad_request"


def test_cut__a_task_of_an_image_is_refused(ls: LabelStudio, project: int, client: FlaskClient) -> None:
    image = next(task["id"] for task in ls.tasks(project) if task["data"]["image"].endswith(".jpg"))
    assert ask(client, f"/projects/{project}/video-files/cut", {"tasks": [image]}, 404)["code"] == "not_found"


def test_embedding__a_video_without_a_name_is_recognised_by_its_bytes(
        ls: LabelStudio, project: int, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    image = next(task for task in ls.tasks(project) if task["data"]["image"].endswith(".jpg"))["id"]
    monkeypatch.setattr(get_images(), "download", lambda task: content)
    found = _fetch(TaskImage(project, image, "/data/upload/x"), 100, lambda picture: picture)
    assert isinstance(found, Unusable) and found.error.code == "video_file"
    failures.record({image: found.error}, {image: 1})
    assert (sync_progress(project).videos, sync_progress(project).failed) == (3, 0)


def test_larger_than_an_image_may_be(ls: LabelStudio, project: int, monkeypatch: pytest.MonkeyPatch) -> None:
    task = next(task for task in ls.tasks(project) if "line" in task["data"]["image"])
    requests = get_images()._requests
    smaller = requests._settings.model_copy(update={"max_image_bytes": 1000})
    monkeypatch.setattr(requests, "_settings", smaller)
    with pytest.raises(ArgusError) as caught:
        requests.get(TaskImage(project, task["id"], task["data"]["image"]))
    assert caught.value.code == "video_file"


def test_command_line__begins_and_tells(project: int) -> None:
    def run(*words: str) -> str:
        answer = CliRunner().invoke(main, ["import-video", "--project", str(project), *words])
        assert answer.exit_code == 0, answer.output
        return answer.output

    assert "2 videos to cut" in run("--from-label-studio", "--fps", "1")
    importing.run_due()
    told = run("--from-label-studio")
    assert "done" in told and "to cut" not in told
    assert CliRunner().invoke(main, ["import-video", "--project", str(project)]).exit_code == 2
    assert store.due() == []
