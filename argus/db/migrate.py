"""Numbered SQL files, applied once each, in order, by whoever comes first."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources

from psycopg import Connection

from argus.db import locks

log = logging.getLogger(__name__)


def migrations() -> list[tuple[int, str, str]]:
    """Return `(number, name, sql)` of every migration, in order."""
    folder = resources.files(__package__).joinpath("migrations")
    found = [(int(match[1]), entry.name, entry.read_text("utf-8")) for entry in folder.iterdir()
             if (match := re.fullmatch(r"(\d{4})_\w+\.sql", entry.name))]
    return sorted(found)


def migrate(connection: Connection) -> list[str]:
    """Bring the schema up to date and return the names of the files applied now (empty: nothing to do).

    Each file runs in a transaction of its own, so a failing file leaves the ones before it. The lock is the
    transaction's too: one that a session holds would stay behind on a pooler's connection.
    """
    applied: list[str] = []
    connection.autocommit = True
    known = _known(connection)
    if not known:
        with _locked(connection):
            connection.execute("CREATE TABLE IF NOT EXISTS schema_version "
                               "(number int PRIMARY KEY, name text NOT NULL, applied_at timestamptz DEFAULT now())")
    for number, name, sql in migrations():
        if number in known:
            continue
        with _locked(connection):
            if connection.execute("SELECT 1 FROM schema_version WHERE number = %s", (number,)).fetchone():
                continue  # another process came first
            connection.execute(sql.encode())
            connection.execute("INSERT INTO schema_version (number, name) VALUES (%s, %s)", (number, name))
        log.info("migrated", extra={"migration": name})
        applied.append(name)
    return applied


def _known(connection: Connection) -> set[int]:
    """Return the migrations that were applied. Nothing is written: a read-only database may be up to date."""
    row = connection.execute("SELECT to_regclass('schema_version') IS NOT NULL").fetchone()
    if not (row and row[0]):
        return set()
    return {row[0] for row in connection.execute("SELECT number FROM schema_version")}


@contextmanager
def _locked(connection: Connection) -> Iterator[None]:
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (locks.MIGRATE,))
        yield
