"""Workers killed with SIGKILL: nothing is lost, nothing is there twice, and what is computed again is what was in work.

Label Studio counts what is there, and the workers what they computed: each death costs at most the chunk in flight.

The long form kills more often and on more tasks: `pytest -m "faults and long"`.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from argus.db import connect
from argus.labelstudio import LabelStudio
from argus.settings import get_settings
from ml_backend.runs import runs, scheduling
from tests.faults.crew import Crew, counted, everything_delivered, ids, wait_until_done
from tests.resting import resting
from tests.waiting import wait_for

pytestmark = [pytest.mark.faults, pytest.mark.integration, pytest.mark.timeout(1800)]
POINTS = [("sam3", "before compute"), ("sam3", "seen by the model, not stored"), ("sam3", "computed, not recorded"),
          ("sam3", "recorded, no push asked for"), ("sam3", "chunk finished, not acknowledged"),
          ("default", "claimed, not sent"), ("default", "pushed, not recorded"),
          ("default", "push recorded, not acknowledged")]


@pytest.fixture(scope="module", autouse=True)
def nobody_else(stack: Any) -> Iterator[None]:
    """The stack's own workers rest: each test has some of its own."""
    with resting(stack, "sam3-worker", "worker"):
        yield


@pytest.fixture
def crew(tmp_path: Path) -> Iterator[Crew]:
    crew = Crew(tmp_path)
    try:
        yield crew
    finally:
        crew.end()


@pytest.mark.parametrize(("role", "point"), POINTS, ids=[point for _, point in POINTS])
def test_killed_at(role: str, point: str, crew: Crew, new: Callable[[int], int], label_studio: LabelStudio) -> None:
    project = new(16)
    crew.add(role, point, 1)
    crew.add("default" if role == "sam3" else "sam3")
    run_id = runs.create_run(project, ["cpu"], ids(label_studio, project))
    progress = wait_until_done(run_id, 600)
    assert crew.deaths(role) == {point: 1}
    assert (progress.done, progress.failed, progress.errors) == (16, 0, [])
    wait_for(lambda: everything_delivered(project), 180)
    assert counted(label_studio, project) == {1: 16}
    again = crew.computed() - 16
    if point == "seen by the model, not stored":
        assert 0 < again <= get_settings().chunk_tasks
    else:  # nothing was in the model, and what it has found is kept
        assert again == 0


@pytest.mark.long
def test_killed_at_every_point_five_times(crew: Crew, new: Callable[[int], int], label_studio: LabelStudio) -> None:
    count = 400
    project = new(count)
    for role in ("sam3", "default"):
        crew.add(role, "every", 5)
    run_id = runs.create_run(project, ["cpu"], ids(label_studio, project))
    progress = wait_until_done(run_id, 1500)
    assert crew.deaths("sam3") + crew.deaths("default") == {point: 5 for _, point in POINTS}
    assert (progress.done, progress.failed, progress.errors) == (count, 0, [])
    wait_for(lambda: everything_delivered(project), 180)
    assert counted(label_studio, project) == {1: count}
    assert 0 < crew.computed() - count <= 5 * get_settings().chunk_tasks


@pytest.mark.parametrize(("count", "kills"), [(120, 3), pytest.param(1000, 30, marks=pytest.mark.long)])
def test_killed_at_random__with_a_restart_of_the_queue(count: int, kills: int, crew: Crew, stack: Any,
                                                       new: Callable[[int], int], label_studio: LabelStudio) -> None:
    choice = random.Random(7)
    project = new(count)
    for role in ("sam3", "sam3", "default"):
        crew.add(role)
    run_id = runs.create_run(project, ["cpu", "fan"], ids(label_studio, project))
    killed, restarted = 0, False
    while (progress := runs.run_progress(run_id)).state in ("queued", "running"):
        time.sleep(0.05)
        # By progress, not by the clock: a slow machine has the time to start what was killed, and a fast one is not
        # done before the last is.
        if count - progress.waiting + progress.detected > count * (killed + 1) / (kills + 2) and killed < kills:
            time.sleep(choice.uniform(0, 0.3))
            crew.kill_one(choice)
            killed += 1
        if killed > kills / 2 and not restarted:
            stack.stop("valkey")
            stack.start("valkey")
            restarted = True
    assert restarted and killed == kills
    assert (progress.done, progress.failed, progress.errors) == (count, 0, [])
    wait_for(lambda: everything_delivered(project), 180)
    assert counted(label_studio, project) == {1: count}
    assert label_studio.project(project)["total_predictions_number"] == count
    # A queue that comes back without its data makes both workers' chunks look lost, once.
    assert count <= crew.computed() <= count + (killed + 2) * get_settings().chunk_tasks


def test_two_workers_share_a_run_and_two_runs_share_the_tasks(crew: Crew, new: Callable[[int], int],
                                                              label_studio: LabelStudio) -> None:
    project = new(48)
    tasks = ids(label_studio, project)
    for role in ("sam3", "sam3", "default"):
        crew.add(role)
    wait_for(lambda: at_work(crew, 2), 240)
    first, second = (runs.create_run(project, labels, tasks) for labels in (["cpu"], ["cpu", "fan"]))
    both = [wait_until_done(run_id, 400) for run_id in (first, second)]
    assert [(run.done, run.failed) for run in both] == [(48, 0)] * 2
    with connect() as connection:
        rows = connection.execute("SELECT run_id, worker FROM run_task WHERE run_id IN (%s, %s) AND worker IS NOT NULL",
                                  (first, second)).fetchall()
        detections = connection.execute("SELECT label, count(*) AS n FROM detection WHERE task_id = ANY(%s) "
                                        "GROUP BY label", (tasks,)).fetchall()
    assert len({row["worker"] for row in rows}) == 2
    assert {row["label"]: row["n"] for row in detections} == {"cpu": 48, "fan": 48}
    assert counted(label_studio, project) == {1: 48}
    shown = {name for task in label_studio.tasks(project) for region in task["predictions"][0]["result"]
             for name in region["value"][region["type"]]}
    assert shown == {"cpu", "fan"}


def at_work(crew: Crew, count: int) -> bool:
    """Whether the queue knows the first `count` of the crew: by process, since a dead one stays listed for a while."""
    from rq import Worker

    from argus import queue_names
    from argus.jobs import queues

    workers = Worker.all(connection=queues.get_redis())
    known = {worker.pid for worker in workers if queue_names.SAM3 in worker.queue_names()}
    return set(crew.pids()[:count]) <= known


def test_a_small_run_does_not_wait_for_a_large_one_of_another_project(crew: Crew, new: Callable[[int], int],
                                                                      label_studio: LabelStudio) -> None:
    large, small = new(160), new(8)
    crew.add("default")
    first = runs.create_run(large, ["cpu", "fan"], ids(label_studio, large))
    second = runs.create_run(small, ["cpu", "fan"], ids(label_studio, small))
    crew.add("sam3", "slow")  # 16 s for the large one, however fast the machine is
    assert wait_until_done(second, 400).done == 8
    assert runs.run_progress(first).waiting > 0
    assert runs.cancel_run(first).cancelled > 0
    # The chunk in work has ended … (a job on its way from the queue to a worker is in neither for an instant)
    wait_for(lambda: not any(time.sleep(0.1) or scheduling.live_jobs().detections[large] for _ in range(3)), 120)
    kept = computed(large)
    assert 0 < kept < 160
    scheduling.reconcile_runs()
    assert not scheduling.live_jobs().detections[large]
    other = new(8)
    assert wait_until_done(runs.create_run(other, ["cpu"], ids(label_studio, other)), 400).done == 8
    assert computed(large) == kept  # … and no other one was begun, while the worker had time for somebody else


def computed(project: int) -> int:
    with connect() as connection:
        row = connection.execute("SELECT count(DISTINCT task_id) AS n FROM detection JOIN task ON task.id = task_id "
                                 "WHERE project_id = %s", (project,)).fetchone()
    return int(row["n"]) if row else 0
