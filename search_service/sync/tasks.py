"""Label Studio's tasks become rows of `task`, and rows that wait become jobs for the SigLIP worker.

Polling is the truth. A poll asks for what changed since the newest `updated_at` seen; a full listing every
`reconcile_seconds` finds deletions and whatever a poll missed. A webhook only makes a poll come sooner.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from argus.answers.projects import TaskNote
from argus.db import Row, connect
from argus.errors import ArgusError
from argus.labelstudio import LabelStudio, filters, get_label_studio, listing
from argus.settings import get_settings
from label_studio_config import projects
from label_studio_config.label_config import image_of
from label_studio_config.tags import read_label_config
from search_service.embedding import near_duplicates
from search_service.embedding.scheduling import enqueue_waiting
from search_service.sync import annotations as annotated
from search_service.sync import missing_projects
from search_service.sync.task_values import read_values
from search_service.vectors import store
from search_service.vectors.model_change import MAX_ATTEMPTS

log = logging.getLogger(__name__)
# What failed and may pass is tried once more by a full listing that comes so much later, so that a night without Label
# Studio or a storage heals by itself.
LATER_SECONDS = 900
FIELDS = "id,data,updated_at"  # of a listing; asking for more makes it several times slower
_COLUMNS = ("id", "project_id", "image", "video", "video_id", "video_time", "frame_number", "captured_at", "notes",
            "updated_at")
_PLACE = ("video", "video_id", "video_time")  # what a frame is compared with hangs on them
_WRITE = (f"INSERT INTO task ({', '.join(_COLUMNS)}) VALUES ({', '.join(f'%({name})s' for name in _COLUMNS)}) "
          f"ON CONFLICT (id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _COLUMNS[1:])}")


@dataclass
class SyncReport:
    """What one sync found and did. Counts are tasks; `enqueued` are embed jobs."""

    project_id: int
    full: bool = False
    created: int = 0
    changed: int = 0
    deleted: int = 0
    enqueued: int = 0
    seconds: float = 0.0
    warnings: list[str] = field(default_factory=list)


def sync_project(project_id: int, *, full: bool | None = None) -> SyncReport:
    """Bring the rows of one project up to date with Label Studio and enqueue what has no vector yet.

    Args:
        full: True lists every task, False only what changed since the last poll; None decides by the age of the last
            full listing.

    Raises:
        ArgusError: `unknown_project`, and what the servers raise.
    """
    started = time.monotonic()
    ls = get_label_studio()
    try:
        row = ensure_project(ls, project_id)
        if full is None:
            full = _listing_is_due(row)
        if full and row["label_config"]:  # a row just made is fresh
            row = projects.save(ls.project(project_id))
        report = SyncReport(project_id, full=full)
        _list(ls, row, report)
    except ArgusError as error:
        if error.code == "unknown_project":
            missing_projects.note(project_id)
        raise
    if row["missing_since"]:
        missing_projects.found(project_id)
    annotated.refresh(ls, project_id, full=full)
    report.enqueued = enqueue_waiting(project_id)
    report.seconds = round(time.monotonic() - started, 3)
    if report.created or report.changed or report.deleted:
        log.info("synced", extra={"project": project_id, "new": report.created, "changed": report.changed,
                                  "deleted": report.deleted, "full": full, "seconds": report.seconds})
    return report


def note_change(project_id: int, *, full: bool) -> bool:
    """Keep that something changed in Label Studio; return whether the project is connected, or else nothing is kept.

    Args:
        full: whether only a full listing shows what; the next sync is one then.
    """
    if not 0 < project_id < 2**31:
        return False
    return projects.request_listing(project_id) if full else projects.is_connected(project_id)


def _list(ls: LabelStudio, row: Row, report: SyncReport) -> None:
    key = image_key(row["label_config"])
    try:
        if report.full:
            _reconcile(ls, report.project_id, key, report)
        else:
            _poll(ls, report.project_id, key, row["cursor_at"], report)
    except ArgusError as error:
        if error.code == "not_found":
            ls.project(report.project_id)  # says better what is missing
        raise


def ensure_project(ls: LabelStudio, project_id: int) -> Row:
    """Return the project's row, made from Label Studio when there is none. Raises `unknown_project`."""
    row = projects.find(project_id)
    return row if row and row["label_config"] else projects.save(ls.project(project_id))


def _listing_is_due(row: Row) -> bool:
    last = row["reconciled_at"]
    if last is None:
        return True
    seconds = (datetime.now(UTC) - last).total_seconds()
    return not 0 <= seconds < get_settings().reconcile_seconds  # a time to come: a clock was put back


def image_key(label_config: str) -> str:
    """Return the key of `task.data` that holds the image, as of `image_of`; `image` when the config says none."""
    try:
        image = image_of(read_label_config(label_config))
    except ArgusError:
        image = None
    return image.key if image else "image"


def _poll(ls: LabelStudio, project_id: int, key: str, since: datetime | None, report: SyncReport) -> None:
    now = datetime.now(UTC)
    if since and since > now:  # noted while Label Studio's clock was ahead: it must not hide what changes until then
        since = now - timedelta(seconds=get_settings().reconcile_seconds)
    changed = filters.changed_since(since or datetime(1970, 1, 1, tzinfo=UTC))
    for page in listing.pages(ls, project_id, [changed], order="tasks:updated_at", include=FIELDS):
        _upsert(project_id, key, page, report)


def _reconcile(ls: LabelStudio, project_id: int, key: str, report: SyncReport) -> None:
    """List everything; a row that Label Studio did not list any more is deleted with all that hangs on it."""
    with connect() as connection:
        known = {row["id"] for row in connection.execute("SELECT id FROM task WHERE project_id = %s", (project_id,))}
    for page in listing.walk(ls, project_id, include=FIELDS):
        _upsert(project_id, key, page, report)
        known -= {task["id"] for task in page}
    if known:
        report.deleted += delete_tasks(project_id, sorted(known))
    with connect() as connection:
        connection.execute("UPDATE project SET reconciled_at = now() WHERE id = %s", (project_id,))
        connection.execute("UPDATE task SET state = 'waiting', attempts = %s WHERE project_id = %s "
                           "AND state = 'failed' AND (error->>'may_pass')::boolean "
                           "AND (error->>'at')::timestamptz NOT BETWEEN now() - make_interval(secs => %s) AND now()",
                           (MAX_ATTEMPTS - 1, project_id, LATER_SECONDS))


def delete_tasks(project_id: int, task_ids: list[int]) -> int:
    """Delete rows of tasks that Label Studio no longer has; vectors and detections go with them."""
    with connect() as connection:
        near_duplicates.forget(connection, task_ids)
        return connection.execute("DELETE FROM task WHERE project_id = %s AND id = ANY(%s)",
                                  (project_id, task_ids)).rowcount


def _upsert(project_id: int, key: str, tasks: list[dict[str, Any]], report: SyncReport) -> None:
    if not tasks:
        return
    rows = {task["id"]: _task_row(project_id, task, key) for task in tasks}
    with connect() as connection:
        known = {row["id"]: row for row in connection.execute(
            f"SELECT {', '.join(_COLUMNS)} FROM task WHERE id = ANY(%s) FOR UPDATE", (list(rows),))}
        new = rows.keys() - known.keys()
        changed = {id_: row for id_, row in rows.items() if id_ in known and known[id_] != row}
        moved = [id_ for id_, row in changed.items() if known[id_]["image"] != row["image"]]
        if moved:
            store.forget(connection, moved)
            connection.execute("DELETE FROM detection WHERE task_id = ANY(%s)", (moved,))
            connection.execute("UPDATE task SET state = 'waiting', attempts = 0, error = NULL, content_hash = NULL "
                               "WHERE id = ANY(%s)", (moved,))
        replaced = [id_ for id_, row in changed.items() if any(known[id_][name] != row[name] for name in _PLACE)]
        if moved or replaced:
            near_duplicates.forget(connection, [*moved, *replaced])
        with connection.cursor() as cursor:
            cursor.executemany(_WRITE, [{**rows[id_], "notes": rows[id_]["notes"] and Jsonb(rows[id_]["notes"])}
                                        for id_ in [*new, *changed]])
        _mark_imageless(connection, project_id, key)
        connection.execute("UPDATE project SET cursor_at = GREATEST(cursor_at, %s) WHERE id = %s",
                           (max(row["updated_at"] for row in rows.values()), project_id))
    report.created += len(new)
    report.changed += len(moved)


def _mark_imageless(connection: store.Connection, project_id: int, key: str) -> None:
    error = ArgusError("bad_image", f"The task has no image in its data key '{key}'.",
                       "The label config's <Image> names the key.").to_json()
    connection.execute("UPDATE task SET state = 'failed', error = %s WHERE project_id = %s AND image = '' "
                       "AND state = 'waiting'", (Jsonb(error), project_id))


def _task_row(project_id: int, task: dict[str, Any], key: str) -> dict[str, Any]:
    """Return the row of a task that Label Studio listed, by column; `notes` None when there are none."""
    values = read_values(task["data"], key)
    return {"id": task["id"], "project_id": project_id, "image": values.image, "video": values.video,
            "video_id": values.video_id, "video_time": values.video_time, "frame_number": values.frame_number,
            "captured_at": values.captured_at, "notes": values.notes or None,
            "updated_at": datetime.fromisoformat(task["updated_at"])}


def noted_values(connection: store.Connection, project_id: int, limit: int) -> tuple[int, list[TaskNote]]:
    count = connection.execute("SELECT count(*) AS n FROM task WHERE project_id = %s AND notes IS NOT NULL",
                               (project_id,)).fetchone()
    rows = connection.execute("SELECT id, notes FROM task WHERE project_id = %s AND notes IS NOT NULL "
                              "ORDER BY id LIMIT %s", (project_id, limit)).fetchall()
    return int(count["n"]) if count else 0, [TaskNote(task=row["id"], **note) for row in rows for note in row["notes"]]
