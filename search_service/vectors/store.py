"""Vectors in PostgreSQL: registering a model, writing in bulk, finding the nearest inside one project.

A dimension has one table, a model one partition of it. Vectors are `halfvec` stored in line (`STORAGE PLAIN`): out of
line, as PostgreSQL would by itself keep rows above 2 KB, an exact scan is 2 to 10 times slower. How a search goes about
it is decided in `ranking.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from pgvector import HalfVector
from psycopg import sql
from psycopg.rows import DictRow

from argus.db import connect, locks
from argus.errors import ArgusError
from search_service.vectors import binary_copy
from search_service.vectors.approximate_index import Index
from search_service.vectors.ranked_row import RankedRow
from search_service.vectors.versions import Change, Snapshot, State

log = logging.getLogger(__name__)
Vectors = NDArray[np.float32]
Connection = psycopg.Connection[DictRow]
KEPT_VERSIONS = 1000  # of a project: who follows them and is further behind loads its vectors anew
CENTRE_ROWS = 1000  # that a mean is taken of
MIN_PGVECTOR = (0, 8)
INDEX_KINDS = ("hnsw", "ivfflat")


@dataclass(frozen=True)
class Model:
    """A registered embedding model."""

    id: int
    name: str
    dim: int

    @property
    def table(self) -> sql.Identifier:
        return sql.Identifier(f"embedding_{self.dim}_m{self.id}")


def checkpoint_name(model: str) -> str:
    """Return the name a checkpoint is registered under: a folder's own name, or the name on the Hub."""
    return Path(model).resolve().name if Path(model).is_dir() else model


def register_model(name: str, revision: str, dim: int) -> Model:
    """Return the model `(name, revision)`, with its tables, made when there are none. Which model searches use is
    decided elsewhere (`search_service.vectors.model_change`). One that is there as it should be costs no write: a
    worker starts on a read-only database too."""
    with connect() as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (locks.REGISTER_MODEL,))
        _check_pgvector(connection)
        known = "SELECT id, dim FROM embedding_model WHERE name = %s AND revision = %s"
        row = connection.execute(known, (name, revision)).fetchone() or connection.execute(
            "INSERT INTO embedding_model (name, revision, dim) VALUES (%s, %s, %s) RETURNING id, dim",
            (name, revision, dim)).fetchone()
        assert row is not None
        if row["dim"] != dim:
            raise ArgusError("model_broken", f"{name} was registered with {row['dim']} dimensions and now has {dim}.")
        model = Model(row["id"], name, dim)
        _make_tables(connection, model)
    log.info("model registered", extra={"model": name, "model_id": model.id, "dim": dim, "revision": revision})
    return model


def _check_pgvector(connection: Connection) -> None:
    row = connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'").fetchone()
    version = tuple(int(part) for part in str(row["extversion"]).split(".")[:2]) if row else (0, 0)
    if version < MIN_PGVECTOR:
        raise ArgusError("database_unreachable", f"pgvector {'.'.join(map(str, version))} is too old.",
                         "Install pgvector 0.8.4 or newer and run ALTER EXTENSION vector UPDATE.")


def _make_tables(connection: Connection, model: Model) -> None:
    """Make what is missing of the model's tables. What is there is not touched: even `IF NOT EXISTS` and a storage that
    is set already take locks that hold up writes, and end the build of an index by deadlock."""
    parent = sql.Identifier(f"embedding_{model.dim}")
    by_task = sql.Identifier(f"embedding_{model.dim}_task")
    if not _exists(connection, parent):
        connection.execute(sql.SQL(
            "CREATE TABLE {} (model_id smallint NOT NULL REFERENCES embedding_model, "
            "project_id int NOT NULL, task_id bigint NOT NULL REFERENCES task ON DELETE CASCADE, "
            "embedding halfvec({}) NOT NULL, PRIMARY KEY (model_id, project_id, task_id)) PARTITION BY LIST (model_id)")
            .format(parent, sql.Literal(model.dim)))
    # The cascade of a deleted task looks a vector up by its task alone; without this index it would scan the table.
    if not _exists(connection, by_task):
        connection.execute(sql.SQL("CREATE INDEX {} ON {} (task_id)").format(by_task, parent))
    if not _exists(connection, model.table):
        connection.execute(sql.SQL("CREATE TABLE {} PARTITION OF {} FOR VALUES IN ({})")
                           .format(model.table, parent, sql.Literal(model.id)))
    for table in (parent, model.table):
        if not _stored_in_line(connection, table):
            connection.execute(sql.SQL("ALTER TABLE {} ALTER COLUMN embedding SET STORAGE PLAIN").format(table))


def _exists(connection: Connection, relation: sql.Identifier) -> bool:
    row = connection.execute("SELECT to_regclass(%s) IS NOT NULL AS here", (relation.as_string(connection),)).fetchone()
    return bool(row and row["here"])


def _stored_in_line(connection: Connection, table: sql.Identifier) -> bool:
    row = connection.execute("SELECT attstorage = 'p' AS plain FROM pg_attribute WHERE attrelid = to_regclass(%s) "
                             "AND attname = 'embedding'", (table.as_string(connection),)).fetchone()
    return bool(row and row["plain"])


def current_model() -> Model | None:
    """Return the model that searches use, or None before the first SigLIP worker has started."""
    with connect() as connection:
        row = connection.execute("SELECT id, name, dim FROM embedding_model WHERE role = 'current'").fetchone()
    return Model(row["id"], row["name"], row["dim"]) if row else None


def store(connection: Connection, model: Model, rows: Sequence[tuple[int, int, Vectors]]) -> None:
    """Insert or replace vectors: `(project_id, task_id, float32 (dim,) of length 1)`. The tasks must exist, and the
    caller holds their rows (`FOR UPDATE`) when somebody else might store the same ones.

    One DELETE and one binary COPY: about 90 times the speed of single inserts, twice that of an upsert from a temporary
    table, and repeatable.
    """
    if not rows:
        return
    connection.execute(sql.SQL("DELETE FROM {} WHERE model_id = %s AND project_id = ANY(%s) AND task_id = ANY(%s)")
                       .format(model.table), (model.id, list({row[0] for row in rows}), [row[1] for row in rows]))
    copy_sql = sql.SQL("COPY {} (model_id, project_id, task_id, embedding) FROM STDIN (FORMAT BINARY)")
    with connection.cursor() as cursor, cursor.copy(copy_sql.format(model.table)) as copy:
        copy.write(binary_copy.written(model.id, model.dim, rows))
    for project_id in sorted({row[0] for row in rows}):  # in one order: two writers do not wait for each other
        _next_version(connection, model, project_id, [row[1] for row in rows if row[0] == project_id])


def _next_version(connection: Connection, model: Model, project_id: int, tasks: list[int]) -> None:
    """Say who wrote what: the row's lock is kept until the commit, so versions become visible in their order."""
    row = connection.execute(
        "WITH next AS (INSERT INTO embedding_state AS s (model_id, project_id) VALUES (%(model)s, %(project)s) "
        "ON CONFLICT (model_id, project_id) DO UPDATE SET version = s.version + 1, previous = s.token, "
        "token = gen_random_uuid() RETURNING version, token, previous) "
        "INSERT INTO embedding_batch (model_id, project_id, version, token, previous, tasks) "
        "SELECT %(model)s, %(project)s, version, token, previous, %(tasks)s FROM next RETURNING version",
        {"model": model.id, "project": project_id, "tasks": tasks}).fetchone()
    if row and row["version"] % 100 == 0:
        connection.execute("DELETE FROM embedding_batch WHERE model_id = %s AND project_id = %s AND version <= %s",
                           (model.id, project_id, row["version"] - KEPT_VERSIONS))


def begin_versions(model: Model, project_id: int) -> None:
    """Give a project its first version when it has none."""
    with connect() as connection:
        connection.execute("INSERT INTO embedding_state (model_id, project_id) VALUES (%s, %s) ON CONFLICT DO NOTHING",
                           (model.id, project_id))


def snapshot(connection: Connection, model: Model, project_id: int, query: Vectors) -> tuple[Snapshot, Vectors]:
    """Return what this transaction sees, and the query as PostgreSQL ranks by it: of length 1, in halves."""
    row = connection.execute(
        "SELECT l2_normalize(%s::halfvec) AS query, now() AS began, clock_timestamp() AS later, s.version, s.token "
        "FROM (VALUES (1)) one LEFT JOIN embedding_state s ON s.model_id = %s AND s.project_id = %s",
        (HalfVector(query), model.id, project_id)).fetchone()
    assert row is not None
    state = State(row["version"], row["token"]) if row["token"] else None
    return Snapshot(state, row["began"], row["later"]), row["query"].to_numpy().astype(np.float32)


def changes(connection: Connection, model: Model, project_id: int, after: int) -> list[Change]:
    """Return what the versions after `after` wrote, the oldest that is kept first."""
    return [Change(State(row["version"], row["token"]), row["previous"], row["tasks"]) for row in connection.execute(
        "SELECT version, token, previous, tasks FROM embedding_batch WHERE model_id = %s AND project_id = %s "
        "AND version > %s ORDER BY version", (model.id, project_id, after))]


def read(connection: Connection, model: Model, project_id: int,
         tasks: Sequence[int] | None = None) -> Iterator[binary_copy.Rows]:
    """Yield tasks and their vectors as stored, some megabytes at once; None: all of the project."""
    among = sql.SQL("") if tasks is None else sql.SQL("AND task_id = ANY({}::bigint[])").format(
        sql.Literal(list(tasks)))
    with connection.cursor() as cursor, cursor.copy(
            sql.SQL("COPY (SELECT task_id, embedding FROM {} WHERE model_id = {} AND project_id = {} {}) "
                    "TO STDOUT (FORMAT BINARY)").format(
                        model.table, sql.Literal(model.id), sql.Literal(project_id), among)) as copy:
        yield from binary_copy.read(copy, model.dim)


def centre(connection: Connection, model: Model, project_id: int) -> Vectors:
    """Return the mean, float32 `(dim,)`, of vectors from all over the project; neighbours are frames of one moment."""
    tasks = [row["task_id"] for row in connection.execute(
        sql.SQL("SELECT task_id FROM {} WHERE model_id = %s AND project_id = %s ORDER BY hashint8(task_id), task_id "
                "LIMIT %s").format(model.table), (model.id, project_id, CENTRE_ROWS))]
    found = [vectors for _, vectors in read(connection, model, project_id, tasks)]
    return np.concatenate(found).astype(np.float32).mean(0) if found else np.zeros(model.dim, np.float32)


def known_vectors(connection: Connection, model: Model, digests: Sequence[bytes]) -> dict[bytes, Vectors]:
    """Return the stored vector, float32 `(dim,)`, of each image content that some task already has, by its sha256."""
    rows = connection.execute(sql.SQL(
        "SELECT DISTINCT ON (t.content_hash) t.content_hash, e.embedding FROM task t JOIN {} e ON e.model_id = %s "
        "AND e.project_id = t.project_id AND e.task_id = t.id WHERE t.content_hash = ANY(%s) AND t.state = 'embedded'")
        .format(model.table), (model.id, list(digests))).fetchall()
    return {bytes(row["content_hash"]): row["embedding"].to_numpy().astype(np.float32) for row in rows}


def of_tasks(connection: Connection, model: Model, project_id: int, task_ids: Sequence[int]) -> dict[int, Vectors]:
    """Return `task id → float32 (dim,)` for those tasks that have a vector."""
    rows = connection.execute(sql.SQL("SELECT task_id, embedding FROM {} WHERE model_id = %s AND project_id = %s "
                                      "AND task_id = ANY(%s)").format(model.table),
                              (model.id, project_id, list(task_ids))).fetchall()
    return {row["task_id"]: row["embedding"].to_numpy().astype(np.float32) for row in rows}


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
    rows = connection.execute(sql.SQL(
        "SELECT f.task_id, f.similarity, CASE WHEN {} THEN (SELECT e.embedding FROM {} e WHERE e.model_id = %(model)s "
        "AND e.project_id = %(project)s AND e.task_id = f.task_id) END AS embedding FROM {} WITH ORDINALITY "
        "AS f (task_id, similarity, place) ORDER BY f.place").format(
            sql.SQL(wanted), model.table, sql.SQL(ranking)), values)
    return [RankedRow(row["task_id"], row["similarity"], _array(row["embedding"])) for row in rows]


def _array(vector: HalfVector | None) -> Vectors | None:
    return None if vector is None else vector.to_numpy().astype(np.float32)


def read_ids(connection: Connection, ids: str, parameters: Mapping[str, Any]) -> NDArray[np.int64]:
    """Return what a query of ids gives, as one array: rows would take several times as long to read as to find."""
    with connection.cursor(binary=True) as cursor:
        cursor.execute(sql.SQL("SELECT array_agg(id) FROM ({}) passing (id)").format(sql.SQL(ids)), parameters)
        assert cursor.pgresult is not None
        return binary_copy.read_ids(cursor.pgresult.get_value(0, 0))


def without_vector(connection: Connection, model: Model, project_id: int, tasks: Sequence[int]) -> list[int]:
    """Return those of the tasks that have no vector."""
    there = {row["task_id"] for row in connection.execute(
        sql.SQL("SELECT task_id FROM {} WHERE model_id = %s AND project_id = %s AND task_id = ANY(%s)")
        .format(model.table), (model.id, project_id, list(tasks)))}
    return [task for task in tasks if task not in there]


def index_name(model: Model, project_id: int, kind: str) -> str:
    return f"embedding_{model.dim}_m{model.id}_p{int(project_id)}_{kind}"


def indexes(connection: Connection, model: Model, project_id: int) -> list[Index]:
    """Return the approximate indexes that the project has, or that are being built, or that a broken build left."""
    found = []
    for kind in INDEX_KINDS:
        row = connection.execute("SELECT i.indisvalid, c.reloptions FROM pg_index i JOIN pg_class c "
                                 "ON c.oid = i.indexrelid WHERE i.indexrelid = to_regclass(%s)",
                                 (index_name(model, project_id, kind),)).fetchone()
        if row:
            options = dict(option.split("=") for option in row["reloptions"] or [])
            found.append(Index(kind, row["indisvalid"], int(options.get("lists", 0))))
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
