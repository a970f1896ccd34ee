"""A real PostgreSQL for cases, and a database of its own for each side that is asked."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from benchmarks.odd_inputs.case import product

SUPERUSER = "postgres"  # of the embedded server, which nothing but its socket reaches


@contextmanager
def postgres() -> Iterator[str]:
    """Run the embedded PostgreSQL for a block; yield its address."""
    from argus import home as argus_home
    from argus.settings import Settings
    from argus_cli.stack.stack import Stack
    from argus_cli.stack.template import copy_home, template_home, temporary_home

    plain = Settings(_env_file=None)  # type: ignore[call-arg]  # pydantic-settings' own
    home: Path = copy_home(template_home(plain), temporary_home())
    settings = Settings(_env_file=None, home=home)  # type: ignore[call-arg]
    with Stack(settings, {"postgres"}, durable=False) as stack:
        yield make_conninfo(stack.env["ARGUS_DATABASE_URL"], user=SUPERUSER)
    argus_home.forget(home)


def use(server: str) -> None:
    """Let the product in this process use a database of its own on `server`; made and migrated at the first call."""
    name = f"odd_{hashlib.sha256(os.environ['ARGUS_HOME'].encode()).hexdigest()[:12]}"
    address = make_conninfo(server, dbname=name)
    if os.environ.get("ARGUS_DATABASE_URL") == address:
        return
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    os.environ["ARGUS_DATABASE_URL"] = address
    product("argus.settings", "get_settings").cache_clear()


def version(server: str) -> str:
    """Return the name and version of the server."""
    with psycopg.connect(server) as connection:
        return f"PostgreSQL {connection.info.server_version // 10000}.{connection.info.server_version % 10000}"
