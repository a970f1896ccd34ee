"""The control arm on a real Label Studio, database and queue: what is drawn, not predicted, and timed."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from argus.answers.runs import Run
from argus.db import connect
from argus.errors import ArgusError
from argus.labelstudio import LabelStudio
from argus.settings import get_settings
from argus_cli.main import main
from label_studio_config import arm_store, projects
from label_studio_config.recipe import plan_for, recipe_for
from ml_backend.detection import store as detections
from ml_backend.engines.base import Detections
from ml_backend.predictions import delivery
from ml_backend.protocol.predict import Predictor
from ml_backend.runs import runs
from search_service.review import service as review
from search_service.review import wall
from search_service.review.calibration import arm
from search_service.review.calibration import arm_store as arm_times
from search_service.sync import tasks as sync

pytestmark = pytest.mark.integration

FAR = 10_000_000  # ids of tasks that Label Studio does not have
BOX = Detections(np.array([0.9], np.float32), np.array([[1, 1, 9, 9]], np.float32), [None])


class Armed:
    """A project whose new tasks are drawn."""

    def __init__(self, project_id: int, ls: LabelStudio) -> None:
        self.id, self.ls = project_id, ls
        projects.refresh(project_id)

    def bring(self, count: int, *, known: bool = True) -> list[int]:
        """Make tasks in Label Studio and return those that are new; `known`: Argus has seen them."""
        before = {task["id"] for task in self.ls.tasks(self.id, fields="task_only")}
        self.ls.post(f"/api/projects/{self.id}/import", [{"image": f"http://localhost/{n}.jpg"} for n in range(count)])
        listed = [task for task in self.ls.tasks(self.id, fields="task_only") if task["id"] not in before]
        if known:
            projects.remember_tasks(self.id, plan_for(projects.load(self.id)).image, listed)
        return sorted(task["id"] for task in listed)

    def draw(self, first: int, count: int) -> set[int]:
        """Make rows of tasks, and return those that are to be labelled without predictions."""
        with connect() as connection:
            connection.execute("INSERT INTO task (id, project_id, image) SELECT n, %s, 'x' FROM generate_series(%s, %s)"
                               " AS n", (self.id, first, first + count - 1))
        return {task for task in arm_store.waiting(self.id) if first <= task < first + count}

    def label(self, tasks: list[int], seconds: float | None) -> None:
        for number, task in enumerate(tasks):
            self.ls.post(f"/api/tasks/{task}/annotations/", {
                "result": [], **({"lead_time": seconds + number} if seconds else {})})
        sync.sync_project(self.id)
        arm.follow(self.id)

    def predict(self, tasks: list[int]) -> None:
        recipe = recipe_for(projects.load(self.id))
        for task in tasks:
            detections.store(task, recipe, (20, 20), {
                one.label: BOX if one.label == "cpu" else Detections.none() for one in recipe.concepts})
        assert set(delivery.push(self.id, tasks).values()) == {"stored"}

    def in_view(self) -> list[int] | None:
        """Return the tasks that the arm's view in Label Studio names; None without such a view."""
        views = {view["data"]["title"]: view["data"]["filters"] for view in self.ls.views(self.id)}
        found = views.get("Review: without predictions")
        return None if found is None else sorted(int(item["value"]) for item in found["items"])


@pytest.fixture
def armed(new_project: Callable[[], int], label_studio: LabelStudio) -> Armed:
    return Armed(new_project(), label_studio)


def test_the_draw__is_of_new_tasks_alone__of_the_right_share_and_the_same_every_time(armed: Armed) -> None:
    assert armed.draw(FAR, 100) == set()  # there is no arm yet
    arm.set_share(armed.id, 0.3)
    drawn = armed.draw(FAR + 1000, 2000)
    assert 600 - 82 < len(drawn) < 600 + 82  # four standard deviations
    with connect() as connection:
        row = connection.execute("SELECT arm_seed FROM project WHERE id = %s", (armed.id,)).fetchone()
    assert row is not None

    def by_hand(task: int) -> bool:
        digest = hashlib.md5(f"{row['arm_seed']}:{task}".encode()).hexdigest()
        return int(digest[:8], 16) / 2**32 < 0.3

    assert drawn == {task for task in range(FAR + 1000, FAR + 3000) if by_hand(task)}
    assert len(set(arm_store.waiting(armed.id)) & set(range(FAR, FAR + 100))) == 0
    arm.set_share(armed.id, 0.1)
    assert {task for task in arm_store.waiting(armed.id) if task < FAR + 3000} == drawn  # they stay drawn
    fewer = armed.draw(FAR + 6000, 2000)
    assert 200 - 54 < len(fewer) < 200 + 54
    arm.set_share(armed.id, 0)
    assert arm_store.waiting(armed.id) == []
    arm.set_share(armed.id, 0.3)
    assert arm_store.waiting(armed.id) == []  # what went back to the others is not drawn again


def stopped(run_id: int) -> Run:
    """Return a run as it was asked for; a worker that another test left would go on with it."""
    return runs.cancel_run(run_id)


def test_nothing_is_predicted_on_drawn_tasks_until_the_arm_is_off(armed: Armed,
                                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ml_backend.predictions.jobs.schedule", lambda *args, **given: None)  # the project goes before
    arm.set_share(armed.id, 0.5)
    tasks = armed.bring(24)
    drawn = arm_store.waiting(armed.id)
    assert 0 < len(drawn) < 24  # fails by chance once in eight million
    arm.follow(armed.id)
    assert armed.in_view() == drawn
    run = stopped(runs.create_run(armed.id, ["cpu"], tasks))
    assert (run.without_predictions, run.requested) == (len(drawn), 24 - len(drawn))
    with pytest.raises(ArgusError, match="without predictions") as refused:
        runs.create_run(armed.id, ["cpu"], drawn)
    assert refused.value.code == "nothing_selected"
    with pytest.raises(ArgusError):
        runs.estimate(armed.id, ["cpu"], drawn)

    project = projects.load(armed.id)
    recipe = recipe_for(project)
    free = next(task for task in tasks if task not in drawn)
    for task in (free, drawn[0]):
        detections.store(task, recipe, (20, 20), {concept.label: BOX for concept in recipe.concepts})
    listed = [task for task in armed.ls.tasks(armed.id, fields="task_only") if task["id"] in (free, drawn[0])]
    answers = dict(zip([task["id"] for task in listed], Predictor(get_settings()).answer(project, listed), strict=True))
    assert answers[drawn[0]] == [] and answers[free] != []

    unseen = armed.bring(24, known=False)  # the run itself brings them in
    later = stopped(runs.create_run(armed.id, ["cpu"], unseen))
    assert later.without_predictions == len(set(arm_store.waiting(armed.id)) & set(unseen)) > 0
    assert later.requested + later.without_predictions == 24

    arm.set_share(armed.id, 0)
    assert armed.in_view() is None
    after = stopped(runs.create_run(armed.id, ["cpu"], drawn))
    assert (after.without_predictions, after.requested) == (0, len(drawn))


def test_minutes_come_with_five_of_each_kind(armed: Armed, client: FlaskClient) -> None:
    path = f"/api/v1/projects/{armed.id}/trust"

    def told() -> Any:
        return client.get(f"{path}/labour").get_json()

    assert told()["arm"]["share"] == 0 and told()["line"] == "Actions so far: 0. Nothing is accepted yet."
    assert client.put(f"{path}/arm", json={"share": 0.5}).get_json()["share"] == 0.5
    assert client.put(f"{path}/arm", json={"share": 0.6}).status_code == 400
    tasks = armed.bring(40)
    without = arm_store.waiting(armed.id)
    helped = [task for task in tasks if task not in without]
    assert min(len(without), len(helped)) >= 7
    armed.label(without[:4], 40)
    armed.label(helped[6:7], 90)  # before its prediction came: it counts in neither arm
    armed.predict(helped)
    armed.label(helped[:6], 10)
    few = told()
    assert (few["arm"]["timed_with"], few["arm"]["timed_without"], few["minutes_saved"]) == (6, 4, None)
    assert "Timed so far: 6 tasks with predictions, 4 without; minutes are told from 5 of each." in few["line"]
    armed.label(without[4:5], 41)
    armed.label(without[5:6], None)  # without a time it counts in no arm
    enough = told()
    found = enough["arm"]
    assert (found["timed_with"], found["timed_without"]) == (6, 5)
    assert found["low"] < found["ratio"] < found["high"] < 0.5
    assert found["ratio"] == pytest.approx(found["seconds_with"] / found["seconds_without"])
    assert enough["minutes_saved"] == pytest.approx(6 * (found["seconds_without"] - found["seconds_with"]) / 60)
    assert found["waiting"] == without[6:]
    assert client.get(path).get_json()["labour"] == enough
    said = CliRunner().invoke(main, ["trust", "status", "--project", str(armed.id)])
    assert "of the 41 seconds that it takes without, by 6 and 5 tasks: about" in said.output, said.output
    off = CliRunner().invoke(main, ["trust", "arm", "--project", str(armed.id), "--share", "0"])
    assert off.exit_code == 0 and "The control arm is off" in off.output, off.output
    assert told()["arm"]["timed_without"] == 5  # what was timed stays


def test_what_people_do_on_the_page_counts_with_predictions__and_what_came_labelled_counts_nowhere(
        armed: Armed) -> None:
    arm.set_share(armed.id, 0.3)
    armed.ls.post(f"/api/projects/{armed.id}/import", [
        {"data": {"image": f"http://localhost/{n}.jpg"}, "annotations": [{"result": [], "lead_time": 30.0}]}
        for n in range(12)])
    sync.sync_project(armed.id)
    arm.follow(armed.id)
    assert (arm.figures(armed.id).timed_with, arm.figures(armed.id).timed_without) == (0, 0)
    tasks = armed.bring(20)
    helped = [task for task in tasks if task not in arm_store.waiting(armed.id)][:3]
    armed.predict(helped)
    shown = {one.task: one.object for one in wall.page(armed.id).shown if one.label == "cpu"}
    for task in helped:
        wall.judge(armed.id, "right", [(task, shown[task])])
        time.sleep(1.2)  # what lies closer than a second is one act
    assert review.accept(armed.id, min_score=0.0).accepted_tasks == 3
    sync.sync_project(armed.id)
    arm.follow(armed.id)
    assert arm.figures(armed.id).timed_with == 3
    own = arm.own_seconds(arm_times.acts(armed.id))
    assert own.keys() == set(helped) and all(1 < seconds < 60 for seconds in own.values())
