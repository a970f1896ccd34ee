"""What was uploaded becomes tasks, each once, whatever happens on the way."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from argus import audit
from argus.answers.uploads import Upload
from argus.db import connect
from argus.errors import ArgusError
from argus.labelstudio import LabelStudio, get_label_studio
from argus.settings import get_settings
from search_service.frames import batches, video_import
from search_service.uploads import files, importing, service
from search_service.uploads.metadata import FileInfo
from search_service.uploads.service import Owner
from tests.resting import resting
from tests.videos import write
from tests.waiting import wait_for

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module", autouse=True)
def no_other_worker(servers: Any) -> Iterator[None]:
    """Nobody else imports what these tests upload."""
    with resting(servers, "worker"):
        yield


@pytest.fixture
def owner(no_uploads: None) -> Iterator[Owner]:
    ls = get_label_studio()
    number = ls.post("/api/projects/", {"title": "Footage"})["id"]
    with connect() as connection:
        connection.execute("INSERT INTO project (id, title, connected_at) VALUES (%s, 'Footage', now())", (number,))
    yield Owner(number, None)
    ls.delete(f"/api/projects/{number}/")
    with connect() as connection:
        connection.execute("DELETE FROM project WHERE id = %s", (number,))


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("video") / "line.mp4", 200)


def upload(owner: Owner, content: bytes, name: str = "line.mp4", fps: str = "5") -> str:
    made = service.begin(owner, len(content), FileInfo(name=name, fps=fps))
    service.append(owner, made.id, 0, io.BytesIO(content), len(content))
    return made.id


def tasks(owner: Owner) -> list[dict[str, Any]]:
    return [dict(task["data"]) for task in get_label_studio().tasks(owner.project_id)]


def imported(owner: Owner, upload_id: str) -> Upload:
    importing.run_due()
    return service.describe(owner, upload_id)


def test_a_video_becomes_frames_and_its_file_is_deleted(owner: Owner, video: Path) -> None:
    done = imported(owner, upload(owner, video.read_bytes(), "Linie ä/../b.mp4"))
    assert (done.state, done.progress, done.frames, done.imported, done.on_disk) == ("done", 1.0, 40, 40, False)
    assert [one["frame_number"] for one in tasks(owner)] == list(range(0, 200, 5))
    assert {one["video"] for one in tasks(owner)} == {"Linie ä/../b.mp4"}  # `metadata.shown` is what shortens names
    assert not list(files.folder().iterdir())
    assert [(one.action, one.object, one.outcome) for one in audit.listing(project=owner.project_id).entries] == [
        ("video.import", f"upload {done.id}", "done")]
    again = imported(owner, upload(owner, video.read_bytes()))
    assert (again.imported, again.skipped, len(tasks(owner))) == (0, 40, 40)


def test_a_file_is_kept_when_the_setting_says_so(owner: Owner, video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARGUS_UPLOAD_KEEP", "true")
    get_settings.cache_clear()
    try:
        done = imported(owner, upload(owner, video.read_bytes(), fps="1"))
        (file,) = files.folder().iterdir()
        assert (done.on_disk, file.read_bytes()) == (True, video.read_bytes())
        service.cancel(owner, done.id)
        assert not file.exists()
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()


def test_a_killed_import_goes_on_and_imports_nothing_twice(owner: Owner, video: Path) -> None:
    upload_id = upload(owner, video.read_bytes(), fps="25")
    command = ("from search_service.frames import batches; from search_service.uploads import importing\n"
               "batches.BATCH_FILES = 8\nimporting.run_due()")
    worker = subprocess.Popen([sys.executable, "-c", command])
    wait_for(lambda: service.describe(owner, upload_id).imported >= 8, 60)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    assert service.describe(owner, upload_id).state == "running"

    def goes_on() -> bool:
        importing.run_due()  # its lock goes when PostgreSQL notices
        return service.describe(owner, upload_id).state == "done"

    wait_for(goes_on, 60)
    done = service.describe(owner, upload_id)
    assert (done.frames, done.imported + done.skipped) == (200, 200)
    assert done.skipped in (0, 8)  # a batch may be there that was not noted yet
    assert sorted(one["frame_number"] for one in tasks(owner)) == list(range(200))


def test_a_cancelled_import_stops_and_leaves_no_file(owner: Owner, video: Path,
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH_FILES", 8)
    upload_id = upload(owner, video.read_bytes(), fps="25")
    real = video_import._import_batch

    def cancels(*args: Any) -> list[int]:
        service.cancel(owner, upload_id)
        return real(*args)

    monkeypatch.setattr(video_import, "_import_batch", cancels)
    assert imported(owner, upload_id).state == "cancelled"
    assert (len(tasks(owner)), list(files.folder().iterdir())) == (8, [])


def test_what_may_pass_is_tried_again_and_by_hand_after_that(owner: Owner, video: Path,
                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "_WAITS", (0, 0, 0, 0))
    upload_id = upload(owner, video.read_bytes(), fps="1")
    tries = []

    def away(self: LabelStudio, *args: Any, **options: Any) -> Any:
        tries.append(args)
        raise ArgusError("label_studio_unreachable", "Label Studio does not answer.")

    with monkeypatch.context() as patch:
        patch.setattr(LabelStudio, "request", away)
        failed = imported(owner, upload_id)
    assert (len(tries), failed.state, failed.on_disk) == (importing.ATTEMPTS, "failed", True)
    assert failed.error and failed.error.code == "label_studio_unreachable"
    service.retry(owner, upload_id)
    assert imported(owner, upload_id).imported == 8


@pytest.mark.parametrize(("content", "name", "said"), [
    (b"no video " * 100, "text.mp4", "text.mp4 is not a video that can be read."),
    (b"\0", "one.mov", "one.mov is not a video that can be read."),
    (b"<svg/>", "drawing.png", "drawing.png is not a video that can be read.")])
def test_what_cannot_be_read_is_told_by_its_own_name(owner: Owner, content: bytes, name: str, said: str) -> None:
    failed = imported(owner, upload(owner, content, name))
    assert (failed.state, failed.on_disk) == ("failed", False)
    assert failed.error and failed.error.message == said
    with pytest.raises(ArgusError, match="its file is gone"):
        service.retry(owner, failed.id)


def test_an_image_becomes_one_task_once(owner: Owner, make_image: Callable[[], bytes]) -> None:
    done = imported(owner, upload(owner, make_image(), "part 1.png"))
    (task,) = tasks(owner)
    assert (done.imported, done.skipped, task["image_name"]) == (1, 0, "part 1.png")
    assert task["image"].endswith("-part_1.png")
    again = imported(owner, upload(owner, make_image(), "copy.png"))
    assert (again.imported, again.skipped, len(tasks(owner))) == (0, 1, 1)


@pytest.fixture
def make_image() -> Callable[[], bytes]:
    def make() -> bytes:
        Image.new("RGB", (64, 48), "red").save(buffer := io.BytesIO(), "PNG")
        return buffer.getvalue()

    return make
