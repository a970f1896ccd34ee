"""The ML backend behind real Label Studio: one prediction a task, whatever happens at the same time."""

from __future__ import annotations

import functools
import io
import itertools
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import psutil  # type: ignore[import-untyped]
import pytest
import requests
from PIL import Image

from argus.answers.runs import Run
from argus.db import connect
from argus.errors import ArgusError
from argus.jobs import queues
from argus.labelstudio import LabelStudio
from argus.labelstudio.regions import object_of
from demo.draw import Split
from demo.scenes import Scene, SceneObject, make_scene, render_scene
from label_studio_config import projects
from label_studio_config.recipe import plan_for, recipe_for
from ml_backend.predictions import delivery, jobs
from ml_backend.runs import runs
from tests.resting import frozen
from tests.waiting import wait_for

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]
ALL = {"all": True, "excluded": []}


@functools.cache
def frame(index: int) -> tuple[bytes, list[SceneObject]]:
    """The index-th scene that shows a cpu: the JPEG file and what is on it."""
    seeds = (s for s in itertools.count() if any(p.part.label == "cpu" for p in scene(s).parts))
    image, truth = render_scene(scene(next(itertools.islice(seeds, index, None))), 640)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=92)
    return file.getvalue(), truth


@functools.cache
def scene(seed: int) -> Scene:
    return make_scene(Split.VALIDATION, f"backend {seed}")


def frames(count: int, first: int = 0) -> list[tuple[str, bytes]]:
    return [(f"{first + i:04d}.jpg", frame(first + i)[0]) for i in range(count)]


class Project:
    """A project of Label Studio as its users see it."""

    def __init__(self, ls: LabelStudio, project_id: int) -> None:
        self.ls, self.id = ls, project_id

    def tasks(self) -> dict[int, dict[str, Any]]:
        return {t["id"]: t for t in self.ls.tasks(self.id)}

    @property
    def ids(self) -> list[int]:
        return sorted(self.tasks())

    def predictions(self) -> dict[int, list[dict[str, Any]]]:
        return {i: t["predictions"] for i, t in self.tasks().items()}

    def per_task(self) -> Counter[int]:
        """How many tasks have how many predictions."""
        return Counter(len(p) for p in self.predictions().values())

    def retrieve(self, ids: list[int] | None = None) -> None:
        """Click "Retrieve Predictions"."""
        selected = ALL if ids is None else {"all": False, "included": ids}
        self.act("retrieve_tasks_predictions", selectedItems=selected)

    def act(self, action: str, **body: Any) -> Any:
        filters = {"conjunction": "and", "items": []}
        return self.ls.request("POST", f"/api/dm/actions?id={action}&project={self.id}", timeout=150,
                               json={"selectedItems": ALL, "filters": filters, **body})

    def settled(self) -> bool:
        """Whether nothing is on its way to this project."""
        with connect() as connection:
            claimed = connection.execute("SELECT FROM prediction WHERE project_id = %s AND state = 'claimed'",
                                         (self.id,)).fetchall()
        return not claimed and all(r.state not in ("queued", "running") for r in runs.list_runs(self.id))

    def run(self, labels: list[str], ids: list[int] | None = None) -> Run:
        run_id = runs.create_run(self.id, labels, self.ids if ids is None else ids)
        return finished(run_id)


def finished(run_id: int, seconds: float = 120) -> Run:
    wait_for(lambda: runs.run_progress(run_id).state not in ("queued", "running"), seconds)
    return runs.run_progress(run_id)


@pytest.fixture
def new(stack: Any, label_studio: LabelStudio, make_project: Callable[..., int]) -> Iterator[Callable[..., Project]]:
    """Return `new(count)`: a project with that many frames of the factory line, whose tasks Argus knows."""
    def make(count: int, images: list[tuple[str, bytes]] | None = None, threshold: float = 0.2) -> Project:
        project = make_project(("cpu", "fan"), frames(count) if images is None else images, masks=True)
        projects.set_threshold(project, [], threshold)  # low: these tests need regions, not good ones
        projects.refresh(project)
        return Project(label_studio, project)

    yield make


def together(*calls: Callable[[], object]) -> None:
    """Run calls at the same time; an exception in one fails the test."""
    errors: list[BaseException] = []

    def one(call: Callable[[], object]) -> None:
        try:
            call()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=one, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors


def test_retrieve__finds_the_parts_where_they_are(new: Callable[..., Project]) -> None:
    project = new(12, threshold=0.4)
    project.retrieve()
    wait_for(project.settled, 60)
    right = wrong = 0
    for task_id, (prediction,) in project.predictions().items():
        truth = frame(int(project.tasks()[task_id]["data"]["image"].rsplit("-", 1)[-1][:4]))[1]
        for region in prediction["result"]:
            if region["type"] == "rectanglelabels" and region["score"] >= 0.7:
                hit = any(o.label in labels_of(region) and overlap(region["value"], o) > 0.5 for o in truth)
                right, wrong = right + hit, wrong + (not hit)
    assert right >= 6
    assert wrong <= right / 5


def overlap(value: dict[str, Any], thing: SceneObject) -> float:
    """IoU of a region in percent and an object in pixels of a 640-pixel frame."""
    a = [value["x"] * 6.4, value["y"] * 3.6, (value["x"] + value["width"]) * 6.4, (value["y"] + value["height"]) * 3.6]
    b = thing.box
    shared = max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    return shared / float((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def test_delivery__two_retrieves_at_once_during_a_run_and_after_it(new: Callable[..., Project]) -> None:
    project = new(24)
    ids = project.ids
    together(project.retrieve, project.retrieve)
    wait_for(project.settled, 90)
    assert project.per_task() == {1: 24}
    project.act("delete_tasks_predictions")
    with connect() as connection:  # so that the model has to work again
        connection.execute("DELETE FROM detection WHERE task_id = ANY(%s)", (ids,))
    run_id = runs.create_run(project.id, ["cpu"], ids)
    together(project.retrieve, project.retrieve, lambda: project.retrieve(ids[:5]))
    assert finished(run_id).done == 24
    wait_for(project.settled, 90)
    assert project.per_task() == {1: 24}
    project.retrieve()
    wait_for(project.settled, 30)
    assert project.per_task() == {1: 24}


def test_delivery__pushes_at_once_make_one_prediction(new: Callable[..., Project]) -> None:
    project = new(6)
    project.run(["cpu"])
    project.act("delete_tasks_predictions")
    together(*[lambda: delivery.push(project.id, project.ids)] * 4)
    wait_for(lambda: set(jobs.push_tasks(project.id, project.ids)) and project.settled(), 30)
    assert project.per_task() == {1: 6}


def test_run__labels_add_to_the_same_prediction(new: Callable[..., Project]) -> None:
    project = new(10)
    first = project.run(["cpu"])
    before = project.predictions()
    assert {label for p in before.values() for r in p[0]["result"] for label in labels_of(r)} == {"cpu"}
    second = project.run(["fan"])
    after = project.predictions()
    assert {label for p in after.values() for r in p[0]["result"] for label in labels_of(r)} == {"cpu", "fan"}
    assert {i: [q["id"] for q in p] for i, p in after.items()} == {i: [q["id"] for q in p] for i, p in before.items()}
    assert first.model_version == second.model_version == project.ls.project(project.id)["model_version"]
    for task in project.tasks().values():
        (prediction,) = task["predictions"]
        scores = [r["score"] for r in prediction["result"]]
        assert prediction["score"] == task["predictions_score"] == (min(scores) if scores else None)


def labels_of(region: dict[str, Any]) -> list[str]:
    return list(region["value"][region["type"]])


def test_run__one_bad_image_and_one_deleted_task_fail_alone(new: Callable[..., Project]) -> None:
    project = new(5, [*frames(3), ("broken.jpg", b"not an image"), *frames(1, first=3)])
    ids = project.ids
    project.ls.delete(f"/api/tasks/{ids[0]}/")
    progress = project.run(["cpu"], [*ids, 10**9])
    assert (progress.state, progress.requested, progress.done, progress.failed) == ("done", 6, 3, 3)
    assert {e.task: e.code for e in progress.errors} == {
        ids[0]: "unknown_task", ids[3]: "bad_image", 10**9: "unknown_task"}
    assert all(e.message and "Traceback" not in e.message for e in progress.errors)
    assert project.per_task() == {1: 3, 0: 1}


def test_run__a_task_deleted_while_it_is_labelled(new: Callable[..., Project]) -> None:
    project = new(4)
    ids = project.ids
    project.run(["cpu"])
    project.ls.delete(f"/api/tasks/{ids[1]}/")
    outcomes = delivery.push(project.id, ids)
    gone = outcomes.pop(ids[1])
    assert isinstance(gone, ArgusError)
    assert gone.code == "unknown_task"
    assert set(outcomes.values()) == {"stored"}


def test_push__a_deleted_task_is_told_however_long_its_prediction_is(new: Callable[..., Project]) -> None:
    """Label Studio quotes the whole prediction before it says what is wrong with it."""
    project = new(1)
    project.run(["cpu"])
    (task,), row = project.ids, projects.load(project.id)
    (built,) = delivery.build(plan_for(row), recipe_for(row), [task]).values()
    assert len(json.dumps(built.result)) > 300
    project.ls.delete(f"/api/tasks/{task}/")
    outcome = delivery._create(project.id, row["model_version"], [built])[task]
    assert isinstance(outcome, ArgusError) and outcome.code == "unknown_task"


def test_run__refused_at_once(new: Callable[..., Project]) -> None:
    project = new(1)
    for labels, ids, code in ((["hdd"], project.ids, "unknown_label"), (["cpu"], [], "nothing_selected")):
        with pytest.raises(ArgusError) as caught:
            runs.create_run(project.id, labels, ids)
        assert caught.value.code == code
    with pytest.raises(ArgusError) as caught:
        runs.create_run(10**6, ["cpu"], [1])
    assert caught.value.code == "unknown_project"
    assert runs.list_runs(project.id) == []


def test_run__cancel_resume_and_jobs_that_were_lost(new: Callable[..., Project], stack: Any) -> None:
    project = new(6)
    ids = project.ids
    stack.stop("sam3-worker")
    try:
        stopped = runs.create_run(project.id, ["cpu"], ids[:3])
        assert runs.cancel_run(stopped).cancelled == 3
        with pytest.raises(ArgusError) as caught:
            runs.cancel_run(stopped)
        assert caught.value.code == "conflict"
        lost = runs.create_run(project.id, ["cpu"], ids[3:])
        queues.get_redis().flushdb()
    finally:
        stack.start("sam3-worker")
    assert finished(lost).done == 3
    assert project.per_task() == {1: 3, 0: 3}
    runs.resume_run(stopped)
    assert finished(stopped).done == 3
    assert project.per_task() == {1: 6}


def test_run__a_killed_worker_loses_and_doubles_nothing(new: Callable[..., Project], stack: Any) -> None:
    project = new(40)
    run_id = runs.create_run(project.id, ["cpu"], project.ids)
    wait_for(lambda: runs.run_progress(run_id).done >= 4, 60, pause=0.02)
    stack.kill("sam3-worker")
    stack.kill("worker")
    progress = finished(run_id, 180)
    assert (progress.done, progress.failed) == (40, 0)
    assert project.per_task() == {1: 40}


def test_recipe__a_new_threshold_rebuilds_without_the_model(new: Callable[..., Project]) -> None:
    project = new(8)
    old = project.run(["cpu", "fan"]).model_version
    before = [r["score"] for p in project.predictions().values() for r in p[0]["result"]]
    middle = sorted(before)[len(before) // 2]
    computed = computed_at(project)
    projects.set_threshold(project.id, [], middle)
    projects.refresh(project.id)
    jobs.remove_old_versions(project.id)
    after = project.predictions()
    versions = {q["model_version"] for p in after.values() for q in p}
    assert project.per_task() == {1: 8}
    assert old not in versions and len(versions) == 1
    assert project.ls.project(project.id)["model_version"] in versions
    scores = [r["score"] for p in after.values() for r in p[0]["result"]]
    assert min(scores) >= middle
    assert 0 < len(scores) < len(before)
    assert computed_at(project) == computed


def computed_at(project: Project) -> list[Any]:
    with connect() as connection:
        return connection.execute("SELECT task_id, label, created_at FROM detection WHERE task_id = ANY(%s) "
                                  "ORDER BY task_id, label", (project.ids,)).fetchall()


def test_retrieve__what_a_person_deleted_comes_back(new: Callable[..., Project]) -> None:
    project = new(4)
    project.run(["cpu", "fan"])
    project.act("delete_tasks_predictions")
    assert project.per_task() == {0: 4}
    project.retrieve(project.ids[:2])
    wait_for(project.settled, 30)
    assert project.per_task() == {1: 2, 0: 2}
    project.run(["cpu"])
    assert project.per_task() == {1: 4}


def test_claim__that_label_studio_never_stored_is_released(new: Callable[..., Project]) -> None:
    project = new(2)
    project.run(["cpu"])
    project.act("delete_tasks_predictions")
    lost, young = project.ids
    with connect() as connection:
        connection.execute("UPDATE prediction SET state = 'claimed', channel = 'predict', claimed_at = now() - CASE "
                           "WHEN task_id = %s THEN interval '1 hour' ELSE interval '0' END WHERE task_id = ANY(%s)",
                           (lost, project.ids))
    outcomes = delivery.push(project.id, project.ids)
    assert outcomes[young] == "later"  # its answer may still be on the way
    wait_for(lambda: [len(project.predictions()[i]) for i in (lost, young)] == [1, 0], 10)
    wait_for(lambda: project.settled() and project.per_task() == {1: 2}, 60)  # and once it is old, the pass releases it


def test_annotation__keeps_the_ids_that_join_box_and_mask(new: Callable[..., Project]) -> None:
    project = new(10)
    run = project.run(["cpu", "fan"])
    project.act("predictions_to_annotations", model_version=run.model_version)
    pairs = 0
    for task in project.tasks().values():
        for annotation in task["annotations"]:
            objects: dict[str, list[tuple[Any, ...]]] = {}
            for region in annotation["result"]:
                part = (region["type"], *labels_of(region), region["score"])
                objects.setdefault(object_of(region["id"]), []).append(part)
            for parts in objects.values():
                assert len({part[1:] for part in parts}) == 1
                pairs += {part[0] for part in parts} == {"rectanglelabels", "brushlabels"}
    assert pairs >= 4


def test_open__a_task_is_there_before_a_worker_that_takes_long_has_predicted_it(new: Callable[..., Project],
                                                                                   stack: Any) -> None:
    project = new(1)
    with frozen(stack, "sam3-worker"):
        project.ls.get(f"/api/tasks/{project.ids[0]}/", project=project.id)
        assert project.per_task() == {0: 1}
    wait_for(lambda: project.settled() and project.per_task() == {1: 1}, 30)


def test_predict__with_no_worker_answers_empty_and_a_run_goes_on(new: Callable[..., Project], stack: Any) -> None:
    project = new(3)
    stack.stop("sam3-worker")
    try:
        answer = ask(stack, project, [{"id": i, "data": t["data"]} for i, t in project.tasks().items()][:1])
        assert answer.json()["results"] == [[]]
    finally:
        stack.start("sam3-worker")
    wait_for(lambda: project.per_task() == {1: 1, 0: 2}, 120)  # the worker loads its model first
    assert [r.settings["source"] for r in runs.list_runs(project.id)] == ["retrieve"]


def ask(stack: Any, project: Project, tasks: list[dict[str, Any]], **params: Any) -> requests.Response:
    """Send /predict as Label Studio does."""
    body = {"tasks": tasks, "project": f"{project.id}.1795330988",
            "params": {"login": None, "password": None, **params},
            "label_config": project.ls.project(project.id)["label_config"]}
    return requests.post(f"{stack.settings.ml_backend_url}/predict", json=body, timeout=110)


def test_predict__one_entry_per_task_in_order(new: Callable[..., Project], stack: Any) -> None:
    project = new(3)
    tasks = [{"id": i, "data": t["data"]} for i, t in project.tasks().items()]
    odd: list[dict[str, Any]] = [{"id": 10**9, "data": {"text": "no image"}}, {"id": 10**9 + 1}]
    results = ask(stack, project, [odd[0], tasks[2], tasks[0], odd[1], tasks[1]]).json()["results"]
    assert [bool(r) for r in results] == [False, True, True, False, True]
    assert all(set(r) == {"result", "score", "model_version"} for r in results if r)
    sizes = {r["original_width"] for result in results if result for r in result["result"]}
    assert sizes == {640}
    again = ask(stack, project, tasks).json()["results"]
    assert again == [[], [], []]  # claimed by the answer before


def test_setup__a_config_with_nothing_to_fill_says_why(stack: Any) -> None:
    answer = requests.post(f"{stack.settings.ml_backend_url}/setup", timeout=10, json={
        "project": "999999.1", "schema": "<View><Text name='t' value='$t'/></View>", "hostname": "x"})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_label_config")


def test_health_and_setup__answer_while_a_batch_runs(new: Callable[..., Project], stack: Any) -> None:
    project = new(30)
    url, body = stack.settings.ml_backend_url, {"project": f"{project.id}.1",
                                                "schema": project.ls.project(project.id)["label_config"]}
    run_id = runs.create_run(project.id, ["cpu", "fan"], project.ids)
    clicks = threading.Thread(target=project.retrieve)
    clicks.start()
    during = 0
    while (progress := runs.run_progress(run_id)).state in ("queued", "running"):
        for method, path in (("GET", "/health"), ("POST", "/setup")):  # after a second without /health we are "away"
            assert requests.request(method, url + path, json=body, timeout=1).status_code == 200
        during += progress.waiting < 30 and runs.run_progress(run_id).waiting > 0
    clicks.join()
    assert during > 1  # both answered more than once between the first computed task and the last one


def test_web_process__never_loads_torch_and_stays_small(stack: Any) -> None:
    top = psutil.Process(stack.pid("ml-backend"))
    for process in [top, *top.children(recursive=True)]:
        assert process.memory_info().rss < 200 * 2**20
        assert not any("libtorch" in m.path for m in process.memory_maps())


def test_rotated_image__boxes_are_where_a_person_sees_them(new: Callable[..., Project]) -> None:
    seed = next(i for i in range(200) if any(o.label == "cpu" for o in frame(i)[1]))
    upright = Image.open(io.BytesIO(frame(seed)[0]))
    exif = Image.Exif()
    exif[0x0112] = 6  # stored turned by 90°: shown turned back
    file = io.BytesIO()
    upright.rotate(90, expand=True).save(file, "JPEG", quality=92, exif=exif)
    project = new(2, [("a.jpg", frame(seed)[0]), ("b.jpg", file.getvalue())])
    assert project.run(["cpu"]).errors == []
    plain, turned = (p[0]["result"] for _, p in sorted(project.predictions().items()))
    assert plain
    assert {(r["original_width"], r["original_height"]) for r in turned} == {(640, 360)}
    for a, b in zip(plain, turned, strict=True):
        if a["type"] == "rectanglelabels":
            assert all(abs(a["value"][k] - b["value"][k]) < 1.5 for k in ("x", "y", "width", "height"))
