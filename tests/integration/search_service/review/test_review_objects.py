"""What the review and auto-annotate screens stand on: objects by score, histogram, edges, decisions, recipe.

Real Label Studio and database; the detections are written here instead of by a model, so that every number is known.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from PIL import Image

from argus import queue_names
from argus.answers.projects import Bands
from argus.answers.review import AcceptPlan, ReviewStatus
from argus.labelstudio import LabelStudio
from argus_cli.main import main
from label_studio_config import projects
from label_studio_config.label_config import Concept
from label_studio_config.recipe import recipe_for
from ml_backend.detection import store
from ml_backend.detection.batch import detect_tasks
from ml_backend.engines.base import Detections
from ml_backend.predictions import delivery
from ml_backend.runs import recipes
from ml_backend.sam3_worker import detect_jobs
from ml_backend.sam3_worker import engine as sam3_worker_engine
from search_service.api.app import create_app
from search_service.review import service, standing, verdicts
from search_service.review.objects import band_objects, histogram
from search_service.review.set_aside import put_back, set_aside
from tests.pictures import plain
from tests.resting import resting

pytestmark = pytest.mark.integration

WIDTH, HEIGHT = 200, 100
# Scores of the objects on each task; 0.3 lies below the threshold of 0.4 and is shown nowhere.
TASKS: tuple[tuple[float, ...], ...] = ((0.95,), (0.97, 0.92), (0.95, 0.8, 0.3), (0.75,), (0.99, 0.5), (0.3,), ())


def found(scores: tuple[float, ...]) -> Detections:
    boxes = [[10.0 + 40 * i, 10.0, 40.0 + 40 * i, 60.0] for i in range(len(scores))]
    return Detections(np.array(scores, np.float32), np.array(boxes, np.float32).reshape(-1, 4), [None] * len(scores))


class Reviewed:
    """A project whose predictions are in Label Studio as the product itself delivers them."""

    def __init__(self, project_id: int, ls: LabelStudio) -> None:
        self.id, self.ls = project_id, ls
        project = projects.refresh(project_id)
        projects.set_check_first(project_id, [])  # the 0.3 would wait for an answer
        tasks = list(ls.tasks(project_id, fields="all"))
        projects.remember_tasks(project_id, review_plan(project).image, tasks)
        self.tasks: list[int] = sorted(task["id"] for task in tasks)
        for task, scores in zip(self.tasks, TASKS, strict=True):
            store.store(task, recipe_for(project), (WIDTH, HEIGHT), {"cpu": found(scores)})
        outcomes = delivery.push(project_id, self.tasks)
        assert set(outcomes.values()) == {"stored"}

    def objects(self, band: str, **options: Any) -> list[tuple[int, float | None]]:
        """Return (index of the task, score) of a band's objects in their order."""
        page = band_objects(self.id, band, **options)
        return [(self.tasks.index(o.task), o.score) for o in page.objects]

    def in_label_studio(self) -> dict[int, set[str]]:
        """Return the objects of each task's prediction, as their regions' ids name them."""
        return {task["id"]: {r["id"].split("-")[0] for p in task["predictions"] for r in p["result"]}
                for task in self.ls.tasks(self.id)}

    def in_review(self) -> dict[int, set[str]]:
        """Return the objects of each unreviewed task, as the Review screen shows them."""
        shown: dict[int, set[str]] = {task: set() for task in self.tasks}
        for band in ("high", "medium", "low"):
            for entry in band_objects(self.id, band).objects:
                shown[entry.task].add(entry.object)
        return shown

    def annotated(self) -> list[int]:
        return sorted(self.tasks.index(task["id"]) for task in self.ls.tasks(self.id) if task["total_annotations"])


def review_plan(project: Any) -> Any:
    from label_studio_config.recipe import plan_for

    return plan_for(project)


@pytest.fixture
def reviewed(servers: Any, label_studio: LabelStudio) -> Iterator[Callable[[], Reviewed]]:
    from label_studio_config.label_config import default_label_config

    made: list[int] = []

    def make() -> Reviewed:
        project = label_studio.post("/api/projects/", {"title": "Reviewed",
                                                       "label_config": default_label_config(["cpu", "fan"])})["id"]
        made.append(project)
        files = [(f"f{i}", (f"{i}.jpg", plain((20 * i, 90, 30), (WIDTH, HEIGHT)), "image/jpeg"))
                 for i in range(len(TASKS))]
        label_studio.request("POST", f"/api/projects/{project}/import", files=files)
        return Reviewed(project, label_studio)

    yield make
    for project in made:
        label_studio.delete(f"/api/projects/{project}/")


def test_objects_come_lowest_first_and_page_by_page(reviewed: Callable[[], Reviewed]) -> None:
    project = reviewed()
    assert project.objects("high") == [(1, 0.92), (0, 0.95), (1, 0.97)]
    # The whole task is in the band of its lowest object; its sure objects come last.
    assert project.objects("medium") == [(3, 0.75), (2, 0.8), (2, 0.95)]
    assert project.objects("low") == [(4, 0.5), (4, 0.99)]
    assert project.objects("nothing_found") == [(5, None), (6, None)]
    first = band_objects(project.id, "medium", limit=2)
    rest = band_objects(project.id, "medium", limit=2, after=first.next)
    assert [o.score for o in first.objects + rest.objects] == [0.75, 0.8, 0.95]
    assert (first.tasks, rest.next) == (2, None)
    (mixed,) = [o for o in first.objects if o.of == 2]
    assert (mixed.sure, mixed.box) == (False, [0.25, 0.1, 0.4, 0.6])
    assert rest.objects[0].sure is True
    regions = [r for t in project.ls.tasks(project.id) if t["id"] == mixed.task
               for r in t["predictions"][0]["result"]]
    assert mixed.object in {r["id"].split("-")[0] for r in regions}  # named as Label Studio's regions are
    # What Label Studio stores of a task with sure and unsure objects tells a person which one to look at.
    assert {round(r["score"], 4): r.get("meta") for r in regions} == {
        0.95: None, 0.8: {"text": ["check: score 0.80"]}}
    assert project.objects("medium", label="fan") == []


def test_objects_and_counts_follow_what_people_do_in_label_studio(reviewed: Callable[[], Reviewed]) -> None:
    project = reviewed()
    project.ls.post(f"/api/tasks/{project.tasks[3]}/annotations/", {"result": []})
    assert project.objects("medium") == [(2, 0.8), (2, 0.95)]
    assert histogram(project.id).tasks[75] == 0
    plan = service.accept_plan(project.id, min_score=0.7, max_score=0.9)
    assert plan == AcceptPlan(tasks=1, objects=2, set_aside=0, rejected=0, corrected=0)


def test_histogram_sums_to_the_bands_at_any_edge(reviewed: Callable[[], Reviewed]) -> None:
    project = reviewed()
    spread = histogram(project.id)
    assert (sum(spread.labels["cpu"]), sum(spread.labels["fan"])) == (8, 0)
    assert spread.labels["cpu"][95] == 2
    for edge in (92, 93, 75, 76):
        expected = service.accept_plan(project.id, min_score=edge / 100)
        assert sum(spread.tasks[edge:]) == expected.tasks
        assert sum(spread.objects[edge:]) == expected.objects


def test_edges_move_bands_and_views_together(reviewed: Callable[[], Reviewed]) -> None:
    project = reviewed()
    moved = service.set_edges(project.id, 0.93, 0.8)
    assert service.review_status(project.id).bands == {"high": 1, "medium": 2, "low": 2, "nothing_found": 2}
    views = {view["id"]: view["data"] for view in project.ls.get("/api/dm/views/", project=project.id)}
    assert [item["value"] for item in views[moved.views["medium"]]["filters"]["items"]] == [0.8, 0.93, 0]
    assert project.ls.project(project.id)["model_version"] == projects.load(project.id)["model_version"]
    client = create_app().test_client()
    path = f"/api/v1/projects/{project.id}/review/bands"
    for wrong in ({"high": 0.5, "medium": 0.8}, {"high": 1.2}, {"medium": "x"}, {"low": 0.1}):
        assert client.put(path, json=wrong).status_code == 400
    assert service.review_status(project.id).edges == Bands(high=0.93, medium=0.8)
    assert client.put(path, json={}).json["edges"] == {"high": 0.9, "medium": 0.7}


def test_a_rejected_object_keeps_its_task_out_of_bulk_acceptance_and_loses_nothing(
        reviewed: Callable[[], Reviewed]) -> None:
    project = reviewed()
    (worst, *_) = band_objects(project.id, "high").objects
    report = set_aside(project.id, worst.task, "rejected", object_id=worst.object)
    assert report.to_fix == 1
    (view,) = [v for v in project.ls.get("/api/dm/views/", project=project.id) if v["id"] == report.view]
    assert [item["value"] for item in view["data"]["filters"]["items"]] == [worst.task]
    assert project.objects("high") == [(0, 0.95)]
    assert [(o.task, o.verdict) for o in band_objects(project.id, "to_fix").objects] == [
        (worst.task, "rejected"), (worst.task, "")]
    assert service.accept_plan(project.id) == AcceptPlan(tasks=1, objects=1, set_aside=1, rejected=0, corrected=0)
    done = service.accept(project.id)
    assert (done.accepted_tasks, done.reasons) == (1, {"rejected or sent to be fixed": 1})
    assert project.annotated() == [0]
    assert service.review_status(project.id).set_aside == 1
    (task,) = [t for t in project.ls.tasks(project.id) if t["id"] == worst.task]
    assert len(task["predictions"][0]["result"]) == 2  # as it was
    assert put_back(project.id, worst.task).to_fix == 0
    assert service.accept(project.id).accepted_tasks == 1
    assert report.view not in {v["id"] for v in project.ls.get("/api/dm/views/", project=project.id)}


def test_a_task_sent_to_be_fixed_waits_until_somebody_has_annotated_it(reviewed: Callable[[], Reviewed]) -> None:
    project = reviewed()
    client, before = create_app().test_client(), histogram(project.id).tasks
    path = f"/api/v1/projects/{project.id}/review"
    report = client.post(f"{path}/set-aside", json={"task": project.tasks[1], "verdict": "fix"}).json
    assert (report["verdict"], report["object"], report["to_fix"]) == ("fix", "", 1)
    # The same by the command line, which means the whole task as well.
    said = CliRunner().invoke(main, ["review", "set-aside", "-p", str(project.id), "--task", str(project.tasks[0])])
    assert "2 tasks set aside to be fixed" in said.output + said.stderr
    (view,) = [v for v in project.ls.get("/api/dm/views/", project=project.id) if v["id"] == report["view"]]
    assert [item["value"] for item in view["data"]["filters"]["items"]] == project.tasks[:2]
    waiting = band_objects(project.id, "to_fix")
    assert [(o.task, o.verdict) for o in waiting.objects] == [
        (project.tasks[1], "fix"), (project.tasks[0], "fix"), (project.tasks[1], "fix")]  # all of a task's objects
    assert (project.objects("high"), sum(histogram(project.id).tasks)) == ([], sum(before) - 2)
    assert service.accept_plan(project.id) == AcceptPlan(tasks=0, objects=0, set_aside=2, rejected=0, corrected=0)
    assert service.accept(project.id).accepted_tasks == 0
    project.ls.post(f"/api/tasks/{project.tasks[1]}/annotations/", {"result": []})
    assert service.review_status(project.id).set_aside == 1  # it has served its purpose
    assert client.post(f"{path}/put-back", json={"task": project.tasks[0]}).json == {
        "task": project.tasks[0], "put_back": 1, "to_fix": 0}
    assert service.accept(project.id).accepted_tasks == 1
    refused = client.post(f"{path}/set-aside", json={"task": 99999999, "verdict": "fix"})
    assert refused.get_json(force=True)["code"] == "unknown_task"
    assert client.post(f"{path}/set-aside", json={"task": project.tasks[0], "verdict": "nice"}).status_code == 400


def test_the_rate_is_of_tasks_that_somebody_looked_at_and_never_of_bulk(reviewed: Callable[[], Reviewed]) -> None:
    project = reviewed()

    def rate() -> tuple[int, float | None, int]:
        status = service.review_status(project.id)
        return status.looked_at, status.seconds_each, status.reviewed

    assert rate() == (0, None, 0)
    done = service.accept(project.id)
    assert (done.accepted_tasks, rate()) == (2, (0, None, 2))
    project.ls.post(f"/api/tasks/{project.tasks[4]}/annotations/", {"result": []})
    project.ls.post(f"/api/tasks/{project.tasks[5]}/annotations/", {"result": [], "was_cancelled": True})
    set_aside(project.id, project.tasks[3], "fix")
    (unsure, *_) = band_objects(project.id, "medium").objects
    verdicts.say(project.id, unsure.task, "unsure", object_id=unsure.object)
    assert rate() == (4, None, 4)  # of four no rate is told
    set_aside(project.id, project.tasks[6], "fix")
    looked, seconds, _ = rate()
    assert looked == 5 and seconds is not None and 0 <= seconds < 600
    service.undo(done.acceptance or 0)
    assert rate()[::2] == (5, 2)


def test_every_count_agrees_also_with_something_set_aside(reviewed: Callable[[], Reviewed]) -> None:
    project = reviewed()
    (worst, *_) = band_objects(project.id, "high").objects
    set_aside(project.id, worst.task, "rejected", object_id=worst.object)
    set_aside(project.id, project.tasks[6], "fix")

    def agree(expected: dict[str, tuple[int, int]], left: int) -> None:
        status, spread = service.review_status(project.id), histogram(project.id)
        assert {band: (status.bands[band], status.objects[band]) for band in status.bands} == expected
        edges = [0, round(100 * status.edges.medium), round(100 * status.edges.high), spread.bins]
        for band, low, high in zip(("low", "medium", "high"), edges, edges[1:], strict=False):
            assert (sum(spread.tasks[low:high]), sum(spread.objects[low:high])) == expected[band]
        for band, (tasks, objects) in expected.items():
            page = band_objects(project.id, band)
            assert (page.tasks, len(page.objects)) == (tasks, tasks if band == "nothing_found" else objects)
        assert (status.left, status.set_aside, band_objects(project.id, "to_fix").tasks) == (left, 2, 2)
        assert status.left == sum(status.bands.values()) + status.set_aside

    agree({"high": (1, 1), "medium": (2, 3), "low": (1, 2), "nothing_found": (1, 0)}, 7)
    project.ls.post(f"/api/tasks/{project.tasks[3]}/annotations/", {"result": []})
    project.ls.post(f"/api/tasks/{project.tasks[4]}/annotations/", {"result": [], "was_cancelled": True})
    agree({"high": (1, 1), "medium": (1, 2), "low": (0, 0), "nothing_found": (1, 0)}, 5)
    service.set_edges(project.id, 0.96, 0.7)
    agree({"high": (0, 0), "medium": (2, 3), "low": (0, 0), "nothing_found": (1, 0)}, 5)


def test_our_tables_and_label_studio_count_the_same_whatever_people_do(
        reviewed: Callable[[], Reviewed], monkeypatch: pytest.MonkeyPatch) -> None:
    project = reviewed()

    def both() -> ReviewStatus:
        ours = service.review_status(project.id)
        shown = {band: project.objects(band) for band in ("high", "medium", "low", "nothing_found", "to_fix")}
        with monkeypatch.context() as patch:
            patch.setattr(standing, "_is_same", lambda *_: False)
            assert service.review_status(project.id) == ours
            assert {band: project.objects(band) for band in shown} == shown
        return ours

    both()
    predicted = {task["id"]: task["predictions"][0]["result"] for task in project.ls.tasks(project.id)}
    path = "/api/tasks/{}/annotations/"
    checked = project.ls.post(path.format(project.tasks[3]), {"result": predicted[project.tasks[3]]})["id"]
    project.ls.post(path.format(project.tasks[4]), {"result": []})
    skipped = project.ls.post(path.format(project.tasks[5]), {"result": [], "was_cancelled": True})["id"]
    set_aside(project.id, project.tasks[2], "fix")
    done = service.accept(project.id)
    found = both()
    assert (found.accepted, found.checked, found.fixed, found.skipped, found.set_aside) == (2, 1, 1, 1, 1)
    project.ls.patch(f"/api/annotations/{checked}/", {"result": []})
    project.ls.delete(f"/api/annotations/{skipped}/")
    assert (both().checked, both().fixed, both().skipped) == (0, 2, 0)
    project.ls.delete(f"/api/annotations/{checked}/")
    service.undo(done.acceptance or 0)
    found = both()
    assert (found.accepted, found.fixed, found.left) == (0, 1, 6)


def test_the_counts_are_asked_of_label_studio_in_one_short_listing(reviewed: Callable[[], Reviewed]) -> None:
    project = reviewed()
    ls = Asked(project.ls)
    service.review_status(project.id, ls=ls)
    for ask in (lambda: service.review_status(project.id, ls=ls), lambda: histogram(project.id, ls=ls),
                lambda: band_objects(project.id, "high", ls=ls)):
        ls.paths.clear()
        ask()
        assert ls.paths == ["/api/tasks/"]


class Asked(LabelStudio):
    """The real server, with an account of what it was asked."""

    def __init__(self, ls: LabelStudio) -> None:
        super().__init__(ls.url, ls._token)
        self.paths: list[str] = []

    def request(self, method: str, path: str, **options: Any) -> Any:
        self.paths.append(path)
        return super().request(method, path, **options)


def test_accept_of_chosen_tasks_takes_these_and_no_other(reviewed: Callable[[], Reviewed]) -> None:
    project = reviewed()
    chosen = [project.tasks[2], project.tasks[4], project.tasks[6]]
    client = create_app().test_client()
    base = f"/api/v1/projects/{project.id}/review/accept"
    assert client.post(base, json={"task_ids": []}).status_code == 400
    assert project.annotated() == []
    assert client.post(f"{base}/plan", json={"task_ids": chosen}).json["tasks"] == 3
    done = client.post(base, json={"task_ids": chosen, "accepted_by": "ada"}).json
    assert (done["accepted_tasks"], done["accepted_objects"]) == (2, 4)  # nothing found is accepted on its own
    assert project.annotated() == [2, 4]
    again = client.post(base, json={"task_ids": chosen}).json
    assert again["accepted_tasks"] == 0
    (entry,) = client.get(f"/api/v1/projects/{project.id}/review/acceptances").json["acceptances"][-1:]
    assert entry["selection"]["task_ids"] == chosen
    assert entry["accepted_by"] == ""  # a name in the body is nobody's word; the shared token is nobody's
    assert client.post(f"/api/v1/acceptances/{done['acceptance']}/undo").json["undone"] == 2
    assert project.annotated() == []


def test_a_prediction_with_regions_but_no_score_is_found_and_explained(reviewed: Callable[[], Reviewed]) -> None:
    project = reviewed()
    (task,) = [t for t in project.ls.tasks(project.id) if t["id"] == project.tasks[0]]
    project.ls.patch(f"/api/predictions/{task['predictions'][0]['id']}/", {"score": None})
    status = service.review_status(project.id)
    assert (status.bands["nothing_found"], status.unscored) == (3, 1)
    assert "without a score" in status.notes[0]
    assert service.accept(project.id, nothing_found=True).accepted_tasks == 2  # and never taken for empty


def test_recipe_changes_are_kept_beside_the_config_and_told_before(reviewed: Callable[[], Reviewed]) -> None:
    project = reviewed()
    config = project.ls.project(project.id)["label_config"]
    wanted = [{"label": "cpu", "prompts": ["cpu", "chip"], "threshold": None}]
    told = recipes.change_recipe(project.id, wanted, dry_run=True)
    assert (told.changed, told.again, told.rebuilt) == (["cpu"], len(TASKS), 0)
    assert recipes.describe_recipe(project.id).concepts[0].changed is False
    assert recipes.change_recipe(project.id, [{"label": "cpu", "threshold": 0.6}]).rebuilt == len(TASKS)
    cpu = recipes.describe_recipe(project.id).concepts[0]
    assert (cpu.threshold, cpu.config.threshold, cpu.changed) == (0.6, 0.4, True)
    assert project.ls.project(project.id)["label_config"] == config
    client = create_app().test_client()
    for concept, status in (({"label": "gpu"}, 422), ({"label": "cpu", "threshold": 0.01}, 400),
                            ({"label": "cpu", "prompts": [" "]}, 400)):
        answer = client.put(f"/api/v1/projects/{project.id}/recipe", json={"concepts": [concept]})
        assert answer.status_code == status
    recipes.change_recipe(project.id, [{"label": "cpu"}])
    assert projects.load(project.id)["overrides"] == {}


def test_crop_shows_the_object_and_is_made_once(reviewed: Callable[[], Reviewed]) -> None:
    project = reviewed()
    client: FlaskClient = create_app().test_client()
    path = f"/api/v1/images/{project.tasks[0]}/crop"
    answer = client.get(path, query_string={"box": "0.05,0.1,0.2,0.6", "size": 100, "margin": 0})
    with Image.open(io.BytesIO(answer.data)) as image:
        assert image.size == (60, 100)  # 30 x 50 pixels, twice as large
    again = client.get(path, query_string={"box": "0.05,0.1,0.2,0.6", "size": 100, "margin": 0},
                       headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    for wrong in ("1,0,0,1", "0,0,2,1", "nonsense", "nan,0,1,1"):
        assert client.get(path, query_string={"box": wrong}).status_code == 400
    assert client.get("/api/v1/images/99999999/crop", query_string={"box": "0,0,1,1"}).status_code == 404


def test_preview_shows_what_is_known_down_to_the_lowest_kept_score(
        reviewed: Callable[[], Reviewed], monkeypatch: pytest.MonkeyPatch) -> None:
    project = reviewed()
    client = create_app().test_client()
    path = f"/api/v1/projects/{project.id}/preview"
    answer = client.post(path, json={"task_ids": project.tasks[2:4], "concepts": [{"label": "cpu"}]}).json
    assert answer["ready"] is True
    assert [[o["score"] for o in task["objects"]] for task in answer["tasks"]] == [[0.95, 0.8, 0.3], [0.75]]
    assert answer["tasks"][0]["objects"][0]["box"] == [0.05, 0.1, 0.2, 0.6]
    spread = client.post(path, json={"all": True, "images": 3, "concepts": [{"label": "cpu"}]}).json
    assert [task["task"] for task in spread["tasks"]] == [project.tasks[0], project.tasks[3], project.tasks[6]]
    # Other prompts need the model, and no worker serves this queue.
    monkeypatch.setattr(queue_names, "SAM3_PREVIEW", "nobody-serves-this")
    unknown = client.post(path, json={"all": True, "concepts": [{"label": "cpu", "prompts": ["chip"]}]})
    assert (unknown.status_code, unknown.get_json(force=True)["code"]) == (503, "worker_missing")
    for wrong, code in (({"task_ids": [99999999]}, "unknown_task"), ({"view": 99999999}, "not_found"),
                        ({}, "bad_request"), ({"all": True, "unlabelled": True}, "bad_request"),
                        ({"all": True, "images": 13}, "bad_request")):
        refused = client.post(path, json={"concepts": [{"label": "cpu"}], **wrong})
        assert refused.get_json(force=True)["code"] == code


class EngineThatSeesOneOfEach:
    """Stands in for the model: one sure object of each label, at a place of the label's own. Counts the images."""

    images_per_step = 8
    images = 0

    def detect(self, images: Sequence[Image.Image], concepts: Sequence[Concept]) -> list[dict[str, Detections]]:
        self.images += len(images)
        return [{c.label: Detections(np.array([0.96], np.float32), np.array([[8.0 * len(c.label), 70, 60, 90]],
                                                                            np.float32), [None])
                 for c in concepts} for _ in images]


def test_preview__no_prediction_and_no_review_sees_it_until_somebody_asks_for_its_label(
        reviewed: Callable[[], Reviewed], monkeypatch: pytest.MonkeyPatch) -> None:
    engine: Any = EngineThatSeesOneOfEach()
    monkeypatch.setattr(sam3_worker_engine, "get_engine", lambda: engine)
    project = reviewed()
    recipe, looked_at = recipe_for(projects.load(project.id)), project.tasks[:3]
    before, spread = project.in_label_studio(), histogram(project.id)
    assert sum(map(len, before.values())) == 8

    def run(label: str) -> None:
        assert detect_tasks(engine, recipe, [label], looked_at, budget=60).failed == {}
        assert set(delivery.push(project.id, looked_at).values()) == {"stored"}

    for task in looked_at:
        assert detect_jobs.detect_for_preview(project.id, task, {}, ["fan"]) == {}
        assert detect_jobs.detect_for_preview(project.id, task, {"cpu": {"prompts": ["chip"]}}, ["cpu"]) == {}
    body = {"task_ids": looked_at, "concepts": [{"label": "fan"}]}
    seen = create_app().test_client().post(f"/api/v1/projects/{project.id}/preview", json=body).json
    assert [[o["label"] for o in task["objects"]] for task in seen["tasks"]] == [["fan"]] * 3
    assert engine.images == 6
    assert project.in_review() == project.in_label_studio() == before
    assert histogram(project.id) == spread
    assert recipes.outdated_tasks(project.id) == []
    run("cpu")  # delivers again what it has
    assert project.in_review() == project.in_label_studio() == before
    assert service.accept_plan(project.id, min_score=0.0) == AcceptPlan(tasks=5, objects=8, set_aside=0, rejected=0,
                                                                        corrected=0)

    service.accept(project.id, task_ids=looked_at[:1])
    run("fan")
    assert engine.images == 6  # the preview has spared the run its work
    after = project.in_label_studio()
    assert [len(after[task] - before[task]) for task in project.tasks] == [1, 1, 1, 0, 0, 0, 0]
    assert project.in_review() == after | {looked_at[0]: set()}
    assert sum(histogram(project.id).labels["fan"]) == 2
    # What was seen in a preview before, but delivered after the acceptance, is new to the annotation.
    assert service.additions_plan(project.id, min_score=0.0).tasks == 1


def test_review__shows_a_label_only_once_label_studio_has_it(reviewed: Callable[[], Reviewed]) -> None:
    project = reviewed()
    before = project.in_label_studio()
    engine: Any = EngineThatSeesOneOfEach()
    recipe = recipe_for(projects.load(project.id))
    detect_tasks(engine, recipe, ["fan"], project.tasks[:2], budget=60)  # detected, and the delivery is still to come
    assert project.in_review() == project.in_label_studio() == before
    delivery.push(project.id, project.tasks[:2])
    assert project.in_review() == project.in_label_studio() != before


def test_prompts_that_were_previewed_and_kept__are_delivered_without_the_model(
        reviewed: Callable[[], Reviewed], monkeypatch: pytest.MonkeyPatch) -> None:
    engine: Any = EngineThatSeesOneOfEach()
    monkeypatch.setattr(sam3_worker_engine, "get_engine", lambda: engine)
    project = reviewed()
    chip = {"label": "cpu", "prompts": ["chip"], "threshold": None}
    for label, overrides in (("cpu", {"cpu": {"prompts": ["chip"]}}), ("fan", {})):
        assert detect_jobs.detect_for_preview(project.id, project.tasks[0], overrides, [label]) == {}
    told = recipes.change_recipe(project.id, [chip])
    assert (told.again, told.rebuilt) == (len(TASKS) - 1, 1)
    projects.refresh(project.id)
    delivery.remove_old_versions(project.id)
    shown = project.in_label_studio()
    assert [len(shown[task]) for task in project.tasks] == [1, 0, 0, 0, 0, 0, 0]  # and of fan, nothing
    assert project.in_review() == shown


def test_sources_of_a_run_follow_label_studio(reviewed: Callable[[], Reviewed]) -> None:
    from search_service.run_sources import Source, resolve, sources

    project = reviewed()
    views = service.make_band_views(project.id)
    project.ls.post(f"/api/tasks/{project.tasks[0]}/annotations/", {"result": []})
    found = sources(project.id)
    assert (found.all, found.unlabelled) == (len(TASKS), len(TASKS) - 1)
    assert set(views.values()) <= {view.id for view in found.views}
    asked = Source.model_validate({"view": views["medium"]})
    assert sorted(resolve(project.id, asked)[0]) == [project.tasks[2], project.tasks[3]]
    assert resolve(project.id, Source.model_validate({"unlabelled": True}))[0] == project.tasks[1:]


@pytest.fixture
def nobody_else(servers: Any) -> Iterator[None]:
    """The workers of earlier tests would carry on a run that is made here."""
    with resting(servers, "sam3-worker", "worker"):
        yield


def test_events_tell_progress_until_the_run_ends_and_do_not_take_every_thread(
        nobody_else: None, reviewed: Callable[[], Reviewed]) -> None:
    from argus.db import connect
    from search_service.api.routes.runs import STREAMS

    project, client = reviewed(), create_app().test_client()
    with connect() as connection:
        row = connection.execute("INSERT INTO run (project_id, labels, model_version, state, started_at) "
                                 "VALUES (%s, '{cpu}', 'v', 'running', now()) RETURNING id", (project.id,)).fetchone()
        assert row is not None
        connection.execute("INSERT INTO run_task (run_id, task_id) VALUES (%s, %s)", (row["id"], project.tasks[0]))
    path = f"/api/v1/runs/{row['id']}/events"
    open_ones = [client.get(path) for _ in range(STREAMS)]
    streams = [iter(answer.response) for answer in open_ones]
    assert '"state": "running"' in str(next(streams[0]))
    assert client.get(path).status_code == 503  # the page polls then
    open_ones.pop().close()
    again = client.get(path)
    assert again.status_code == 200
    again.close()
    with connect() as connection:
        connection.execute("UPDATE run SET state = 'cancelled', finished_at = now() WHERE id = %s", (row["id"],))
    *_, last = list(streams[0])
    assert '"state": "cancelled"' in str(last)
    for answer in open_ones:
        answer.close()
    assert client.get("/api/v1/runs/99999999/events").status_code == 404


def test_an_acceptance_in_a_persons_name_says_so_and_a_wrong_token_accepts_nothing(
        reviewed: Callable[[], Reviewed]) -> None:
    from argus.settings import get_settings

    project = reviewed()
    client = create_app().test_client()
    base = f"/api/v1/projects/{project.id}/review/accept"
    wrong = client.post(base, json={"token": "nonsense"})
    assert (wrong.status_code, wrong.get_json(force=True)["code"]) == (400, "bad_request")  # a 401 means our own token
    assert project.annotated() == []
    token = get_settings().access_token
    me = client.post("/api/v1/people/me", json={"token": token}).json
    assert client.post(base, json={"accepted_by": "somebody else", "token": token}).json["accepted_tasks"] == 2
    (entry, *_) = client.get(f"/api/v1/projects/{project.id}/review/acceptances").json["acceptances"]
    assert entry["accepted_by"] == me["email"] == get_settings().label_studio_user
    made = {a["completed_by"] for task in project.ls.tasks(project.id) for a in task["annotations"]}
    assert made == {me["id"]}
    assert client.post("/api/v1/people/me", json={"token": "nonsense"}).status_code == 400
