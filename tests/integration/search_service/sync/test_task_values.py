"""One bad task never takes its project down, on the real Label Studio and PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import CliRunner

from argus.answers.projects import TaskNote
from argus.answers.tasks import DataNote
from argus.db import connect
from argus.labelstudio import LabelStudio, get_label_studio
from argus.settings import get_settings
from argus_cli.main import main
from label_studio_config import projects
from label_studio_config.recipe import plan_for
from search_service.health.doctor.project import Project as DoctorProject
from search_service.pictures.task_details import describe_task
from search_service.sync import progress as sync_progress
from search_service.sync import tasks as sync_tasks

pytestmark = pytest.mark.integration
CONFIG = ('<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image"><Label value="cpu"/>'
          "</RectangleLabels></View>")
# What Label Studio itself keeps of such values on PostgreSQL.
ODD: list[dict[str, Any]] = [
    {"frame_number": 1700000000000}, {"captured_at": "9999-12-31T23:59:59-09:00"}, {"video_time": 10**400},
    {"captured_at": "0001-01-01T00:00:00+14:00"}, {"video": "x" * 5000, "frame_number": -3},
    {"video": ["a", ["b"]], "video_id": {"c": 1}}, {"captured_at": "0000-00-00", "video_time": "soon"}]
# What comes from elsewhere (a Label Studio on SQLite, older rows).
ODDER: list[dict[str, Any]] = [
    {"video": "a\0b.mp4"}, {"video_id": "\ud800"}, {"video_time": float("nan")}, {"frame_number": float("inf")},
    {"image": "\0"}, {"image": "/b\ud800.jpg"}]


@pytest.fixture(scope="module")
def ls(servers: Any) -> LabelStudio:
    return get_label_studio()


@pytest.fixture
def project(ls: LabelStudio) -> Iterator[int]:
    number = ls.post("/api/projects/", {"title": "Odd values", "label_config": CONFIG})["id"]
    yield number
    ls.delete(f"/api/projects/{number}/")


def rows(project: int) -> dict[int, dict[str, Any]]:
    with connect() as connection:
        return {row["id"]: row for row in connection.execute("SELECT * FROM task WHERE project_id = %s", (project,))}


def test_sync__the_other_tasks_come_in_and_every_later_listing_works(ls: LabelStudio, project: int) -> None:
    data = [{"image": f"/data/upload/{n}.jpg", "video": "line.mp4", "frame_number": n} | odd
            for n, odd in enumerate([*ODD, {}, {}])]
    ids = ls.post(f"/api/projects/{project}/import?return_task_ids=true", [{"data": one} for one in data])["task_ids"]
    for full in (True, False, True):
        sync_tasks.sync_project(project, full=full)
    known = rows(project)
    assert known.keys() == set(ids)
    for id_, odd in zip(ids, [*ODD, {}, {}], strict=True):
        assert [note["key"] for note in known[id_]["notes"] or []] == [key for key in (
            "video", "video_id", "video_time", "frame_number", "captured_at") if key in odd]
        assert all(known[id_][key] is None for key in odd)
    assert known[ids[0]]["video"] == "line.mp4"
    progress = sync_progress.sync_progress(project)
    assert (progress.seen, progress.noted) == (len(data), len(ODD))
    assert TaskNote(task=ids[0], key="frame_number",
                    reason="1700000000000 is not from 0 to 2,147,483,647") in progress.notes
    assert describe_task(project, ids[1]).notes == [DataNote(key="captured_at", reason="its year is out of range")]


def test_sync__a_value_that_is_put_right_loses_its_note(ls: LabelStudio, project: int) -> None:
    [id_] = ls.post(f"/api/projects/{project}/import?return_task_ids=true",
                    [{"data": {"image": "/data/upload/1.jpg", "frame_number": "7"}}])["task_ids"]
    sync_tasks.sync_project(project)
    assert rows(project)[id_]["notes"] == [{"key": "frame_number", "reason": "it is text, not a whole number"}]
    ls.patch(f"/api/tasks/{id_}/", {"data": {"image": "/data/upload/1.jpg", "frame_number": 7}})
    sync_tasks.sync_project(project, full=False)
    assert (rows(project)[id_]["notes"], rows(project)[id_]["frame_number"]) == (None, 7)


def test_upsert__what_only_another_database_keeps(servers: Any, project: int) -> None:
    sync_tasks.sync_project(project)
    tasks = [{"id": 900_000_000 + n, "updated_at": "2026-01-01T00:00:00Z",
              "data": {"image": f"/data/upload/{n}.jpg"} | odd} for n, odd in enumerate([*ODDER, {}])]
    for _ in range(2):
        sync_tasks._upsert(project, "image", tasks, sync_tasks.SyncReport(project))
    known = rows(project)
    assert len(known) == len(tasks)
    assert [len(known[task["id"]]["notes"] or []) for task in tasks] == [1] * len(ODDER) + [0]


def test_upsert__a_time_is_read_back_in_every_time_zone(servers: Any, project: int) -> None:
    sync_tasks.sync_project(project)
    tasks = [{"id": 910_000_000 + n, "updated_at": "2026-01-01T00:00:00Z",
              "data": {"image": "/x.jpg", "captured_at": at}}
             for n, at in enumerate(["0002-01-01T00:00:00Z", "9998-12-31T00:00:00Z"])]
    sync_tasks._upsert(project, "image", tasks, sync_tasks.SyncReport(project))
    for zone in ("Asia/Tokyo", "America/Los_Angeles", "Pacific/Kiritimati"):
        with connect() as connection:
            connection.execute("SELECT set_config('timezone', %s, true)", (zone,))
            found = connection.execute("SELECT captured_at FROM task WHERE id >= 910000000 AND project_id = %s "
                                       "ORDER BY id", (project,)).fetchall()
        assert [row["captured_at"].astimezone(UTC) for row in found] == [
            datetime(2, 1, 1, tzinfo=UTC), datetime(9998, 12, 31, tzinfo=UTC)]


def test_cli__sync_status_and_task_tell_what_was_left_out(ls: LabelStudio, project: int) -> None:
    [id_] = ls.post(f"/api/projects/{project}/import?return_task_ids=true",
                    [{"data": {"image": "/data/upload/1.jpg", "frame_number": 1700000000000}}])["task_ids"]
    told = {command: CliRunner().invoke(main, [*command.split(), *options]) for command, options in {
        "sync": ["-p", str(project)], "status": [], f"task {id_}": ["-p", str(project)],
        "status --json": [], f"task {id_} --json": ["-p", str(project)]}.items()}
    assert all(done.exit_code == 0 for done in told.values()), [done.output for done in told.values()]
    assert "1700000000000 is not from 0" in told["sync"].output
    assert f"Project {project}: 1 task with values" in told["status"].output
    assert "`frame_number` of its data was left out" in told[f"task {id_}"].output
    [mine] = [one for one in json.loads(told["status --json"].output)["projects"] if one["id"] == project]
    assert mine["noted"] == 1
    assert json.loads(told[f"task {id_} --json"].output)["notes"][0]["key"] == "frame_number"
    (finding,) = DoctorProject(get_settings(), ls, projects.load(project))._values()
    assert (finding.state, finding.name) == ("ok", f"project {project}: values")
    assert finding.detail.startswith(f"1 task has values in its data that were left out, for example task {id_}, "
                                     "frame_number: 1700000000000 is not from 0")
    assert f"argus sync --project {project}" in finding.detail


def test_remember_tasks__what_a_call_of_predict_brings_is_read_as_a_listing_is(project: int) -> None:
    """Anybody who reaches the ML backend can send a task."""
    sync_tasks.sync_project(project)
    tasks = [{"id": 920_000_000 + n, "data": {"image": "/x.jpg"}, "updated_at": at}
             for n, at in enumerate(["9999-12-31T23:59:59-09:00", "0001-01-01T00:00:00+09:00", "2026-01-01T00:00:00Z"])]
    projects.remember_tasks(project, plan_for(projects.load(project)).image, tasks)
    known = rows(project)
    assert [known[task["id"]]["updated_at"] for task in tasks] == [None, None, datetime(2026, 1, 1, tzinfo=UTC)]
