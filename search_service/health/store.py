"""What status and the doctor read of the database, of PostgreSQL itself too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

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
                 "FROM task WHERE project_id = %s GROUP BY 1, 2", (list(unreadable), project_id))


def newest_image(project_id: int, unreadable: Sequence[str]) -> Image | None:
    """Return the newest task with an image, rather one whose file can be read."""
    return fetch_one(Image, "SELECT id, image FROM task WHERE project_id = %s AND image <> '' ORDER BY "
                     "state = 'failed' AND coalesce(error->>'code' = ANY(%s), false), id DESC LIMIT 1",
                     (project_id, list(unreadable)))
