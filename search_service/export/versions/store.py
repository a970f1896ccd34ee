"""The rows of versions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from psycopg.types.json import Jsonb
from pydantic import JsonValue

from argus.db import connect
from argus.db.statements import execute, fetch, fetch_number, fetch_one


class VersionRow(NamedTuple):
    """A version that was made; `locked` as of `argus.answers.versions.Version`."""

    id: int
    number: int
    export_id: int | None
    body: str
    digest: str
    locked: int


class ImageRow(NamedTuple):
    """An image of a version; `objects` and `regions` as the table says."""

    task_id: int
    file_name: str
    split: str
    digest: str
    objects: list[list[JsonValue]]
    regions: list[list[str]]


class PairRow(NamedTuple):
    """An image in two versions, `was_…` in the earlier; None where it is not in that one."""

    task_id: int
    was_file_name: str | None
    was_split: str | None
    was_digest: str | None
    was_objects: list[list[JsonValue]] | None
    was_regions: list[list[str]] | None
    file_name: str | None
    split: str | None
    digest: str | None
    objects: list[list[JsonValue]] | None
    regions: list[list[str]] | None


class DiffCounts(NamedTuple):
    """Numbers of images; see `argus.answers.versions.VersionDiff`."""

    added: int
    removed: int
    changed: int
    moved: int
    same: int


_LOCKED = ("(SELECT count(*) FROM version_image i JOIN split_lock l ON l.project_id = v.project_id "
           "AND l.task_id = i.task_id WHERE i.version_id = v.id AND i.split = 'test') AS locked")
_MADE = f"SELECT v.id, v.number, v.export_id, v.body, v.digest, {_LOCKED} FROM version v WHERE v.state = 'made'"
_BOTH = ("(SELECT * FROM version_image WHERE version_id = %(before)s) a FULL JOIN "
         "(SELECT * FROM version_image WHERE version_id = %(after)s) b USING (task_id)")
_OTHER = "(a.objects <> b.objects OR (a.digest <> b.digest AND a.digest <> '' AND b.digest <> ''))"


def begin(project_id: int, export_id: int | None) -> tuple[int, int]:
    """Make a row and return (id, number). What exports left that were killed is deleted."""
    execute("DELETE FROM version WHERE project_id = %s AND state = 'making' "
            "AND (export_id = %s OR created_at < now() - interval '1 day')", (project_id, export_id))
    number = fetch_number("INSERT INTO version_number (project_id, last) VALUES (%s, 1) ON CONFLICT (project_id) "
                          "DO UPDATE SET last = version_number.last + 1 RETURNING last", (project_id,))
    return fetch_number("INSERT INTO version (project_id, number, export_id) VALUES (%s, %s, %s) RETURNING id",
                        (project_id, number, export_id)), number


def add(version_id: int, images: Iterable[ImageRow]) -> None:
    with connect() as connection, connection.cursor() as cursor, cursor.copy(
            "COPY version_image (version_id, task_id, file_name, split, digest, objects, regions) FROM STDIN") as copy:
        for one in images:
            copy.write_row((version_id, *one[:4], Jsonb(one.objects), Jsonb(one.regions)))


def describe(version_id: int, body: str, digest: str) -> None:
    execute("UPDATE version SET body = %s, digest = %s WHERE id = %s", (body, digest, version_id))


def finish(version_id: int) -> None:
    execute("UPDATE version SET state = 'made' WHERE id = %s", (version_id,))


def delete(version_id: int) -> None:
    execute("DELETE FROM version WHERE id = %s", (version_id,))


def listing(project_id: int) -> list[VersionRow]:
    """Return the versions of a project, newest first."""
    return fetch(VersionRow, f"{_MADE} AND v.project_id = %s ORDER BY v.number DESC", (project_id,))


def find(project_id: int, number: int) -> VersionRow | None:
    return fetch_one(VersionRow, f"{_MADE} AND v.project_id = %s AND v.number = %s", (project_id, number))


def counts(before: int, after: int) -> DiffCounts:
    """Count the images of two versions, by their ids."""
    found = fetch_one(
        DiffCounts, "SELECT count(*) FILTER (WHERE a.version_id IS NULL) AS added, "
        "count(*) FILTER (WHERE b.version_id IS NULL) AS removed, "
        f"count(*) FILTER (WHERE {_OTHER}) AS changed, count(*) FILTER (WHERE a.split <> b.split) AS moved, "
        f"count(*) FILTER (WHERE NOT {_OTHER} AND a.split = b.split) AS same FROM {_BOTH}",
        {"before": before, "after": after})
    assert found is not None  # an aggregate answers with one row
    return found


def differing(before: int, after: int, after_task: int, limit: int) -> list[PairRow]:
    """Return images that differ, by task, from beyond `after_task` on."""
    return fetch(
        PairRow, "SELECT task_id, a.file_name AS was_file_name, a.split AS was_split, a.digest AS was_digest, "
        "a.objects AS was_objects, a.regions AS was_regions, b.file_name, b.split, b.digest, b.objects, b.regions "
        f"FROM {_BOTH} WHERE task_id > %(from)s AND (a.version_id IS NULL OR b.version_id IS NULL "
        f"OR a.split <> b.split OR {_OTHER}) ORDER BY task_id LIMIT %(limit)s",
        {"before": before, "after": after, "from": after_task, "limit": limit})


def lock(project_id: int, version_id: int) -> None:
    """Put the test images of a version into the locked test set."""
    execute("INSERT INTO split_lock (project_id, task_id) SELECT %s, task_id FROM version_image "
            "WHERE version_id = %s AND split = 'test' ON CONFLICT DO NOTHING", (project_id, version_id))
