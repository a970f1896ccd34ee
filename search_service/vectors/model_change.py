"""A change of the embedding model: images are embedded again in the background, searches use the old model until then.

The table `embedding_model` says which model is `current` (searches use it, every embedded task has a vector of it) and
which one is `next`. A SigLIP worker that starts with another checkpoint makes it the next one and keeps both loaded.
Once nothing is left to embed the next one becomes current. The old vectors stay, so that the way back is short.
"""

from __future__ import annotations

import logging

from psycopg import sql

from argus.answers.projects import ModelChange
from argus.db import connect, locks
from argus.settings import get_settings
from search_service.vectors import store
from search_service.vectors.store import Connection, Model

log = logging.getLogger(__name__)
MAX_ATTEMPTS = 5  # of one image; the pause doubles from 10 s


def roles() -> tuple[Model | None, Model | None]:
    """Return the current model and the next one; None where there is none."""
    with connect() as connection:
        return _roles(connection)


def _roles(connection: Connection) -> tuple[Model | None, Model | None]:
    rows = connection.execute("SELECT id, name, dim, role FROM embedding_model WHERE role IS NOT NULL").fetchall()
    found = {row["role"]: Model(row["id"], row["name"], row["dim"]) for row in rows}
    return found.get("current"), found.get("next")


def source_of(model: Model) -> tuple[str, str]:
    """Return where a registered checkpoint was loaded from, and its revision."""
    with connect() as connection:
        row = connection.execute("SELECT source, revision FROM embedding_model WHERE id = %s", (model.id,)).fetchone()
    assert row is not None
    return str(row["source"]), str(row["revision"])


def adopt(model: Model, source: str) -> Model | None:
    """Make `model` the one that images are embedded with from now on.

    Args:
        source: what it was loaded from: a folder's absolute path, or its name on the Hub.

    Returns:
        The model that searches go on using meanwhile; None when they use `model` at once.
    """
    if source_of(model)[0] == source:
        current, following = roles()
        if following is None and current == model:
            return None  # nothing changes, nothing is written: a read-only database is searched all the same
        if following == model:
            return current
    with connect() as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (locks.MODEL_ROLES,))
        connection.execute("UPDATE embedding_model SET source = %s WHERE id = %s", (source, model.id))
        current, _ = _roles(connection)
        connection.execute("UPDATE embedding_model SET role = NULL WHERE role = 'next'")
        if current and current.id != model.id and _has_vectors(connection, current):
            connection.execute("UPDATE embedding_model SET role = 'next' WHERE id = %s", (model.id,))
            return current
        _make_current(connection, model)
    return None


def _has_vectors(connection: Connection, model: Model) -> bool:
    return connection.execute(sql.SQL("SELECT FROM {} LIMIT 1").format(model.table)).fetchone() is not None


def make_current(model: Model) -> int:
    """Let searches use `model` from now on, and return how many tasks have no vector of it.

    Those wait for one, or count as failed when the reason is known.
    """
    with connect() as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (locks.MODEL_ROLES,))
        return _make_current(connection, model)


def _make_current(connection: Connection, model: Model) -> int:
    connection.execute("UPDATE embedding_model SET role = NULL WHERE role IS NOT NULL")
    connection.execute("UPDATE embedding_model SET role = 'current' WHERE id = %s", (model.id,))
    _let_objects_wait(connection, model)
    return connection.execute(
        sql.SQL("UPDATE task SET state = CASE WHEN attempts >= %s AND error IS NOT NULL THEN 'failed' "
                "ELSE 'waiting' END, attempts = 0 WHERE {}").format(_lacking(model)), (MAX_ATTEMPTS,)).rowcount


def _let_objects_wait(connection: Connection, model: Model) -> None:
    """Delete the rows of objects that have no vector of `model`; those that cannot get one have failed."""
    connection.execute(sql.SQL(
        "WITH lacking AS (DELETE FROM object o WHERE {} RETURNING task_id, label, concept_key) "
        "UPDATE detection d SET objects = CASE WHEN t.object_attempts >= %s AND t.object_error IS NOT NULL "
        "THEN 'failed' ELSE 'waiting' END FROM task t WHERE t.id = d.task_id AND (d.task_id, d.label, d.concept_key) "
        "IN (SELECT task_id, label, concept_key FROM lacking)").format(_object_lacks(model)), (MAX_ATTEMPTS,))


def _object_lacks(model: Model) -> sql.Composed:
    """The condition of an object `o` that another model embedded, but not `model`."""
    return sql.SQL("NOT EXISTS (SELECT FROM {} e WHERE e.model_id = {} AND e.project_id = o.project_id "
                   "AND e.object_id = o.id)").format(model.objects.table, sql.Literal(model.id))


def objects_to_embed(model: Model) -> sql.Composed:
    """Return the SQL condition of objects `o` that still need a vector of the next model, as `to_embed` of tasks."""
    return sql.SQL("({} AND EXISTS (SELECT FROM task WHERE task.id = o.task_id AND task.object_attempts < {}))").format(
        _object_lacks(model), sql.Literal(MAX_ATTEMPTS))


def objects_left(model: Model, project_id: int | None = None) -> dict[int, int]:
    """Return `project id → objects that still need a vector of the next model`, projects without any left out."""
    with connect() as connection:
        rows = connection.execute(
            sql.SQL("SELECT project_id, count(*) AS n FROM object o WHERE {} AND project_id = "
                    "coalesce(%s, project_id) GROUP BY project_id").format(objects_to_embed(model)),
            (project_id,)).fetchall()
    return {row["project_id"]: row["n"] for row in rows}


def _lacking(model: Model) -> sql.Composed:
    """The condition of a task that another model embedded, but not `model`."""
    return sql.SQL("task.state = 'embedded' AND NOT EXISTS (SELECT FROM {} e WHERE e.model_id = {} "
                   "AND e.project_id = task.project_id AND e.task_id = task.id)").format(
                       model.table, sql.Literal(model.id))


def to_embed(model: Model | None) -> sql.Composable:
    """Return the SQL condition of tasks that still need a vector of the next model; false without one.

    An image that failed `MAX_ATTEMPTS` times is not waited for: the old vector serves until the change.
    """
    if model is None:
        return sql.SQL("false")
    return sql.SQL("({} AND task.attempts < {})").format(_lacking(model), sql.Literal(MAX_ATTEMPTS))


def left(model: Model, project_id: int | None = None) -> dict[int, int]:
    """Return `project id → tasks that still need a vector of the next model`, projects without any left out."""
    with connect() as connection:
        rows = connection.execute(
            sql.SQL("SELECT project_id, count(*) AS n FROM task WHERE {} AND project_id = coalesce(%s, project_id) "
                    "GROUP BY project_id").format(to_embed(model)), (project_id,)).fetchall()
    return {row["project_id"]: row["n"] for row in rows}


def progress(project_id: int) -> ModelChange | None:
    """Return how far a change is while one goes on, else None."""
    with connect() as connection:
        _, following = _roles(connection)
        if following is None:
            return None
        row = connection.execute("SELECT count(*) AS n FROM task WHERE project_id = %s AND state = 'embedded'",
                                 (project_id,)).fetchone()
    remaining = left(following, project_id).get(project_id, 0)
    return ModelChange(model=following.name, embedded=(row["n"] if row else 0) - remaining, left=remaining,
                       objects_left=objects_left(following, project_id).get(project_id, 0))


def large_projects() -> list[int]:
    """Return the projects with more embedded images than are searched exactly."""
    with connect() as connection:
        return [row["project_id"] for row in connection.execute(
            "SELECT project_id FROM task WHERE state = 'embedded' GROUP BY project_id HAVING count(*) > %s",
            (get_settings().exact_search_rows,))]


def finish() -> bool:
    """Let searches use the next model when nothing is left to embed and large projects have its index."""
    _, following = roles()
    if following is None or left(following) or objects_left(following):
        return False
    if not all(store.has_index(following, project) for project in large_projects()):
        return False
    lacking = make_current(following)
    log.info("searches use the new checkpoint", extra={"model": following.name, "model_id": following.id,
                                                       "without_vector": lacking})
    return True
