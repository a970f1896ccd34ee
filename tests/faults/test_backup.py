"""A backup puts everything back; a damaged one changes nothing; `argus down` ends what `argus up` started."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from argus.db import migrate
from argus.errors import ArgusError
from argus.settings import Settings
from argus.stack import Stack, paths
from argus.stack.backup import backup, restore
from argus.stack.postgres import Postgres
from argus.stack.stack import owner
from argus.stack.template import copy_home, template_home, temporary_home
from tests.waiting import wait_for

pytestmark = pytest.mark.faults


@pytest.fixture
def settings() -> Iterator[Settings]:
    """A stopped home in which Label Studio has an account, and Argus one recorded search."""
    home = copy_home(template_home(Settings(_env_file=None)), temporary_home())
    made = Settings(_env_file=None, home=home)
    with Stack(made, {"postgres"}, durable=False), psycopg.connect(made.resolved_database_url) as connection:
        migrate(connection)
        connection.execute("INSERT INTO project (id, label_config) VALUES (7, '<View/>')")
    (home / "label-studio" / "media").mkdir(exist_ok=True)
    (home / "label-studio" / "media" / "upload.jpg").write_bytes(b"pixels")
    yield made
    paths.forget(home)


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
    argus = [sys.executable, "-m", "argus.cli"]
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
