"""Label Studio's tasks become rows of `task`, and rows that wait become jobs for the SigLIP worker.

Polling is the truth. A poll asks for what changed since the newest `updated_at` seen; a full listing every
`reconcile_seconds` finds deletions and whatever a poll missed. A webhook only makes a poll come sooner.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from argus.db import connect, together
from argus.errors import ArgusError
from argus.images.video_files import named_as_video
from argus.labelstudio import LabelStudio, filters, get_label_studio, listing
from argus.labelstudio.types import Task
from argus.settings import get_settings
from label_studio_config import listing_store, projects
from label_studio_config.label_config import image_of
from label_studio_config.projects import ProjectRow
from label_studio_config.tags import read_label_config
from search_service.embedding import object_store
from search_service.embedding.scheduling import enqueue_waiting
from search_service.embedding.store import unmark_duplicates
from search_service.sync import annotations as annotated
from search_service.sync import missing_projects, store
from search_service.sync.store import TaskRow
from search_service.sync.task_values import read_values
from search_service.vectors import store as vectors
from search_service.vectors.model_change import MAX_ATTEMPTS

log = logging.getLogger(__name__)
# What failed and may pass is tried once more by a full listing that comes so much later, so that a night without Label
# Studio or a storage heals by itself.
LATER_SECONDS = 900
FIELDS = "id,data,updated_at"  # of a listing; asking for more makes it several times slower


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
    return listing_store.request_listing(project_id) if full else projects.is_connected(project_id)


def _list(ls: LabelStudio, row: ProjectRow, report: SyncReport) -> None:
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


def ensure_project(ls: LabelStudio, project_id: int) -> ProjectRow:
    """Return the project's row, made from Label Studio when there is none. Raises `unknown_project`."""
    row = projects.find(project_id)
    return row if row and row["label_config"] else projects.save(ls.project(project_id))


def _listing_is_due(row: ProjectRow) -> bool:
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
    known = store.task_ids(project_id)
    for page in listing.walk(ls, project_id, include=FIELDS):
        _upsert(project_id, key, page, report)
        known -= {task["id"] for task in page}
    if known:
        report.deleted += delete_tasks(project_id, sorted(known))
    store.end_full_listing(project_id, attempts=MAX_ATTEMPTS - 1, later_seconds=LATER_SECONDS)
    object_store.retry_later(project_id, attempts=MAX_ATTEMPTS - 1, later_seconds=LATER_SECONDS)


def delete_tasks(project_id: int, task_ids: list[int]) -> int:
    """Delete rows of tasks that Label Studio no longer has; vectors and detections go with them."""
    with together():
        unmark_duplicates(task_ids)
        return store.delete_tasks(project_id, task_ids)


def _upsert(project_id: int, key: str, tasks: list[Task], report: SyncReport) -> None:
    if not tasks:
        return
    rows = {task["id"]: _task_row(project_id, task, key) for task in tasks}
    with together(), connect() as connection:
        known = store.lock_tasks(list(rows))
        new = rows.keys() - known.keys()
        changed = {id_: row for id_, row in rows.items() if id_ in known and known[id_] != row}
        moved = [id_ for id_, row in changed.items() if known[id_].image != row.image]
        if moved:
            vectors.forget(connection, moved)
            store.forget_image(moved)
        replaced = [id_ for id_, row in changed.items() if known[id_].place != row.place]
        if moved or replaced:
            unmark_duplicates([*moved, *replaced])
        store.write_tasks(rows[id_] for id_ in [*new, *changed])
        store.fail_without_image(project_id, ArgusError(
            "bad_image", f"The task has no image in its data key '{key}'.",
            "The label config's <Image> names the key."))
        store.mark_videos([id_ for id_ in [*new, *changed] if named_as_video(rows[id_].image)])
        store.advance_cursor(project_id, max(row.updated_at for row in rows.values() if row.updated_at))
    report.created += len(new)
    report.changed += len(moved)


def _task_row(project_id: int, task: Task, key: str) -> TaskRow:
    """Return the row of a task that Label Studio listed."""
    values = read_values(task["data"], key)
    return TaskRow(task["id"], project_id, values.image, values.video, values.video_id, values.video_time,
                   values.frame_number, values.captured_at, values.notes or None,
                   datetime.fromisoformat(task["updated_at"]))
