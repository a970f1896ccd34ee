"""PostgreSQL behind PgBouncer in transaction mode, as hosted PostgreSQL services offer it.

Each transaction may get another connection there: what a session holds (prepared statements, advisory locks, `SET`)
is lost or, worse, left to a stranger. Needs the program `pgbouncer`, which no Python package brings.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from argus.db import migrate, migrations, open_pool
from argus.settings import get_settings
from argus_cli.stack.ports import free_port
from tests.conftest import forget_process_state
from tests.waiting import wait_for

PGBOUNCER = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
pytestmark = [pytest.mark.integration, pytest.mark.skipif(not PGBOUNCER, reason="pgbouncer is not installed")]


@pytest.fixture
def pooled(servers: Any, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database through a pooler with two server connections for all clients."""
    direct = get_settings().resolved_database_url
    port = free_port()
    config = tmp_path / "pgbouncer.ini"
    config.write_text(f"[databases]\npooled = host={conninfo_to_dict(direct)['host']} dbname=pooled user=argus\n"
                      f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
                      "auth_type = any\npool_mode = transaction\ndefault_pool_size = 2\nmax_client_conn = 50\n"
                      + ("user = nobody\n" if os.geteuid() == 0 else ""))
    tmp_path.chmod(0o755)
    with psycopg.connect(direct, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS pooled WITH (FORCE)")
        connection.execute("CREATE DATABASE pooled")
        url = f"postgresql://argus@127.0.0.1:{port}/pooled"
        assert PGBOUNCER
        process = subprocess.Popen([PGBOUNCER, "-q", str(config)], stderr=subprocess.DEVNULL)
        try:
            wait_for(lambda: answers(url), seconds=20)
            yield url
        finally:
            process.terminate()
            process.wait(10)
            connection.execute("DROP DATABASE pooled WITH (FORCE)")


def answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def together(count: int, work: Any) -> None:
    """Run `work(i)` in threads and raise what one of them raised."""
    errors: list[BaseException] = []

    def one(number: int) -> None:
        try:
            work(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=one, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if errors:
        raise errors[0]


def test_many_processes_migrate_at_once(pooled: str) -> None:
    applied: list[str] = []

    def one(_number: int) -> None:
        with psycopg.connect(pooled, prepare_threshold=None) as connection:
            applied.extend(migrate(connection))

    together(6, one)
    assert sorted(applied) == [name for _, name, _ in migrations()]


def test_the_same_query_many_times_on_more_clients_than_connections(pooled: str) -> None:
    """psycopg prepares a statement at its sixth use; on a pooler's next connection it would be unknown."""
    pool = open_pool(pooled, max_size=6)
    try:
        def one(number: int) -> None:
            for i in range(12):
                with pool.connection() as connection:
                    row = connection.execute("SELECT %s::vector <=> %s::vector AS d",
                                             (np.eye(3)[0], np.eye(3)[1])).fetchone()
                    assert row is not None and row["d"] == pytest.approx(1.0), (number, i)

        together(6, one)
    finally:
        pool.close()


def test_one_process_at_a_time_synchronises(pooled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from label_studio_config import projects
    from search_service import periodic

    open_pool(pooled).close()
    monkeypatch.setenv("ARGUS_DATABASE_URL", pooled)
    forget_process_state()
    entered, release = threading.Event(), threading.Event()

    def slow() -> list[int]:
        entered.set()
        assert release.wait(30)
        return []

    monkeypatch.setattr(projects, "connected_ids", slow)
    monkeypatch.setattr(periodic, "_reconcile_runs", lambda: None)
    try:
        first: list[bool] = []
        thread = threading.Thread(target=lambda: first.append(periodic.Rounds().once()))
        thread.start()
        assert entered.wait(30)
        assert periodic.Rounds().once() is False
        release.set()
        thread.join(30)
        assert first == [True]
        assert periodic.Rounds().once() is True, "the lock was left behind on a connection of the pooler"
    finally:
        release.set()
        monkeypatch.undo()
        forget_process_state()
