"""The script that the PostgreSQL container runs once, on a real server of the same major version."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import psycopg
import pytest

from argus import home as argus_home
from argus.settings import Settings
from argus_cli.stack.binaries import postgres_bin
from argus_cli.stack.postgres import connect
from argus_cli.stack.stack import Stack
from argus_cli.stack.template import temporary_home
from tests.unit.deploy.conftest import ROOT

SCRIPT = ROOT / "docker/postgres/10-databases.sql"


@pytest.fixture
def empty_server(clean_environment: None) -> Iterator[Stack]:
    """A server as the container's is before the script: its own superuser and nothing else."""
    home = temporary_home()
    with Stack(Settings(_env_file=None, home=home), {"postgres"}, durable=False) as stack:
        with connect(stack.settings.run_dir) as server:
            for name in (b"argus", b"labelstudio"):
                server.execute(b"DROP DATABASE " + name)
                server.execute(b"DROP ROLE " + name)
        with connect(stack.settings.run_dir, "template1") as template:
            template.execute("DROP EXTENSION vector")
        yield stack
    argus_home.forget(home)


def run_script(server: Stack) -> None:
    """Run the script as the image does: by psql, as the superuser, ending at the first error."""
    psql = postgres_bin(argus_home.plain_account()) / "psql"
    done = subprocess.run([psql, "-v", "ON_ERROR_STOP=1", "--no-psqlrc", "-f", SCRIPT], capture_output=True,
                          text=True, env={
        "PATH": os.environ["PATH"], "PGHOST": str(server.settings.run_dir), "PGUSER": "postgres",
        "PGDATABASE": "postgres", "POSTGRES_ARGUS_PASSWORD": "it's $ecret",
        "POSTGRES_LABEL_STUDIO_PASSWORD": "another"})
    assert done.returncode == 0, done.stderr


def test_script__two_databases_that_do_not_see_each_other(empty_server: Stack) -> None:
    run_dir = empty_server.settings.run_dir
    run_script(empty_server)
    with connect(run_dir) as server:
        roles = server.execute(
            "SELECT rolname, rolpassword IS NOT NULL, rolsuper OR rolcreatedb OR rolcreaterole "
            "FROM pg_authid WHERE rolname IN ('argus', 'labelstudio') ORDER BY 1").fetchall()
        assert roles == [("argus", True, False), ("labelstudio", True, False)]
        for role in ("argus", "labelstudio"):
            for database in ("argus", "labelstudio"):
                allowed = server.execute("SELECT has_database_privilege(%s, %s, 'CONNECT')", [role, database])
                assert allowed.fetchone() == (role == database,)


def test_script__argus_can_make_its_schema(empty_server: Stack) -> None:
    from argus.db.migrate import migrate, migrations

    run_dir = empty_server.settings.run_dir
    run_script(empty_server)
    with psycopg.connect(host=str(run_dir), user="argus", dbname="argus") as connection:
        assert len(migrate(connection)) == len(migrations())
