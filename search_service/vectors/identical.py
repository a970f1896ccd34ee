"""Identical vectors, of which an approximate index holds one: which rows repeat another (migration 42).

Only tables with such an index have the columns for it. Rows without a digest are all in the index: they were stored
when there was none, or by an earlier version, and were not repeated when it was built.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql

from argus.db import Connection
from search_service.vectors import triggers
from search_service.vectors.approximate_index import Model

TRIES, BETWEEN = 20, 0.5  # seconds, until a table that is to be changed is free
Mark = tuple[bytes, bool]  # digest, and whether the row repeats one that is in the index
_DIGEST = "encode(substr(sha256(halfvec_send(embedding)), 1, 16), 'hex')::uuid"


def digest(vector: NDArray[np.float32]) -> bytes:
    """Return the 16 bytes that `_DIGEST` gives for this vector, once it is stored."""
    sent = len(vector).to_bytes(2, "big") + b"\0\0" + vector.astype(">f2").tobytes()
    return hashlib.sha256(sent).digest()[:16]


def prepare(connection: Connection, model: Model) -> bool:
    """Give a model's table the columns, their index and the trigger; False when others used the table all the time.

    Args:
        connection: in autocommit.
    """
    if not _has_columns(connection, model) or not triggers.is_there(connection, model, triggers.REPEATED):
        for _ in range(TRIES):
            try:
                _alter(connection, model)
                break
            except psycopg.errors.LockNotAvailable:
                time.sleep(BETWEEN)
        else:
            return False
    name = sql.Identifier(f"embedding_{model.dim}_m{model.id}_digest")
    row = connection.execute("SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = to_regclass(%s)",
                             (name.as_string(connection),)).fetchone()
    if row and not row["valid"]:  # what an interrupted build left
        connection.execute(sql.SQL("DROP INDEX CONCURRENTLY {}").format(name))
    if not row or not row["valid"]:
        connection.execute(sql.SQL("CREATE INDEX CONCURRENTLY {} ON {} (project_id, digest, task_id) "
                                   "WHERE digest IS NOT NULL").format(name, model.table))
    return True


def _alter(connection: Connection, model: Model) -> None:
    with connection.transaction():
        connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(triggers.LOCK_WAIT)))
        connection.execute(sql.SQL("ALTER TABLE {} ADD COLUMN IF NOT EXISTS digest uuid, "
                                   "ADD COLUMN IF NOT EXISTS repeated boolean NOT NULL DEFAULT false")
                           .format(sql.Identifier(f"embedding_{model.dim}")))
        triggers.ensure(connection, model, triggers.REPEATED)


def _has_columns(connection: Connection, model: Model) -> bool:
    row = connection.execute("SELECT count(*) AS n FROM pg_attribute WHERE attrelid = to_regclass(%s) "
                             "AND attname IN ('digest', 'repeated')", (model.table.as_string(connection),)).fetchone()
    return bool(row and row["n"] == 2)


def mark(connection: Connection, model: Model, project_id: int) -> int:
    """Mark a project's rows that repeat another; return how many others there are.

    Of those that are alike the first stands for all. Its row is locked: who deletes it meanwhile comes before, and then
    nothing is marked, or comes after, and gives another its place.
    """
    values = {"model": model.id, "project": project_id}
    connection.execute(sql.SQL(
        "WITH all_rows AS (SELECT task_id, {1} AS digest FROM {0} WHERE model_id = %(model)s "
        "AND project_id = %(project)s), "
        "pictures AS (SELECT digest, min(task_id) AS first FROM all_rows GROUP BY digest HAVING count(*) > 1), "
        "there AS (SELECT p.digest, p.first FROM {0} e JOIN pictures p ON e.task_id = p.first "
        "WHERE e.model_id = %(model)s AND e.project_id = %(project)s FOR KEY SHARE OF e) "
        "UPDATE {0} e SET digest = t.digest, repeated = e.task_id <> t.first "
        "FROM all_rows a JOIN there t USING (digest) WHERE e.model_id = %(model)s AND e.project_id = %(project)s "
        "AND e.task_id = a.task_id AND (e.digest, e.repeated) IS DISTINCT FROM (t.digest, e.task_id <> t.first)")
        .format(model.table, sql.SQL(_DIGEST)), values)
    row = connection.execute(sql.SQL("SELECT count(*) AS n FROM {} WHERE model_id = %(model)s "
                                     "AND project_id = %(project)s AND NOT repeated").format(model.table),
                             values).fetchone()
    return int(row["n"]) if row else 0


def marks(connection: Connection, model: Model,
          rows: Sequence[tuple[int, int, NDArray[np.float32]]]) -> list[Mark] | None:
    """Return the marks of rows that are about to be stored; None when no index of their projects needs any.

    The rows in the index that are repeated stay locked until the end of the transaction.
    """
    if not _has_columns(connection, model) or not _once(connection, model, {project for project, _, _ in rows}):
        return None
    digests = [digest(vector) for _, _, vector in rows]
    known = {(row["project_id"], row["digest"].bytes) for row in connection.execute(sql.SQL(
        "SELECT project_id, digest FROM {} WHERE model_id = %s AND project_id = ANY(%s) AND digest = ANY(%s::uuid[]) "
        "AND NOT repeated ORDER BY project_id, digest, task_id FOR KEY SHARE").format(model.table), (
            model.id, list({project for project, _, _ in rows}), [value.hex() for value in set(digests)]))}
    found: list[Mark] = []
    for (project, _, _), value in zip(rows, digests, strict=True):
        found.append((value, (project, value) in known))
        known.add((project, value))
    return found


def _once(connection: Connection, model: Model, projects: set[int]) -> bool:
    """Whether one of the projects has an index, or one is being built, that holds identical vectors once."""
    names = [f"embedding_{model.dim}_m{model.id}_p{project}_{kind}" for project in projects
             for kind in ("hnsw", "ivfflat")]
    return connection.execute("SELECT FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid WHERE "
                              "c.relname = ANY(%s) AND pg_get_expr(i.indpred, i.indrelid) LIKE '%%repeated%%' LIMIT 1",
                              (names,)).fetchone() is not None
