"""What is read of the rows `task` for the page's pictures."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from pydantic import JsonValue

from argus.db.statements import fetch_one
from search_service.sync.store import SHARED


class TaskRow(NamedTuple):
    """A task as Argus knows it.

    Attributes:
        video_shared: whether another video of the project has the name of its video.
        notes: `[{"key", "reason"}]`, the values of its data that could not be taken over.
        error: what went wrong with its image, as `ArgusError.to_json` gives it.
        model_version: the project's.
    """

    video: str | None
    video_id: str | None
    video_shared: bool
    video_time: float | None
    frame_number: int | None
    captured_at: datetime | None
    notes: list[dict[str, str]] | None
    state: str
    error: dict[str, JsonValue] | None
    model_version: str


class Captured(NamedTuple):
    """When the first and the last image of a project were captured; None when no task says so."""

    first: datetime | None
    last: datetime | None


def find_task(project_id: int, task_id: int) -> TaskRow | None:
    """Return a task of a project; None when there is no such task."""
    return fetch_one(
        TaskRow,
        f"SELECT t.video, t.video_id, {SHARED} AS video_shared, t.video_time, t.frame_number, t.captured_at, t.notes, "
        "t.state, t.error, p.model_version FROM task t JOIN project p ON p.id = t.project_id "
        "WHERE t.id = %s AND t.project_id = %s", (task_id, project_id))


def captured_between(project_id: int) -> tuple[datetime, datetime] | None:
    """Return when the first and the last image of a project were captured; None when no task says so."""
    row = fetch_one(Captured, "SELECT min(captured_at) AS first, max(captured_at) AS last FROM task "
                    "WHERE project_id = %s", (project_id,))
    return (row.first, row.last) if row and row.first and row.last else None
