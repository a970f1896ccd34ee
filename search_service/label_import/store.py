"""The rows of label imports: `label_import`, what each wrote (`label_import_item`), images it brought along."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from psycopg.types.json import Jsonb

from argus.audit import Actor
from argus.db.statements import execute, execute_many, fetch, fetch_number, fetch_one
from argus.errors import ArgusError

Taken = Literal["annotations", "predictions"]
_IMPORT = ("id, project_id, taken, model_version, name, state, error, imported_by, created_at, finished_at, "
           "(SELECT count(*) FROM label_import_item WHERE import_id = id AND state IN ('made', 'kept')) AS tasks, "
           "(SELECT coalesce(sum(objects), 0) FROM label_import_item WHERE import_id = id "
           "AND state IN ('made', 'kept')) AS objects, "
           "(SELECT count(*) FROM label_import_image WHERE import_id = id AND task_id IS NOT NULL) AS images, "
           "withdrawn_at")


class ImportRow(NamedTuple):
    """An import, and how many tasks and objects of it are there, and images that it made tasks of."""

    id: int
    project_id: int
    taken: Taken
    model_version: str
    name: str
    state: Literal["running", "done", "failed", "undone"]
    error: dict[str, Any] | None
    imported_by: str
    created_at: datetime
    finished_at: datetime | None
    tasks: int
    objects: int
    images: int
    withdrawn_at: datetime | None


class ItemRow(NamedTuple):
    """What was written to a task; `record_id` and `updated_at` are None until that is known."""

    task_id: int
    digest: str
    objects: int
    record_id: int | None
    updated_at: datetime | None


class ImageRow(NamedTuple):
    """An image that came along; `task_id` is None until its task is known."""

    upload_id: int
    image: str
    task_id: int | None


class _Place(NamedTuple):
    id: int
    project_id: int


class _Divided(NamedTuple):
    task_id: int
    division: str


class Made(NamedTuple):
    """What became of an item: the record in Label Studio."""

    task_id: int
    record_id: int
    updated_at: str


def begin(project_id: int, taken: Taken, model_version: str, name: str, fingerprint: str, who: Actor) -> int:
    """Return the import of these labels that was cut off or failed, which goes on, else a new one."""
    if found := unfinished(project_id, fingerprint):
        execute("UPDATE label_import SET state = 'running', error = NULL, finished_at = NULL, withdrawn_at = NULL, "
                "touched_at = clock_timestamp() WHERE id = %s", (found,))
        return found
    return fetch_number(
        "INSERT INTO label_import (project_id, taken, model_version, name, fingerprint, person_id, imported_by) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id",
        (project_id, taken, model_version, name, fingerprint, who.person, who.verified_name))


def unfinished(project_id: int, fingerprint: str) -> int | None:
    """Return the last import of these labels if it was cut off or failed."""
    found = fetch_number("SELECT id FROM label_import WHERE project_id = %s AND fingerprint = %s "
                         "AND state IN ('running', 'failed') ORDER BY id DESC LIMIT 1", (project_id, fingerprint))
    return found or None


def close(import_id: int, state: Literal["done", "failed"], error: ArgusError | None = None) -> None:
    execute("UPDATE label_import SET state = %s, error = %s, finished_at = clock_timestamp(), "
            "touched_at = clock_timestamp() WHERE id = %s",
            (state, Jsonb(error.to_json()) if error else None, import_id))


def mark_undone(import_id: int) -> None:
    """Record that an import was taken back, as far as it is."""
    execute("UPDATE label_import SET state = 'undone', finished_at = clock_timestamp() WHERE id = %s", (import_id,))


def mark_withdrawn(import_id: int) -> None:
    """Record that what a failed import had written was taken back, as far as nobody has touched it."""
    execute("UPDATE label_import SET withdrawn_at = clock_timestamp() WHERE id = %s", (import_id,))


def abandoned(seconds: float) -> list[tuple[int, int]]:
    """Return (id, project) of the imports that failed or were cut off, of which nothing was heard for so long, and that
    no job goes on with."""
    return [(row.id, row.project_id) for row in fetch(
        _Place, "SELECT id, project_id FROM label_import l WHERE state IN ('running', 'failed') "
        "AND withdrawn_at IS NULL AND touched_at < clock_timestamp() - make_interval(secs => %s) AND NOT EXISTS ("
        "SELECT FROM label_import_job j WHERE j.import_id = l.id AND (j.state IN ('queued', 'running') OR "
        "(j.state = 'cancelled' AND j.finished_at IS NULL))) ORDER BY id", (seconds,))]


def find(import_id: int) -> ImportRow | None:
    return fetch_one(ImportRow, f"SELECT {_IMPORT} FROM label_import WHERE id = %s", (import_id,))


def listing(project_id: int, limit: int = 50) -> list[ImportRow]:
    """Return the last imports of a project, newest first."""
    return fetch(ImportRow, f"SELECT {_IMPORT} FROM label_import WHERE project_id = %s ORDER BY id DESC LIMIT %s",
                 (project_id, limit))


def cut_off(project_id: int) -> list[ImportRow]:
    """Return the imports that a process left before their end; none runs, because the caller holds the lock."""
    return fetch(ImportRow, f"SELECT {_IMPORT} FROM label_import WHERE project_id = %s AND (state = 'running' OR id IN "
                 "(SELECT import_id FROM label_import_item WHERE state = 'requested')) ORDER BY id", (project_id,))


def request(import_id: int, items: Iterable[tuple[int, str, int]]) -> None:
    """Record (task, digest of the regions, objects) before Label Studio is asked."""
    _touch(import_id)
    execute_many("INSERT INTO label_import_item (import_id, task_id, digest, objects) VALUES (%s, %s, %s, %s) "
                 "ON CONFLICT (import_id, task_id) DO UPDATE SET digest = EXCLUDED.digest, objects = EXCLUDED.objects, "
                 "state = 'requested', record_id = NULL, updated_at = NULL",
                 [(import_id, *item) for item in items])


def _touch(import_id: int) -> None:
    execute("UPDATE label_import SET touched_at = clock_timestamp() WHERE id = %s", (import_id,))


def requested_items(import_id: int) -> list[ItemRow]:
    """Return the items of which it is not known what became of them."""
    return _items(import_id, ["requested"])


def count_undone(import_id: int) -> int:
    """Return on how many tasks an import was taken back."""
    return fetch_number("SELECT count(*) FROM label_import_item WHERE import_id = %s AND state = 'undone'",
                        (import_id,))


def written_items(import_id: int) -> list[ItemRow]:
    """Return what was written and not taken back."""
    return _items(import_id, ["made", "kept"])


def _items(import_id: int, states: list[str]) -> list[ItemRow]:
    return fetch(ItemRow, "SELECT task_id, digest, objects, record_id, updated_at FROM label_import_item "
                 "WHERE import_id = %s AND state = ANY(%s) ORDER BY task_id", (import_id, states))


def settle(import_id: int, tasks: Sequence[int], made: Iterable[Made]) -> None:
    """Record what became of the requested items of these tasks: made, or nothing."""
    execute_many("UPDATE label_import_item SET state = 'made', record_id = %s, updated_at = %s "
                 "WHERE import_id = %s AND task_id = %s",
                 [(one.record_id, one.updated_at, import_id, one.task_id) for one in made])
    execute("UPDATE label_import_item SET state = 'missed' WHERE import_id = %s AND task_id = ANY(%s) "
            "AND state = 'requested'", (import_id, list(tasks)))


def record_division(import_id: int, division: str, tasks: Sequence[int]) -> None:
    """Record that an import gives these tasks a split in a division."""
    execute("UPDATE label_import_item SET division = %s WHERE import_id = %s AND task_id = ANY(%s)",
            (division, import_id, list(tasks)))


def divided(import_id: int) -> dict[str, list[int]]:
    """Return by division the tasks that an import gave a split and was taken back from."""
    found: dict[str, list[int]] = {}
    for row in fetch(_Divided, "SELECT task_id, division FROM label_import_item WHERE import_id = %s "
                     "AND division <> '' AND state = 'undone'", (import_id,)):
        found.setdefault(row.division, []).append(row.task_id)
    return found


def mark(import_id: int, tasks: Iterable[int], state: Literal["undone", "kept"]) -> None:
    execute("UPDATE label_import_item SET state = %s WHERE import_id = %s AND task_id = ANY(%s)",
            (state, import_id, list(tasks)))


def written(project_id: int, taken: Taken, model_version: str) -> dict[int, str]:
    """Return `{task: digest of the regions}` of what imports of this kind wrote and nobody took back."""
    rows = fetch(ItemRow, "SELECT task_id, digest, objects, record_id, i.updated_at FROM label_import_item i "
                 "JOIN label_import l ON l.id = import_id WHERE project_id = %s AND taken = %s AND model_version = %s "
                 "AND i.state IN ('made', 'kept') ORDER BY import_id", (project_id, taken, model_version))
    return {row.task_id: row.digest for row in rows}


def add_images(import_id: int, images: Iterable[tuple[int, str]]) -> None:
    """Record (id of the upload, the image's address in a task's data) before tasks are made of them."""
    _touch(import_id)
    execute_many("INSERT INTO label_import_image (import_id, upload_id, image) VALUES (%s, %s, %s)",
                 [(import_id, *image) for image in images])


def images(import_id: int) -> list[ImageRow]:
    return fetch(ImageRow, "SELECT upload_id, image, task_id FROM label_import_image WHERE import_id = %s "
                 "ORDER BY upload_id", (import_id,))


def name_tasks(import_id: int, tasks: Iterable[tuple[int, int]]) -> None:
    """Record (id of the upload, its task)."""
    execute_many("UPDATE label_import_image SET task_id = %s WHERE import_id = %s AND upload_id = %s",
                 [(task, import_id, upload) for upload, task in tasks])


def forget_images(import_id: int, uploads: Sequence[int]) -> None:
    execute("DELETE FROM label_import_image WHERE import_id = %s AND upload_id = ANY(%s)", (import_id, list(uploads)))


class _Digest(NamedTuple):
    id: int
    content_hash: bytes


def digests(project_id: int) -> dict[int, bytes]:
    """Return the SHA-256 of the images of tasks, of those that were opened."""
    return {row.id: bytes(row.content_hash) for row in fetch(
        _Digest, "SELECT id, content_hash FROM task WHERE project_id = %s AND content_hash IS NOT NULL",
        (project_id,))}
