"""Vectors in PostgreSQL: registering a model, writing in bulk, finding the nearest inside one project.

A dimension has one table, a model one partition of it. Vectors are `halfvec` stored in line (`STORAGE PLAIN`): out of
line, as PostgreSQL would by itself keep rows above 2 KB, an exact scan is 2 to 10 times slower. How a search goes about
it is decided in `ranking.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from pgvector import HalfVector
from psycopg import sql
from psycopg.rows import DictRow

from argus.db import connect
from search_service.vectors import binary_copy, identical, triggers
from search_service.vectors.approximate_index import IMAGES
from search_service.vectors.approximate_index import OBJECTS as OBJECTS
from search_service.vectors.approximate_index import Index as Index
from search_service.vectors.approximate_index import Model as Model
from search_service.vectors.ranked_row import RankedRow
from search_service.vectors.tables import current_model as current_model
from search_service.vectors.tables import register_model as register_model
from search_service.vectors.versions import Change, Snapshot, State

log = logging.getLogger(__name__)
Vectors = NDArray[np.float32]
Connection = psycopg.Connection[DictRow]
KEPT_VERSIONS = 1000  # of a project: who follows them and is further behind loads its vectors anew
CENTRE_ROWS = 1000  # that a mean is taken of
INDEX_KINDS = ("hnsw", "ivfflat")


def checkpoint_name(model: str) -> str:
    """Return the name a checkpoint is registered under: a folder's own name, or the name on the Hub."""
    return Path(model).resolve().name if Path(model).is_dir() else model


def store(connection: Connection, model: Model, rows: Sequence[tuple[int, int, Vectors]]) -> None:
    """Insert or replace vectors: `(project_id, task or object id, float32 (dim,) of length 1)`. The tasks or objects
    must exist, and the caller holds their rows (`FOR UPDATE`) when somebody else might store the same ones.

    One DELETE and one binary COPY: about 90 times the speed of single inserts, twice that of an upsert from a temporary
    table, and repeatable.
    """
    if not rows:
        return
    connection.execute("SELECT set_config('argus.takes_versions', 'on', true)")  # below; who does not is noticed
    connection.execute(sql.SQL("DELETE FROM {} WHERE model_id = %s AND project_id = ANY(%s) AND {} = ANY(%s)")
                       .format(model.table, model.collection.id),
                       (model.id, list({row[0] for row in rows}), [row[1] for row in rows]))
    marks = identical.marks(connection, model, rows)
    copy_sql = sql.SQL("COPY {} (model_id, project_id, {}, embedding{}) FROM STDIN (FORMAT BINARY)").format(
        model.table, model.collection.id, sql.SQL(", digest, repeated" if marks else ""))
    with connection.cursor() as cursor, cursor.copy(copy_sql) as copy:
        copy.write(binary_copy.written(model.id, model.dim, rows, marks))
    for project_id in sorted({row[0] for row in rows}):  # in one order: two writers do not wait for each other
        _next_version(connection, model, project_id, [row[1] for row in rows if row[0] == project_id])


def _next_version(connection: Connection, model: Model, project_id: int, ids: list[int]) -> None:
    """Say who wrote what: the row's lock is kept until the commit, so versions become visible in their order."""
    collection = model.collection
    row = connection.execute(sql.SQL(
        "WITH next AS (INSERT INTO {states} AS s (model_id, project_id) VALUES (%(model)s, %(project)s) "
        "ON CONFLICT (model_id, project_id) DO UPDATE SET version = s.version + 1, previous = s.token, "
        "token = gen_random_uuid() RETURNING version, token, previous) "
        "INSERT INTO {batches} (model_id, project_id, version, token, previous, {written}) "
        "SELECT %(model)s, %(project)s, version, token, previous, %(ids)s FROM next RETURNING version")
        .format(states=collection.states, batches=collection.batches, written=sql.Identifier(collection.written)),
        {"model": model.id, "project": project_id, "ids": ids}).fetchone()
    if row and row["version"] % 100 == 0:
        connection.execute(
            sql.SQL("DELETE FROM {} WHERE model_id = %s AND project_id = %s AND version <= %s").format(
                collection.batches), (model.id, project_id, row["version"] - KEPT_VERSIONS))


def begin_versions(model: Model, project_id: int) -> None:
    """Give a project its first version when it has none, and have writers noticed that take none: workers of an earlier
    version."""
    with connect() as connection:
        if model.collection is IMAGES:
            triggers.ensure(connection, model, triggers.VERSIONS)
        connection.execute(sql.SQL("INSERT INTO {} (model_id, project_id) VALUES (%s, %s) ON CONFLICT DO NOTHING")
                           .format(model.collection.states), (model.id, project_id))


def snapshot(connection: Connection, model: Model, project_id: int, query: Vectors) -> tuple[Snapshot, Vectors]:
    """Return what this transaction sees, and the query as PostgreSQL ranks by it: of length 1, in halves."""
    row = connection.cursor(binary=True).execute(sql.SQL(
        "SELECT l2_normalize(%s::halfvec) AS query, now() AS began, clock_timestamp() AS later, s.version, s.token "
        "FROM (VALUES (1)) one LEFT JOIN {} s ON s.model_id = %s AND s.project_id = %s").format(
            model.collection.states), (HalfVector(query), model.id, project_id)).fetchone()
    assert row is not None
    state = State(row["version"], row["token"]) if row["token"] else None
    return Snapshot(state, row["began"], row["later"]), binary_copy.array(row["query"])


def changes(connection: Connection, model: Model, project_id: int, after: int) -> list[Change]:
    """Return what the versions after `after` wrote, the oldest that is kept first."""
    return [Change(State(row["version"], row["token"]), row["previous"], row["ids"]) for row in connection.execute(
        sql.SQL("SELECT version, token, previous, {} AS ids FROM {} WHERE model_id = %s AND project_id = %s "
                "AND version > %s ORDER BY version").format(sql.Identifier(model.collection.written),
                                                            model.collection.batches), (model.id, project_id, after))]


def read(connection: Connection, model: Model, project_id: int,
         tasks: Sequence[int] | None = None) -> Iterator[binary_copy.Rows]:
    """Yield tasks and their vectors as stored, some megabytes at once; None: all of the project. Here and below, tasks
    are objects when the vectors are."""
    id_ = model.collection.id
    among = sql.SQL("") if tasks is None else sql.SQL("AND {} = ANY({}::bigint[])").format(
        id_, sql.Literal(list(tasks)))
    with connection.cursor() as cursor, cursor.copy(
            sql.SQL("COPY (SELECT {}, embedding FROM {} WHERE model_id = {} AND project_id = {} {}) "
                    "TO STDOUT (FORMAT BINARY)").format(
                        id_, model.table, sql.Literal(model.id), sql.Literal(project_id), among)) as copy:
        yield from binary_copy.read(copy, model.dim)


def centre(connection: Connection, model: Model, project_id: int) -> Vectors:
    """Return the mean, float32 `(dim,)`, of vectors from all over the project; neighbours are frames of one moment."""
    tasks = [row["id"] for row in connection.execute(
        sql.SQL("SELECT {0} AS id FROM {1} WHERE model_id = %s AND project_id = %s ORDER BY hashint8({0}), {0} "
                "LIMIT %s").format(model.collection.id, model.table), (model.id, project_id, CENTRE_ROWS))]
    found = [vectors for _, vectors in read(connection, model, project_id, tasks)]
    return np.concatenate(found).astype(np.float32).mean(0) if found else np.zeros(model.dim, np.float32)


def known_vectors(connection: Connection, model: Model, digests: Sequence[bytes]) -> dict[bytes, Vectors]:
    """Return the stored vector, float32 `(dim,)`, of each image content that some task already has, by its sha256."""
    rows = connection.cursor(binary=True).execute(sql.SQL(
        "SELECT DISTINCT ON (t.content_hash) t.content_hash, e.embedding FROM task t JOIN {} e ON e.model_id = %s "
        "AND e.project_id = t.project_id AND e.task_id = t.id WHERE t.content_hash = ANY(%s) AND t.state = 'embedded'")
        .format(model.table), (model.id, list(digests))).fetchall()
    return {bytes(row["content_hash"]): binary_copy.array(row["embedding"]) for row in rows}


def of_tasks(connection: Connection, model: Model, project_id: int, task_ids: Sequence[int]) -> dict[int, Vectors]:
    """Return `task id → float32 (dim,)` for those tasks that have a vector."""
    rows = connection.cursor(binary=True).execute(sql.SQL(
        "SELECT {0} AS id, embedding FROM {1} WHERE model_id = %s AND project_id = %s AND {0} = ANY(%s)")
        .format(model.collection.id, model.table), (model.id, project_id, list(task_ids)))
    return {row["id"]: binary_copy.array(row["embedding"]) for row in rows}


def forget(connection: Connection, task_ids: Sequence[int]) -> None:
    """Delete the vectors of tasks, of every model: their images changed. (Deleted tasks lose theirs by cascade.)"""
    for row in connection.execute("SELECT DISTINCT dim FROM embedding_model").fetchall():
        table = f"embedding_{row['dim']}"
        if connection.execute("SELECT to_regclass(%s) IS NOT NULL AS here", (table,)).fetchone()["here"]:  # type: ignore[index]
            connection.execute(sql.SQL("DELETE FROM {} WHERE task_id = ANY(%s)").format(sql.Identifier(table)),
                               (list(task_ids),))


def count(model: Model, project_id: int) -> int:
    """Return how many vectors of `model` the project has. Reads them all: three times as slow as a search."""
    with connect() as connection:
        row = connection.execute(sql.SQL("SELECT count(*) AS n FROM {} WHERE model_id = %s AND project_id = %s")
                                 .format(model.table), (model.id, project_id)).fetchone()
    return int(row["n"]) if row else 0


def ranked(connection: Connection, model: Model, ranking: str, wanted: str,
           values: Mapping[str, Any]) -> list[RankedRow]:
    """Return a ranking's rows in their order, with the vectors of those that are `wanted`.

    Each is looked up by its key: a join would be planned for a thousand rows, and may read the whole table for them.
    """
    rows = connection.cursor(binary=True).execute(sql.SQL(
        "SELECT f.id, f.similarity, CASE WHEN {} THEN (SELECT e.embedding FROM {} e WHERE e.model_id = %(model)s "
        "AND e.project_id = %(project)s AND e.{} = f.id) END AS embedding FROM {} WITH ORDINALITY "
        "AS f (id, similarity, place) ORDER BY f.place").format(
            sql.SQL(wanted), model.table, model.collection.id, sql.SQL(ranking)), values)
    return [RankedRow(row["id"], binary_copy.real(row["similarity"]),
                      binary_copy.array(row["embedding"]) if row["embedding"] else None) for row in rows]


def read_ids(connection: Connection, ids: str, parameters: Mapping[str, Any]) -> NDArray[np.int64]:
    """Return what a query of ids gives, as one array: rows would take several times as long to read as to find."""
    with connection.cursor(binary=True) as cursor:
        cursor.execute(sql.SQL("SELECT array_agg(id) FROM ({}) passing (id)").format(sql.SQL(ids)), parameters)
        assert cursor.pgresult is not None
        return binary_copy.read_ids(cursor.pgresult.get_value(0, 0))


def without_vector(connection: Connection, model: Model, project_id: int, tasks: Sequence[int]) -> list[int]:
    """Return those of the tasks that have no vector."""
    there = {row["id"] for row in connection.execute(
        sql.SQL("SELECT {0} AS id FROM {1} WHERE model_id = %s AND project_id = %s AND {0} = ANY(%s)")
        .format(model.collection.id, model.table), (model.id, project_id, list(tasks)))}
    return [task for task in tasks if task not in there]


def index_name(model: Model, project_id: int, kind: str) -> str:
    return f"{model.table_name}_p{int(project_id)}_{kind}"


def indexes(connection: Connection, model: Model, project_id: int) -> list[Index]:
    """Return the approximate indexes that the project has, or that are being built, or that a broken build left."""
    found = []
    for kind in INDEX_KINDS:
        row = connection.execute("SELECT i.indisvalid, c.reloptions, pg_get_expr(i.indpred, i.indrelid) LIKE "
                                 "'%%repeated%%' AS once FROM pg_index i JOIN pg_class c "
                                 "ON c.oid = i.indexrelid WHERE i.indexrelid = to_regclass(%s)",
                                 (index_name(model, project_id, kind),)).fetchone()
        if row:
            options = dict(option.split("=") for option in row["reloptions"] or [])
            found.append(Index(kind, row["indisvalid"], int(options.get("lists", 0)), row["once"]))
    return found


def has_index(model: Model, project_id: int) -> bool:
    """Whether the project has a finished index of its own."""
    with connect() as connection:
        return usable_index(connection, model, project_id) is not None


def look_into(connection: Connection, index: Index) -> None:
    """Let this transaction's searches look into as many of an IVFFlat index's lists as it wants."""
    connection.execute("SELECT set_config('ivfflat.probes', %s, true)", (str(index.probes),))


def usable_index(connection: Connection, model: Model, project_id: int) -> Index | None:
    return next((index for index in indexes(connection, model, project_id) if index.valid), None)
