"""Registered models, and the tables of their vectors."""

from __future__ import annotations

import logging

from psycopg import sql

from argus.db import Connection, connect, locks
from argus.errors import ArgusError
from search_service.vectors import triggers
from search_service.vectors.approximate_index import IMAGES, Model

log = logging.getLogger(__name__)
MIN_PGVECTOR = (0, 8)


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
        for one in {model, *_current(connection)}:  # the current one may be of before objects had vectors
            _make_tables(connection, one.objects)
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
    parent, of = sql.Identifier(model.parent), model.collection.of
    by_id = sql.Identifier(f"{model.parent}_{of}")
    if not _exists(connection, parent):
        connection.execute(sql.SQL(
            "CREATE TABLE {0} (model_id smallint NOT NULL REFERENCES embedding_model, "
            "project_id int NOT NULL, {2} bigint NOT NULL REFERENCES {3} ON DELETE CASCADE, "
            "embedding halfvec({1}) NOT NULL, PRIMARY KEY (model_id, project_id, {2})) PARTITION BY LIST (model_id)")
            .format(parent, sql.Literal(model.dim), model.collection.id, sql.Identifier(of)))
    # The cascade of a deleted task looks a vector up by its task alone; without this index it would scan the table.
    if not _exists(connection, by_id):
        connection.execute(sql.SQL("CREATE INDEX {} ON {} ({})").format(by_id, parent, model.collection.id))
    if not _exists(connection, model.table):
        connection.execute(sql.SQL("CREATE TABLE {} PARTITION OF {} FOR VALUES IN ({})")
                           .format(model.table, parent, sql.Literal(model.id)))
        if model.collection is IMAGES:  # nobody ever wrote vectors of objects and no versions
            triggers.ensure(connection, model, triggers.VERSIONS)
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
    with connect(single=True) as connection:
        return next(iter(_current(connection)), None)


def _current(connection: Connection) -> list[Model]:
    return [Model(row["id"], row["name"], row["dim"]) for row in connection.execute(
        "SELECT id, name, dim FROM embedding_model WHERE role = 'current'")]
