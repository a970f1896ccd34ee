"""How a connection finds out that the machine at its other end is gone.

A machine that drops off the network says no goodbye. By the systems' defaults its transaction would keep its locks for
two hours, and it would itself wait for an answer as long: both ends look after half a minute of silence.
"""

from __future__ import annotations

import select
from typing import Any, TypedDict

import psycopg
from psycopg_pool import ConnectionPool

SILENCE, BETWEEN, PROBES = 30, 5, 4  # seconds until the first probe, seconds between two, probes without an answer


class Keepalives(TypedDict):
    """Parameters of libpq: seconds, but for a count of probes and milliseconds of `tcp_user_timeout`."""

    keepalives_idle: int
    keepalives_interval: int
    keepalives_count: int
    tcp_user_timeout: int


def our_end() -> Keepalives:
    return {"keepalives_idle": SILENCE, "keepalives_interval": BETWEEN, "keepalives_count": PROBES,
            "tcp_user_timeout": _patience()}


def servers_end() -> str:
    """Return the same for the server's end: no parameters, see `argus.db.pool.try_lock`.

    Behind a pooler this is the pooler's connection, where all want the same.
    """
    return (f"SET tcp_keepalives_idle = {SILENCE}; SET tcp_keepalives_interval = {BETWEEN}; "
            f"SET tcp_keepalives_count = {PROBES}; SET tcp_user_timeout = {_patience()}")


def check(connection: psycopg.Connection[Any]) -> None:
    """Ask the server for a sign of life where something has come that nobody asked for: its end of the connection, when
    it restarted. Else nothing is asked: it would take a trip, and of a machine that is gone tell no more than the query
    that follows. Raises `psycopg.OperationalError`."""
    watched = select.poll()
    watched.register(connection, select.POLLIN)
    if watched.poll(0):
        ConnectionPool.check_connection(connection)


def _patience() -> int:
    """Return how many milliseconds sent data may stay without an answer."""
    return 1000 * (SILENCE + BETWEEN * PROBES)
