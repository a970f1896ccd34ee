"""One run shared by workers on two machines, one of which drops off the network in the middle and comes back.

A machine is a network namespace with a link of its own. Where none can be made, it is an address of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from argus import home as argus_home
from argus.db import connect
from argus.labelstudio import LabelStudio
from argus.settings import Settings, get_settings
from argus_cli.stack.postgres import Postgres
from argus_cli.stack.postgres import connect as superuser
from argus_cli.stack.service import Command, Progress
from argus_cli.stack.template import temporary_home
from ml_backend.runs import runs
from tests.faults.crew import Crew, counted, everything_delivered, ids, wait_until_done
from tests.faults.machines import Machine, environment, two_machines, why_no_namespaces
from tests.lanes import network
from tests.resting import resting
from tests.waiting import wait_for

pytestmark = [pytest.mark.faults, pytest.mark.integration, pytest.mark.timeout(1800)]
NO_NAMESPACES = why_no_namespaces()
# The second form says nothing more where the first one runs.
FORMS = [pytest.param(True, id="namespaces", marks=pytest.mark.skipif(bool(NO_NAMESPACES), reason=NO_NAMESPACES)),
         pytest.param(False, id="addresses", marks=[] if NO_NAMESPACES else pytest.mark.long)]
EVER = datetime.min.replace(tzinfo=UTC)
COUNT = 240  # a quarter of a minute for one worker


@pytest.fixture(autouse=True)
def network_changes() -> Iterator[None]:
    """Nobody's browser is at work meanwhile."""
    with network(changes=True):
        yield


@pytest.fixture
def alone(stack: Any) -> Iterator[Any]:
    """The whole product, whose own workers rest."""
    with resting(stack, "sam3-worker", "worker"):
        yield stack


@pytest.mark.parametrize("separate", FORMS)
def test_one_machine_drops_off_and_the_other_finishes(separate: bool, alone: Any, tmp_path: Path,
                                                      new: Callable[[int], int], label_studio: LabelStudio) -> None:
    project = new(COUNT)
    tasks = ids(label_studio, project)
    (tmp_path / "here").mkdir()
    here = Crew(tmp_path / "here")
    here.add("default")
    with two_machines(separate) as (first, second):
        crews = []
        try:
            for machine, name in ((first, "first"), (second, "second")):
                (tmp_path / name).mkdir()
                env = environment(machine, tmp_path / name / "home", os.environ, get_settings().run_dir,
                                  alone.settings.label_studio_port, get_settings().access_token)
                crews.append(Crew(tmp_path / name, machine.command, env | {"ARGUS_CHUNK_TASKS": "4"}))
                crews[-1].add("sam3")
            wait_for(lambda: all(at_work(crew) for crew in crews), 300)

            run_id = runs.create_run(project, ["cpu"], tasks)
            wait_for(lambda: min(Counter(by(run_id).values())[crew.pids()[0]] for crew in crews) > 0
                     and held_by(crews[0]), 300, pause=0.02)
            first.cut()
            before = runs.run_progress(run_id)
            assert before.waiting > 0  # in the middle
            progress = wait_until_done(run_id, 400)
            assert (progress.done, progress.failed, progress.errors) == (COUNT, 0, [])
            wait_for(lambda: everything_delivered(project), 180)
            assert counted(label_studio, project) == {1: COUNT}

            first.mend()
            mended = datetime.now(UTC)
            wait_for(lambda: at_work(crews[0], mended), 180)  # by itself, or started again
            again = runs.create_run(project, ["cpu", "fan"], tasks)
            progress = wait_until_done(again, 400)
            assert (progress.done, progress.failed, progress.errors) == (COUNT, 0, [])
            assert set(by(again).values()) == {crew.pids()[0] for crew in crews}  # both shared it
            wait_for(lambda: everything_delivered(project), 180)
            assert counted(label_studio, project) == {1: COUNT}
        finally:
            for crew in (*crews, here):
                crew.end()


def by(run_id: int) -> dict[int, int]:
    """Return which process computed which task of a run."""
    with connect() as connection:
        rows = connection.execute("SELECT task_id, worker FROM run_task WHERE run_id = %s AND worker IS NOT NULL",
                                  (run_id,)).fetchall()
    return {row["task_id"]: int(row["worker"].rsplit(":", 1)[1]) for row in rows}


def registered(since: datetime = EVER) -> dict[int, str | None]:
    """Return the SAM 3 workers that the queue has heard of since then, by process, with the job in work."""
    from rq import Worker

    from argus import queue_names
    from argus.jobs import queues

    return {worker.pid: worker.get_current_job_id() for worker in Worker.all(connection=queues.get_redis())
            if queue_names.SAM3 in worker.queue_names() and (worker.last_heartbeat or EVER) >= since}


def at_work(crew: Crew, since: datetime = EVER) -> bool:
    return crew.pids()[0] in registered(since)


def held_by(crew: Crew) -> bool:
    job = registered().get(crew.pids()[0])
    with connect() as connection:
        return bool(job and connection.execute("SELECT 1 FROM run_task WHERE job = %s", (job,)).fetchone())


class PostgresOnTcp(Postgres):
    """The embedded PostgreSQL, at an address that trusts everybody."""

    host = ""

    def command(self) -> Command:
        plain = super().command()
        return Command([*plain.argv, "-c", f"listen_addresses={self.host}"], plain.env, plain.account, plain.cwd)

    def prepare(self, progress: Progress) -> None:
        super().prepare(progress)
        with (self.data / "pg_hba.conf").open("a") as rules:
            rules.write("host all all 198.18.0.0/15 trust\n")


HOLD = """
import sys, time
from argus.db import keepalive, pool
keepalive.SILENCE, keepalive.BETWEEN, keepalive.PROBES = 1, 1, 2
with pool.open_pool(sys.argv[1]).connection() as connection:
    connection.execute("SELECT pg_advisory_xact_lock(7)")
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.mark.skipif(bool(NO_NAMESPACES), reason=NO_NAMESPACES)
def test_what_a_machine_had_locked_is_free_again_soon() -> None:
    """By its own default PostgreSQL would keep the lock for two hours."""
    home = temporary_home()
    with Machine("c", True) as machine:
        server = PostgresOnTcp(Settings(_env_file=None, home=home), durable=False)
        server.host = machine.here
        server.prepare(print)
        command = server.command()
        assert command.account  # who may make namespaces is root
        process = subprocess.Popen(command.argv, env=dict(command.env), cwd=command.cwd, stderr=subprocess.DEVNULL,
                                   user=command.account.uid, group=command.account.gid, extra_groups=[])
        try:
            wait_for(server.is_ready, 120)
            server.finish(print)
            url = f"postgresql://postgres@{machine.here}/argus"
            holder = subprocess.Popen(machine.command([sys.executable, "-c", HOLD, url]), stdout=subprocess.PIPE)
            try:
                assert holder.stdout and holder.stdout.readline() == b"held\n"
                with superuser(server.run_dir, "argus") as here:
                    assert not gets_lock(here)
                    machine.cut()
                    wait_for(lambda: gets_lock(here), 120)
            finally:
                holder.kill()
                holder.wait()
        finally:
            process.send_signal(server.stop_signal)
            process.wait(120)
    argus_home.forget(home)


def gets_lock(connection: psycopg.Connection) -> bool:
    row = connection.execute("SELECT pg_try_advisory_lock(7)").fetchone()
    return bool(row and row[0])
