"""Everything like this: over REST, with every process running, from a few regions to predictions in Label Studio."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner

from argus import queue_names
from argus.client import Argus
from argus.errors import ArgusError
from argus.jobs import queues
from argus.labelstudio import LabelStudio, get_label_studio
from argus.settings import get_settings
from argus_cli.main import main
from demo.draw import Split
from demo.scenes import make_scene, render_scene
from demo.truth import iou
from label_studio_config import projects
from label_studio_config.connect import connect as connect_project
from label_studio_config.recipe import recipe_for
from ml_backend.detection import store as detections
from ml_backend.runs import runs
from ml_backend.runs.recipes import change_recipe, describe_recipe
from search_service.references import service
from search_service.review.teaching import drafts, scoring
from search_service.review.teaching.examples import open_label
from search_service.search.object_search import find_objects
from search_service.search.query import ObjectQuery
from search_service.search.query_vectors import stored_vectors
from search_service.sync.tasks import sync_project
from search_service.vectors.tables import current_model
from tests.waiting import wait_for

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]
FRAMES, KIND = 14, "fan"
WORDS = ["cpu", "fan", "capacitor", "hdd"]  # for the small checkpoint these together are the word for everything


class World(NamedTuple):
    """A project with one label that the model knows no word for; `truth` are kinds and boxes as fractions by task."""

    project: int
    ls: LabelStudio
    truth: dict[int, list[tuple[str, tuple[float, ...]]]]

    def regions(self) -> list[tuple[int, list[float]]]:
        """Tasks and boxes in percent of the wanted kind."""
        return [(task, [100 * v for v in (x0, y0, x1 - x0, y1 - y0)]) for task, things in sorted(self.truth.items())
                for kind, (x0, y0, x1, y1) in things if kind == KIND]

    def kind(self, task: int, box: list[float]) -> str:
        return next((kind for kind, own in self.truth[task] if iou(tuple(box), own) > 0.5), "")  # type: ignore[arg-type]

    def run(self) -> None:
        run = runs.create_run(self.project, ["thing"], sorted(self.truth))
        wait_for(lambda: runs.run_progress(run).state == "done", seconds=240, pause=1)

    def predicted(self) -> list[tuple[int, str, float]]:
        """Task, kind and score of each region of Label Studio's predictions."""
        return [(task["id"], self.kind(task["id"], [r["value"][k] / 100 for k in "xy"] + [
            (r["value"][k] + r["value"][side]) / 100 for k, side in (("x", "width"), ("y", "height"))]), r["score"])
            for task in self.ls.tasks(self.project, fields="all") for one in task["predictions"]
            for r in one["result"] if r["type"] == "rectanglelabels"]


def embedded(project: int) -> int:
    model = current_model()
    tasks = [row["id"] for row in get_label_studio().tasks(project, fields="task_only")]
    return len(stored_vectors(model.images, project, tasks)) if model else 0


@pytest.fixture(scope="module")
def world(stack: Any) -> Iterator[World]:
    ls = get_label_studio()
    project = connect_project(ls, None, title="References", labels=["thing"]).project_id
    assert project
    truths = {}
    for number in range(FRAMES):
        image, things = render_scene(make_scene(Split.HELD_OUT, f"references {number}"), 640)
        file = io.BytesIO()
        image.save(file, "JPEG", quality=92)
        ls.request("POST", f"/api/projects/{project}/import", files=[
            (f"{number}.jpg", (f"{number}.jpg", file.getvalue(), "image/jpeg"))], timeout=60)
        truths[f"{number}.jpg"] = [(thing.label, tuple(
            side / size for side, size in zip(thing.box, image.size * 2, strict=True))) for thing in things]
    sync_project(project)
    wait_for(lambda: embedded(project) == FRAMES and queues.workers_of(queue_names.SAM3_PREVIEW), seconds=240, pause=1)
    tasks = {task["id"]: task["data"]["image"].rsplit("-", 1)[-1] for task in ls.tasks(project)}
    yield World(project, ls, {task: truths[name] for task, name in tasks.items()})
    ls.delete(f"/api/projects/{project}/")


def test_from_a_few_regions_to_predictions_and_back(world: World) -> None:
    argus, project = Argus(get_settings().search_service_url), world.project
    regions = world.regions()
    assert len(regions) >= 5, regions
    for task, box in regions[:3]:
        found = argus.teaching.add_reference(project, "thing", task, box)
    (label,) = found.labels
    assert (label.by, label.words, len(label.references), found.most) == ("proposals", ["object"], 3, 5)
    assert label.references[0].task == regions[0][0]
    assert label.references[0].box == pytest.approx(regions[0][1], abs=0.01)
    picture = argus.call("GET", f"/projects/{project}/references/{label.references[0].id}/picture")
    assert picture.content[:2] == b"\xff\xd8" and picture.headers["Content-Type"] == "image/jpeg"
    change_recipe(project, [{"label": "thing", "prompts": WORDS, "threshold": None}])
    (concept,) = describe_recipe(project).concepts
    assert (concept.by, concept.prompts) == ("proposals", WORDS)

    asked = {"concepts": [{"label": "thing", "prompts": WORDS}], "task_ids": sorted(world.truth)[:4]}
    wait_for(lambda: argus.call("POST", f"/projects/{project}/preview", asked).json()["ready"], seconds=120, pause=1)
    seen = {(one["task"], tuple(o["box"])): o["score"] for one in argus.call(
        "POST", f"/projects/{project}/preview", asked).json()["tasks"] for o in one["objects"]}

    world.run()
    shown = [kind for _, kind, _ in world.predicted()]
    wanted = len(regions)
    assert shown.count(KIND) >= 0.6 * wanted and shown.count(KIND) >= 0.7 * len(shown), shown
    objects = [hit for hit in find_objects(project, ObjectQuery(text="thing"), 1000)]
    others = [hit for hit in objects if world.kind(hit.task, hit.box) not in ("", KIND)]
    assert len(others) > 5  # which were detected by those words, and are not shown
    scores = {(one["task"], tuple(o["box"])): o["score"] for one in argus.call(
        "POST", f"/projects/{project}/preview", asked).json()["tasks"] for o in one["objects"]}
    assert scores.keys() == seen.keys() and scores == pytest.approx(seen)

    made = drafts.likeness_of(open_label(project, "thing"))  # what a verifier would have to beat
    assert made and made.slope == 0 and not argus.teaching.show(project, "thing").in_use

    version = projects.load(project)["model_version"]
    example = next(hit for hit in objects if world.kind(hit.task, hit.box) == KIND
                   and hit.task not in [task for task, _ in regions[:3]])
    argus.teaching.add_object(project, "thing", example.object)  # the stored detections get other scores, without a run
    now = projects.load(project)["model_version"]
    assert now != version
    wait_for(lambda: {p["model_version"] for t in world.ls.tasks(project, fields="all") for p in t["predictions"]}
             == {now}, seconds=120, pause=2)
    assert [kind for _, kind, _ in world.predicted()].count(KIND) >= 0.6 * wanted

    shown_now = recipe_for(projects.load(project))
    change_recipe(project, [{"label": "thing", "prompts": [*WORDS, "battery"], "threshold": None}])
    scoring.score_new(project)  # other words wait for the next run: what is on show stays
    assert len(detections.load(sorted(world.truth), shown_now)) == FRAMES
    change_recipe(project, [{"label": "thing", "prompts": WORDS, "threshold": None}])

    world.ls.delete(f"/api/tasks/{regions[0][0]}/")  # a reference outlives its task
    sync_project(project)
    assert len(argus.teaching.references(project).labels[0].references) == 4
    assert argus.call("GET", f"/projects/{project}/references/{label.references[0].id}/picture").content
    _refuses_what_cannot_be(world, argus, regions)
    _works_on_the_command_line(project, *regions[-1])
    for one in argus.teaching.references(project).labels[0].references:
        left = argus.teaching.remove_reference(project, one.id)
    assert (left.labels[0].by, left.labels[0].references) == ("words", [])


def _refuses_what_cannot_be(world: World, argus: Argus, regions: list[tuple[int, list[float]]]) -> None:
    project, (task, box) = world.project, regions[-1]
    before = argus.teaching.references(project)
    for code, words, label, where, region in (
            ("bad_request", "has no area", "thing", task, [10, 10, 0, 5]),
            ("bad_request", "outside its image", "thing", task, [90, 10, 20, 5]),
            ("unknown_label", "no label 'nothing'", "nothing", task, box),
            ("unknown_task", f"no task {regions[0][0]}", "thing", regions[0][0], box)):
        with pytest.raises(ArgusError, match=words) as caught:
            argus.teaching.add_reference(project, label, where, region)
        assert caught.value.code == code
    with pytest.raises(ArgusError, match="no object"):
        argus.teaching.add_object(project, "thing", 2**40)
    with pytest.raises(ArgusError, match="either an object"):
        service.region_of(project, task, None, None)
    with pytest.raises(ArgusError, match="no reference 99999999"):
        argus.teaching.remove_reference(project, 99999999)
    assert argus.teaching.references(project) == before
    argus.teaching.add_reference(project, "thing", task, box)
    with pytest.raises(ArgusError, match="has 5 references already"):
        argus.teaching.add_reference(project, "thing", task, [1, 1, 30, 30])


def _works_on_the_command_line(project: int, task: int, box: list[float]) -> None:
    def told(*arguments: str) -> str:
        done = CliRunner().invoke(main, ["references", *arguments, "--project", str(project)])
        return done.output if not done.exit_code else f"{done.exit_code} {done.output} {done.exception}"

    first = service.show(project).labels[0].references[0]
    assert "proposals" in told("list") and str(first.id) in told("list")
    told("remove", str(first.id))
    assert first.id not in [one.id for one in service.show(project).labels[0].references]
    where = ("add", "--label", "thing", "--task", str(task), "--box")
    assert "four numbers" in told(*where, "1,2")
    assert "region is a reference" in told(*where, ",".join(map(str, box)))
    found = json.loads(told(*where, "5,5,30,30", "--json"))
    assert found["labels"][0]["references"][-1]["box"] == [5, 5, 30, 30]
