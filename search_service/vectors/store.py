"""Vectors in PostgreSQL: registering a model, writing in bulk, finding the nearest inside one project.

A dimension has one table, a model one partition of it. Vectors are `halfvec` stored in line (`STORAGE PLAIN`): out of
line, as PostgreSQL would by itself keep rows above 2 KB, an exact scan is 2 to 10 times slower. A project up to
`exact_search_rows` images is scanned exactly; a larger one gets an index of its own (a global one with a filter on the
project returns a fraction of the rows asked for), see `indexes.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from pgvector import HalfVector
from psycopg import sql
from psycopg.rows import DictRow

from argus.db import Row, connect, locks
from argus.errors import ArgusError
from argus.settings import get_settings

log = logging.getLogger(__name__)
Vectors = NDArray[np.float32]
Connection = psycopg.Connection[DictRow]
WINDOW = 1000  # rows an approximate search looks at: pgvector's own upper limit of ef_search
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


@dataclass(frozen=True)
class Ranked:
    """One window of a ranking: `(task_id, similarity)` best first, and how it was found."""

    rows: list[tuple[int, float]]
    total: int  # vectors of the project
    exact: bool
    vectors: dict[int, Vectors] = field(default_factory=dict)  # float32 (dim,) by task, when they were asked for


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
        copy.write(_copy_stream(model, rows))


def _copy_stream(model: Model, rows: Sequence[tuple[int, int, Vectors]]) -> bytes:
    """Return rows in PostgreSQL's binary COPY format, made by numpy at once: a Python call for each row and value costs
    several times what the server needs to store it. Every field is preceded by its length in bytes; a halfvec is its
    dimension, two unused bytes, and big-endian half-precision numbers."""
    row = np.dtype([("fields", ">i2"), ("model_bytes", ">i4"), ("model", ">i2"), ("project_bytes", ">i4"),
                    ("project", ">i4"), ("task_bytes", ">i4"), ("task", ">i8"), ("vector_bytes", ">i4"), ("dim", ">i2"),
                    ("unused", ">i2"), ("vector", ">f2", (model.dim,))])
    table = np.zeros(len(rows), row)
    table["fields"], table["model"], table["dim"] = 4, model.id, model.dim
    table["model_bytes"], table["project_bytes"], table["task_bytes"] = 2, 4, 8
    table["vector_bytes"] = 4 + 2 * model.dim
    table["project"], table["task"] = [r[0] for r in rows], [r[1] for r in rows]
    table["vector"] = np.stack([r[2] for r in rows])
    return b"PGCOPY\n\xff\r\n\0" + bytes(8) + table.tobytes() + b"\xff\xff"


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


def search(model: Model, project_id: int, query: Vectors, limit: int = 50, offset: int = 0, *,
           total: int | None = None, only: Selection | None = None, leave_out: Sequence[int] = (),
           vectors: bool = False) -> Ranked:
    """Return the rows `offset … offset + limit` of the project's images by cosine similarity to `query`.

    Args:
        query: float32 `(dim,)`, of length 1.
        total: how many vectors the project has, when the caller knows.
        only: rank these tasks alone.
        leave_out: tasks that are not ranked.
        vectors: return the vectors of the rows too.

    The answer is exact when at most `exact_search_rows` images are ranked, and otherwise as long as the project's index
    is missing. With the index it is approximate: one window of at most 1,000 rows, cut into pages; past the window
    there is nothing.
    """
    total = only.count if only else count(model, project_id) if total is None else total
    values = {"query": HalfVector(query), "model": model.id, "project": project_id, "limit": limit, "offset": offset,
              "window": WINDOW, "leave_out": list(leave_out)}
    tasks = "NULL::bigint[]"
    if only:
        tasks, values = f"ARRAY({only.ids})", only.parameters | values
    with connect() as connection:
        if total > get_settings().exact_search_rows and (index := _usable_index(connection, model, project_id)):
            connection.execute("SELECT set_config('ivfflat.probes', %s, true)", (str(index.probes),))
            found = connection.execute(_with_vectors(
                model, "search_similar_frames_approximate(%(query)s, %(model)s::smallint, %(project)s, %(window)s, "
                f"{tasks}, %(leave_out)s)", "f.place > %(offset)s AND f.place <= %(offset)s + %(limit)s" if vectors
                else "false"), values).fetchall()
            if len(found) >= min(WINDOW, total - len(leave_out)):  # else too few passed: only the whole list will do
                return _ranked(found[offset:offset + limit], total, exact=False)
        found = connection.execute(_with_vectors(
            model, "search_similar_frames(%(query)s, %(model)s::smallint, %(project)s, %(limit)s, %(offset)s, "
            f"{tasks}, %(leave_out)s)", "true" if vectors else "false"), values).fetchall()
    return _ranked(found, total, exact=True)


def _with_vectors(model: Model, ranking: str, wanted: str) -> sql.Composed:
    """Return the query of a ranking's rows in their order, with the vectors of those that are `wanted`.

    Each is looked up by its key: a join would be planned for a thousand rows, and may read the whole table for them.
    """
    return sql.SQL("SELECT f.task_id, f.similarity, CASE WHEN {} THEN (SELECT e.embedding FROM {} e WHERE e.model_id = "
                   "%(model)s AND e.project_id = %(project)s AND e.task_id = f.task_id) END AS embedding "
                   "FROM {} WITH ORDINALITY AS f (task_id, similarity, place) ORDER BY f.place").format(
        sql.SQL(wanted), model.table, sql.SQL(ranking))


def _ranked(rows: Sequence[Row], total: int, *, exact: bool) -> Ranked:
    return Ranked([(row["task_id"], row["similarity"]) for row in rows], total, exact,
                  {row["task_id"]: row["embedding"].to_numpy().astype(np.float32) for row in rows
                   if row["embedding"] is not None})


@dataclass(frozen=True)
class Index:
    """A project's own approximate index: `hnsw`, or `ivfflat` with a number of lists; `valid` once it is built."""

    kind: str
    valid: bool
    lists: int = 0

    @property
    def probes(self) -> int:
        """Lists an IVFFlat search looks into: a sixth of them; with a tenth about 4 of 100 right hits are missed."""
        return max(10, -(-self.lists // 6))


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
        return _usable_index(connection, model, project_id) is not None


def _usable_index(connection: Connection, model: Model, project_id: int) -> Index | None:
    return next((index for index in indexes(connection, model, project_id) if index.valid), None)


@dataclass(frozen=True)
class Selection:
    """The tasks that pass: `ids` is a query that gives their ids, with its parameters; `count` of them are embedded."""

    ids: str
    parameters: dict[str, Any]
    count: int
