"""The rows of uploads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from argus.answers.base import Error
from argus.answers.uploads import Purpose, UploadState
from argus.db import together
from argus.db.statements import execute, fetch, fetch_number, fetch_numbers, fetch_one

LISTED = 100  # uploads of a person that a project's list shows
_COLUMNS = ("id, project_id, person_id, person, file, name, modified, size, received, fps, scene, state, on_disk, "
            "attempts, share, frames, imported, skipped, first_tasks, lost, error, created_at, finished_at, purpose, "
            "task_id")


@dataclass(frozen=True)
class Row:
    """One upload; see migrations 61, 64 and 68."""

    id: str
    project_id: int
    person_id: int | None
    person: str
    file: str
    name: str
    modified: str
    size: int
    received: int
    fps: str
    scene: float
    state: UploadState
    on_disk: bool
    attempts: int
    share: float
    frames: int
    imported: int
    skipped: int
    first_tasks: list[int]
    lost: list[str]
    error: dict[str, Any] | None
    created_at: datetime
    finished_at: datetime | None
    purpose: Purpose
    task_id: int | None


@dataclass(frozen=True)
class Taken:
    """What a person's uploads take: those that are arriving, and the bytes of their files in one project."""

    running: int
    bytes: int


@dataclass(frozen=True)
class _Name:
    name: str


def insert(*, id: str, project_id: int, person_id: int | None, person: str, file: str, name: str, modified: str,
           size: int, fps: str, scene: float, purpose: Purpose = "frames") -> None:
    execute("INSERT INTO upload (id, project_id, person_id, person, file, name, modified, size, fps, scene, purpose) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (id, project_id, person_id, person, file, name, modified, size, fps, scene, purpose))


def insert_of_task(*, id: str, project_id: int, person_id: int | None, person: str, file: str, name: str, task_id: int,
                   fps: str, scene: float) -> bool:
    """Let the import of a task's own file be due; false when one is due or under way already."""
    return execute("INSERT INTO upload (id, project_id, person_id, person, file, name, size, fps, scene, state, "
                   "task_id) VALUES (%s, %s, %s, %s, %s, %s, 0, %s, %s, 'queued', %s) ON CONFLICT DO NOTHING",
                   (id, project_id, person_id, person, file, name, fps, scene, task_id)) == 1


def fetched(upload_id: str, size: int) -> None:
    """Note that a task's own file is here whole."""
    execute("UPDATE upload SET size = %s, received = %s WHERE id = %s", (size, size, upload_id))


def find(upload_id: str) -> Row | None:
    return fetch_one(Row, f"SELECT {_COLUMNS} FROM upload WHERE id = %s", (upload_id,))


def listing(project_id: int, person_id: int | None) -> list[Row]:
    """Return a person's uploads into a project, newest first."""
    return fetch(Row, f"SELECT {_COLUMNS} FROM upload WHERE project_id = %s AND person_id IS NOT DISTINCT FROM %s "
                 "ORDER BY created_at DESC, id LIMIT %s", (project_id, person_id, LISTED))


def taken(project_id: int, person_id: int | None) -> Taken:
    found = fetch_one(Taken, "SELECT count(*) FILTER (WHERE state = 'receiving') AS running, coalesce(sum(size) FILTER "
                      "(WHERE on_disk AND project_id = %s), 0)::bigint AS bytes FROM upload "
                      "WHERE person_id IS NOT DISTINCT FROM %s", (project_id, person_id))
    assert found
    return found


def promised() -> int:
    """Return the bytes that are still to come, of everybody."""
    return fetch_number("SELECT coalesce(sum(size - received), 0)::bigint FROM upload WHERE state = 'receiving'")


def received(upload_id: str, before: int, now: int) -> bool:
    """Note that `now` bytes are stored; false when the row says no longer that it were `before`. With the last byte,
    the import of a video or an image is due."""
    return execute("UPDATE upload SET received = %(now)s, touched_at = now(), due_at = now(), "
                   "state = CASE WHEN size > %(now)s THEN state WHEN purpose = 'labels' THEN 'done' ELSE 'queued' END, "
                   "finished_at = CASE WHEN size = %(now)s AND purpose = 'labels' THEN now() END "
                   "WHERE id = %(id)s AND received = %(before)s AND state = 'receiving'",
                   {"id": upload_id, "before": before, "now": now}) == 1


def correct(upload_id: str, stored: int) -> None:
    """Note that less is stored than was thought: the disk lost it."""
    execute("UPDATE upload SET received = %s WHERE id = %s AND state = 'receiving' AND received > %s",
            (stored, upload_id, stored))


def cancel(upload_id: str) -> bool:
    """Cancel an upload that has not ended; false when it has."""
    return execute("UPDATE upload SET state = 'cancelled', finished_at = now(), touched_at = now() WHERE id = %s "
                   "AND state IN ('receiving', 'queued', 'running')", (upload_id,)) == 1


def forget(upload_id: str) -> None:
    execute("DELETE FROM upload WHERE id = %s", (upload_id,))


def file_gone(upload_id: str) -> None:
    execute("UPDATE upload SET on_disk = false WHERE id = %s", (upload_id,))


def retry(upload_id: str) -> bool:
    """Let a failed import begin again; false when it has not failed, or its file is gone."""
    return execute("UPDATE upload SET state = 'queued', error = NULL, attempts = 0, due_at = now(), "
                   "touched_at = now(), finished_at = NULL WHERE id = %s AND state = 'failed' AND on_disk",
                   (upload_id,)) == 1


def due() -> list[str]:
    """Return the uploads whose import is due or under way, oldest first."""
    return [row.name for row in fetch(_Name, "SELECT id AS name FROM upload WHERE state IN ('queued', 'running') "
                                      "AND due_at <= now() ORDER BY due_at, created_at")]


def begin(upload_id: str) -> int | None:
    """Note another attempt; return its number, None when the upload is not to be imported any more."""
    found = fetch_number("UPDATE upload SET state = 'running', attempts = attempts + 1, touched_at = now() WHERE id = "
                         "%s AND state IN ('queued', 'running') RETURNING attempts", (upload_id,))
    return found or None


def progress(upload_id: str, share: float, frames: int, imported: int, skipped: int, first: Sequence[int]) -> bool:
    """Note how far an import is; false when it was cancelled."""
    return execute("UPDATE upload SET share = %s, frames = %s, imported = %s, skipped = %s, first_tasks = %s, "
                   "touched_at = now() WHERE id = %s AND state = 'running'",
                   (share, frames, imported, skipped, list(first), upload_id)) == 1


def finish(upload_id: str, lost: Sequence[str], *, keep: bool) -> None:
    """Note that an import is done and whether its file stays; the file is deleted afterwards, so that a file without a
    row is the worst that a crash in between leaves. A task whose own file it was counts as cut."""
    with together():
        execute("UPDATE upload SET state = 'done', share = 1, lost = %s, on_disk = %s, error = NULL, "
                "finished_at = now(), touched_at = now() WHERE id = %s AND state = 'running'",
                (list(lost), keep, upload_id))
        execute("INSERT INTO cut_video (task_id) SELECT task.id FROM upload JOIN task ON task.id = upload.task_id "
                "WHERE upload.id = %s AND upload.state = 'done' ON CONFLICT DO NOTHING", (upload_id,))


def fail(upload_id: str, error: Error, *, keep: bool) -> None:
    execute("UPDATE upload SET state = 'failed', error = %s, on_disk = %s, finished_at = now(), touched_at = now() "
            "WHERE id = %s AND state IN ('queued', 'running')", (error.model_dump_json(), keep, upload_id))


def put_off(upload_id: str, seconds: float, error: Error) -> None:
    """Let an import that failed for now wait."""
    execute("UPDATE upload SET state = 'queued', error = %s, due_at = now() + make_interval(secs => %s) WHERE id = %s "
            "AND state = 'running'", (json.dumps(error.model_dump(mode="json")), seconds, upload_id))


def known_tasks(task_ids: Sequence[int]) -> list[int]:
    """Return those of the tasks that are known here, in the same order."""
    known = set(fetch_numbers("SELECT id FROM task WHERE id = ANY(%s)", (list(task_ids),)))
    return [task for task in task_ids if task in known]


def stale(hours: float) -> list[Row]:
    """Return the uploads whose file waits for nothing any more: bytes that stopped coming, and failed imports."""
    return fetch(Row, f"SELECT {_COLUMNS} FROM upload WHERE on_disk AND state IN ('receiving', 'failed') "
                 "AND touched_at < now() - make_interval(secs => %s)", (hours * 3600,))


def with_needless_file() -> list[Row]:
    """Return the cancelled uploads whose file is still there."""
    return fetch(Row, f"SELECT {_COLUMNS} FROM upload WHERE on_disk AND state = 'cancelled'")


def unused_labels(hours: float) -> list[Row]:
    """Return the uploads with labels of which nothing was asked for so long, and that no import will read."""
    return fetch(Row, f"SELECT {_COLUMNS} FROM upload WHERE on_disk AND purpose = 'labels' AND state = 'done' "
                 "AND touched_at < now() - make_interval(secs => %s) AND NOT EXISTS (SELECT FROM label_import_job "
                 "WHERE upload.id IN (upload_id, images_id) AND label_import_job.state IN "
                 "('planning', 'queued', 'running'))", (hours * 3600,))


def touch(upload_ids: Sequence[str]) -> None:
    """Note that the files of these uploads are needed for another while."""
    execute("UPDATE upload SET touched_at = now() WHERE id = ANY(%s)", (list(upload_ids),))


def files() -> set[str]:
    """Return the names of all files that belong to an upload."""
    return {row.name for row in fetch(_Name, "SELECT file AS name FROM upload WHERE on_disk")}


def forget_old(days: float) -> int:
    """Delete the rows of uploads that ended long ago and left no file; return how many."""
    return execute("DELETE FROM upload WHERE NOT on_disk AND state IN ('done', 'failed', 'cancelled') "
                   "AND touched_at < now() - make_interval(secs => %s)", (days * 86_400,))
