"""What becomes of a run's tasks, step by step: no worker takes any meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from argus.answers.runs import LeftOut
from argus.db import connect
from argus.errors import ArgusError
from argus.labelstudio import LabelStudio
from argus.settings import get_settings
from label_studio_config import projects
from label_studio_config.label_config import Concept
from label_studio_config.recipe import Recipe
from ml_backend.detection import store
from ml_backend.engines.base import Detections
from ml_backend.protocol.predict import Predictor
from ml_backend.runs import runs, scheduling, task_states
from tests.integration.ml_backend.test_runs import api, command
from tests.resting import resting
from tests.waiting import wait_for

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module", autouse=True)
def idle(stack: Any) -> Iterator[None]:
    """No worker computes or cleans up during these tests."""
    with resting(stack, "sam3-worker", "worker"):
        yield


def test_take__two_runs_never_take_the_same_task_and_take_turns(project: int, tasks: list[int]) -> None:
    first = runs.create_run(project, ["cpu"], tasks)
    second = runs.create_run(project, ["cpu"], tasks)
    taken = [task_states.take(project, f"job {i}", 3) for i in range(5)]
    assert [t and (t.run.id, len(t.task_ids)) for t in taken] == [(first, 3), (second, 3), (first, 2), None, None]
    assert len({task for t in taken if t for task in t.task_ids}) == 8
    assert task_states.jobs_in_work() >= {"job 0", "job 1", "job 2"}
    assert scheduling.reconcile_runs() >= 8  # nobody works on them: all are free again
    again = task_states.take(project, "job 9", 3)
    assert again and len(again.task_ids) == 3
    for run_id in (first, second):
        assert runs.cancel_run(run_id).cancelled == 8


def test_take__what_was_taken_often_goes_alone_and_is_given_up_at_last(project: int,
                                                                       tasks: list[int]) -> None:
    run_id = runs.create_run(project, ["cpu"], tasks[:4])
    with connect() as connection:
        connection.execute("UPDATE run_task SET attempts = CASE task_id WHEN %s THEN 2 WHEN %s THEN %s ELSE 0 END "
                           "WHERE run_id = %s", (tasks[0], tasks[1], task_states.MAX_ATTEMPTS, run_id))
    sizes = [task_states.take(project, f"job {i}", 8) for i in range(3)]
    assert [t and t.task_ids for t in sizes] == [tasks[2:4], tasks[:1], None]
    progress = runs.run_progress(run_id)
    assert (progress.failed, progress.errors[0].task) == (1, tasks[1])
    assert "Gave up after" in progress.errors[0].message
    runs.cancel_run(run_id)


def test_fail_for_now__is_tried_again_after_a_pause_and_a_bounded_number_of_times(project: int,
                                                                                  tasks: list[int]) -> None:
    run_id = runs.create_run(project, ["cpu"], tasks[:2])
    for attempt in range(task_states.MAX_ATTEMPTS):
        taken = task_states.take(project, f"job {attempt}", 8)  # together: neither is suspected of killing its worker
        assert taken and taken.task_ids == tasks[:2]
        task_states.fail_attempt(run_id, {tasks[0]: ArgusError("image_unreachable", "No answer."),
                                        tasks[1]: ArgusError("label_studio_unreachable", "It is away.")})
        assert task_states.take(project, "too early", 8) is None
        clock_moves(run_id, hours=-1 if attempt % 2 else 1)  # a clock that was put back makes nothing wait for ever
    progress = runs.run_progress(run_id)
    assert [(error.task, error.code) for error in progress.errors] == [(tasks[0], "image_unreachable")]
    assert (progress.failed, progress.waiting) == (1, 1)  # as long as Label Studio is away, no task is to blame
    taken = task_states.take(project, "job 9", 8)
    assert taken and taken.task_ids == tasks[1:2]
    runs.cancel_run(run_id)


def test_free_lost__what_kills_its_worker_goes_alone_though_it_failed_for_now_before(project: int,
                                                                                     tasks: list[int]) -> None:
    run_id = runs.create_run(project, ["cpu"], tasks[:2])
    assert task_states.take(project, "job 0", 8)
    task_states.fail_attempt(run_id, {task: ArgusError("image_unreachable", "No answer.") for task in tasks[:2]})
    clock_moves(run_id, hours=1)
    taken = task_states.take(project, "job 1", 8)
    assert taken and taken.task_ids == tasks[:2]
    assert task_states.release_stalled(["job 1"]) == 2  # one of the two killed the worker
    taken = task_states.take(project, "job 2", 8)
    assert taken and len(taken.task_ids) == 1
    runs.cancel_run(run_id)


def test_cancel_and_resume__by_rest(stack: Any, project: int, tasks: list[int]) -> None:
    run_id = api(stack, "POST", f"/projects/{project}/runs", 201, {"labels": ["cpu"], "task_ids": tasks[:3]})["id"]
    (first,) = (task_states.take(project, "job 0", 1) or pytest.fail()).task_ids
    task_states.mark_detected(run_id, [first], {first: 0.5}, "w")
    task_states.mark_delivered(run_id, [first])
    stopped = api(stack, "POST", f"/runs/{run_id}/cancel")
    assert (stopped["state"], stopped["done"], stopped["cancelled"], stopped["waiting"]) == ("cancelled", 1, 2, 0)
    assert stopped["finished_at"] and stopped["seconds_left"] is None
    assert task_states.take(project, "job 1", 8) is None
    assert api(stack, "POST", f"/runs/{run_id}/cancel", 409)["code"] == "conflict"
    again = api(stack, "POST", f"/runs/{run_id}/resume")
    assert (again["state"], again["done"], again["cancelled"], again["waiting"]) == ("running", 1, 0, 2)
    assert again["finished_at"] is None
    taken = task_states.take(project, "job 2", 8)
    assert taken and taken.task_ids == tasks[1:3]
    assert api(stack, "POST", f"/runs/{run_id}/cancel")["cancelled"] == 2
    assert api(stack, "POST", "/runs/999999/resume", 404)["code"] == "unknown_run"


@pytest.mark.parametrize(("state", "began", "ended", "rate", "left"), [
    ("running", 600, [300] * 3 + [30] * 3, 3 / 60, 2 / (3 / 60)),  # of the last minute: the run was resumed
    ("running", 20, [10] * 4, 4 / 20, 2 / (4 / 20)),  # younger than a minute
    ("running", 200, [100] * 5, 5 / 200, 2 / (5 / 200)),  # nothing in the last minute: of all its time
    ("running", 30, [], None, None),
    ("cancelled", 100, [90] * 5, 5 / 50, None),  # it ended 50 s ago
])
def test_progress__rate_and_seconds_left(state: str, began: int, ended: list[int], rate: float | None,
                                         left: float | None, project: int) -> None:
    with connect() as connection:
        row = connection.execute(
            "INSERT INTO run (project_id, labels, model_version, state, started_at, finished_at) VALUES (%s, '{cpu}', "
            "'v', %s, now() - make_interval(secs => %s), CASE WHEN %s = 'cancelled' THEN now() - interval '50 s' END) "
            "RETURNING id", (project, state, began, state)).fetchone()
        assert row is not None
        for number, ago in enumerate([*ended, None, None]):
            connection.execute("INSERT INTO run_task (run_id, task_id, state, ended_at) VALUES (%s, %s, %s, "
                               "now() - make_interval(secs => %s))",
                               (row["id"], 10**9 + number, "waiting" if ago is None else "done", ago))
    progress = runs.run_progress(row["id"])
    with connect() as connection:
        connection.execute("DELETE FROM run WHERE id = %s", (row["id"],))
    # The database's clock goes on between writing and reading.
    assert progress.rate == (rate and pytest.approx(rate, rel=0.1))
    assert progress.seconds_left == (left and pytest.approx(left, rel=0.1))
    assert progress.waiting == 2


def test_progress__says_how_many_objects_lie_beyond_the_cap(project: int, tasks: list[int]) -> None:
    with connect() as connection:
        run = connection.execute("INSERT INTO run (project_id, labels, model_version, state) VALUES "
                                 "(%s, '{cpu,fan}', 'v', 'done') RETURNING id", (project,)).fetchone()
        assert run is not None
        for task in tasks[:3]:
            connection.execute("INSERT INTO run_task (run_id, task_id, state) VALUES (%s, %s, 'done')",
                               (run["id"], task))
    recipe = Recipe("left out", (Concept("cpu", ("cpu",), 0.4), Concept("fan", ("fan",), 0.4)))
    full, whole = replace(Detections.none(), left_out=50), Detections.none()
    for task, found in zip(tasks, ({"cpu": full, "fan": full}, {"cpu": full}, {"cpu": whole}), strict=False):
        store.store(task, recipe, (64, 48), found)
    assert runs.run_progress(run["id"]).left_out == LeftOut(objects=150, tasks=2)
    assert runs.list_runs(project)[0].left_out == LeftOut(objects=150, tasks=2)
    assert "150 objects beyond the 500" in command("runs", "show", str(run["id"]))
    store.store(tasks[1], recipe, (64, 48), {"cpu": whole})  # looked at again
    assert runs.run_progress(run["id"]).left_out == LeftOut(objects=100, tasks=1)
    with connect() as connection:
        connection.execute("DELETE FROM run WHERE id = %s", (run["id"],))
        connection.execute("DELETE FROM detection WHERE task_id = ANY(%s) AND concept_key = ANY(%s)",
                           (tasks, [recipe.concept_key(concept) for concept in recipe.concepts]))


def clock_moves(run_id: int, hours: int) -> None:
    with connect() as connection:
        connection.execute("UPDATE run_task SET error = error || jsonb_build_object('at', now() + "
                           "make_interval(hours => %s)) WHERE run_id = %s AND state = 'waiting'", (hours, run_id))


def test_predict__calls_that_wait_are_bounded(project: int, tasks: list[int],
                                              label_studio: LabelStudio) -> None:
    predictor = Predictor(get_settings().model_copy(update={"predict_waiters": 1, "predict_deadline_single": 5.0}))
    row = projects.refresh(project)
    listed = list(label_studio.tasks(project, fields="task_only"))
    waiting = threading.Thread(target=predictor.answer, args=(row, listed[:1]))
    waiting.start()
    wait_for(lambda: predictor._seats._value == 0, 5, pause=0.01)  # type: ignore[attr-defined]
    assert predictor.answer(row, listed[1:2]) == [[]]
    assert waiting.is_alive()  # the second call did not wait for what the first waits for
    waiting.join()
    assert predictor.answer(row, listed[:1]) == [[]]
    left = runs.list_runs(project)  # one for each task: the last call found a run at work on its task
    assert [(run.requested, run.settings["source"]) for run in left] == [(1, "retrieve")] * 2
    for run in left:
        runs.cancel_run(run.id)

    box = {"type": "rectanglelabels", "value": {"x": 1, "y": 1, "width": 5, "height": 5, "rectanglelabels": ["cpu"]}}
    predictor._smart_tools.seats.acquire()
    with pytest.raises(ArgusError) as caught:
        predictor.interact(row, listed[0], {"result": [box]})
    assert caught.value.code == "not_ready"
