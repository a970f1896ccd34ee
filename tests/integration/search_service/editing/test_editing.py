"""A picture edited through REST on a real Label Studio and database, and taken back exactly.

The detections are written here instead of by a model, so that the objects are known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from argus import queue_names
from argus.db import connect
from argus.labelstudio import LabelStudio
from argus.settings import get_settings
from label_studio_config import projects
from label_studio_config.recipe import plan_for, recipe_for
from label_studio_config.shapes import new_label_config
from ml_backend.detection import store as detections
from ml_backend.engines.base import Detections, Found, Mask
from ml_backend.predictions import delivery
from ml_backend.predictions.regions import build_regions
from ml_backend.smart_tools.asking import SmartTools
from search_service.api.app import create_app
from search_service.editing import segments
from search_service.review import service as review_service
from tests.people import sign_up
from tests.pictures import plain

pytestmark = pytest.mark.integration
SIZE = (200, 100)
CONFIG = new_label_config(["cpu", "fan"], masks=True)
BOXES = [[10.0, 10.0, 50.0, 60.0], [60.0, 10.0, 100.0, 60.0], [110.0, 10.0, 150.0, 60.0]]


class Picture:
    """A project whose tasks each show three objects of the label cpu, with masks, and its REST API."""

    def __init__(self, ls: LabelStudio, client: FlaskClient, project: int, tasks: int, scores: list[float]) -> None:
        self.ls, self.client, self.project = ls, client, project
        ls.request("POST", f"/api/projects/{project}/import", timeout=120, files=[
            (f"{n}.jpg", (f"{n}.jpg", plain((90, 8 * n % 250, 30), SIZE), "image/jpeg")) for n in range(tasks)])
        listed = list(ls.tasks(project, fields="all"))
        row = projects.refresh(project)
        projects.remember_tasks(project, plan_for(row).image, listed)
        self.tasks = sorted(task["id"] for task in listed)
        masks: list[Mask | None] = [Mask(int(x0), int(y0), np.ones((int(y1 - y0), int(x1 - x0)), bool))
                                    for x0, y0, x1, y1 in BOXES]
        found = Detections(np.array(scores, np.float32), np.array(BOXES[:len(scores)], np.float32),
                           masks[:len(scores)])
        for task in self.tasks:
            detections.store(task, recipe_for(row), SIZE, {"cpu": found})
        assert set(delivery.push(project, self.tasks).values()) == {"stored"}
        self.version = projects.load(project)["model_version"]

    def seen(self, task: int) -> Any:
        answer = self.client.get(f"/api/v1/projects/{self.project}/tasks/{task}")
        assert answer.status_code == 200, answer.text
        return answer.json

    def base(self, task: int) -> dict[str, Any]:
        """What the page sends of the prediction that it shows."""
        (current,) = [one for one in self.seen(task)["predictions"] if one["current"]]
        return {"model_version": self.version, "prediction": current["id"]}

    def put(self, task: int, body: Any, status: int = 200, **headers: str) -> Any:
        answer = self.client.put(f"/api/v1/projects/{self.project}/tasks/{task}/annotation", json=body,
                                 headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json

    def undo(self, edit: int, status: int = 200, **headers: str) -> Any:
        answer = self.client.post(f"/api/v1/edits/{edit}/undo", headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json

    def annotations(self, task: int) -> Any:
        return self.ls.get(f"/api/tasks/{task}/annotations/")

    def verdicts(self, task: int) -> dict[str, list[str]]:
        answer = self.client.get(f"/api/v1/projects/{self.project}/review/verdicts?task={task}").json
        said: dict[str, list[str]] = {}
        for one in answer["verdicts"]:
            said.setdefault(one["verdict"], []).append(one["object"])
        return said

    def rows(self, task: int) -> list[Any]:
        with connect() as connection:
            return [dict(row) for table in ("edit", "verdict") for row in connection.execute(
                f"SELECT * FROM {table} WHERE task_id = %s ORDER BY id", (task,))]


@pytest.fixture
def picture(servers: Any, label_studio: LabelStudio) -> Iterator[Callable[..., Picture]]:
    made: list[int] = []
    client = create_app().test_client()

    def make(tasks: int = 1, scores: list[float] | None = None) -> Picture:
        project = label_studio.post("/api/projects/", {"title": "Editing", "label_config": CONFIG})["id"]
        made.append(project)
        return Picture(label_studio, client, project, tasks, [0.9, 0.7, 0.6] if scores is None else scores)

    yield make
    for project in made:
        label_studio.delete(f"/api/projects/{project}/")


def test_the_whole_way__saved_as_the_annotation_with_its_outcomes_and_back(
        picture: Callable[..., Picture], servers: Any) -> None:
    it = picture()
    (task,) = it.tasks
    first, second, third = it.seen(task)["predictions"][0]["objects"]
    assert [one["movable"] for one in (first, second, third)] == [True] * 3
    assert it.seen(task)["model_version"] == it.version
    predicted = it.ls.get("/api/predictions/", task=task)[0]["result"]
    saved = it.put(task, {
        **it.base(task), "seconds": 12.5, "changes": [
            {"object": second["object"], "label": "cpu", "new_label": "fan"},
            {"object": third["object"], "label": "cpu", "deleted": True}],
        "added": [{"label": "fan", "box": [0.8, 0.1, 0.95, 0.9]}]})
    assert saved["counts"] == {"kept": 1, "moved": 0, "relabelled": 1, "deleted": 1, "added": 1}
    assert saved["objects"] == 3
    (made,) = it.annotations(task)
    assert (made["id"], made["lead_time"]) == (saved["annotation"], 12.5)
    assert made["parent_prediction"] == it.base(task)["prediction"]
    kept = {region["id"]: region for region in made["result"]}
    untouched = [region for region in predicted if region["id"].startswith(first["object"])]
    assert len(untouched) == 2  # box and mask
    for region in untouched:
        assert kept[region["id"]]["value"] == region["value"]
    assert not [name for name in kept if name.startswith(third["object"])]
    labels = [region["value"].get("rectanglelabels") or region["value"].get("brushlabels") for region in made["result"]]
    assert sorted(labels) == [["cpu"], ["cpu"], ["fan"], ["fan"], ["fan"]]
    drawn = next(region for region in made["result"] if region["origin"] == "manual")
    assert drawn["value"]["x"] == pytest.approx(80) and drawn["value"]["height"] == pytest.approx(80)
    assert it.verdicts(task) == {"right": [first["object"]], "relabelled": [second["object"]],
                                 "wrong": [third["object"]], "added": [""]}
    assert review_service.review_status(it.project).fixed == 1

    # Edited again, from the annotation: the verdicts are of the last one, and each undo is exact.
    before = made["result"]
    again = it.put(task, {"model_version": it.version, "annotation": made["id"], "updated_at": saved["updated_at"],
                          "changes": [{"object": first["object"], "label": "cpu", "box": [0.1, 0.1, 0.25, 0.6]}]})
    assert again["counts"] == {"kept": 0, "moved": 1, "relabelled": 1, "deleted": 1, "added": 1}
    assert it.verdicts(task)["moved"] == [first["object"]] and "right" not in it.verdicts(task)
    it.undo(saved["edit"], 409)  # the annotation is another one now
    it.undo(again["edit"])
    assert it.annotations(task)[0]["result"] == before
    assert it.verdicts(task)["right"] == [first["object"]] and "moved" not in it.verdicts(task)
    assert it.undo(again["edit"], 409)["code"] == "conflict"
    assert it.undo(saved["edit"]) == {"edit": saved["edit"], "task": task, "annotation": None}
    assert it.annotations(task) == [] and it.verdicts(task) == {}
    assert review_service.review_status(it.project).left == 1
    assert it.ls.get(f"/api/tasks/{task}/")["total_annotations"] == 0


def test_without_changes__says_that_all_is_right(picture: Callable[..., Picture]) -> None:
    it = picture(2)
    one = it.put(it.tasks[0], it.base(it.tasks[0]))
    assert one["counts"] == {"kept": 3, "moved": 0, "relabelled": 0, "deleted": 0, "added": 0}
    status = review_service.review_status(it.project)
    assert (status.checked, status.fixed, status.left) == (1, 0, 1)
    # In bulk nobody looks: no verdict. What is changed of it later is one of the page.
    review_service.accept(it.project, min_score=0)
    assert it.verdicts(it.tasks[1]) == {}


def test_an_image_where_nothing_was_found__gets_its_size_from_the_image(picture: Callable[..., Picture]) -> None:
    it = picture(scores=[])
    (task,) = it.tasks
    saved = it.put(task, {**it.base(task), "added": [{"label": "fan", "box": [0.5, 0.5, 1, 1]}]})
    assert saved["counts"]["added"] == 1
    (region,) = it.annotations(task)[0]["result"]
    assert (region["original_width"], region["original_height"]) == SIZE
    assert {key: region["value"][key] for key in ("x", "y", "width", "height")} == dict.fromkeys(
        ("x", "y", "width", "height"), 50)


def test_what_cannot_be_saved__is_a_sentence_and_stores_nothing(picture: Callable[..., Picture]) -> None:
    it = picture(2)
    task, other = it.tasks
    base = it.base(task)
    name = it.seen(task)["predictions"][0]["objects"][0]["object"]
    it.put(task, {**base, "changes": [{"object": "f" * 12, "label": "cpu", "deleted": True}]}, 404)
    it.put(task, {**base, "changes": [{"object": name, "label": "cpu", "new_label": "screw"}]}, 422)
    it.put(task, {**base, "added": [{"label": "cpu", "box": [0.2, 0.2, 0.2, 0.5]}]}, 400)
    it.put(task, {**base, "added": [{"label": "cpu", "box": [0.5, 0.5, 1.2, 0.9]}]}, 400)
    it.put(task, {**base, "added": [{"label": "cpu", "segment": 999_999}]}, 404)
    it.put(task, {**base, "changes": [{"object": name, "label": "cpu"}] * 2}, 400)
    it.put(task, {**base, "annotation": 5}, 400)
    it.put(task, {**base, "prediction": base["prediction"] + 1000}, 409)
    it.put(task, {**base, "prediction": None}, 409)
    it.put(999_999, base, 404)
    assert "changed meanwhile" in it.put(task, {**base, "model_version": "argus-another"}, 409)["detail"]
    projects.set_version(it.project, "argus-another")
    assert "changed meanwhile" in it.put(task, base, 409)["detail"]
    projects.set_version(it.project, it.version)
    assert it.annotations(task) == [] and it.rows(task) == []

    made = it.ls.post(f"/api/tasks/{task}/annotations/", {"result": []})
    assert "annotated meanwhile" in it.put(task, base, 409)["detail"]
    changed = {"model_version": it.version, "annotation": made["id"], "updated_at": made["updated_at"]}
    it.ls.post(f"/api/tasks/{task}/annotations/{made['id']}/drafts", {"result": []})
    assert "Somebody is changing" in it.put(task, changed, 409)["detail"]
    for draft in it.ls.get(f"/api/tasks/{task}/drafts"):
        it.ls.delete(f"/api/drafts/{draft['id']}/")
    it.ls.patch(f"/api/annotations/{made['id']}/", {"result": [], "lead_time": 5})
    assert "changed meanwhile" in it.put(task, changed, 409)["detail"]
    it.ls.delete(f"/api/annotations/{made['id']}/")
    assert "deleted meanwhile" in it.put(task, changed, 409)["detail"]
    assert it.rows(task) == []

    # The undo of what somebody changed meanwhile changes nothing.
    saved = it.put(other, it.base(other))
    it.ls.patch(f"/api/annotations/{saved['annotation']}/", {"lead_time": 5})
    assert "changed meanwhile" in it.undo(saved["edit"], 409)["detail"]
    assert len(it.annotations(other)) == 1 and len(it.verdicts(other)["right"]) == 3
    it.undo(999_999, 404)


def test_a_second_annotation_of_the_same_moment__ours_goes_again(picture: Callable[..., Picture],
                                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    it = picture()
    (task,) = it.tasks
    base, post = it.base(task), LabelStudio.post

    def together(ls: LabelStudio, path: str, body: Any = None, **options: Any) -> Any:
        if path.endswith("/annotations/"):
            post(ls, path, {"result": []})  # somebody else, just before
        return post(ls, path, body, **options)

    monkeypatch.setattr(LabelStudio, "post", together)
    assert "annotated meanwhile" in it.put(task, base, 409)["detail"]
    assert [one["result"] for one in it.annotations(task)] == [[]] and it.rows(task) == []


def test_two_people__the_annotation_carries_the_name_of_who_edits_and_only_they_take_it_back(
        picture: Callable[..., Picture]) -> None:
    it = picture()
    (task,) = it.tasks
    bob, eve = (sign_up(it.ls, f"{name}-{it.project}@example.com") for name in ("bob", "eve"))
    base = it.base(task)
    saved = it.put(task, base, **{"X-Label-Studio-Token": bob._token})
    (made,) = it.annotations(task)
    assert made["completed_by"] == bob.get("/api/current-user/whoami")["id"]
    listed = it.client.get(f"/api/v1/projects/{it.project}/review/verdicts?task={task}").json["verdicts"]
    assert {one["decided_by"] for one in listed} == {f"bob-{it.project}@example.com"}
    assert it.put(task, base, 409, **{"X-Label-Studio-Token": eve._token})["code"] == "conflict"
    assert it.undo(saved["edit"], 403, **{"X-Label-Studio-Token": eve._token})["code"] == "forbidden"
    it.undo(saved["edit"], **{"X-Label-Studio-Token": bob._token})
    assert it.annotations(task) == []
    assert datetime.fromisoformat(saved["updated_at"]) == datetime.fromisoformat(made["updated_at"])


def test_a_click__without_a_worker_and_with_one_that_answers(picture: Callable[..., Picture],
                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    it = picture()
    (task,) = it.tasks
    path = f"/api/v1/projects/{it.project}/tasks/{task}/segment"
    quick = SmartTools(get_settings().model_copy(update={"predict_deadline_click": 0.5}))
    monkeypatch.setattr(segments, "_smart_tools", lambda: quick)
    monkeypatch.setattr(queue_names, "SAM3_NOW", "sam3-of-nobody")  # other tests' worker may serve the real one
    point = {"points": [{"x": 0.5, "y": 0.5}]}
    refused = it.client.post(path, json=point)
    assert (refused.status_code, refused.json["code"]) == (503, "worker_missing")
    assert "argus worker" in refused.json["hint"]
    assert it.client.post(path, json={**point, "label": "screw"}).status_code == 422
    assert it.client.post(path, json={"points": []}).status_code == 400
    assert it.client.post(path, json={"points": [{"x": 1.5, "y": 0}]}).status_code == 400
    assert it.client.post(path, json={"points": [{"x": 0.5, "y": 0.5, "positive": False}]}).status_code == 400
    assert it.client.post(path.replace(str(task), "999999"), json=point).status_code == 404

    asked = []

    def fake_worker(image: Any, request: Any) -> Any:
        """Stands for the model, which this file has none of: answers with a box and a mask of the middle."""
        asked.append((image.task_id, request))
        found = Detections(np.array([0.8], np.float32), np.array([[80, 40, 120, 60]], np.float32),
                           [Mask(80, 40, np.ones((20, 40), bool))])
        plan = plan_for(projects.load(it.project))
        return {"result": build_regions(request.narrow(plan, "fan"), {"fan": Found(*SIZE, found)})}

    monkeypatch.setattr(quick, "ask", fake_worker)
    found = it.client.post(path, json={**point, "existing": [[0, 0, 0.1, 0.1]]}).json
    assert asked[0][0] == task and asked[0][1].points == ((50.0, 50.0),) and len(asked[0][1].existing) == 1
    assert found["object"]["label"] == "fan" and found["object"]["box"] == [0.4, 0.4, 0.6, 0.6]
    # Whatever its label becomes: what the click found is stored, and goes with its box.
    saved = it.put(task, {**it.base(task), "added": [{"label": "cpu", "segment": found["segment"]}]})
    assert saved["counts"]["added"] == 1
    made = [region for region in it.annotations(task)[0]["result"] if region["origin"] == "manual"]
    assert [region["value"].get("rectanglelabels") or region["value"].get("brushlabels") for region in made] == [
        ["cpu"], ["cpu"]]
    assert len({region["id"].partition("-")[0] for region in made}) == 1
    assert len(it.seen(task)["annotations"][0]["objects"]) == 4
    # One of another task is not there.
    it.put(task, {"model_version": it.version, "annotation": saved["annotation"], "updated_at": saved["updated_at"],
                  "added": [{"label": "cpu", "segment": found["segment"] + 1}]}, 404)
