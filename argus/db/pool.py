"""Connections. Rows are dictionaries; a connection from the pool is one transaction."""

from __future__ import annotations

import functools
import logging
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any

import psycopg
from pgvector.psycopg import register_vector
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import DictRow, dict_row, tuple_row
from psycopg_pool import ConnectionPool, PoolTimeout

from argus.db import keepalive
from argus.db.migrate import migrate
from argus.errors import ArgusError
from argus.logs import redact
from argus.settings import get_settings

log = logging.getLogger(__name__)
Row = dict[str, Any]
Connection = psycopg.Connection[DictRow]
Pool = ConnectionPool[Connection]
_CHECK_SECONDS = 2  # that a write of a health check may take
_LOOK_SECONDS = 1.0
_read_only_seen, _looking, _looked = threading.Event(), threading.Lock(), [0.0]
_SHARED: ContextVar[Connection | None] = ContextVar("shared", default=None)
_LOST = (psycopg.errors.AdminShutdown, psycopg.errors.CrashShutdown, psycopg.errors.CannotConnectNow)


def open_pool(url: str, *, max_size: int = 8) -> Pool:
    """Migrate the database at `url` and return a pool on it.

    Raises:
        ArgusError: `database_unreachable`, also when the server has no pgvector; `database_read_only` when tables are
            to be made or changed first.
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
    except psycopg.errors.ReadOnlySqlTransaction as error:
        raise read_only("it lacks tables of this version of Argus.") from error
    except psycopg.Error as error:
        raise ArgusError("database_unreachable", "PostgreSQL refused to create Argus's tables: "
                         f"{redact(str(error)).strip()}",
                         "Does the role of ARGUS_DATABASE_URL own its database?") from error
    pool: Pool = ConnectionPool(url, min_size=1, max_size=max_size, timeout=10, open=False, configure=_configure,
                                check=keepalive.check,  # the server may have restarted meanwhile
                                connection_class=psycopg.Connection[DictRow],
                                # Nothing is prepared: the next transaction may be on another connection of a pooler,
                                # and a generic plan would not see which project's index a search can use.
                                kwargs={"row_factory": dict_row, "prepare_threshold": None, **keepalive.our_end()})
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


def _configure(connection: psycopg.Connection[DictRow]) -> None:
    register_vector(connection)
    connection.execute(keepalive.servers_end())
    if _is_read_only(connection):
        _read_only_seen.set()
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
                                          prepare_threshold=None, **keepalive.our_end()) as connection:
        connection.execute(keepalive.servers_end())
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
def connect(*, single: bool = False) -> Iterator[Connection]:
    """Yield a connection of the process's pool: one transaction, committed at the end, rolled back by an exception.

    Inside of `together`, that block's connection and transaction.

    Args:
        single: for one statement, which is a transaction by itself: nobody goes to the server for BEGIN and COMMIT.

    Raises:
        ArgusError: `database_unreachable`, `database_read_only`, `database_full`.
    """
    if (shared := _SHARED.get()) is not None:
        yield shared
        return
    with _outages_told():
        _renew_sessions()
        with get_pool().connection() as connection, _uncommitted(connection) if single else nullcontext():
            try:
                yield connection
            except psycopg.errors.ReadOnlySqlTransaction:
                _read_only_seen.set()
                raise


def _renew_sessions() -> None:
    """Give up the sessions of this process once new ones may write: an old one stays read-only after its server, its
    role or its database is not. One is made to see, every `_LOOK_SECONDS` at most, and only after one was read-only."""
    if not _read_only_seen.is_set() or not _looking.acquire(blocking=False):
        return
    try:
        if time.monotonic() - _looked[0] < _LOOK_SECONDS:
            return
        _looked[0] = time.monotonic()
        with psycopg.connect(_trusting(get_settings().resolved_database_url), connect_timeout=5,
                             prepare_threshold=None) as fresh:
            if _is_read_only(fresh):
                return
        _read_only_seen.clear()
        get_pool().drain()
        log.info("the database takes writes again")
    finally:
        _looking.release()


def _is_read_only(connection: psycopg.Connection[Any]) -> bool:
    """Whether what begins now in this session may not write: its server is a standby, or it is told so."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute("SHOW transaction_read_only").fetchone() == ("on",)


def check_writable() -> None:
    """Write a row as it stands, within `_CHECK_SECONDS`: a health check that leaves nothing behind.

    Raises:
        ArgusError: as of `connect`.
    """
    with _outages_told():
        try:
            with connect() as connection:
                connection.execute(f"SET LOCAL statement_timeout = '{_CHECK_SECONDS}s'")
                connection.execute("UPDATE schema_version SET name = name WHERE number = (SELECT number FROM "
                                   "schema_version ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED)")
        except psycopg.errors.QueryCanceled as error:
            raise ArgusError("database_unreachable", f"PostgreSQL did not write a row within {_CHECK_SECONDS} s.",
                             "Is its disk, or a standby that confirms each write, overloaded?") from error


@contextmanager
def only_if_writable(what: str) -> Iterator[None]:
    """Let a block that only keeps a record of what was done go without it while the database takes no writes."""
    try:
        yield
    except ArgusError as error:
        if error.code not in ("database_read_only", "database_full"):
            raise
        log.warning("a record was not kept", extra={"what": what, "code": error.code})


def refuse_when_read_only() -> None:
    """Raise `database_read_only` before anything is begun that would be half done without its row."""
    with connect() as connection:
        if _is_read_only(connection):
            raise read_only()


def read_only(why: str = "searches work, nothing can be changed.") -> ArgusError:
    return ArgusError("database_read_only", f"PostgreSQL is read-only: {why}",
                      "Everything goes on by itself once it takes writes again. Is it a standby, or is "
                      "default_transaction_read_only on?")


@contextmanager
def together(*, snapshot: bool = False) -> Iterator[None]:
    """Make one transaction on one connection of every `connect` inside the block, in this thread: a connection that is
    taken, begun and committed costs three further trips to the server. Wait for nobody inside of it, and leave out what
    may fail alone (`only_if_writable`): the whole block fails with it.

    Args:
        snapshot: all queries see the same state of the database; inside of another `together`, that decides.
    """
    began = _SHARED.get() is None
    with connect() as connection, _snapshot(connection) if snapshot and began else nullcontext():
        token = _SHARED.set(connection)
        try:
            yield
        finally:
            _SHARED.reset(token)


@contextmanager
def _snapshot(connection: Connection) -> Iterator[None]:
    """Let the connection's next transaction see one state of the database throughout. Its BEGIN says so, at no trip.

    It ends here: the level can be put back only outside of a transaction. By the pool's `reset` it would be put back in
    another thread, and the next query would find no free connection.
    """
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    try:
        with connection:  # ends the transaction; a connection of a pool stays open
            yield
    finally:
        if connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE:
            connection.isolation_level = None


@contextmanager
def _uncommitted(connection: Connection) -> Iterator[None]:
    connection.autocommit = True
    try:
        yield
    finally:
        if connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE:
            connection.autocommit = False


@contextmanager
def _outages_told() -> Iterator[None]:
    try:
        yield
    except PoolTimeout as error:
        raise ArgusError("database_unreachable", "No connection to PostgreSQL became free in time.",
                         "Is the server up? Are all its connections in use?") from error
    except psycopg.errors.ReadOnlySqlTransaction as error:
        raise read_only() from error
    except psycopg.errors.DiskFull as error:
        raise ArgusError("database_full", "The disk of PostgreSQL is full: searches work, nothing can be changed.",
                         "Make room there. Everything goes on by itself then.") from error
    except psycopg.OperationalError as error:  # also the base of deadlocks and cancelled queries, which are no outage
        if not isinstance(error, _LOST) and type(error) is not psycopg.OperationalError:
            raise
        raise ArgusError("database_unreachable", f"The connection to PostgreSQL was lost: {redact(str(error)).strip()}",
                         "Is the server restarting? Try again in a moment.") from error
