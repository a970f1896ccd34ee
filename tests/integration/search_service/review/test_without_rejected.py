"""Accepting without the rejected objects, on a real Label Studio and database.

The detections are written here instead of by a model, so that every object is known: boxes with masks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from argus import audit
from argus.answers.review import AcceptPlan
from argus.db import connect
from argus.errors import ArgusError
from argus.labelstudio import LabelStudio
from argus.labelstudio.regions import object_of
from argus_cli.main import main
from label_studio_config import projects
from label_studio_config.recipe import plan_for, recipe_for
from label_studio_config.version_store import VersionLabel
from ml_backend.detection import store as detections
from ml_backend.engines.base import Detections, Mask
from ml_backend.predictions import delivery
from search_service.review import service, trust_status, verdicts
from search_service.review.calibration import annotated
from search_service.review.calibration import store as calibration
from search_service.review.objects import band_objects, shown
from search_service.review.set_aside import set_aside
from search_service.sync import tasks as sync

pytestmark = pytest.mark.integration

WIDTH, HEIGHT = 200, 100
# Scores of each task's objects, the surest first.
TASKS: tuple[tuple[float, ...], ...] = ((0.95,), (0.97, 0.92), (0.96, 0.93), (0.95, 0.8), (0.94, 0.75, 0.72), ())


class Boxed:
    """A project whose predictions are in Label Studio as the product delivers them, a box and a mask an object."""

    def __init__(self, project_id: int, ls: LabelStudio, scores: Sequence[Sequence[float]]) -> None:
        self.id, self.ls = project_id, ls
        ls.post(f"/api/projects/{project_id}/import", [{"image": f"http://localhost/{n}.jpg"} for n in
                                                       range(len(scores))])
        project = projects.refresh(project_id)
        listed = list(ls.tasks(project_id, fields="task_only"))
        projects.remember_tasks(project_id, plan_for(project).image, listed)
        self.tasks: list[int] = sorted(task["id"] for task in listed)
        self.version = recipe_for(project).model_version
        for task, found in zip(self.tasks, scores, strict=True):
            detections.store(task, recipe_for(project), (WIDTH, HEIGHT), {"cpu": self._found(found)})
        assert set(delivery.push(project_id, self.tasks).values()) == {"stored"}

    @staticmethod
    def _found(scores: Sequence[float]) -> Detections:
        boxes = [[10.0 + 40 * i, 10.0, 40.0 + 40 * i, 60.0] for i in range(len(scores))]
        masks = [Mask(10 + 40 * i, 10, np.ones((50, 30), np.bool_)) for i in range(len(scores))]
        return Detections(np.array(scores, np.float32), np.array(boxes, np.float32).reshape(-1, 4), masks)

    def objects(self, index: int) -> list[str]:
        """Return the names of a task's objects, the least sure first."""
        return [one.name for one in sorted(shown(self.id, self.version, [self.tasks[index]]), key=lambda o: o.score)]

    def reject(self, index: int, *places: int) -> None:
        for place in places:
            set_aside(self.id, self.tasks[index], "rejected", object_id=self.objects(index)[place])

    def say_right(self, index: int, place: int) -> None:
        verdicts.say(self.id, self.tasks[index], "right", object_id=self.objects(index)[place])

    def in_label_studio(self) -> tuple[dict[int, list[str]], dict[int, Any]]:
        """Return the objects of each task's annotations, a name for each region, and the predictions, by index."""
        annotations, predictions = {}, {}
        for task in self.ls.tasks(self.id):
            index = self.tasks.index(task["id"])
            for one in task["annotations"]:
                annotations[index] = sorted(object_of(region["id"]) for region in one["result"])
            predictions[index] = [(one["model_version"], one["id"], one["result"]) for one in task["predictions"]]
        return annotations, predictions

    def annotations(self) -> dict[int, list[tuple[str, list[float], str]]]:
        """Return each task's annotated boxes by index: label, x0, y0, x1, y1 as fractions, the label of the mask."""
        found: dict[int, list[tuple[str, list[float], str]]] = {}
        for task in self.ls.tasks(self.id):
            for region in [one for annotation in task["annotations"] for one in annotation["result"]]:
                value, name = region["value"], object_of(region["id"])
                if "rle" in value:
                    continue
                masks = [one["value"]["brushlabels"][0] for one in task["annotations"][0]["result"]
                         if "rle" in one["value"] and object_of(one["id"]) == name]
                box = [value["x"], value["y"], value["x"] + value["width"], value["y"] + value["height"]]
                found.setdefault(self.tasks.index(task["id"]), []).append(
                    (value["rectanglelabels"][0], [round(side / 100, 4) for side in box], "".join(masks)))
        return {index: sorted(boxes) for index, boxes in found.items()}

    def whole(self, index: int, *but: int) -> list[str]:
        """Return the name of each region of a task, a box and a mask an object, without some objects."""
        kept = [name for place, name in enumerate(self.objects(index)) if place not in but]
        return sorted([*kept, *kept])

    def implied(self) -> list[tuple[int, str]]:
        return [(self.tasks.index(one.task), one.object) for one in verdicts.listing(self.id).verdicts
                if one.verdict == "implied"]


@pytest.fixture
def boxed(new_project: Callable[[], int], label_studio: LabelStudio) -> Callable[..., Boxed]:
    return lambda scores=TASKS: Boxed(new_project(), label_studio, scores)


def test_a_range_is_accepted_without_what_was_rejected_and_undo_puts_all_back(boxed: Callable[..., Boxed]) -> None:
    project = boxed()
    project.reject(1, 0)
    project.reject(2, 0, 1)  # all of it: the image shows nothing
    before = project.in_label_studio()
    assert service.accept_plan(project.id) == AcceptPlan(tasks=1, objects=1, set_aside=2, rejected=0, corrected=0)
    plan = service.accept_plan(project.id, without_rejected=True)
    assert plan == AcceptPlan(tasks=3, objects=2, set_aside=0, rejected=3, corrected=0)
    done = service.accept(project.id, without_rejected=True)
    assert (done.accepted_tasks, done.accepted_objects, done.reasons) == (3, 2, {})
    annotations, predictions = project.in_label_studio()
    assert annotations == {0: project.whole(0), 1: project.whole(1, 0), 2: []}
    assert predictions == before[1]  # as the model made them, and no copy is left
    assert project.implied() == []  # nobody judged these tasks
    assert service.review_status(project.id).set_aside == 0
    undone = service.undo(done.acceptance or 0)
    assert (undone.undone, undone.left) == (3, [])
    assert project.in_label_studio() == before
    assert service.review_status(project.id).set_aside == 2  # the decisions stand
    assert service.accept(project.id, without_rejected=True).accepted_tasks == 3


def test_what_is_to_be_fixed_waits_on_and_so_does_a_rejection_that_fits_nothing(boxed: Callable[..., Boxed]) -> None:
    project = boxed()
    project.reject(1, 0)
    set_aside(project.id, project.tasks[1], "fix", object_id=project.objects(1)[1])
    set_aside(project.id, project.tasks[0], "fix")
    set_aside(project.id, project.tasks[2], "rejected", object_id="0" * 12)
    done = service.accept(project.id, without_rejected=True)
    assert (done.accepted_tasks, done.reasons) == (0, {"rejected or sent to be fixed": 2,
                                                       "what was said of an object does not fit the prediction": 1})
    assert project.in_label_studio()[0] == {}


def test_tasks_that_are_named_lose_their_rejected_objects_too(boxed: Callable[..., Boxed]) -> None:
    project = boxed()
    project.reject(3, 0)
    named = [project.tasks[0], project.tasks[3]]
    assert service.accept_plan(project.id, task_ids=named, without_rejected=True) == AcceptPlan(
        tasks=2, objects=2, set_aside=0, rejected=1, corrected=0)
    assert service.accept(project.id, task_ids=named, without_rejected=True).accepted_objects == 2
    assert project.in_label_studio()[0] == {0: project.whole(0), 3: project.whole(3, 0)}


def test_undo_leaves_what_somebody_changed_of_it(boxed: Callable[..., Boxed]) -> None:
    project = boxed()
    for index in (1, 2):
        project.reject(index, 0)
    done = service.accept(project.id, without_rejected=True)
    (edited,) = [task["annotations"][0]["id"] for task in project.ls.tasks(project.id) if task["id"] ==
                 project.tasks[2]]
    project.ls.patch(f"/api/annotations/{edited}/", {"result": []})
    undone = service.undo(done.acceptance or 0)
    assert (undone.undone, [(one.annotation, one.reason) for one in undone.left]) == (2, [(edited, "changed since")])
    assert project.in_label_studio()[0] == {2: []}


class CutOff(LabelStudio):
    """The real server behind a line that breaks at a request, before or after the server got it."""

    def __init__(self, ls: LabelStudio, at: str, *, arrives: bool) -> None:
        super().__init__(ls.url, ls._token)
        self.at, self.arrives, self.broken = at, arrives, False

    def request(self, method: str, path: str, **options: Any) -> Any:
        if self.broken or f"{method} {path}".startswith(self.at):
            if self.arrives and not self.broken:
                super().request(method, path, **options)
            self.broken = True
            raise ArgusError("label_studio_unreachable", "The line broke.")
        return super().request(method, path, **options)


@pytest.mark.parametrize("arrives", [False, True])
@pytest.mark.parametrize("step", ["POST /api/projects/{}/import/predictions", "POST /api/dm/actions",
                                  "DELETE /api/projects/{}/model-versions/"])
def test_a_line_that_breaks_leaves_no_copy_and_a_true_record(boxed: Callable[..., Boxed], step: str,
                                                             arrives: bool) -> None:
    project = boxed(TASKS[1:3])
    before = project.in_label_studio()
    for index in (0, 1):
        project.reject(index, 0)
    with pytest.raises(ArgusError) as failure:
        service.accept(project.id, without_rejected=True,
                       ls=CutOff(project.ls, step.format(project.id), arrives=arrives))
    service.complete_records(project.id)
    annotations, predictions = project.in_label_studio()
    assert predictions == before[1]
    made = {0: project.whole(0, 0), 1: project.whole(1, 0)}
    there = step.startswith("DELETE") or (arrives and "actions" in step)
    assert annotations == (made if there else {})
    with connect() as connection:
        rows = connection.execute("SELECT state FROM acceptance_item WHERE acceptance_id = %s",
                                  (failure.value.details["acceptance"],)).fetchall()
    assert [row["state"] for row in rows if row["state"] != "skipped"] == (["accepted"] * 2 if there else [])
    assert service.accept(project.id, without_rejected=True).accepted_tasks == (0 if there else 2)
    assert project.in_label_studio()[0] == made
    if there:
        assert service.undo(failure.value.details["acceptance"]).undone == 2


def test_judged_tasks_are_accepted_and_their_sure_objects_are_implied(boxed: Callable[..., Boxed],
                                                                      client: FlaskClient) -> None:
    project = boxed()
    project.say_right(0, 0)  # without an unsure object: judged when all of it is
    project.say_right(1, 0)  # one of two sure ones
    project.reject(3, 0)  # its only unsure one
    project.say_right(4, 1)  # one of two unsure ones
    path = f"/api/v1/projects/{project.id}/review"
    plan = client.post(f"{path}/accept/plan", json={"judged": True}).json
    assert plan == {"tasks": 2, "objects": 2, "set_aside": 0, "rejected": 1, "corrected": 0}
    done = client.post(f"{path}/accept", json={"judged": True}).json
    assert (done["accepted_tasks"], done["accepted_objects"]) == (2, 2)
    assert project.in_label_studio()[0] == {0: project.whole(0), 3: project.whole(3, 0)}
    assert project.implied() == [(3, project.objects(3)[1])]
    (told,) = client.get(f"{path}/verdicts", query_string={"task": project.tasks[3]}).json["verdicts"]
    assert told["verdict"] == "implied"
    assert client.post(f"{path}/accept", json={"judged": True}).json["accepted_tasks"] == 0
    project.say_right(4, 0)
    assert client.post(f"{path}/accept", json={"judged": True, "task_ids": project.tasks[:3]}).json[
        "accepted_tasks"] == 0  # judged, but not among these
    said = CliRunner().invoke(main, ["review", "accept", "-p", str(project.id), "--judged", "-y"])
    assert "accepted 1 task with 3 objects" in said.output + said.stderr
    assert project.implied() == [(4, project.objects(4)[2]), (3, project.objects(3)[1])]
    client.post(f"/api/v1/acceptances/{done['acceptance']}/undo")
    assert project.implied() == [(4, project.objects(4)[2])]
    assert client.post(f"{path}/accept/plan", json={"judged": True}).json["tasks"] == 2  # what was said stands


def test_a_right_object_is_told_to_everybody_until_it_is_taken_back_or_somebody_differs(
        boxed: Callable[..., Boxed]) -> None:
    project = boxed()
    audit.act_as("ada@example.com", 7)
    project.say_right(4, 0)
    audit.act_as("bob@example.com", 8)

    def told() -> list[tuple[str, int]]:
        return [(one.verdict, one.unsure) for one in band_objects(project.id, "medium").objects
                if one.task == project.tasks[4]]

    assert told() == [("right", 2), ("", 2), ("", 2)]
    verdicts.say(project.id, project.tasks[4], "unsure", object_id=project.objects(4)[0])
    assert told() == []  # it waits in *To fix*
    verdicts.take_back(project.id, project.tasks[4], project.objects(4)[0])
    assert told()[0] == ("right", 2)
    audit.act_as("ada@example.com", 7)
    verdicts.take_back(project.id, project.tasks[4], project.objects(4)[0])
    assert told()[0] == ("", 2)


def test_a_task_with_a_wrong_or_unsure_object_is_not_accepted_in_bulk_until_that_is_taken_back(
        boxed: Callable[..., Boxed]) -> None:
    project = boxed()
    (named,) = project.objects(0)
    before = service.accept_plan(project.id, min_score=0.0).tasks
    for said in ("wrong", "unsure"):
        verdicts.say(project.id, project.tasks[0], said, object_id=named)
        assert service.review_status(project.id).set_aside == 1
        assert service.accept_plan(project.id, min_score=0.0).tasks == before - 1
        verdicts.take_back(project.id, project.tasks[0], named)
        assert service.review_status(project.id).set_aside == 0
    verdicts.say(project.id, project.tasks[0], "wrong", object_id=named)
    verdicts.say(project.id, project.tasks[0], "right", object_id=named)
    assert service.review_status(project.id).set_aside == 0


def test_what_was_said_of_objects_is_in_the_annotations_whichever_way_and_undo_puts_all_back(
        boxed: Callable[..., Boxed]) -> None:
    project = boxed()
    before, moved, new = project.in_label_studio(), [0.1, 0.1, 0.25, 0.6], [0.6, 0.6, 0.9, 0.9]

    def say(index: int, verdict: verdicts.Said, place: int | None, **more: Any) -> None:
        name = "" if place is None else project.objects(index)[place]
        verdicts.say(project.id, project.tasks[index], verdict, object_id=name, **more)

    say(0, "relabelled", 0, label="fan")
    say(1, "moved", 1, box=moved)
    say(2, "added", None, label="fan", box=new)
    say(3, "relabelled", 1, label="fan")  # its sure object
    project.reject(3, 0)
    say(4, "relabelled", 0, label="fan")
    say(4, "moved", 1, box=moved)
    say(5, "added", None, label="fan", box=new)  # where nothing was found
    assert service.review_status(project.id).set_aside == 1
    assert ("relabelled", "fan") in {(one.verdict, one.new_label) for one in band_objects(project.id, "high").objects}
    assert service.accept_plan(project.id) == AcceptPlan(tasks=3, objects=6, set_aside=0, rejected=0, corrected=3)
    assert service.accept_plan(project.id, nothing_found=True) == AcceptPlan(
        tasks=1, objects=1, set_aside=0, rejected=0, corrected=1)
    done = [service.accept(project.id), service.accept(project.id, min_score=0.75, without_rejected=True),
            service.accept(project.id, judged=True), service.accept(project.id, nothing_found=True)]
    assert [(one.accepted_tasks, one.accepted_objects, one.reasons) for one in done] == [
        (3, 6, {}), (1, 1, {}), (1, 3, {}), (1, 1, {})]
    assert project.implied() == [(4, project.objects(4)[2])]
    made = project.annotations()
    assert project.in_label_studio()[1] == before[1]  # the predictions are as the model made them
    cpu, fan = ("cpu", None), ("fan", None)
    at = {index: sorted([(label, box if box in (moved, new) else None) for label, box, _ in made[index]], key=str)
          for index in made}
    assert at == {0: [fan], 1: [cpu, ("cpu", moved)], 2: [cpu, cpu, ("fan", new)], 3: [fan],
                  4: [cpu, ("cpu", moved), fan], 5: [("fan", new)]}
    assert {index: [masked for *_, masked in made[index] if masked] for index in made} == {
        0: ["fan"], 1: ["cpu", "cpu"], 2: ["cpu", "cpu"], 3: ["fan"], 4: ["cpu", "cpu", "fan"], 5: []}
    for one in done:
        assert service.undo(one.acceptance or 0).left == []
    assert project.in_label_studio() == before
    assert service.accept(project.id, task_ids=project.tasks[:1]).accepted_tasks == 1  # named, and said all the same
    assert [label for label, *_ in project.annotations()[0]] == ["fan"]


def test_a_plain_acceptance_in_bulk_stores_no_verdict(boxed: Callable[..., Boxed]) -> None:
    project = boxed()
    project.reject(1, 0)
    service.accept(project.id, without_rejected=True)
    service.accept(project.id, min_score=0)
    assert verdicts.listing(project.id).verdicts == []


def test_what_people_leave_of_a_prediction_in_label_studio_is_an_outcome_and_bulk_acceptance_is_none(
        boxed: Callable[..., Boxed]) -> None:
    project = boxed()
    low, middle, high = project.objects(4)
    ((_, prediction, result),) = project.in_label_studio()[1][4]

    def submit(index: int, left: list[Any], parent: int | None) -> int:
        made: int = project.ls.post(f"/api/tasks/{project.tasks[index]}/annotations/", {
            "result": left, "parent_prediction": parent})["id"]
        return made

    def outcomes() -> dict[str, bool]:
        sync.sync_project(project.id)
        annotated.follow(project.id)
        assert annotated.follow(project.id) == 0
        asked = [VersionLabel(project.version, label) for label in ("cpu", "fan")]
        return {one.object: one.is_right for one in calibration.of_annotations(project.id, asked)}

    assert outcomes() == {}
    service.accept(project.id, task_ids=project.tasks[:1])
    submit(3, [], None)  # drawn without the prediction
    left = [{**one, "value": {**one["value"], **({"rectanglelabels": ["fan"]} if "width" in one["value"] else
                                                 {"brushlabels": ["fan"]})}} if object_of(one["id"]) == middle else one
            for one in result if object_of(one["id"]) != low]
    annotation = submit(4, left, prediction)
    assert outcomes() == {low: False, middle: False, high: True}
    project.ls.patch(f"/api/annotations/{annotation}/", {"result": result})
    assert outcomes() == {low: True, middle: True, high: True}
    (label, _) = trust_status.status(project.id).labels
    assert (label.label, label.outcomes + label.left_out) == ("cpu", 3)


def test_judged_goes_with_no_range(boxed: Callable[..., Boxed]) -> None:
    said = CliRunner().invoke(main, ["review", "accept", "-p", "1", "--judged", "--min-score", "0.9"])
    assert "--judged cannot be combined with scores" in said.output + said.stderr
