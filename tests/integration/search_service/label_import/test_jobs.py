"""Labels that are uploaded: what they would write, the import, and that nothing half is left of one."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from argus import audit
from argus.answers.label_import import LabelImportJob
from argus.client import Argus
from argus.db import connect
from argus.errors import ArgusError
from argus.labelstudio import LabelStudio
from argus.web import serving
from label_studio_config import projects
from label_studio_config.shapes import new_label_config
from search_service.api.app import MAX_BODY, create_app
from search_service.label_import import importing, job_store, service, writing
from search_service.uploads import files, leftovers
from tests import warm
from tests.label_files import coco, picture, results
from tests.resting import resting
from tests.waiting import wait_for

pytestmark = pytest.mark.integration
DIES = """
import os, signal
from search_service.label_import import importing, service, writing
before, service.BATCH = writing._annotate, 1
def die(*arguments):
    before(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)
writing._annotate = die
importing.run_due()
"""
UNDO_DIES = """
import os, signal
from search_service.label_import import importing, store, undo
before, undo._BATCH = store.mark, 1
def die(import_id, tasks, state):
    before(import_id, tasks, state)
    if state == "undone":
        os.kill(os.getpid(), signal.SIGKILL)
store.mark = die
importing.run_due()
"""


@pytest.fixture(scope="module", autouse=True)
def alone(servers: Any) -> Iterator[None]:
    """The default worker of earlier tests would import what is to be imported here."""
    with resting(servers, "worker"):
        yield


@pytest.fixture(scope="module")
def argus(servers: Any) -> Iterator[Argus]:
    server = serving.Server("test", "X", create_app(), "127.0.0.1", 0, threads=4, limits=serving.Limits(MAX_BODY))
    thread = threading.Thread(target=server.run)
    thread.start()
    yield Argus(f"http://127.0.0.1:{server.port}")
    server.stop()
    thread.join()


@pytest.fixture
def project(label_studio: LabelStudio, no_uploads: None) -> Iterator[int]:
    number: int = label_studio.post("/api/projects/", {"title": "Labels", "label_config": new_label_config(
        ["cpu", "fan"], masks=False)})["id"]
    label_studio.request("POST", f"/api/projects/{number}/import", timeout=120, files=[
        (f"{name}.jpg", (f"{name}.jpg", picture(n), "image/jpeg")) for n, name in enumerate("abcd")])
    projects.save(label_studio.project(number))
    yield number
    label_studio.delete(f"/api/projects/{number}/")
    with connect() as connection:
        connection.execute("DELETE FROM project WHERE id = %s", (number,))


def working(work: Callable[[], Any]) -> Any:
    """Return what `work` does while a worker looks for imports."""
    stop = threading.Event()

    def look() -> None:
        while not stop.wait(0.05):
            importing.run_due()

    thread = threading.Thread(target=look)
    thread.start()
    try:
        return work()
    finally:
        stop.set()
        thread.join()


def start(argus: Argus, project: int, labels: Path, **how: Any) -> int:
    job = working(lambda: argus.label_imports.plan(project, labels, **how)).id
    argus.label_imports.start(project, job)
    return int(job)


def test_by_the_client__what_matches_then_the_import_and_its_undo(
        argus: Argus, project: int, label_studio: LabelStudio, tmp_path: Path) -> None:
    import zipfile

    before = results(label_studio, project)
    folder = coco(tmp_path / "set", ["a.jpg", "b.jpg", "n.jpg", "gone.jpg"], ("cpu", "bolt"))
    body = json.loads((folder / "annotations.json").read_text())
    body["annotations"].append({"image_id": 1, "category_id": 0, "bbox": [0, 0, 0, 0]})
    body["annotations"].append({"image_id": 1, "category_id": 0, "bbox": [4, 4, 9, 9]})
    (labels := tmp_path / "labels.json").write_text(json.dumps(body))
    with zipfile.ZipFile(tmp_path / "images.zip", "w") as zipped:
        zipped.writestr("n.jpg", picture(20))
    with pytest.raises(ArgusError, match="need a model version"):
        argus.label_imports.plan(project, labels, taken="predictions")
    planned = working(lambda: argus.label_imports.plan(project, labels, images=tmp_path / "images.zip"))
    plan = planned.plan
    assert (planned.state, planned.images, plan.matched, plan.new_images) == ("planned", True, {"name": 2}, 1)
    assert (plan.objects, plan.lacking, plan.tasks) == ({"cpu": 3}, {"bolt": 1}, 3)
    assert [(one.file, one.entry, one.reason) for one in plan.problems] == [
        ("labels.json", "annotations[4]", "bbox has the size 0 × 0")]
    assert results(label_studio, project) == before and len(list(files.folder().iterdir())) == 3
    argus.label_imports.start(project, planned.id)
    with pytest.raises(ArgusError, match="it is queued"):
        argus.label_imports.start(project, planned.id)
    done = working(lambda: argus.label_imports.wait(project, planned.id))
    assert (done.state, done.done, done.missed) == ("done", done.total, 0)
    listed = argus.label_imports.list(project)
    assert [(one.id, one.tasks, one.objects, one.images, one.name, one.state) for one in listed.imports] == [
        (done.import_id, 3, 3, 1, "labels.json", "done")]
    assert [one.id for one in listed.jobs] == [done.id]
    assert [len(one[1]) for one in results(label_studio, project)] == [1, 1, 0, 0, 1]
    assert [(one.action, one.object, one.outcome) for one in audit.listing(project=project).entries] == [
        ("labels.import", f"label import job {done.id}", "done"),
        ("labels.start", f"label import job {done.id}", "conflict"),
        ("labels.start", f"label import job {done.id}", "done"),
        ("labels.ask", f"label import job {done.id}", "done"), ("upload.start", mock.ANY, "done"),
        ("upload.start", mock.ANY, "done"), ("labels.ask", "", "bad_request"), ("upload.start", mock.ANY, "done")]
    kept = {row.name for row in files.folder().iterdir()}
    assert len(kept) == 1  # the upload whose import was refused: it is deleted after a day
    asked = argus._send(LabelImportJob, "POST", f"/label-imports/{done.import_id}/undo")
    assert (asked.state, asked.import_id, asked.asked_by) == ("undoing", done.import_id, "")
    with pytest.raises(ArgusError, match="cannot be stopped"):
        argus.label_imports.cancel(project, asked.id)
    assert warm.run(UNDO_DIES).status == -9
    assert [len(one[1]) for one in results(label_studio, project)] == [0, 1, 0, 0, 1]
    report = working(lambda: argus.label_imports.undo(done.import_id))  # asked for again: it is the one that goes on
    assert (report.undone, report.images, report.left) == (3, 1, [])
    assert [one.id for one in argus.label_imports.list(project).jobs] == [asked.id, done.id]
    assert results(label_studio, project) == before
    argus.label_imports.cancel(project, done.id)
    with pytest.raises(ArgusError, match="There is no import"):
        argus.label_imports.show(project, done.id)


def test_cancelled__nothing_is_left(argus: Argus, project: int, label_studio: LabelStudio, tmp_path: Path,
                                    monkeypatch: pytest.MonkeyPatch) -> None:
    before = results(label_studio, project)
    labels = coco(tmp_path / "set", ["a.jpg", "b.jpg", "c.jpg"]) / "annotations.json"
    unwanted = working(lambda: argus.label_imports.plan(project, labels))
    assert argus.label_imports.cancel(project, unwanted.id).finished_at is not None
    with pytest.raises(ArgusError, match="not here any more"):
        argus.label_imports.start(project, unwanted.id)
    job, write = start(argus, project, labels), service.write

    def cancels(*arguments: Any) -> Any:
        made = write(*arguments)
        argus.label_imports.cancel(project, job)
        return made

    monkeypatch.setattr(service, "BATCH", 1)
    monkeypatch.setattr(importing, "_SAY_SECONDS", 0)
    monkeypatch.setattr(service, "write", cancels)
    importing.run_due()
    ended = argus.label_imports.show(project, job)
    assert (ended.state, ended.finished_at is None) == ("cancelled", False)
    assert results(label_studio, project) == before
    assert [one.state for one in argus.label_imports.list(project).imports] == ["undone"]
    assert not list(files.folder().iterdir())


def test_killed__the_next_look_completes_it(argus: Argus, project: int, label_studio: LabelStudio,
                                            tmp_path: Path) -> None:
    labels = coco(tmp_path / "set", ["a.jpg", "b.jpg", "c.jpg"]) / "annotations.json"
    job = start(argus, project, labels, taken="annotations")
    killed = warm.run(DIES)
    assert killed.status == -9, killed.said
    assert argus.label_imports.show(project, job).state == "running"
    assert service.withdraw_abandoned(0) == 0  # it is not abandoned: its job goes on

    def goes_on() -> bool:
        importing.run_due()  # its lock goes when PostgreSQL notices
        return argus.label_imports.show(project, job).state == "done"

    wait_for(goes_on, 60)
    assert [(len(made), predicted) for _, made, predicted in results(label_studio, project)] == [
        (1, []), (1, []), (1, []), (0, [])]
    (one,) = argus.label_imports.list(project).imports
    assert (one.state, one.tasks, one.objects) == ("done", 3, 3)


def test_failed__what_may_pass_is_tried_again_and_what_does_not_is_taken_back(
        argus: Argus, project: int, label_studio: LabelStudio, tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch) -> None:
    before, annotate = results(label_studio, project), writing._annotate
    labels = coco(tmp_path / "set", ["a.jpg", "b.jpg", "c.jpg"]) / "annotations.json"
    failing: list[str] = []

    def fail(*arguments: Any) -> None:
        if failing and arguments[1] != tasks[:1]:
            raise ArgusError(failing.pop(), "Label Studio has trouble.")  # type: ignore[arg-type]
        annotate(*arguments)

    monkeypatch.setattr(service, "BATCH", 1)
    monkeypatch.setattr(importing, "_WAITS", (0, 0, 0, 0))
    monkeypatch.setattr(writing, "_annotate", fail)
    tasks = sorted(task["id"] for task in label_studio.tasks(project))
    failing += ["label_studio_refused", "label_studio_unreachable"]  # the last comes first
    job = start(argus, project, labels)
    importing.run_due()
    ended = argus.label_imports.show(project, job)
    assert (ended.state, ended.error and ended.error.message) == ("failed", "Label Studio has trouble.")
    assert results(label_studio, project) == before and not failing
    (left,) = argus.label_imports.list(project).imports
    assert (left.state, left.tasks, left.withdrawn_at is None) == ("failed", 0, False)
    argus.label_imports.start(project, job)
    importing.run_due()
    assert argus.label_imports.show(project, job).state == "done"
    assert [len(one[1]) for one in results(label_studio, project)] == [1, 1, 1, 0]


def test_what_is_no_label_file__is_said_by_its_name_and_files_do_not_stay(
        argus: Argus, project: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (odd := tmp_path / "notes.json").write_text("{")
    with pytest.raises(ArgusError, match=r"notes\.json: it is no JSON"):
        working(lambda: argus.label_imports.plan(project, odd))
    (torn := tmp_path / "torn.zip").write_bytes(b"PK\3\4 torn")
    with pytest.raises(ArgusError, match=r"torn\.zip is no ZIP that can be read"):
        working(lambda: argus.label_imports.plan(project, torn))
    frames = argus.uploads.send(project, odd)
    with pytest.raises(ArgusError, match="as a video or an image"):
        argus.call("POST", f"/projects/{project}/label-imports", {"upload": frames.id})
    labels = coco(tmp_path / "set", ["a.jpg"]) / "annotations.json"
    planned = working(lambda: argus.label_imports.plan(project, labels))
    with connect() as connection:
        connection.execute("UPDATE label_import_job SET created_at = now() - interval '25 hours'")
        connection.execute("UPDATE upload SET touched_at = now() - interval '25 hours'")
    importing.tidy()
    assert argus.label_imports.show(project, planned.id).state == "cancelled"
    leftovers.remove()
    assert [one.purpose for one in argus.uploads.list(project).uploads if one.on_disk] == ["frames"]
    assert job_store.waiting(project) == 0
