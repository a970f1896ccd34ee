"""What status and the doctor read of the database, of PostgreSQL itself too."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from argus.db.statements import fetch, fetch_numbers, fetch_one


class Server(NamedTuple):
    """PostgreSQL's version, pgvector's (None: not installed), and the newest migration that was run."""

    server: str
    vector: str | None
    schema: int


class ImageCount(NamedTuple):
    """Images in one state: how many, whether their files cannot be read, and one of their errors."""

    state: str
    unreadable: bool | None
    n: int
    error: str | None


class Image(NamedTuple):
    """A task and the address of its image."""

    id: int
    image: str


class ProjectRow(NamedTuple):
    """A project and its tasks: how many are known, fetched, in each state, and have values that were not taken over.

    Attributes:
        overrides: prompts and thresholds by label, as people changed them.
        oldest_waiting_seconds: since when the first waiting task is known.
    """

    id: int
    title: str
    label_config: str
    overrides: dict[str, Any]
    connected: bool
    missing_since: datetime | None
    seen: int
    fetched: int
    embedded: int
    waiting: int
    failed: int
    videos: int
    noted: int
    oldest_waiting_seconds: int | None


class FailureRow(NamedTuple):
    """What failed, where and when; of an error without these its parts are empty."""

    what: Literal["image", "run", "task"]
    project: int
    task: int | None
    run: int | None
    code: str
    message: str
    hint: str
    at: datetime | None


class _Error(NamedTuple):
    message: str


class _Clock(NamedTuple):
    now: float


def server() -> Server:
    row = fetch_one(Server,
                    "SELECT current_setting('server_version') AS server, (SELECT extversion FROM pg_extension WHERE "
                    "extname = 'vector') AS vector, (SELECT max(number) FROM schema_version) AS schema")
    assert row is not None  # a query without FROM gives one row
    return row


def clock() -> float:
    """Return PostgreSQL's time, Unix seconds."""
    row = fetch_one(_Clock, "SELECT extract(epoch FROM clock_timestamp())::float8 AS now")
    assert row is not None
    return row.now


def last_scored(project_id: int, model_version: str, limit: int) -> list[int]:
    """Return the newest tasks whose prediction we delivered with a score."""
    return fetch_numbers("SELECT task_id FROM prediction WHERE project_id = %s AND model_version = %s "
                         "AND state = 'stored' AND score IS NOT NULL ORDER BY task_id DESC LIMIT %s",
                         (project_id, model_version, limit))


def count_images(project_id: int, unreadable: Sequence[str]) -> list[ImageCount]:
    """Return a project's images by state.

    Args:
        unreadable: codes of errors that are the file's own.
    """
    return fetch(ImageCount,
                 "SELECT state, error->>'code' = ANY(%s) AS unreadable, count(*) AS n, min(error->>'message') AS error "
                 "FROM task WHERE project_id = %s AND state <> 'video' GROUP BY 1, 2", (list(unreadable), project_id))


def object_error(project_id: int) -> str:
    """Return what went wrong with the objects of one task, of a project in which some failed."""
    row = fetch_one(_Error, "SELECT coalesce(object_error->>'message', '') AS message FROM task WHERE project_id = %s "
                    "AND object_error IS NOT NULL ORDER BY object_attempts DESC, id LIMIT 1", (project_id,))
    return row.message if row else "nothing says why."


def newest_image(project_id: int, unreadable: Sequence[str]) -> Image | None:
    """Return the newest task with an image, rather one whose file can be read."""
    return fetch_one(Image, "SELECT id, image FROM task WHERE project_id = %s AND image <> '' AND state <> 'video' "
                     "ORDER BY state = 'failed' AND coalesce(error->>'code' = ANY(%s), false), id DESC LIMIT 1",
                     (project_id, list(unreadable)))


def projects() -> list[ProjectRow]:
    """Return all projects, by id."""
    return fetch(
        ProjectRow,
        "SELECT p.id, p.title, p.label_config, p.overrides, p.connected_at IS NOT NULL AS connected, "
        "p.missing_since, count(t.id) FILTER (WHERE t.state <> 'video') AS seen, "
        "count(t.content_hash) FILTER (WHERE t.state <> 'video') AS fetched, "
        "count(t.id) FILTER (WHERE t.state = 'embedded') AS embedded, "
        "count(t.id) FILTER (WHERE t.state = 'waiting') AS waiting, "
        "count(t.id) FILTER (WHERE t.state = 'failed') AS failed, "
        "count(t.id) FILTER (WHERE t.state = 'video') AS videos, count(t.notes) AS noted, "
        "round(extract(epoch FROM now() - min(t.seen_at) FILTER (WHERE t.state = 'waiting')))::int "
        "AS oldest_waiting_seconds "
        "FROM project p LEFT JOIN task t ON t.project_id = p.id GROUP BY p.id ORDER BY p.id")


def newest_failures(only: Collection[int] | None, limit: int) -> list[FailureRow]:
    """Return the newest failures of images and of runs.

    Args:
        only: of these projects; None: of all.
    """
    mine = "project_id = ANY(coalesce(%(only)s, ARRAY[project_id]))"
    return fetch(
        FailureRow,
        "SELECT what, project, task, run, coalesce(error->>'code', '') AS code, coalesce(error->>'message', '') "
        "AS message, coalesce(error->>'hint', '') AS hint, at FROM ("
        f"(SELECT 'image' AS what, project_id AS project, id AS task, NULL::bigint AS run, error, seen_at AS at "
        f"FROM task WHERE state = 'failed' AND {mine} ORDER BY seen_at DESC, id DESC LIMIT %(n)s) UNION ALL "
        f"(SELECT 'run', project_id, NULL, id, error, coalesce(finished_at, created_at) FROM run "
        f"WHERE error IS NOT NULL AND {mine} ORDER BY id DESC LIMIT %(n)s) UNION ALL "
        f"(SELECT 'task', r.project_id, f.task_id, r.id, f.error, coalesce(r.finished_at, r.created_at) "
        f"FROM run_task f JOIN run r ON r.id = f.run_id WHERE f.state = 'failed' AND {mine} "
        f"ORDER BY r.id DESC, f.task_id LIMIT %(n)s)) failure ORDER BY at DESC LIMIT %(n)s",
        {"n": limit, "only": None if only is None else list(only)})
