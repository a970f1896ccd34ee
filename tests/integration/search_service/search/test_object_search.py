"""Objects are found: from a run's detections to hits over HTTP with every process running, and a ranking from memory
that is PostgreSQL's own."""

from __future__ import annotations

import base64
import io
import itertools
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest
import requests
from click.testing import CliRunner

from argus import queue_names
from argus.client import Argus
from argus.db import connect
from argus.errors import ArgusError
from argus.images.fetcher import get_images
from argus.jobs import queues
from argus.labelstudio import LabelStudio, get_label_studio
from argus.labelstudio.task_data import TaskImage
from argus.settings import get_settings
from argus_cli.main import main
from demo.draw import Split
from demo.scenes import make_scene, render_scene
from demo.truth import iou
from label_studio_config import projects
from label_studio_config.connect import connect as connect_project
from label_studio_config.recipe import recipe_for
from ml_backend.runs import runs
from search_service.embedding import object_store
from search_service.review import arrangement
from search_service.review.objects import band_objects
from search_service.search.filters import ObjectFilters
from search_service.search.object_search import find_objects
from search_service.search.query import ObjectQuery
from search_service.sync.tasks import sync_project
from search_service.vectors import filter_memory, ranking, store
from search_service.vectors.filter_memory import MIB, FilterMemory
from search_service.vectors.ranking import Ranked
from tests.resting import resting
from tests.rows import project_of_rows
from tests.waiting import wait_for

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]
FRAMES, LABELS = 24, ("cpu", "fan", "capacitor")


class World(NamedTuple):
    """A project whose frames were annotated by a run; `truth` are `(label, colour, box as fractions)` by task."""

    project: int
    tasks: list[int]
    truth: dict[int, list[tuple[str, str, tuple[float, ...]]]]

    def colour(self, hit: Any) -> tuple[str, str] | None:
        """Return label and colour of what a hit shows."""
        for label, colour, box in self.truth[hit.task]:
            if iou(tuple(hit.box), box) > 0.5:  # type: ignore[arg-type]
                return label, colour
        return None


@pytest.fixture(scope="module")
def world(stack: Any) -> Iterator[World]:
    ls = get_label_studio()
    project = connect_project(ls, None, title="Objects", labels=LABELS).project_id
    assert project
    truths = {}
    for number in range(FRAMES):
        image, things = render_scene(make_scene(Split.HELD_OUT, f"objects {number}"), 640)
        file = io.BytesIO()
        image.save(file, "JPEG", quality=92)
        ls.request("POST", f"/api/projects/{project}/import", files=[
            (f"{number}.jpg", (f"{number}.jpg", file.getvalue(), "image/jpeg"))], timeout=60)
        truths[f"{number}.jpg"] = [(thing.label, thing.colour, tuple(
            side / size for side, size in zip(thing.box, image.size * 2, strict=True))) for thing in things]
    sync_project(project)
    tasks = {task["id"]: task["data"]["image"].rsplit("-", 1)[-1] for task in ls.tasks(project)}
    run = runs.create_run(project, LABELS, sorted(tasks))
    wait_for(lambda: runs.run_progress(run).state == "done", seconds=240, pause=1)
    wait_for(lambda: object_store.progress(project).waiting == 0, seconds=240, pause=1)
    yield World(project, sorted(tasks), {task: truths[name] for task, name in tasks.items()})
    ls.delete(f"/api/projects/{project}/")


def test_every_detection_becomes_an_object_by_itself(world: World) -> None:
    with connect() as connection:
        row = connection.execute("SELECT sum(cardinality(d.scores)) AS n FROM detection d JOIN task t ON t.id = "
                                 "d.task_id WHERE t.project_id = %s", (world.project,)).fetchone()
    progress = object_store.progress(world.project)
    assert row and progress.embedded == row["n"] > 20 and (progress.waiting, progress.failed) == (0, 0)


def test_a_text_finds_the_objects_it_names(world: World) -> None:
    found = Argus(get_settings().search_service_url).find_objects(world.project, "cpu", limit=1000)
    assert found.total == found.objects.embedded == len(found.hits) and found.exact
    assert [hit.similarity for hit in found] == sorted((hit.similarity for hit in found), reverse=True)
    right = [world.colour(hit) for hit in found]
    first = [thing is not None and thing[0] == "cpu" for thing in right[:5]]
    assert sum(first) >= 3, right[:10]
    assert all(0 <= side <= 1 for hit in found for side in hit.box) and all(hit.image and hit.label for hit in found)


def test_an_example_object_finds_its_like_and_not_itself(world: World) -> None:
    by_colour: dict[Any, list[Any]] = {}
    for hit in find_objects(world.project, ObjectQuery(text="part"), 1000):
        by_colour.setdefault(world.colour(hit), []).append(hit)
    thing, alike = max(((key, hits) for key, hits in by_colour.items() if key), key=lambda pair: len(pair[1]))
    example = alike[0]
    found = find_objects(world.project, ObjectQuery.model_validate({"like": [{"object": example.object}]}), 1000)
    assert example.object not in [hit.object for hit in found] and len(found) == found.total - 1
    places = [place for place, hit in enumerate(found) if world.colour(hit) == thing]
    assert np.mean(places) < len(found) / 3, places
    region = find_objects(world.project, ObjectQuery.model_validate({"like": [{
        "task": example.task, "box": example.box}]}), 3)
    assert region.hits[0].object == example.object and region.hits[0].similarity > 0.98


def test_filters_choose_objects_and_their_tasks(world: World) -> None:
    def ids(**filters: Any) -> set[int]:
        return {hit.object for hit in find_objects(world.project, ObjectQuery.model_validate(
            {"text": "cpu", "filters": filters}), 1000)}

    every = {hit.object: hit for hit in find_objects(world.project, ObjectQuery(text="cpu"), 1000)}
    assert ids(label="fan") == {number for number, hit in every.items() if hit.label == "fan"} != set()
    assert ids(label="no such label") == set()
    assert ids(min_score=0.5) == {number for number, hit in every.items() if hit.score >= 0.5}
    assert ids(max_score=0.5) | ids(min_score=0.5) == every.keys()
    assert ids(labelled=True) == set() and ids(labelled=False) == every.keys()
    assert ids(label="fan", label_in="annotations") == set()
    with connect() as connection:
        connection.execute("UPDATE task SET video = 'a.mp4', video_time = id %% 7 WHERE project_id = %s AND id = %s",
                           (world.project, world.tasks[0]))
    assert ids(video="a.mp4") == {number for number, hit in every.items() if hit.task == world.tasks[0]}
    with pytest.raises(ValueError, match="min_score must not be above max_score"):
        ObjectFilters(min_score=0.9, max_score=0.1)


def test_what_was_detected_with_other_prompts_is_not_found(world: World) -> None:
    with connect() as connection:
        connection.execute("INSERT INTO detection (task_id, label, concept_key, width, height, items) VALUES "
                           "(%s, 'cpu', 'of other prompts', 640, 360, %s)", (world.tasks[0], json.dumps(
                               [{"score": 0.9, "box": [10, 10, 60, 60], "mask": None}])))
    before = find_objects(world.project, ObjectQuery(text="cpu"), 1).total
    wait_for(lambda: object_store.progress(world.project).waiting == 0, seconds=60)
    after = find_objects(world.project, ObjectQuery(text="cpu"), 1)
    assert (after.total, after.objects.embedded) == (before, before + 1)
    with connect() as connection:
        connection.execute("DELETE FROM detection WHERE concept_key = 'of other prompts'")
    key = {c.label: recipe_for(projects.load(world.project)).concept_key(c)
           for c in recipe_for(projects.load(world.project)).concepts}
    assert set(key) == set(LABELS)


def test_errors_say_what_is_missing(world: World, label_studio: LabelStudio) -> None:
    def refused(project: int, **asked: Any) -> ArgusError:
        with pytest.raises(ArgusError) as raised:
            find_objects(project, ObjectQuery.model_validate(asked))
        return raised.value

    gone = refused(world.project, like=[{"object": 2**40}])
    assert gone.code == "unknown_object" and "search anew" in gone.hint
    assert refused(world.project).code == "empty_query"
    with project_of_rows() as empty:
        assert "Nothing was detected" in refused(empty, text="cpu").message
        with connect() as connection:
            connection.execute("INSERT INTO task (id, project_id, image) VALUES (%s, %s, 'x')", (empty * 1000, empty))
            connection.execute("INSERT INTO detection (task_id, label, concept_key, width, height, items) VALUES "
                               "(%s, 'cpu', 'k', 9, 9, %s)", (empty * 1000, json.dumps(
                                   [{"score": 0.9, "box": [1, 1, 5, 5], "mask": None}] * 3)))
        waiting = refused(empty, text="cpu")
        assert (waiting.code, waiting.message) == ("not_ready", "0 of 3 objects are embedded yet.")
        assert waiting.details["waiting"] == 3


def test_without_a_siglip_worker_an_object_still_finds_its_like(stack: Any, world: World) -> None:
    first = find_objects(world.project, ObjectQuery(text="cpu"), 1).hits[0]
    with resting(stack, "siglip-worker"):
        assert find_objects(world.project, ObjectQuery.model_validate({"like": [{"object": first.object}]}), 5).hits
        with pytest.raises(ArgusError) as raised:
            find_objects(world.project, ObjectQuery(text="words that nobody has asked for"))
    assert raised.value.code in ("worker_missing", "timeout")
    wait_for(lambda: queues.workers_of(queue_names.SIGLIP_NOW) > 0, seconds=120)


def test_over_http_and_on_the_command_line(world: World) -> None:
    url = f"{get_settings().search_service_url}/api/v1/projects/{world.project}"
    listed = requests.get(f"{url}/search/objects", params={"q": "fan", "label": "fan", "limit": 3}, timeout=60).json()
    assert len(listed["hits"]) == 3 and {hit["label"] for hit in listed["hits"]} == {"fan"}
    assert listed["filters"] == {"label": "fan"}
    bad = requests.post(f"{url}/search/objects", json={"like": [{"object": 1, "box": [0, 0, 1, 1]}]}, timeout=60)
    assert bad.status_code == 400 and "an object has a box of its own" in bad.json()["detail"]
    made = requests.post(f"{url}/views", json={"objects": {"text": "fan", "filters": {"label": "fan"}}, "limit": 3},
                         timeout=60).json()
    assert made["tasks"] == len({hit["task"] for hit in listed["hits"]})
    run = CliRunner()
    done = run.invoke(main, ["search", "fan", "--objects", "--label", "fan", "--project", str(world.project), "--limit",
                             "3", "--json"])
    assert [hit["object"] for hit in json.loads(done.output)["hits"]] == [hit["object"] for hit in listed["hits"]]
    number = str(listed["hits"][0]["object"])
    shown = run.invoke(main, ["search", "--objects", "--like-object", number, "--project", str(world.project)])
    assert "ranked objects" in shown.output, shown.output
    assert run.invoke(main, ["search", "fan", "--objects", "--save", "x", "--project", str(world.project)]
                      ).exit_code == 2


def test_an_uploaded_region_is_cut_out_as_objects_are(world: World) -> None:
    hit = find_objects(world.project, ObjectQuery(text="cpu"), 1).hits[0]
    data = get_images().fetch(TaskImage(world.project, hit.task, hit.image)).data
    found = find_objects(world.project, ObjectQuery.model_validate({"like": [{
        "image": base64.b64encode(data).decode(), "box": hit.box}]}), 1)
    assert found.hits[0].object == hit.object and found.hits[0].similarity > 0.98


def test_review_shows_objects_by_the_look_of_their_crops(world: World) -> None:
    """The same objects as by score, a page after the other; alike stands together."""
    def listed(order: arrangement.Order, limit: int = 200) -> list[tuple[int, str]]:
        found, after = [], ""
        while True:
            page = band_objects(world.project, "high", order=order, limit=limit, after=after)
            found += [(one.task, one.object) for one in page.objects]
            if not page.next:
                return found
            after = page.next

    every = band_objects(world.project, "high", limit=200).objects
    by_score = listed("score")
    assert len(by_score) == len(every) > 5
    similar = listed("similar")
    assert sorted(similar) == sorted(by_score) and listed("similar", limit=3) == similar
    assert sorted(listed("outliers")) == sorted(by_score)
    seen = {(one.task, one.object): world.colour(one) for one in every}

    def neighbours(order: list[tuple[int, str]]) -> int:
        return sum(seen[a] == seen[b] for a, b in itertools.pairwise(order))

    assert neighbours(similar) > neighbours(by_score)
    with pytest.raises(ArgusError, match="after is not the `next`"):
        band_objects(world.project, "high", order="similar", after="0.5,1,1,cpu")
    url = f"{get_settings().search_service_url}/api/v1/projects/{world.project}/review/objects"
    answer = requests.get(url, params={"band": "high", "order": "similar", "limit": 4}, timeout=60).json()
    assert [(one["task"], one["object"]) for one in answer["objects"]] == similar[:4]
    assert requests.get(url, params={"order": "colour"}, timeout=60).status_code == 400


DIM = 48


def test_the_ranking_from_memory_is_postgresqls_own(servers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through writes and deletions, beside a filter of the images of the same project and model."""
    memory = FilterMemory(64 * MIB)
    monkeypatch.setattr(filter_memory, "_memory", memory)
    random = np.random.default_rng(5)
    model = store.register_model("test-objects", "1", DIM).objects

    def vectors(count: int) -> store.Vectors:
        found = random.normal(size=(count, DIM)) + 1
        return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)

    with resting(servers, "worker", "siglip-worker"), project_of_rows() as project:
        tasks = [project * 1000 + number for number in range(10)]
        with connect() as connection:
            connection.execute("INSERT INTO task (id, project_id, image, state) SELECT n, %s, 'x', 'embedded' "
                               "FROM unnest(%s::bigint[]) n", (project, tasks))
            connection.execute("INSERT INTO detection (task_id, label, concept_key, width, height, items) SELECT n, "
                               "'cpu', 'k', 9, 9, '[]' FROM unnest(%s::bigint[]) n", (tasks,))
            ids = [row["id"] for row in connection.execute(
                "INSERT INTO object (project_id, task_id, label, concept_key, place, score, box) SELECT %s, n, 'cpu', "
                "'k', place, place / 500.0, '{0,0,1,1}' FROM unnest(%s::bigint[]) n, generate_series(1, 400) place "
                "RETURNING id", (project, tasks))]
            found = vectors(len(ids))
            found[50:60] = found[50]  # alike: ties are broken by the id
            store.store(connection, model, [(project, id_, row) for id_, row in zip(ids, found, strict=True)])
            store.store(connection, model.images, [(project, task, row) for task, row in
                                                   zip(tasks, vectors(10), strict=True)])

        def both(query: store.Vectors, **more: Any) -> Ranked:
            wait_for(lambda: ranking.search(model, project, query, total=len(ids), **more).reason != "loading", 30)
            narrowed = ranking.search(model, project, query, total=len(ids), **more)
            with monkeypatch.context() as patch:
                patch.setattr(filter_memory, "_memory", FilterMemory(0))
                alone = ranking.search(model, project, query, total=len(ids), **more)
            assert (narrowed.scanned, alone.scanned) == ("memory", "database"), narrowed.reason
            assert narrowed.rows == alone.rows
            return narrowed

        for query in (*vectors(5), found[50]):
            both(query)
            both(query, offset=20, limit=30, leave_out=ids[50:55])
        parameters = {"project": project}
        passing = "SELECT id FROM object WHERE project_id = %(project)s AND score > 0.3"
        with connect() as connection:
            only = store.read_ids(connection, passing, parameters)
        assert {id_ for id_, _ in both(found[0], only=only).rows} <= set(only.tolist())
        with connect() as connection:
            connection.execute("DELETE FROM object WHERE id = ANY(%s)", (ids[40:56],))
        best = both(found[56])
        assert [id_ for id_, _ in best.rows][:4] == ids[56:60]
        with connect() as connection:
            store.store(connection, model, [(project, ids[99], found[56])])
        assert [id_ for id_, _ in both(found[56]).rows][:5] == [*ids[56:60], ids[99]]
