"""What is left in *To fix* after accepting without the rejected, and why, on a real Label Studio and database."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from argus import audit
from argus.db import connect
from argus.labelstudio import LabelStudio
from label_studio_config import projects
from label_studio_config.recipe import recipe_for
from ml_backend.detection import store as detections
from ml_backend.engines.base import Detections
from search_service.review import check_first, service, wall
from search_service.review.set_aside import put_back, set_aside
from search_service.review.verification import service as verification
from tests.integration.search_service.review.test_check_first import HEIGHT, WEAK, WIDTH, Ask, Line, ask, line
from tests.integration.search_service.review.test_without_rejected import Boxed

__all__ = ["ask", "line"]  # fixtures
pytestmark = pytest.mark.integration

ADA, BEN = ("ada@example.com", 7), ("ben@example.com", 8)


@pytest.fixture
def boxed(new_project: Callable[[], int], label_studio: LabelStudio) -> Boxed:
    return Boxed(new_project(), label_studio, ((0.95,), (0.97, 0.92), (0.96, 0.93), (0.95, 0.8), (0.94, 0.75, 0.72)))


def left(client: FlaskClient, project: int) -> tuple[int, dict[str, list[int]]]:
    """Return how many tasks are ready, and those that are left by their reason, as REST says it."""
    said = client.get(f"/api/v1/projects/{project}/review/to-fix").get_json()
    assert said["tasks"] == said["ready"] + sum(len(one["tasks"]) for one in said["left"])
    return said["ready"], {one["reason"]: one["tasks"] for one in said["left"]}


def test_what_is_suspected_after_a_rejection_is_asked_and_then_the_task_is_accepted(
        line: Line, ask: Ask, client: FlaskClient) -> None:
    task = line.tasks[WEAK]
    line.detect(WEAK)
    (cpu,) = [one for one in wall.page(line.id).shown if one.task == task]
    wall.judge(line.id, "wrong", [(task, cpu.object)])
    assert left(client, line.id) == (1, {})
    line.detect(1, 3)  # now the frames around show a fan
    line.settle()
    assert left(client, line.id) == (0, {"check_first": [task]})
    assert service.accept(line.id, judged=True, ls=line.ls).accepted_tasks == 0
    asked = ask()
    assert [one["task"] for one in asked["suspicions"]] == [task]
    assert asked["tasks"] == 1
    ask(body={"suspicion": asked["suspicions"][0]["id"], "verdict": "nothing_there"})
    assert left(client, line.id) == (1, {})
    assert service.accept(line.id, judged=True, ls=line.ls).accepted_tasks == 1
    assert left(client, line.id) == (0, {})


@pytest.mark.parametrize(("moved", "aside"), [(1.0, 1), (300.0, 0), (None, 0)])
def test_an_odd_object_that_was_detected_anew_is_rejected_where_it_is_now(
        line: Line, ask: Ask, moved: float | None, aside: int) -> None:
    ask("/check-first/kinds", put={"on": ["two_labels"]})
    recipe, box = recipe_for(projects.load(line.id)), np.array([[100, 100, 220, 200]], np.float32)

    def found(fan: float | None) -> dict[str, Detections]:
        one = Detections.none() if fan is None else Detections(np.array([0.95], np.float32), box + fan, [None])
        return {"cpu": Detections(np.array([0.97], np.float32), box, [None]), "fan": one}

    detections.store(line.tasks[0], recipe, (WIDTH, HEIGHT), found(2.0))
    line.deliver(0)
    (odd,) = ask()["suspicions"]
    detections.store(line.tasks[0], recipe, (WIDTH, HEIGHT), found(moved))  # and nothing was told anew yet
    ask(body={"suspicion": odd["id"], "verdict": "reject"})
    assert ask("")["set_aside"] == aside
    assert service.accept(line.id, judged=True, ls=line.ls).accepted_tasks == 0  # the cpu was not judged
    (cpu,) = [one for one in wall.page(line.id).shown if one.label == "cpu"]
    wall.judge(line.id, "right", [(cpu.task, cpu.object)])
    fans = [(one.task, one.object) for one in wall.page(line.id).shown if one.label == "fan" and not one.verdict]
    if fans:
        wall.judge(line.id, "right", fans)
    assert service.accept(line.id, judged=True, ls=line.ls).accepted_tasks == 1
    check_first.undo(line.id, odd["id"], ls=line.ls)


def test_each_task_that_stays_says_why(boxed: Boxed, client: FlaskClient) -> None:
    tasks = boxed.tasks
    set_aside(boxed.id, tasks[0], "fix")
    set_aside(boxed.id, tasks[1], "fix", object_id=boxed.objects(1)[0])
    set_aside(boxed.id, tasks[2], "rejected", object_id="0" * 12)
    boxed.reject(3, 0)
    boxed.reject(4, 0)
    why: dict[str, Any] = {"whole": [tasks[0]], "unsure": [tasks[1]], "gone": [tasks[2]]}
    assert left(client, boxed.id) == (1, {**why, "unjudged": [tasks[4]]})
    other = (tasks[4], boxed.objects(4)[1])
    for person, verdict in ((ADA, "wrong"), (BEN, "right")):
        audit.act_as(*person)
        wall.judge(boxed.id, verdict, [other])
    assert left(client, boxed.id) == (1, {**why, "disputed": [tasks[4]]})
    assert service.accept_plan(boxed.id, judged=True).tasks == 1
    assert service.accept(boxed.id, judged=True).reasons == {}
    assert left(client, boxed.id) == (0, {**why, "disputed": [tasks[4]]})
    boxed.reject(4, 1)
    assert left(client, boxed.id) == (1, why)
    for task in tasks[:3]:
        put_back(boxed.id, task)
    assert left(client, boxed.id) == (1, {})


def test_what_somebody_says_last_counts_after_a_sample_too(boxed: Boxed, client: FlaskClient) -> None:
    name = boxed.objects(4)[0]
    sample = verification.open_sample(boxed.id, (0.7,))
    with connect() as connection:
        row = connection.execute("SELECT place FROM sample_item WHERE sample_id = %s AND task_id = %s AND object = %s",
                                 (sample.id, boxed.tasks[4], name)).fetchone()
    assert row is not None
    audit.act_as(*ADA)
    verification.judge(sample.id, [(row["place"], "wrong", None)])
    boxed.reject(4, 1)
    assert left(client, boxed.id) == (1, {})
    audit.act_as(*ADA)  # the request acted as nobody
    wall.judge(boxed.id, "right", [(boxed.tasks[4], name)])
    assert left(client, boxed.id) == (1, {})
    service.accept(boxed.id, judged=True)
    assert boxed.in_label_studio()[0] == {4: boxed.whole(4, 1)}


def test_an_unknown_project_is_told(client: FlaskClient) -> None:
    answer = client.get("/api/v1/projects/999999/review/to-fix")
    assert (answer.status_code, answer.get_json()["code"]) == (404, "unknown_project")
