"""Servers that say "no": the tests' own ones, made to refuse for a block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import sql

from argus.jobs import queues
from argus.settings import get_settings
from argus_cli.stack.postgres import connect as superuser


@contextmanager
def out_of_memory() -> Iterator[None]:
    """Let the queue server have less memory than it uses."""
    redis = queues.get_redis()
    before = redis.config_get("maxmemory")["maxmemory"]
    redis.config_set("maxmemory", "1mb")
    try:
        yield
    finally:
        redis.config_set("maxmemory", before)


@contextmanager
def read_only() -> Iterator[None]:
    """Let sessions of Argus's database begin read-only. Those that are open begin anew, as after a failover; afterwards
    they are left as they are: whoever has one finds out."""
    def say(statement: str) -> None:
        with superuser(get_settings().run_dir) as server:
            server.execute(sql.SQL(statement).format(sql.Identifier("argus")))

    say("ALTER DATABASE {} SET default_transaction_read_only = on")
    try:
        with superuser(get_settings().run_dir) as server:
            server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'argus'")
        yield
    finally:
        say("ALTER DATABASE {} RESET default_transaction_read_only")
