"""What is read of the rows `task` for the page's pictures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from psycopg.sql import SQL
from pydantic import JsonValue

from argus.db.statements import fetch, fetch_one
from search_service.sync.store import SHARED
from search_service.vectors.store import Model


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


class FrameRow(NamedTuple):
    """A frame of a video.

    Attributes:
        similarity: cosine of its embedding and that of the frame it is compared with; None when one has none.
    """

    id: int
    video_time: float
    frame_number: int | None
    similarity: float | None


def find_frame(project_id: int, task_id: int) -> FrameRow | None:
    """Return a frame; None for an image of no video or without a time, and for what is no task of the project."""
    return fetch_one(FrameRow, "SELECT id, video_time, frame_number, NULL::float8 AS similarity FROM task "
                     "WHERE id = %s AND project_id = %s AND video_key IS NOT NULL AND video_time IS NOT NULL",
                     (task_id, project_id))


def frames_beside(project_id: int, frame: FrameRow, model: Model | None, count: int, *, later: bool,
                  below: float | None = None) -> list[FrameRow]:
    """Return the nearest frames of the same video on one side of a frame, the nearest first.

    Args:
        model: whose embeddings are compared; None: none are.
        below: only those of less similarity.
    """
    than, order = (">", "") if later else ("<", " DESC")
    of = SQL("(SELECT embedding FROM {} WHERE model_id = %(model)s AND project_id = %(project)s AND task_id = {})")
    least = SQL("" if below is None else "WHERE similarity < %(below)s")
    similarity = SQL("1 - ({} <=> {})").format(*(of.format(model.table, SQL(one)) for one in ("t.id", "%(id)s"))) \
        if model else SQL("NULL::float8")
    return fetch(
        FrameRow, SQL("SELECT * FROM (SELECT t.id, t.video_time, t.frame_number, {} AS similarity FROM task t "
                      "WHERE project_id = %(project)s AND video_key = (SELECT video_key FROM task WHERE id = %(id)s) "
                      "AND (video_time, id) {} (%(time)s, %(id)s)) beside {} ORDER BY video_time{}, id{} "
                      "LIMIT %(count)s").format(
            similarity, SQL(than), least, SQL(order), SQL(order)),
        {"project": project_id, "id": frame.id, "time": frame.video_time, "model": model and model.id,
         "below": below, "count": count})


class TaskAnnotated(NamedTuple):
    """A task, and whether people have annotated it."""

    id: int
    labelled: bool


def tasks_of(project_id: int, task_ids: Sequence[int]) -> list[TaskAnnotated]:
    """Return those of the tasks that the project has."""
    return fetch(TaskAnnotated, "SELECT id, labelled FROM task WHERE id = ANY(%s) AND project_id = %s",
                 (list(task_ids), project_id))
