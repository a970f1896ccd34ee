"""The rows `task` as the sync writes them, and what people are told of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from psycopg.types.json import Jsonb

from argus.db import together
from argus.db.statements import execute, execute_many, fetch, fetch_number, fetch_numbers, fetch_one
from argus.errors import ArgusError


class TaskRow(NamedTuple):
    """A task as Label Studio listed it; `notes` say which values could not be taken over, None when there are none."""

    id: int
    project_id: int
    image: str
    video: str | None
    video_id: str | None
    video_time: float | None
    frame_number: int | None
    captured_at: datetime | None
    notes: list[dict[str, Any]] | None
    updated_at: datetime | None

    @property
    def place(self) -> tuple[str | None, str | None, float | None]:
        """What a frame is compared with hangs on it."""
        return self.video, self.video_id, self.video_time


class StateCount(NamedTuple):
    """The tasks of a project in one state: how many, of which fetched, and duplicates; how long the first one waits."""

    state: str
    n: int
    fetched: int
    duplicates: int
    age: float | None


class Counts(NamedTuple):
    """Tasks of a project: each one seen is waiting, embedded or failed."""

    seen: int
    waiting: int
    embedded: int
    failed: int


class Failure(NamedTuple):
    """What went wrong with a task's image, as `ArgusError.to_json` gives it."""

    id: int
    state: str
    error: dict[str, Any]


class Noted(NamedTuple):
    """The values of a task that could not be taken over."""

    id: int
    notes: list[dict[str, Any]]


class Labelled(NamedTuple):
    """A task, when Label Studio changed it, and whether it is known to be annotated."""

    id: int
    updated_at: datetime | None
    labelled: bool


class VideoRow(NamedTuple):
    """A video of a project; `seconds` is the time of its last frame."""

    video: str | None
    video_id: str | None
    frames: int
    seconds: float | None


class VideoName(NamedTuple):
    """A video by the key that means it alone."""

    video_key: str
    video: str | None
    video_id: str | None


class _Image(NamedTuple):
    image: str


class ProjectCount(NamedTuple):
    """A project and its images; `missing_since` when Label Studio has it no more."""

    id: int
    title: str
    connected: bool
    missing_since: datetime | None
    images: int
    embedded: int


# Whether another video of the project has the name of task `t`: two looks into an index.
SHARED = ("(EXISTS (SELECT FROM task o WHERE o.project_id = t.project_id AND o.video = t.video "
          "AND o.video_key < t.video_key) OR EXISTS (SELECT FROM task o WHERE o.project_id = t.project_id "
          "AND o.video = t.video AND o.video_key > t.video_key))")
_COLUMNS = TaskRow._fields
_WRITE = (f"INSERT INTO task ({', '.join(_COLUMNS)}) VALUES ({', '.join(f'%({name})s' for name in _COLUMNS)}) "
          f"ON CONFLICT (id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _COLUMNS[1:])}")


def lock_tasks(task_ids: Sequence[int]) -> dict[int, TaskRow]:
    """Return those of the tasks that are known, by id, locked until the transaction ends (`together`)."""
    return {row.id: row for row in fetch(
        TaskRow, f"SELECT {', '.join(_COLUMNS)} FROM task WHERE id = ANY(%s) FOR UPDATE", (list(task_ids),))}


def write_tasks(rows: Iterable[TaskRow]) -> None:
    execute_many(_WRITE, [row._asdict() | {"notes": row.notes and Jsonb(row.notes)} for row in rows])


def forget_image(task_ids: Sequence[int]) -> None:
    """Let tasks that show another image now wait, and forget what was found on the old one."""
    execute("DELETE FROM detection WHERE task_id = ANY(%s)", (list(task_ids),))
    execute("UPDATE task SET state = 'waiting', attempts = 0, error = NULL, content_hash = NULL, object_attempts = 0, "
            "object_error = NULL WHERE id = ANY(%s)", (list(task_ids),))


def fail_without_image(project_id: int, error: ArgusError) -> None:
    execute("UPDATE task SET state = 'failed', error = %s WHERE project_id = %s AND image = '' AND state = 'waiting'",
            (Jsonb(error.to_json()), project_id))


def mark_videos(task_ids: Sequence[int]) -> None:
    """Note of tasks without an embedding that their file is a video: there is no image to wait for."""
    execute("UPDATE task SET state = 'video', error = NULL, attempts = 0 WHERE id = ANY(%s) "
            "AND state IN ('waiting', 'failed')", (list(task_ids),))


def advance_cursor(project_id: int, to: datetime | None) -> None:
    """Let the next poll ask for what changed since."""
    execute("UPDATE project SET cursor_at = GREATEST(cursor_at, %s) WHERE id = %s", (to, project_id))


def task_ids(project_id: int) -> set[int]:
    return set(fetch_numbers("SELECT id FROM task WHERE project_id = %s", (project_id,)))


def delete_tasks(project_id: int, tasks: Sequence[int]) -> int:
    execute("DELETE FROM reviewed_task WHERE project_id = %s AND task_id = ANY(%s)", (project_id, list(tasks)))
    return execute("DELETE FROM task WHERE project_id = %s AND id = ANY(%s)", (project_id, list(tasks)))


def end_full_listing(project_id: int, *, attempts: int, later_seconds: float) -> None:
    """Keep that everything was listed, and let what failed longer ago than `later_seconds` and may pass be tried again,
    as if for the `attempts`-th time."""
    with together():
        execute("UPDATE project SET reconciled_at = now() WHERE id = %s", (project_id,))
        execute("UPDATE task SET state = 'waiting', attempts = %s WHERE project_id = %s "
                "AND state = 'failed' AND (error->>'may_pass')::boolean "
                "AND (error->>'at')::timestamptz NOT BETWEEN now() - make_interval(secs => %s) AND now()",
                (attempts, project_id, later_seconds))


def labels_are_stale(project_id: int) -> dict[int, datetime | None]:
    """Return `task → when it changed` for tasks that changed since their labels were read."""
    rows = fetch(Labelled, "SELECT id, updated_at, labelled FROM task WHERE project_id = %s "
                 "AND labelled_at IS DISTINCT FROM updated_at", (project_id,))
    return {row.id: row.updated_at for row in rows}


def all_labelled(project_id: int) -> list[Labelled]:
    return fetch(Labelled, "SELECT id, updated_at, labelled FROM task WHERE project_id = %s", (project_id,))


def write_labels(labels: Mapping[int, Sequence[str] | None], read_at: Mapping[int, datetime | None]) -> None:
    """Keep the labels of annotated tasks, None: of one without an annotation; and of which change of the task."""
    execute_many("UPDATE task SET labelled = %s, labels = %s, labelled_at = %s WHERE id = %s",
                 [(names is not None, list(names or ()), read_at[task], task) for task, names in labels.items()])


def annotated_predictions(project_id: int, task_ids: Sequence[int]) -> set[int]:
    """Return those of the tasks that have a prediction and, as far as is known, an annotation."""
    return set(fetch_numbers("SELECT DISTINCT p.task_id FROM prediction p JOIN task t ON t.id = p.task_id "
                             "WHERE t.labelled AND p.project_id = %s AND p.task_id = ANY(%s)",
                             (project_id, list(task_ids))))


def count_by_state(project_id: int) -> list[StateCount]:
    return fetch(StateCount,
                 "SELECT state, count(*) AS n, count(content_hash) AS fetched, count(duplicate_of) AS duplicates, "
                 "extract(epoch FROM now() - min(seen_at))::float AS age FROM task WHERE project_id = %s "
                 "GROUP BY state", (project_id,))


def count_tasks(project_id: int) -> Counts | None:
    """Return how many tasks of a project are in each state; None when there is no such project."""
    return fetch_one(
        Counts,
        # Each state for itself: their index is enough, and the rows, some ten times as large, are not read.
        "SELECT waiting + embedded + failed AS seen, waiting, embedded, failed FROM (SELECT "
        "(SELECT count(*) FROM task WHERE project_id = p.id AND state = 'waiting') AS waiting, "
        "(SELECT count(*) FROM task WHERE project_id = p.id AND state = 'embedded') AS embedded, "
        "(SELECT count(*) FROM task WHERE project_id = p.id AND state = 'failed') AS failed "
        "FROM project p WHERE p.id = %s) counts", (project_id,))


def failures(project_id: int, limit: int) -> list[Failure]:
    """Return what went wrong with images, those included that are tried again."""
    return fetch(Failure, "SELECT id, state, error FROM task WHERE project_id = %s AND error IS NOT NULL "
                 "ORDER BY state, id LIMIT %s", (project_id, limit))


def count_noted(project_id: int) -> int:
    return fetch_number("SELECT count(*) AS n FROM task WHERE project_id = %s AND notes IS NOT NULL", (project_id,))


def noted(project_id: int, limit: int) -> list[Noted]:
    return fetch(Noted, "SELECT id, notes FROM task WHERE project_id = %s AND notes IS NOT NULL ORDER BY id LIMIT %s",
                 (project_id, limit))


def videos(project_id: int) -> list[VideoRow]:
    """Return a project's videos. Of one video under several names the first in the alphabet counts."""
    return fetch(VideoRow,
                 "SELECT min(video) AS video, min(video_id) AS video_id, count(*) AS frames, "
                 "max(video_time) AS seconds FROM task WHERE project_id = %s AND video_key IS NOT NULL "
                 "GROUP BY video_key", (project_id,))


def videos_called(project_id: int, text: str, name: str | None, id_prefix: str | None, no_id: str) -> list[VideoName]:
    """Return the videos whose name or id is `text`, or that have this name and an id that begins so; with `no_id` for
    the prefix, that have the name and no id."""
    return fetch(
        VideoName,
        "SELECT DISTINCT video_key, video, video_id FROM task WHERE project_id = %(project)s AND video_key IS NOT "
        "NULL AND (video = %(text)s OR (video_key = %(text)s AND video_id IS NOT NULL) OR (video = %(name)s "
        "AND CASE WHEN video_id IS NULL THEN %(id)s = %(no_id)s ELSE starts_with(video_key, %(id)s) END))",
        {"project": project_id, "text": text, "name": name, "id": id_prefix, "no_id": no_id})


def tasks_with_image(project_id: int) -> list[int]:
    return fetch_numbers("SELECT id FROM task WHERE project_id = %s AND image <> '' AND state <> 'video' ORDER BY id",
                         (project_id,))


def unlabelled_videos(project_id: int) -> int:
    """Return how many tasks without an annotation have a video for their file."""
    return fetch_number("SELECT count(*) FROM task WHERE project_id = %s AND state = 'video' AND NOT labelled",
                        (project_id,))


def image_of(project_id: int, task_id: int) -> str:
    """Return the address of a task's file; '' when the project has no such task."""
    row = fetch_one(_Image, "SELECT image FROM task WHERE id = %s AND project_id = %s", (task_id, project_id))
    return row.image if row else ""


def tasks_with_video(project_id: int) -> set[int]:
    """Return the tasks whose file is a video."""
    return set(fetch_numbers("SELECT id FROM task WHERE project_id = %s AND state = 'video'", (project_id,)))


def count_by_project() -> list[ProjectCount]:
    """Return every project that Argus knows, by id, with its images."""
    return fetch(ProjectCount,
                 "SELECT p.id, p.title, p.connected_at IS NOT NULL AS connected, p.missing_since, "
                 "count(t.id) FILTER (WHERE t.state <> 'video') AS images, "
                 "count(t.id) FILTER (WHERE t.state = 'embedded') AS embedded FROM project p LEFT JOIN task t "
                 "ON t.project_id = p.id GROUP BY p.id ORDER BY p.id")
