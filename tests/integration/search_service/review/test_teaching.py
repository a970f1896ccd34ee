"""A label taught by verdicts, on a real Label Studio and database: what it would change, use, the way back, errors."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from argus.db import connect, together
from argus.labelstudio import LabelStudio
from argus_cli.main import main
from label_studio_config import projects
from label_studio_config.recipe import plan_for, recipe_for
from ml_backend.detection import store as detections
from ml_backend.engines.base import Detections
from ml_backend.predictions import delivery
from ml_backend.predictions.jobs import remove_old_versions
from ml_backend.runs.recipes import change_recipe
from search_service.embedding import object_store
from search_service.review import embedded_store
from search_service.review.objects import band_objects
from search_service.review.teaching import scoring
from search_service.vectors import store as vectors
from search_service.vectors import tables
from search_service.vectors.store import Model
from tests.predicted import ask
from tests.resting import resting
from tests.roles import kept_roles

pytestmark = pytest.mark.integration
TASKS, DIM = 24, 8
RIGHT, WRONG = [10.0, 10.0, 30.0, 60.0], [110.0, 10.0, 130.0, 60.0]  # of each task one, of the same score


class Taught:
    """A project whose tasks each show a cpu and something else as cpu, with crops that tell the two apart."""

    def __init__(self, ls: LabelStudio, client: FlaskClient, model: Model, project: int) -> None:
        self.ls, self.client, self.model, self.id = ls, client, model, project
        ls.post(f"/api/projects/{project}/import", [{"image": f"http://localhost/{n}.jpg"} for n in range(TASKS)])
        row = projects.refresh(project)
        listed = list(ls.tasks(project, fields="task_only"))
        projects.remember_tasks(project, plan_for(row).image, listed)
        self.tasks = sorted(task["id"] for task in listed)
        self.detect(self.tasks)
        self.embed(self.tasks)
        assert set(delivery.push(project, self.tasks).values()) == {"stored"}

    def detect(self, tasks: list[int], *boxes: list[float]) -> None:
        recipe = recipe_for(projects.load(self.id))
        both = boxes or (RIGHT, WRONG)
        for task in tasks:
            detections.store(task, recipe.untaught, (200, 100), {"cpu": Detections(
                np.full(len(both), 0.8, np.float32), np.array(both, np.float32), [None] * len(both))})

    def embed(self, tasks: list[int]) -> None:
        """Give objects the vectors that a SigLIP worker would."""
        draw = np.random.default_rng(tasks[0])
        with together(), connect() as connection:
            made = object_store.make(self.id, object_store.crops(tasks, None))
            rows = []
            for number, crop in made.items():
                vector = draw.normal(0, 0.15, DIM)
                vector[0] += 1 if crop.box == RIGHT else -1
                rows.append((self.id, number, (vector / np.linalg.norm(vector)).astype(np.float32)))
            vectors.store(connection, self.model.objects, rows)
        object_store.mark_embedded(tasks)

    def say(self, right: int, wrong: int) -> None:
        """Say of the first tasks' objects what they are."""
        for verdict, box, count in (("right", RIGHT, right), ("wrong", WRONG, wrong)):
            named = [{"task": one.task, "object": one.object} for one in self.shown()
                     if [round(v * s) for v, s in zip(one.box or (), (200, 100) * 2, strict=True)] == box]
            if count:
                ask(self.client, f"/projects/{self.id}/review/wall/verdicts", {
                    "verdict": verdict, "objects": sorted(named, key=lambda one: one["task"])[:count]})

    def shown(self) -> list[Any]:
        return [one for band in ("high", "medium", "low", "to_fix")
                for one in band_objects(self.id, band, limit=1000, ls=self.ls).objects if one.object]

    def show(self) -> Any:
        return ask(self.client, f"/projects/{self.id}/teaching/label?label=cpu")

    def post(self, what: str, status: int = 200, **body: Any) -> Any:
        return ask(self.client, f"/projects/{self.id}/teaching/{what}", {"label": "cpu", **body}, status)

    def follow(self) -> None:
        """Do what the default worker does after a change of the recipe."""
        scoring.score_new(self.id)
        remove_old_versions(self.id)

    def delivered(self) -> dict[int, list[Any]]:
        """Label Studio's predictions of each task."""
        return {task["id"]: task["predictions"] for task in self.ls.tasks(self.id, fields="all")}


@pytest.fixture(scope="module", autouse=True)
def nobody_else_works(servers: Any) -> Iterator[None]:
    """No worker of an earlier test builds predictions anew before the test looks."""
    with resting(servers, "worker", "siglip-worker"):
        yield


@pytest.fixture
def taught(servers: Any, label_studio: LabelStudio, client: FlaskClient,
           new_project: Callable[[], int]) -> Iterator[Taught]:
    model = tables.register_model("taught", "test", DIM)
    with kept_roles(model.id):
        yield Taught(label_studio, client, model, new_project())


def test_a_verifier_makes_the_scores_that_are_shown_until_it_is_switched_off(taught: Taught) -> None:
    taught.say(10, 10)
    found = taught.show()
    draft = found["draft"]
    assert (found["right"], found["wrong"], draft["paid"]) == (10, 10, True), found
    assert draft["changes"]["hidden"] == TASKS and draft["changes"]["objects"] == 2 * TASKS
    assert 0 < len(draft["changes"]["crops"]) <= 12 and {one["right"] for one in draft["pulling"]} <= {True, False}
    before = projects.load(taught.id)["model_version"]
    assert len({one.score for one in taught.shown()}) == 1  # a draft changes nothing

    assert found["rebuilding"] == 0

    used = taught.post("use", key=draft["key"])
    assert used["rebuilding"] == TASKS
    assert used["in_use"] and [state["in_use"] for state in used["states"]] == [True]
    taught.follow()
    version = projects.load(taught.id)["model_version"]
    assert version != before
    for predictions in taught.delivered().values():
        (only,) = predictions  # one a task, of the new version, without what is no cpu
        assert only["model_version"] == version
        (region,) = [one for one in only["result"] if one["type"] == "rectanglelabels"]
        assert region["value"]["x"] == 5 and only["score"] == region["score"] > 0.8
    assert {tuple(one.box) for one in taught.shown()} == {(0.05, 0.1, 0.15, 0.6)}
    recipe = recipe_for(projects.load(taught.id))
    assert {one.place for one in embedded_store.embedded_objects(recipe, taught.tasks)} == {1, 2}

    off = taught.post("off")
    taught.follow()
    assert not off["in_use"] and projects.load(taught.id)["model_version"] == before
    assert {one["model_version"] for own in taught.delivered().values() for one in own} == {before}
    assert {round(one.score, 2) for one in taught.shown()} == {0.8}
    again = taught.post("use", key=draft["key"])  # back to the earlier state, whatever the examples make now
    assert again["in_use"] and projects.load(taught.id)["model_version"] == version


def test_no_score_is_awaited_when_another_threshold_waits_for_the_next_run(taught: Taught) -> None:
    assert change_recipe(taught.id, [{"label": "cpu", "threshold": 0.55}]).changed == ["cpu"]
    assert taught.show()["rebuilding"] == 0


def test_what_is_detected_later_is_delivered_once_with_its_final_score(taught: Taught) -> None:
    taught.say(10, 10)
    taught.post("use", key=taught.show()["draft"]["key"])
    taught.follow()
    taught.detect(taught.tasks[:1], RIGHT, WRONG, [60.0, 10.0, 80.0, 60.0])  # again, with one more
    assert delivery.push(taught.id, taught.tasks[:2]) == {taught.tasks[0]: "later", taught.tasks[1]: "stored"}
    scoring.score_new(taught.id)  # its crops are not embedded yet
    assert delivery.push(taught.id, taught.tasks[:1]) == {taught.tasks[0]: "later"}
    taught.embed(taught.tasks[:1])
    assert scoring.score_new(taught.id) == 1
    assert delivery.push(taught.id, taught.tasks[:1]) == {taught.tasks[0]: "stored"}
    (only,) = taught.delivered()[taught.tasks[0]]
    assert len([one for one in only["result"] if one["type"] == "rectanglelabels"]) == 1


def test_open_samples_are_asked_about(taught: Taught) -> None:
    taught.say(10, 10)
    sample = ask(taught.client, f"/projects/{taught.id}/trust/samples", {"edges": [0.7]}, 201)["id"]
    found = taught.show()
    assert found["open_samples"] == [sample]
    refused = taught.post("use", 409, key=found["draft"]["key"])
    assert "ends 1 open sample" in refused["detail"] and not taught.show()["in_use"]
    assert taught.post("use", key=found["draft"]["key"], end_samples=True)["open_samples"] == []
    assert ask(taught.client, f"/trust/samples/{sample}")["state"] == "void"


def test_what_is_lacking_is_said(taught: Taught, label_studio: LabelStudio) -> None:
    assert "No object has been judged" in taught.show()["line"]
    taught.say(6, 0)
    assert "no wrong example" in taught.show()["line"]
    taught.say(0, 3)
    found = taught.show()
    assert (found["right"], found["wrong"], found["wanted"], found["draft"]) == (6, 3, 2, None)
    assert "too few" in found["line"]
    assert taught.post("use", 400, key="0" * 16)["detail"] == found["line"]
    with connect() as connection:
        connection.execute("DELETE FROM task WHERE id = %s", (taught.tasks[0],))
    found = taught.show()
    assert (found["right"], found["wrong"], found["gone"]) == (5, 2, 2) and "2 do not count" in found["line"]
    assert taught.post("off", 400)["detail"].startswith("No verifier is in use")
    assert ask(taught.client, f"/projects/{taught.id}/teaching/label?label=bolt", None, 422)["code"] == "unknown_label"


def test_the_command_line_teaches(taught: Taught) -> None:
    taught.say(10, 10)

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(main, ["teach", *arguments, "--project", str(taught.id)])
        assert done.exit_code == 0, done.output
        return done.output

    assert "cpu" in run("status") and f"{TASKS} hidden" in run("show", "--label", "cpu")
    assert "in use" in run("use", "--label", "cpu")
    assert "in use" not in run("off", "--label", "cpu").split("since")[-1]


def test_what_teaches_most_is_asked_a_few_at_a_time_until_all_is_said(taught: Taught) -> None:
    def ask_next(**query: Any) -> Any:
        words = "&".join(f"{name}={value}" for name, value in query.items())
        return ask(taught.client, f"/projects/{taught.id}/teaching/next?{words}")

    first = ask_next()
    assert first["learned"] is None and (first["left"], first["waiting"]) == (2 * TASKS, 0)
    assert first["objects"]["cpu"] == 2 * TASKS
    assert {tuple(one["box"]) for one in first["shown"][:2]} == {(0.05, 0.1, 0.15, 0.6), (0.55, 0.1, 0.65, 0.6)}, \
        "the second is unlike the first"
    known, hidden = set[tuple[int, str]](), 0
    while len(known) < 2 * TASKS:
        found = ask_next(label="cpu", limit=10)
        mine = {(one["task"], one["object"]): one["box"][0] < 0.5 for one in found["shown"]}
        assert mine and not known & set(mine) and found["left"] == 2 * TASKS - len(known)
        for verdict, is_cpu in (("right", True), ("wrong", False)):
            named = [{"task": task, "object": name} for (task, name), right in mine.items() if right == is_cpu]
            if named:
                ask(taught.client, f"/projects/{taught.id}/review/wall/verdicts", {"verdict": verdict,
                                                                                  "objects": named})
        known |= set(mine)
        learned = ask_next()["learned"]
        hidden = max(hidden, learned["hidden"])
        assert learned["verdicts"] == min(20, len(known)) and learned["shown"] == 0
    assert hidden == TASKS, "the first 20 verdicts told what is no cpu"
    assert ask_next()["shown"] == [] and ask_next()["left"] == 0


def test_crops_that_are_not_embedded_are_not_asked_about_and_counted(taught: Taught) -> None:
    taught.detect(taught.tasks[:2], RIGHT)
    assert set(delivery.push(taught.id, taught.tasks[:2]).values()) == {"stored"}
    found = ask(taught.client, f"/projects/{taught.id}/teaching/next?limit=50")
    assert (found["left"], found["waiting"], len(found["shown"])) == (2 * TASKS - 2, 2, 2 * TASKS - 4)
    assert not {one["task"] for one in found["shown"]} & set(taught.tasks[:2])


@pytest.mark.parametrize(("query", "status", "says"), [
    ("label=hdd", 422, "no label 'hdd'"), ("limit=0", 400, "limit"), ("limit=51", 400, "limit"),
    ("label=cpu&order=score", 400, "order")])
def test_what_cannot_be_asked_next_is_told(taught: Taught, query: str, status: int, says: str) -> None:
    assert says in ask(taught.client, f"/projects/{taught.id}/teaching/next?{query}", status=status)["detail"]


def test_the_wall_has_similar_objects_together_and_the_odd_ones_first(taught: Taught) -> None:
    def boxes(order: str) -> list[bool]:
        found: list[Any] = []
        after: str | None = ""
        while after is not None:
            page = ask(taught.client, f"/projects/{taught.id}/review/wall?order={order}&limit=20&after={after}")
            found, after = found + page["shown"], page["next"]
        assert len({(one["task"], one["object"]) for one in found}) == len(found) == 2 * TASKS
        return [one["box"][0] < 0.5 for one in found]

    similar = boxes("similar")
    assert sum(one != other for one, other in itertools.pairwise(similar)) == 1
    assert len(boxes("outliers")) == 2 * TASKS
    assert "order" in ask(taught.client, f"/projects/{taught.id}/review/wall?order=size", status=400)["detail"]
