"""A backup puts everything back; a damaged one changes nothing; `argus down` ends what `argus up` started."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from psycopg import sql

from argus import home as argus_home
from argus.db import migrate
from argus.errors import ArgusError
from argus.settings import Settings
from argus_cli.stack import Stack, postgres_tools, swap
from argus_cli.stack.backup import backup, restore
from argus_cli.stack.postgres import Postgres
from argus_cli.stack.stack import owner
from argus_cli.stack.template import copy_home, template_home, temporary_home
from tests.postgres_on_tcp import Server, postgres_on_tcp
from tests.waiting import wait_for

# Kills itself, hard, as soon as the restore says the line, or makes the swap's call of that number.
DYING = """
import os, signal, sys
from pathlib import Path
from argus.settings import Settings
from argus_cli.stack.backup import restore
home, file, line, rename = sys.argv[1:]
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
def progress(said):
    if line and said.startswith(line): die()
    if said.startswith("Label Studio's files") and rename:
        real, calls = Path.rename, []
        def counted(self, target):
            calls.append(target)
            return die() if len(calls) == int(rename) else real(self, target)
        Path.rename = counted
restore(Settings(_env_file=None, home=Path(home)), Path(file), progress)
"""
PASSWORD = "it's a:pass\\word"

pytestmark = pytest.mark.faults


@contextlib.contextmanager
def copied(home: Path) -> Iterator[Settings]:
    """A copy of a stopped home, until the block ends."""
    made = Settings(_env_file=None, home=copy_home(home, temporary_home()))
    try:
        yield made
    finally:
        argus_home.forget(made.home)


@pytest.fixture(scope="module")
def filled() -> Iterator[Settings]:
    """A stopped home in which Label Studio has an account, and Argus a project; tests work in copies."""
    with copied(template_home(Settings(_env_file=None))) as made:
        with Stack(made, {"postgres"}, durable=False), psycopg.connect(made.resolved_database_url) as connection:
            migrate(connection)
            connection.execute("INSERT INTO project (id, label_config) VALUES (7, '<View/>')")
        (made.home / "label-studio" / "media").mkdir(exist_ok=True)
        (made.home / "label-studio" / "media" / "upload.jpg").write_bytes(b"pixels")
        yield made


@pytest.fixture
def settings(filled: Settings) -> Iterator[Settings]:
    with copied(filled.home) as made:
        yield made


@dataclass(frozen=True)
class Day:
    """A stopped home of today, and the backup of the day before, when its state was `saved`."""

    home: Path
    backup: Path
    saved: tuple[list[int], int, bytes]


@pytest.fixture(scope="module")
def today(filled: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    with copied(filled.home) as made:
        day = Day(made.home, tmp_path_factory.mktemp("backup") / "argus.tar", state(made))
        backup(made, day.backup)
        with Stack(made, {"postgres"}, durable=False):
            with psycopg.connect(made.resolved_database_url) as connection:
                connection.execute("UPDATE project SET id = 8")
            with psycopg.connect(f"postgresql://labelstudio@/labelstudio?host={made.run_dir}") as connection:
                connection.execute("CREATE TABLE of_today ()")
        (made.home / "label-studio" / "media" / "upload.jpg").write_bytes(b"today's")
        yield day


def state(settings: Settings) -> tuple[list[int], int, bytes]:
    """What a restore must bring back: Argus's projects, Label Studio's accounts, an upload."""
    label_studio = f"postgresql://labelstudio@/labelstudio?host={settings.run_dir}"
    with Stack(settings, {"postgres"}, durable=False):
        with psycopg.connect(settings.resolved_database_url) as connection:
            projects = [row[0] for row in connection.execute("SELECT id FROM project ORDER BY id")]
        with psycopg.connect(label_studio) as connection:
            row = connection.execute("SELECT count(*) FROM htx_user").fetchone()
    assert row is not None
    return projects, row[0], (settings.home / "label-studio" / "media" / "upload.jpg").read_bytes()


def test_a_backup_brings_everything_back(settings: Settings, tmp_path: Path) -> None:
    before = state(settings)
    assert before[0] == [7] and before[1] >= 1
    manifest = backup(settings, tmp_path / "argus.tar")
    assert set(manifest["databases"]) == {"argus", "labelstudio"}
    assert (tmp_path / "argus.tar").stat().st_mode & 0o077 == 0
    with pytest.raises(ArgusError) as caught:
        backup(settings, tmp_path / "argus.tar")
    assert caught.value.code == "conflict"

    with Stack(settings, {"postgres"}, durable=False), psycopg.connect(settings.resolved_database_url) as connection:
        connection.execute("DELETE FROM project")
        connection.execute("CREATE TABLE of_a_later_schema (id int)")
    (settings.home / "label-studio" / "media" / "upload.jpg").write_bytes(b"other")
    restore(settings, tmp_path / "argus.tar")
    assert state(settings) == before
    with Stack(settings, {"postgres"}, durable=False), psycopg.connect(settings.resolved_database_url) as connection:
        assert migrate(connection) == []
        assert connection.execute("SELECT to_regclass('of_a_later_schema')").fetchone() == (None,)


@pytest.mark.parametrize(("line", "rename", "after"), [
    ("Checking", "", "old"), ("Database argus", "", "old"), ("Database labelstudio", "", "old"),
    ("Label Studio's files", "", "old"),
    # The first three renames put what was unpacked into the prepared home; then the swap is said, and begins.
    ("", "2", "old"), ("", "4", "new"), ("", "5", "new"), ("", "8", "new")])
def test_a_restore_that_is_killed__leaves_one_whole_state(today: Day, line: str, rename: str, after: str) -> None:
    with copied(today.home) as settings:
        kill_a_restore(settings, today, line, rename)
        assert state(settings) == (today.saved if after == "new" else ([8], today.saved[1], b"today's"))
        with Stack(settings, {"postgres"}, durable=False), psycopg.connect(
                f"postgresql://labelstudio@/labelstudio?host={settings.run_dir}") as connection:
            found = connection.execute("SELECT to_regclass('of_today') IS NOT NULL").fetchone()
        assert found == (after == "old",)
        assert not swap.place(settings.home).exists()
        restore(settings, today.backup)
        assert state(settings) == today.saved


def kill_a_restore(settings: Settings, today: Day, line: str, rename: str) -> None:
    """Restore, and die at this line of progress or at this rename."""
    died = subprocess.run([sys.executable, "-c", DYING, str(settings.home), str(today.backup), line, rename],
                          capture_output=True, text=True, timeout=300)
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert swap.place(settings.home).exists()
    wait_for(lambda: owner(settings.home) is None, 60)  # what it had started is gone too


def test_a_database_of_ones_own__is_replaced_in_one_transaction(settings: Settings, tmp_path: Path) -> None:
    """What cannot be filled is not emptied: here a view has the name of one of our tables."""
    with Stack(settings, {"postgres"}, durable=False) as stack:
        elsewhere = settings.model_copy(update={"home": tmp_path / "home", "database_url":
                                                stack.settings.database_url})
        manifest = backup(elsewhere, tmp_path / "argus.tar")
        assert set(manifest["databases"]) == {"argus"}
        with psycopg.connect(stack.settings.database_url) as connection:
            connection.execute("INSERT INTO project (id, label_config) VALUES (9, '<View/>')")
            connection.execute("ALTER TABLE timing RENAME TO timing_of_today")
            connection.execute("CREATE VIEW timing AS SELECT 1 AS id")
        with pytest.raises(ArgusError, match="psql failed"):
            restore(elsewhere, tmp_path / "argus.tar")
        assert rows(stack.settings.database_url) == [7, 9]
        with psycopg.connect(stack.settings.database_url) as connection:
            connection.execute("DROP VIEW timing")
        restore(elsewhere, tmp_path / "argus.tar")
        assert rows(stack.settings.database_url) == [7]


def rows(url: str) -> list[int]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT id FROM project ORDER BY id")]


def test_a_damaged_or_foreign_file_changes_nothing(settings: Settings, tmp_path: Path) -> None:
    good, bad, foreign = (tmp_path / name for name in ("good.tar", "bad.tar", "foreign.tar"))
    backup(settings, good)
    data = bytearray(good.read_bytes())
    middle = data.index(b"PGDMP") + 4000
    data[middle:middle + 50] = b"x" * 50
    bad.write_bytes(data)
    foreign.write_text("no archive")
    before = state(settings)
    for file in (bad, foreign):
        with pytest.raises(ArgusError) as caught:
            restore(settings, file)
        assert caught.value.code == "bad_request"
    assert state(settings) == before


def test_down_ends_what_runs_and_a_restore_waits_for_that(settings: Settings, tmp_path: Path) -> None:
    argus = [sys.executable, "-m", "argus_cli"]
    env = {name: value for name, value in os.environ.items() if not name.startswith("ARGUS_")} | {
        "ARGUS_HOME": str(settings.home)}
    up = subprocess.Popen([*argus, "up", "--only", "postgres"], env=env, stdout=subprocess.DEVNULL)
    try:
        # Not by `owner`: it takes the lock for a moment, and `up` may want it just then.
        wait_for(lambda: (settings.home / "stack.lock").exists()
                 and (settings.home / "stack.lock").read_text() == f"process {up.pid}\n", seconds=180)
        wait_for(Postgres(settings).is_ready, seconds=180)  # its socket is there before it answers
        assert owner(settings.home) == up.pid
        backup(settings, tmp_path / "live.tar")
        refused = subprocess.run([*argus, "restore", str(tmp_path / "live.tar"), "--replace"], env=env,
                                 capture_output=True, text=True, timeout=120)
        assert refused.returncode == 5 and "argus down" in refused.stderr
        ended = subprocess.run([*argus, "down"], env=env, capture_output=True, text=True, timeout=180)
        assert (ended.returncode, ended.stdout.strip()) == (0, "Stopped.")
        up.wait(60)
    finally:
        up.terminate()
        up.wait(60)
    again = subprocess.run([*argus, "down"], env=env, capture_output=True, text=True, timeout=60)
    assert again.returncode == 0 and "Nothing is running" in again.stdout


@pytest.fixture
def with_password() -> Iterator[tuple[Server, str]]:
    """A PostgreSQL that asks for a password, with a database of Argus; its URL."""
    rules = "local all all trust\nhost all all all scram-sha-256\n"
    with postgres_on_tcp([], rules) as server:
        with server.superuser() as connection:
            connection.execute(sql.SQL("CREATE ROLE argus LOGIN PASSWORD {}").format(sql.Literal(PASSWORD)))
            connection.execute("CREATE DATABASE argus OWNER argus")
        with psycopg.connect(host=str(server.run_dir), port=server.port, user="postgres", dbname="argus",
                             autocommit=True) as connection:
            connection.execute("CREATE EXTENSION vector")
        yield server, f"postgresql://argus:{quote(PASSWORD, safe='')}@127.0.0.1:{server.port}/argus"


def test_passwords__are_no_arguments(with_password: tuple[Server, str], tmp_path: Path,
                                     monkeypatch: pytest.MonkeyPatch) -> None:
    server, url = with_password
    seen = tmp_path / "arguments"
    for program in ("pg_dump", "pg_restore", "psql"):  # the real ones, after their arguments were written down
        wrapper = tmp_path / program
        wrapper.write_text(f'#!/bin/sh\nprintf "%s\\n" "$0" "$@" >> {seen}\n'
                           f'[ -z "$PGPASSFILE" ] || ls -l "$PGPASSFILE" >> {seen}\n'
                           f'exec {server.programs / program} "$@"\n')
        wrapper.chmod(0o755)
    monkeypatch.setattr(postgres_tools, "_program", lambda name: str(tmp_path / name))
    monkeypatch.delenv("PGPASSWORD", raising=False)
    settings = Settings(_env_file=None, home=tmp_path / "home", database_url=url)
    with psycopg.connect(url) as connection:
        migrate(connection)
        connection.execute("INSERT INTO project (id, label_config) VALUES (7, '<View/>')")
    backup(settings, tmp_path / "argus.tar")
    with psycopg.connect(url) as connection:
        connection.execute("DELETE FROM project")
    restore(settings, tmp_path / "argus.tar")
    assert rows(url) == [7]
    text = seen.read_text()
    assert all(str(tmp_path / program) in text for program in ("pg_dump", "pg_restore", "psql"))
    assert "a:pass" not in text and "a%3Apass" not in text
    assert text.count("-rw-------") == 2  # the two that connect, each with a file of ours alone
