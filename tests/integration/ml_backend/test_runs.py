"""Runs as their users meet them: cost before the start, lists, errors, the REST API and the command line."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests
from click.testing import CliRunner

from argus import queue_names
from argus.answers.runs import LeftOut
from argus.db import connect
from argus.errors import ArgusError
from argus.jobs import queues
from argus.labelstudio import LabelStudio
from argus.settings import get_settings
from argus_cli.main import main
from demo.draw import Split
from label_studio_config import projects
from label_studio_config.label_config import Concept
from label_studio_config.recipe import Recipe, recipe_for
from ml_backend.detection import store
from ml_backend.engines.base import Detections
from ml_backend.protocol.predict import Predictor
from ml_backend.runs import runs, scheduling, task_states
from search_service.sync import tasks as sync_tasks
from tests.pictures import scene
from tests.resting import resting
from tests.waiting import wait_for

pytestmark = pytest.mark.integration


@pytest.fixture
def project(stack: Any, make_project: Callable[..., int]) -> int:
    """A project of eight tasks, the last of which is no image."""
    files = [(f"{i}.jpg", scene(f"runs {i}", 320, Split.VALIDATION)) for i in range(7)] + [("broken.jpg", b"no image")]
    project = make_project(("cpu", "fan"), files)
    sync_tasks.sync_project(project)
    return project


@pytest.fixture
def tasks(project: int, label_studio: LabelStudio) -> list[int]:
    return [task["id"] for task in label_studio.tasks(project, fields="task_only")]


@pytest.fixture
def idle(stack: Any) -> Iterator[None]:
    """No worker computes or cleans up during the test."""
    with resting(stack, "sam3-worker", "worker"):
        yield


def api(stack: Any, method: str, path: str, status: int = 200, body: Any = None) -> Any:
    answer = requests.request(method, f"{stack.settings.search_service_url}/api/v1{path}", json=body, timeout=60)
    assert answer.status_code == status, answer.text
    return answer.json()


def command(*arguments: str) -> str:
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_run_from_its_estimate_to_its_place_in_the_list(stack: Any, project: int, tasks: list[int]) -> None:
    body = {"labels": ["cpu"], "task_ids": tasks}
    wait_for(lambda: queues.workers_of(queue_names.SAM3), 120)  # it has loaded its model, tested it, and timed the test
    before = api(stack, "POST", f"/projects/{project}/runs/estimate", body=body)
    assert (before["tasks"], before["to_compute"]) == (8, 8)
    assert before["seconds"] > 0 and before["measured_images"] > 0
    started = api(stack, "POST", f"/projects/{project}/runs", 201, body | {"max_tasks": 3})
    run_id = started["id"]
    assert started["requested"] == 3
    wait_for(lambda: api(stack, "GET", f"/runs/{run_id}")["state"] == "done", 120)
    after = api(stack, "POST", f"/projects/{project}/runs/estimate", body=body)
    assert (after["to_compute"], after["tasks_ahead"]) == (5, 0)
    estimate = json.loads(command("annotate", "-p", str(project), "--all", "--estimate", "-l", "cpu", "--json"))
    assert estimate["to_compute"] == 5

    second = json.loads(command("annotate", "-p", str(project), "--all", "-l", "cpu", "--max-tasks", "6", "--json"))
    assert (second["requested"], second["computed"], second["done"], second["failed"]) == (6, 4, 5, 1)
    (error,) = second["errors"]
    assert (error["task"], error["code"]) == (tasks[-1], "bad_image")
    assert error["message"].endswith(".") and "Traceback" not in error["message"]

    listed = api(stack, "GET", f"/projects/{project}/runs")["runs"]
    assert [(run["id"], run["requested"]) for run in listed] == [(second["id"], 6), (run_id, 3)]
    assert [run["settings"]["source"] for run in listed] == ["all", "tasks"]
    assert listed[0]["settings"]["recipe"]["labels"] == [{"label": "cpu", "prompts": ["cpu"], "threshold": 0.4}]
    assert [(e["tasks"], e["code"]) for e in listed[0]["errors"]] == [(1, "bad_image")]
    shown = command("runs", "list", "-p", str(project))
    assert "1 task: " in shown and error["message"][:20] in shown

    with resting(stack, "sam3-worker"):  # or it may have tried again before the answer is written
        assert api(stack, "POST", f"/runs/{second['id']}/retry")["waiting"] == 1
    wait_for(lambda: api(stack, "GET", f"/runs/{second['id']}")["state"] == "done", 120)
    assert api(stack, "GET", f"/runs/{second['id']}")["failed"] == 1


@pytest.mark.parametrize("body", [
    {}, {"labels": [], "all": True}, {"labels": ["cpu"]}, {"labels": ["cpu"], "all": True, "max_tasks": 0},
    {"labels": ["cpu"], "all": True, "task_ids": [1]}, {"labels": "cpu", "all": True}])
def test_estimate__refused_with_a_sentence(stack: Any, body: Any) -> None:
    problem = api(stack, "POST", "/projects/1/runs/estimate", 400, body)
    assert problem["code"] == "bad_request" and problem["detail"].endswith(".")


def test_estimate__of_what_is_not_there(stack: Any, project: int) -> None:
    path = f"/projects/{project}/runs"
    for ending in ("", "/estimate"):
        assert api(stack, "POST", path + ending, 422, {"labels": ["hdd"], "all": True})["code"] == "unknown_label"
        assert api(stack, "POST", f"/projects/999999/runs{ending}", 404, {"labels": ["cpu"], "all": True})
    assert api(stack, "POST", "/runs/999999/retry", 404)["code"] == "unknown_run"
    assert api(stack, "GET", path)["runs"] == []


def test_take__two_runs_never_take_the_same_task_and_take_turns(idle: None, project: int, tasks: list[int]) -> None:
    first = runs.create_run(project, ["cpu"], tasks)
    second = runs.create_run(project, ["cpu"], tasks)
    taken = [task_states.take(project, f"job {i}", 3) for i in range(5)]
    assert [t and (t.run["id"], len(t.task_ids)) for t in taken] == [(first, 3), (second, 3), (first, 2), None, None]
    assert len({task for t in taken if t for task in t.task_ids}) == 8
    assert task_states.jobs_in_work() >= {"job 0", "job 1", "job 2"}
    assert scheduling.reconcile_runs() >= 8  # nobody works on them: all are free again
    again = task_states.take(project, "job 9", 3)
    assert again and len(again.task_ids) == 3
    for run_id in (first, second):
        assert runs.cancel_run(run_id).cancelled == 8


def test_take__what_was_taken_often_goes_alone_and_is_given_up_at_last(idle: None, project: int,
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


def test_fail_for_now__is_tried_again_after_a_pause_and_a_bounded_number_of_times(idle: None, project: int,
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


def test_free_lost__what_kills_its_worker_goes_alone_though_it_failed_for_now_before(idle: None, project: int,
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


def test_cancel_and_resume__by_rest(idle: None, stack: Any, project: int, tasks: list[int]) -> None:
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
                                         left: float | None, idle: None, project: int) -> None:
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


def test_progress__says_how_many_objects_lie_beyond_the_cap(idle: None, project: int, tasks: list[int]) -> None:
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


def test_predict__calls_that_wait_are_bounded(idle: None, project: int, tasks: list[int],
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
    predictor._clicks.acquire()
    with pytest.raises(ArgusError) as caught:
        predictor.interact(row, listed[0], {"result": [box]})
    assert caught.value.code == "not_ready"


def test_predict__without_the_queue_answers_what_is_computed(stack: Any, project: int, tasks: list[int],
                                                             label_studio: LabelStudio) -> None:
    run_id = runs.create_run(project, [], tasks[:3])
    wait_for(lambda: runs.run_progress(run_id).state == "done", 120)
    with connect() as connection:
        connection.execute("DELETE FROM prediction WHERE task_id = ANY(%s)", (tasks[:2],))
    body = {"tasks": list(label_studio.tasks(project, fields="task_only")), "project": f"{project}.1",
            "label_config": label_studio.project(project)["label_config"], "params": {"context": None}}
    stack.stop("valkey")
    try:
        answer = requests.post(f"{stack.settings.ml_backend_url}/predict", json=body, timeout=90)
    finally:
        stack.start("valkey")
    assert answer.status_code == 200
    assert [bool(entry) for entry in answer.json()["results"]] == [True] * 2 + [False] * 6
    assert recipe_for(projects.load(project)).model_version == answer.json()["results"][0]["model_version"]
    assert queues.get_redis().ping()


@pytest.mark.long
@pytest.mark.timeout(900)
def test_label_studio__connects_tests_retrieves_300_and_disconnects(stack: Any, make_project: Callable[..., int],
                                                                    label_studio: LabelStudio) -> None:
    count = 300
    project = make_project(("cpu", "fan"), [(f"{i}.jpg", scene(f"runs {i}", 320, Split.VALIDATION)) for i in range(20)])
    urls = [task["data"]["image"] for task in label_studio.tasks(project)]
    label_studio.post(f"/api/projects/{project}/import", [{"image": urls[i % 20]} for i in range(count - 20)],
                      timeout=120)
    backend = label_studio.get("/api/ml/", project=project)[0]
    assert backend["state"] == "CO"
    version = projects.refresh(project)["model_version"]
    tried = label_studio.post(f"/api/ml/{backend['id']}/predict/test?random=true", timeout=60)
    assert tried["status"] == 200 and len(tried["response"]) == 1

    retrieve(label_studio, project)
    wait_for(lambda: settled(project), 300, pause=1)  # what was not ready in time comes by a run
    assert versions(label_studio, project) == [[version]] * count
    retrieve(label_studio, project)
    wait_for(lambda: settled(project), 60, pause=1)
    assert versions(label_studio, project) == [[version]] * count

    before = computed(project)
    projects.set_threshold(project, [], 0.55)
    changed = projects.refresh(project)["model_version"]
    retrieve(label_studio, project)
    wait_for(lambda: settled(project) and versions(label_studio, project) == [[changed]] * count, 240, pause=2)
    assert changed != version and computed(project) == before

    label_studio.delete(f"/api/ml/{backend['id']}")
    assert label_studio.get("/api/ml/", project=project) == []
    assert versions(label_studio, project) == [[changed]] * count  # people keep what they have


def retrieve(label_studio: LabelStudio, project: int) -> None:
    """Click "Retrieve predictions" for every task."""
    label_studio.request("POST", f"/api/dm/actions?id=retrieve_tasks_predictions&project={project}", timeout=240, json={
        "selectedItems": {"all": True, "excluded": []}, "filters": {"conjunction": "and", "items": []}})


def versions(label_studio: LabelStudio, project: int) -> list[list[str]]:
    """The model versions of each task's predictions."""
    return [[p["model_version"] for p in task["predictions"]] for task in label_studio.tasks(project)]


def settled(project: int) -> bool:
    with connect() as connection:
        claimed = connection.execute("SELECT FROM prediction WHERE project_id = %s AND state = 'claimed'",
                                     (project,)).fetchall()
    return not claimed and all(r.state not in ("queued", "running") for r in runs.list_runs(project))


def computed(project: int) -> list[Any]:
    with connect() as connection:
        return connection.execute("SELECT task_id, label, detection.created_at FROM detection JOIN task "
                                  "ON task.id = task_id WHERE project_id = %s ORDER BY 1, 2", (project,)).fetchall()
