"""What embedding reads and writes of the rows `task`: which images are due, how a try ended, which frames repeat."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from psycopg import sql
from psycopg.types.json import Jsonb

from argus.db import together
from argus.db.statements import execute, execute_many, fetch, fetch_numbers
from argus.errors import ArgusError
from search_service.vectors import model_change
from search_service.vectors.model_change import MAX_ATTEMPTS
from search_service.vectors.store import Model


class Due(NamedTuple):
    """A task without a vector, and how often it was tried."""

    id: int
    attempts: int


class Tried(NamedTuple):
    """A task whose image is tried, for the how-manieth time."""

    id: int
    image: str
    attempts: int


class Embedded(NamedTuple):
    """What is kept of an image that was embedded: the sha256 of its file, and `near_duplicates.dhash` of it."""

    task_id: int
    digest: bytes
    dhash: bytes


class Shown(NamedTuple):
    """The image that a task shows now."""

    id: int
    image: str


class NewFrames(NamedTuple):
    """A video with frames that were not compared yet, and the time of the first, seconds."""

    video_key: str
    first: float


class FrameRow(NamedTuple):
    """A frame of a video: its time in seconds and its hash."""

    id: int
    video_time: float
    dhash: bytes


def due_tasks(project_id: int, limit: int) -> list[Due]:
    """Return the first tasks without a vector that do not pause: 10 s after a failure, then twice as long each time."""
    return _due(project_id, sql.SQL("state = 'waiting'"), limit)


def due_for_change(project_id: int, following: Model, limit: int) -> list[Due]:
    """Return the first tasks that only lack a vector of the next model, as `due_tasks`."""
    return _due(project_id, model_change.to_embed(following), limit)


def _due(project_id: int, condition: sql.Composable, limit: int) -> list[Due]:
    return fetch(Due, sql.SQL(
        "SELECT id, attempts FROM task WHERE project_id = %s AND {} AND (attempts = 0 OR error IS NULL "
        "OR (error->>'at')::timestamptz NOT BETWEEN now() - make_interval(secs => 5 * power(2, attempts)) AND now()) "
        "ORDER BY id LIMIT %s").format(condition), (project_id, limit))


def retry_failed(project_id: int) -> int:
    """Let failed tasks wait again; return how many there were."""
    return execute(
        "UPDATE task SET state = CASE state WHEN 'failed' THEN 'waiting' ELSE state END, attempts = 0, "
        "error = NULL WHERE project_id = %s AND (state = 'failed' OR attempts >= %s) AND image <> ''",
        (project_id, MAX_ATTEMPTS))


def begin_try(project_id: int, task_ids: Sequence[int], following: Model | None) -> list[Tried]:
    """Count a try of those of the tasks that need a vector of the current model, or of the `following` one."""
    return fetch(Tried, sql.SQL(
        "UPDATE task SET attempts = attempts + 1 WHERE id = ANY(%s) AND project_id = %s AND (state = 'waiting' "
        "OR {}) RETURNING id, image, attempts").format(model_change.to_embed(following)),
        (list(task_ids), project_id))


def take_back_try(task_ids: Sequence[int]) -> None:
    execute("UPDATE task SET attempts = greatest(attempts - 1, 0) WHERE id = ANY(%s)", (list(task_ids),))


def record_failure(task_id: int, error: ArgusError, *, passing: bool, final: bool) -> None:
    """Keep what went wrong with an image. A task that has a vector of the current model stays searchable; only the next
    model gives it up."""
    execute("UPDATE task SET error = %s || jsonb_build_object('at', now()), "
            "attempts = CASE WHEN %s THEN %s ELSE attempts END, "
            "state = CASE WHEN %s AND state = 'waiting' THEN 'failed' ELSE state END "
            "WHERE id = %s AND state <> 'failed'",
            (Jsonb(error.to_json() | {"may_pass": passing}), final, MAX_ATTEMPTS, final, task_id))


def mark_video(task_id: int) -> None:
    """Note that a task's file is a video: it is no image that failed, and nothing tries it again."""
    execute("UPDATE task SET state = 'video', error = NULL, attempts = 0 WHERE id = %s AND state = 'waiting'",
            (task_id,))


def record_fetched(fetched: Mapping[int, tuple[str, bytes]]) -> None:
    """Keep which images were fetched, `task → (address, sha256 of the file)`, of tasks that still show them."""
    ids = list(fetched)
    with together():
        fetch_numbers("SELECT id FROM task WHERE id = ANY(%s) ORDER BY id FOR UPDATE", (ids,))  # as a sync holds them
        execute("UPDATE task SET content_hash = had.digest FROM unnest(%s::bigint[], %s::text[], %s::bytea[]) "
                "AS had (id, image, digest) WHERE task.id = had.id AND task.image = had.image "
                "AND task.content_hash IS NULL",
                (ids, [image for image, _ in fetched.values()], [digest for _, digest in fetched.values()]))


def lock_images(task_ids: Sequence[int]) -> set[tuple[int, str]]:
    """Return `(task, image)` of those of the tasks that still exist, locked until the transaction ends (`together`)."""
    return {(row.id, row.image) for row in fetch(Shown, "SELECT id, image FROM task WHERE id = ANY(%s) FOR UPDATE",
                                                 (list(task_ids),))}


def mark_embedded(images: Iterable[Embedded]) -> None:
    execute_many("UPDATE task SET state = 'embedded', content_hash = %s, dhash = %s, error = NULL, attempts = 0 "
                 "WHERE id = %s", [(image.digest, image.dhash, image.task_id) for image in images])


def videos_with_new_frames(project_id: int) -> list[NewFrames]:
    return fetch(
        NewFrames,
        "SELECT video_key, min(video_time) AS first FROM task WHERE project_id = %s AND state = 'embedded' "
        "AND NOT compared AND video_key IS NOT NULL AND video_time IS NOT NULL AND dhash IS NOT NULL "
        "GROUP BY video_key", (project_id,))


def frames_from(project_id: int, video_key: str, first: float, limit: int) -> list[FrameRow]:
    """Return the embedded frames of a video from a time on, by time."""
    return fetch(FrameRow, "SELECT id, video_time, dhash FROM task WHERE project_id = %s AND state = 'embedded' "
                 "AND dhash IS NOT NULL AND video_key = %s AND video_time >= %s ORDER BY video_time, id LIMIT %s",
                 (project_id, video_key, first, limit))


def originals_between(project_id: int, video_key: str, first: float, end: float, limit: int) -> list[FrameRow]:
    """Return the embedded frames of a video in `[first, end)` seconds that are no duplicates, by time."""
    return fetch(FrameRow, "SELECT id, video_time, dhash FROM task WHERE project_id = %s AND state = 'embedded' "
                 "AND dhash IS NOT NULL AND video_key = %s AND video_time >= %s AND video_time < %s "
                 "AND duplicate_of IS NULL ORDER BY video_time, id LIMIT %s",
                 (project_id, video_key, first, end, limit))


def mark_duplicates(originals: Mapping[int, int | None]) -> None:
    """Keep what frames were found to be duplicates of, by task; None: of nothing."""
    execute_many("UPDATE task SET duplicate_of = %s, compared = true WHERE id = %s "
                 "AND (NOT compared OR duplicate_of IS DISTINCT FROM %s)",
                 [(original, task_id, original) for task_id, original in originals.items()])


def unmark_duplicates(task_ids: Sequence[int]) -> None:
    """Let tasks and what are duplicates of them be compared again."""
    execute("UPDATE task SET duplicate_of = NULL, compared = false WHERE id = ANY(%s) OR duplicate_of = ANY(%s)",
            (list(task_ids), list(task_ids)))
