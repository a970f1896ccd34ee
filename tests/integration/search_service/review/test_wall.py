"""The wall of objects on a real Label Studio and database: all bands of a label, one verdict on many, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from argus.db import connect
from argus.labelstudio import LabelStudio
from label_studio_config import projects
from label_studio_config.label_config import default_label_config
from label_studio_config.recipe import plan_for, recipe_for
from ml_backend.detection import store as detections
from ml_backend.engines.base import Detections
from ml_backend.predictions import delivery
from search_service.api.app import create_app
from search_service.review import service as review_service
from search_service.review import set_aside
from tests.people import sign_up

pytestmark = pytest.mark.integration
CPU, FAN = [0.95, 0.8, 0.55], [0.7]  # one object of each band, and one of another label


class Walled:
    """A project whose tasks each show three cpus and a fan, of three bands, and its REST API."""

    def __init__(self, ls: LabelStudio, client: FlaskClient, project: int, tasks: int) -> None:
        self.ls, self.client, self.project = ls, client, project
        ls.post(f"/api/projects/{project}/import", [{"image": f"http://localhost/{n}.jpg"} for n in range(tasks)])
        row = projects.refresh(project)
        listed = list(ls.tasks(project, fields="task_only"))
        projects.remember_tasks(project, plan_for(row).image, listed)
        self.tasks = sorted(task["id"] for task in listed)
        for n, task in enumerate(self.tasks):
            detections.store(task, recipe_for(row), (200, 100), {
                label: Detections(np.array(scores, np.float32) - n / 1000,
                                  np.array([[30.0 * at + shift, 10, 30.0 * at + shift + 20, 60]
                                            for at in range(len(scores))], np.float32), [None] * len(scores))
                for label, scores, shift in (("cpu", CPU, 0), ("fan", FAN, 120))})
        assert set(delivery.push(project, self.tasks).values()) == {"stored"}

    def wall(self, query: str = "", status: int = 200) -> Any:
        answer = self.client.get(f"/api/v1/projects/{self.project}/review/wall?{query}")
        assert answer.status_code == status, answer.text
        return answer.json

    def post(self, path: str, body: Any, status: int = 200, **headers: str) -> Any:
        answer = self.client.post(f"/api/v1/projects/{self.project}/review/wall/{path}", json=body, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json

    def said(self, label: str = "cpu") -> dict[tuple[int, str], tuple[str, str]]:
        """What the wall shows of each object that was judged."""
        return {(one["task"], one["object"]): (one["verdict"], one["new_label"])
                for one in self.wall(f"label={label}&limit=1000")["shown"] if one["verdict"]}

    def kept(self) -> list[Any]:
        """All that is stored of decisions and of verdicts that count."""
        with connect() as connection:
            return [tuple(row.values()) for query in (
                "SELECT task_id, object, verdict FROM set_aside WHERE project_id = %s ORDER BY 1, 2",
                "SELECT id, task_id, object, verdict FROM verdict WHERE project_id = %s AND taken_back_at IS NULL "
                "ORDER BY 1") for row in connection.execute(query, (self.project,))]


def names(shown: list[Any]) -> list[dict[str, Any]]:
    return [{"task": one["task"], "object": one["object"]} for one in shown]


@pytest.fixture
def walled(servers: Any, label_studio: LabelStudio) -> Iterator[Callable[[int], Walled]]:
    made: list[int] = []
    client = create_app().test_client()

    def make(tasks: int) -> Walled:
        project = label_studio.post("/api/projects/", {"title": "Wall", "label_config":
                                                       default_label_config(["cpu", "fan"])})["id"]
        made.append(project)
        return Walled(label_studio, client, project, tasks)

    yield make
    for project in made:
        label_studio.delete(f"/api/projects/{project}/")


def test_one_label_over_all_bands__page_by_page_by_score(walled: Callable[[int], Walled]) -> None:
    it = walled(20)
    every = it.wall("label=cpu&limit=1000")
    assert every["objects"] == {"cpu": 60, "fan": 20} and every["next"] is None
    scores = [one["score"] for one in every["shown"]]
    assert len(scores) == 60 and scores == sorted(scores) and scores[0] < 0.6 and scores[-1] > 0.9
    assert {one["label"] for one in every["shown"]} == {"cpu"}
    paged, after = [], ""
    while after is not None:
        page = it.wall(f"label=cpu&limit=25&after={after}")
        paged += page["shown"]
        after = page["next"]
    assert paged == every["shown"]
    assert len(it.wall("limit=1000")["shown"]) == 80
    it.wall("label=screw", 422)
    it.wall("after=nonsense", 400)
    # What is annotated is gone, what is set aside is not.
    it.ls.post(f"/api/tasks/{it.tasks[0]}/annotations/", {"result": []})
    assert it.wall()["objects"] == {"cpu": 57, "fan": 19}


def test_one_verdict_on_many__is_stored_holds_the_task_back_and_goes_again_exactly(
        walled: Callable[[int], Walled]) -> None:
    it = walled(6)
    shown = it.wall("label=cpu&limit=1000")["shown"]
    low = names(shown[:6])
    wrong = it.post("verdicts", {"verdict": "wrong", "objects": low})
    assert len(wrong["verdicts"]) == 6 and wrong["to_fix"] == 6
    assert {said for said, _ in it.said().values()} == {"wrong"} and len(it.said()) == 6
    assert review_service.accept_plan(it.project, min_score=0).tasks == 0  # held back
    after_wrong = it.kept()
    # Another verdict on two of these and two others: the earlier one is replaced, and the decision with it.
    some = low[:2] + names(shown[-2:])
    other = it.post("verdicts", {"verdict": "relabelled", "label": "fan", "objects": some})
    assert [it.said()[one["task"], one["object"]] for one in some] == [("relabelled", "fan")] * 4
    right = it.post("verdicts", {"verdict": "right", "objects": low})
    assert right["to_fix"] <= 2 and {it.said()[one["task"], one["object"]][0] for one in low} == {"right"}
    it.post("take-back", {"verdicts": right["verdicts"]})
    it.post("take-back", {"verdicts": other["verdicts"]})
    assert it.kept() == after_wrong
    assert it.post("take-back", {"verdicts": other["verdicts"]}, 404)["code"] == "not_found"
    back = it.post("take-back", {"verdicts": wrong["verdicts"]})
    assert back == {"tasks": 6, "to_fix": 0} and it.kept() == [] and it.said() == {}
    assert review_service.accept_plan(it.project, min_score=0).tasks == 6


def test_what_cannot_be_stored__is_a_sentence_and_stores_nothing(walled: Callable[[int], Walled]) -> None:
    it = walled(2)
    one, two = names(it.wall("label=cpu")["shown"][:2])
    gone = {"task": one["task"], "object": "f" * 12}
    assert "no object" in it.post("verdicts", {"verdict": "wrong", "objects": [one, gone]}, 404)["detail"]
    it.post("verdicts", {"verdict": "wrong", "objects": [one, {**two, "task": 999_999}]}, 404)
    it.post("verdicts", {"verdict": "relabelled", "objects": [one], "label": "screw"}, 422)
    it.post("verdicts", {"verdict": "relabelled", "objects": [one]}, 400)
    it.post("verdicts", {"verdict": "right", "objects": [one], "label": "fan"}, 400)
    it.post("verdicts", {"verdict": "right", "objects": [one, one]}, 400)
    it.post("verdicts", {"verdict": "right", "objects": []}, 400)
    it.post("verdicts", {"verdict": "deleted", "objects": [one]}, 400)
    it.post("take-back", {"verdicts": [999_999]}, 404)
    assert it.kept() == []


def test_two_people__each_takes_back_their_own(walled: Callable[[int], Walled]) -> None:
    it = walled(1)
    (one, *_) = names(it.wall("label=cpu")["shown"])
    bob, eve = (sign_up(it.ls, f"{name}-wall-{it.project}@example.com") for name in ("bob", "eve"))
    his, hers = ({"X-Label-Studio-Token": person._token} for person in (bob, eve))
    first = it.post("verdicts", {"verdict": "wrong", "objects": [one]}, **his)
    second = it.post("verdicts", {"verdict": "right", "objects": [one]}, **hers)
    assert it.post("take-back", {"verdicts": first["verdicts"]}, 404, **hers)["code"] == "not_found"
    assert list(it.said().values()) == [("right", "")]  # the last one
    it.post("take-back", {"verdicts": second["verdicts"]}, **hers)
    assert list(it.said().values()) == [("wrong", "")]
    assert it.post("take-back", {"verdicts": first["verdicts"]}, **his)["to_fix"] == 0
    assert it.kept() == []


def test_what_is_judged_here_and_in_the_bands__is_one_thing(walled: Callable[[int], Walled]) -> None:
    it = walled(2)
    task, other = it.tasks
    cpus, fans = it.wall("label=cpu")["shown"], it.wall("label=fan")["shown"]
    low, medium = ([one for one in cpus if one["task"] == task and low <= one["score"] < high]
                   for low, high in ((0.5, 0.6), (0.7, 0.9)))
    it.post("verdicts", {"verdict": "wrong", "objects": names(low)})
    it.post("verdicts", {"verdict": "right", "objects": names(medium) + names(
        [one for one in fans if one["task"] == task])})
    done = review_service.accept(it.project, judged=True)
    assert done.accepted_tasks == 1 and done.accepted_objects == 3
    (made,) = it.ls.get(f"/api/tasks/{task}/annotations/")
    assert not [region for region in made["result"] if region["id"].startswith(low[0]["object"])]
    # What was rejected in a band shows here, and can be judged anew.
    left = next(one for one in cpus if one["task"] == other)
    set_aside.set_aside(it.project, other, "rejected", object_id=left["object"])
    assert it.said() == {(other, left["object"]): ("wrong", "")}
    assert it.post("verdicts", {"verdict": "right", "objects": names([left])})["to_fix"] == 0
    assert it.said() == {(other, left["object"]): ("right", "")}


@pytest.mark.parametrize("change", [{"threshold": 0.9}, {"prompts": ["processor"]}])
def test_a_change_that_waits_for_its_run_changes_nothing_that_is_shown(
        walled: Callable[[int], Walled], change: dict[str, Any]) -> None:
    project = walled(2)
    before = project.wall("limit=100")
    spread = project.client.get(f"/api/v1/projects/{project.project}/review/histogram").json
    assert before["objects"] == {"cpu": 6, "fan": 2} and sum(spread["objects"]) == 8
    answer = project.client.put(f"/api/v1/projects/{project.project}/recipe",
                                json={"concepts": [{"label": "cpu", **change}]})
    assert answer.status_code == 200, answer.text
    assert project.wall("limit=100") == before
    assert project.client.get(f"/api/v1/projects/{project.project}/review/histogram").json == spread
    project.post("verdicts", {"objects": names(before["shown"][:1]), "verdict": "wrong"})
