"""Connections. Rows are dictionaries; a connection from the pool is one transaction."""

from __future__ import annotations

import functools
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from pgvector.psycopg import register_vector
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool, PoolTimeout

from argus.db.migrate import migrate
from argus.errors import ArgusError
from argus.logs import redact
from argus.settings import get_settings

Row = dict[str, Any]
Connection = psycopg.Connection[DictRow]
Pool = ConnectionPool[Connection]
# A machine that drops off the network says no goodbye. By the systems' defaults its transaction would keep its locks
# for two hours, and it would itself wait for an answer as long: both ends look after half a minute of silence.
SILENCE, BETWEEN, PROBES = 30, 5, 4  # seconds until the first probe, seconds between two, probes without an answer
_LOST = (psycopg.errors.AdminShutdown, psycopg.errors.CrashShutdown, psycopg.errors.CannotConnectNow)


def open_pool(url: str, *, max_size: int = 8) -> Pool:
    """Migrate the database at `url` and return a pool on it.

    Raises:
        ArgusError: `database_unreachable`, also when the server has no pgvector.
    """
    url = _trusting(url)
    try:
        with psycopg.connect(url, connect_timeout=5, prepare_threshold=None) as connection:
            migrate(connection)
    except psycopg.OperationalError as error:
        raise ArgusError("database_unreachable", f"PostgreSQL does not answer: {redact(str(error)).strip()}",
                         "Start it with `argus up`, or set ARGUS_DATABASE_URL.") from error
    except psycopg.errors.FeatureNotSupported as error:
        raise ArgusError("database_unreachable", "This PostgreSQL has no pgvector extension.",
                         "Install pgvector 0.8.4 or newer on the server.") from error
    except psycopg.Error as error:
        raise ArgusError("database_unreachable", "PostgreSQL refused to create Argus's tables: "
                         f"{redact(str(error)).strip()}",
                         "Does the role of ARGUS_DATABASE_URL own its database?") from error
    pool: Pool = ConnectionPool(url, min_size=1, max_size=max_size, timeout=10, open=False, configure=_configure,
                                check=ConnectionPool.check_connection,  # the server may have restarted meanwhile
                                connection_class=psycopg.Connection[DictRow],
                                # Nothing is prepared: the next transaction may be on another connection of a pooler,
                                # and a generic plan would not see which project's index a search can use.
                                kwargs={"row_factory": dict_row, "prepare_threshold": None, **_our_end()})
    pool.open(wait=True, timeout=10)
    return pool


def _trusting(url: str) -> str:
    """Return `url` with the file that `sslrootcert=system` means.

    The libpq in psycopg's wheel looks for the system's certificates where no system has them, and would trust nobody.
    """
    file = ssl.get_default_verify_paths().cafile
    if file is None or conninfo_to_dict(url).get("sslrootcert") != "system":
        return url
    return make_conninfo(url, sslrootcert=file, sslmode="verify-full")  # `system` allows no other mode


def _our_end() -> dict[str, Any]:
    return {"keepalives_idle": SILENCE, "keepalives_interval": BETWEEN, "keepalives_count": PROBES,
            "tcp_user_timeout": _patience()}


def _servers_end() -> str:
    """Return the same for the server's end: no parameters, see `try_lock`.

    Behind a pooler this is the pooler's connection, where all want the same.
    """
    return (f"SET tcp_keepalives_idle = {SILENCE}; SET tcp_keepalives_interval = {BETWEEN}; "
            f"SET tcp_keepalives_count = {PROBES}; SET tcp_user_timeout = {_patience()}")


def _patience() -> int:
    """Return how many milliseconds sent data may stay without an answer."""
    return 1000 * (SILENCE + BETWEEN * PROBES)


def _configure(connection: psycopg.Connection[DictRow]) -> None:
    register_vector(connection)
    connection.execute(_servers_end())
    connection.commit()


@contextmanager
def held(*keys: int) -> Iterator[bool]:
    """Yield whether this process holds the lock of these keys until the block ends; False: somebody else has it."""
    with _connection_for_a_lock() as connection:
        row = connection.execute(try_lock(*keys)).fetchone()
        yield bool(row and row[0])


@contextmanager
def alone(*keys: int, seconds: float, busy: ArgusError) -> Iterator[None]:
    """Hold the lock of these keys until the block ends, once nobody else does; raise `busy` when that takes longer than
    `seconds`."""
    with _connection_for_a_lock() as connection:
        connection.execute(f"SET LOCAL lock_timeout = {max(1, round(1000 * seconds))}")
        try:
            connection.execute(sql.SQL("SELECT pg_advisory_xact_lock({})").format(_listed(keys)))
        except psycopg.errors.LockNotAvailable as error:
            raise busy from error
        yield


@contextmanager
def _connection_for_a_lock() -> Iterator[psycopg.Connection]:
    """A connection of its own, with which the lock goes however this ends: who waits for a lock, or works behind one,
    must not take the pool's connections from the others."""
    with _outages_told(), psycopg.connect(_trusting(get_settings().resolved_database_url), connect_timeout=5,
                                          prepare_threshold=None, **_our_end()) as connection:
        connection.execute(_servers_end())
        yield connection


def try_lock(*keys: int) -> sql.Composed:
    """Return the query that takes a lock for as long as its transaction stays open: a pooler would lose what a session
    holds. The keys stand in the text because a query with parameters leaves its portal open, and with it a snapshot,
    on which `CREATE INDEX CONCURRENTLY` would wait until the transaction ends.
    """
    return sql.SQL("SELECT pg_try_advisory_xact_lock({})").format(_listed(keys))


def _listed(keys: tuple[int, ...]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Literal, keys))


@functools.cache
def get_pool() -> Pool:
    """Return this process's pool on the configured database, opened at the first call."""
    return open_pool(get_settings().resolved_database_url)


@contextmanager
def connect() -> Iterator[psycopg.Connection[DictRow]]:
    """Yield a connection of the process's pool: one transaction, committed at the end, rolled back by an exception."""
    with _outages_told(), get_pool().connection() as connection:
        yield connection


@contextmanager
def _outages_told() -> Iterator[None]:
    try:
        yield
    except PoolTimeout as error:
        raise ArgusError("database_unreachable", "No connection to PostgreSQL became free in time.",
                         "Is the server up? Are all its connections in use?") from error
    except psycopg.OperationalError as error:  # also the base of deadlocks and cancelled queries, which are no outage
        if not isinstance(error, _LOST) and type(error) is not psycopg.OperationalError:
            raise
        raise ArgusError("database_unreachable", f"The connection to PostgreSQL was lost: {redact(str(error)).strip()}",
                         "Is the server restarting? Try again in a moment.") from error
