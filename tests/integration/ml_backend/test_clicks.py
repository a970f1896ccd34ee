"""Smart tools behind real Label Studio: boxes, clicks and typed words, answered in one round trip."""

from __future__ import annotations

import functools
import io
import itertools
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest
import requests
from PIL import Image
from rq import Queue
from rq.serializers import JSONSerializer

from argus import queue_names
from argus.errors import ArgusError
from argus.jobs import queues
from argus.jobs.worker import LeaseWorker
from argus.labelstudio import LabelStudio
from argus.settings import get_settings
from demo.draw import Split
from demo.scenes import SceneObject, make_scene, render_scene
from demo.truth import Box, iou
from label_studio_config import projects
from label_studio_config.label_config import Concept
from label_studio_config.recipe import plan_for, recipe_for
from ml_backend.detection.batch import detect_tasks
from ml_backend.engines.base import Detections, Exemplars
from ml_backend.protocol.predict import Predictor
from ml_backend.runs import runs, scheduling
from ml_backend.smart_tools.request import Request
from tests.waiting import wait_for

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]
SIZE = (640, 360)


@functools.cache
def frame(index: int) -> tuple[bytes, list[SceneObject]]:
    """The index-th scene that shows a cpu and a fan: the JPEG file and what is on it."""
    scenes = (render_scene(make_scene(Split.VALIDATION, f"clicks {seed}"), SIZE[0]) for seed in itertools.count())
    both = (s for s in scenes if {"cpu", "fan"} <= {o.label for o in s[1]})
    image, truth = next(itertools.islice(both, index, None))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=92)
    return file.getvalue(), truth


def part(index: int, label: str) -> SceneObject:
    """The largest object of a label on a frame."""
    return max((o for o in frame(index)[1] if o.label == label), key=lambda o: float(o.mask.sum()))


class Asked:
    """One project as the labelling screen sees it."""

    def __init__(self, label_studio: LabelStudio, project: int, ml_backend: str) -> None:
        self.ls, self.project, self.url = label_studio, project, ml_backend
        self.tasks = sorted(label_studio.tasks(project), key=lambda t: str(t["data"]["image"])[-8:])
        self.connection = label_studio.get("/api/ml/", project=project)[0]["id"]
        self.config = label_studio.project(project)["label_config"]

    def draw(self, task: int, *shapes: dict[str, Any]) -> Any:
        """Ask as the editor does, through Label Studio; return what the editor gets."""
        return self.ls.post(f"/api/ml/{self.connection}/interactive-annotating",
                            {"task": self.tasks[task]["id"], "context": {"result": list(shapes)}})

    def predict(self, context: Any, tasks: Sequence[Any] | None = None) -> requests.Response:
        """Send `/predict` as Label Studio does; NaN goes out as Python's JSON writes it."""
        body = {"tasks": [{"id": t["id"], "data": t["data"]} for t in self.tasks[:1]] if tasks is None else tasks,
                "project": f"{self.project}.1795330988", "label_config": self.config,
                "params": {"login": None, "password": None, "context": context}}
        return requests.post(f"{self.url}/predict", data=json.dumps(body), timeout=60,
                             headers={"Content-Type": "application/json"})


@pytest.fixture(scope="module")
def asked(stack: Any) -> Iterator[Asked]:
    """A project of two frames; its labels are fan and cpu, in this order. Nothing was detected on them."""
    from label_studio_config.connect import connect

    settings = get_settings()
    label_studio = LabelStudio(settings.label_studio_url, settings.access_token)
    project = connect(label_studio, None, title="Clicks", labels=["fan", "cpu"], masks=True).project_id
    assert project is not None
    files = [(f"{i:04d}.jpg", (f"{i:04d}.jpg", frame(i)[0], "image/jpeg")) for i in range(2)]
    label_studio.request("POST", f"/api/projects/{project}/import", files=files, timeout=120)
    # The worker may still be loading its model.
    queues.call(queue_names.SAM3_NOW, "ml_backend.sam3_worker.engine.prepare", deadline=180)
    yield Asked(label_studio, project, stack.settings.ml_backend_url)
    label_studio.delete(f"/api/projects/{project}/")


def box(thing: SceneObject, label: str | None = None, **more: Any) -> dict[str, Any]:
    x0, y0, x1, y1 = thing.box
    named = {"rectanglelabels": [label or thing.label]}
    return {"type": "rectanglelabels", "from_name": "box", "to_name": "image", "original_width": SIZE[0],
            "original_height": SIZE[1], "origin": "manual", "value": {
                "x": x0 / 6.4, "y": y0 / 3.6, "width": (x1 - x0) / 6.4, "height": (y1 - y0) / 3.6, "rotation": 0,
                **named}, **more}


def point(x: float, y: float, positive: bool = True) -> dict[str, Any]:
    """A click at x, y in pixels of a frame, as Label Studio 1.23.2 sends it from an unlabelled `<KeyPoint>`."""
    return {"original_width": SIZE[0], "original_height": SIZE[1], "image_rotation": 0, "is_positive": positive,
            "id": "hfqFnQq7Ef", "from_name": "click", "to_name": "image", "type": "keypoint", "origin": "manual",
            "value": {"x": x / 6.4, "y": y / 3.6, "width": 0.26, "labels": []}}


def on(thing: SceneObject) -> dict[str, Any]:
    """A click on the middle of an object's box."""
    x0, y0, x1, y1 = thing.box
    return point((x0 + x1) / 2, (y0 + y1) / 2)


def boxes(result: Sequence[dict[str, Any]]) -> list[tuple[str, Box]]:
    """(label, xyxy in pixels) of the rectangles of a result."""
    return [(r["value"]["rectanglelabels"][0],
             (r["value"]["x"] * 6.4, r["value"]["y"] * 3.6, (r["value"]["x"] + r["value"]["width"]) * 6.4,
              (r["value"]["y"] + r["value"]["height"]) * 3.6)) for r in result if r["type"] == "rectanglelabels"]


def test_box__finds_things_like_it(asked: Asked) -> None:
    thing = part(0, "cpu")
    found = boxes(asked.draw(0, box(thing))["data"]["result"])
    assert max(iou(where, thing.box) for _, where in found) > 0.5
    assert {label for label, _ in found} == {"cpu"}
    assert all(not t["predictions"] for t in asked.ls.tasks(asked.project))  # a suggestion is no prediction


def test_click__is_the_object_under_it_by_its_name(asked: Asked) -> None:
    """The editor sends no label with a click on an unlabelled `<KeyPoint>`, and fan is the config's first."""
    for index, label in itertools.product((0, 1), ("cpu", "fan")):
        thing = part(index, label)
        (answer,) = boxes(asked.draw(index, on(thing))["data"]["result"])
        assert answer[0] == label
        assert iou(answer[1], thing.box) > 0.5


def test_click__has_a_box_and_a_mask_of_one_object(asked: Asked) -> None:
    result = asked.draw(0, on(part(0, "cpu")))["data"]["result"]
    assert [r["type"] for r in result] == ["rectanglelabels", "brushlabels"]
    assert len({r["id"][:-2] for r in result}) == 1
    assert 0.5 < result[0]["score"] <= 1


def test_click__further_points_refine_it(asked: Asked) -> None:
    thing = part(0, "cpu")
    x0, y0, x1, y1 = thing.box
    beside = point(min(SIZE[0] - 2.0, x1 + 12), (y0 + y1) / 2, positive=False)
    (answer,) = boxes(asked.draw(0, on(thing), point(x0 + 0.7 * (x1 - x0), y0 + 0.6 * (y1 - y0)), beside)
                      ["data"]["result"])
    assert iou(answer[1], thing.box) > 0.5


def test_text__is_a_prompt(asked: Asked) -> None:
    typed = {"type": "textarea", "from_name": "prompt", "to_name": "image", "value": {"text": ["CPU"]}}
    found = boxes(asked.draw(0, typed)["data"]["result"])
    assert max(iou(where, part(0, "cpu").box) for _, where in found) > 0.5
    assert {label for label, _ in found} == {"cpu"}


def test_text__that_names_no_label_gets_the_label_of_what_it_finds(asked: Asked) -> None:
    typed = {"type": "textarea", "from_name": "prompt", "to_name": "image", "value": {"text": ["Prozessor"]}}
    assert {label for label, _ in boxes(asked.draw(0, typed)["data"]["result"])} == {"cpu"}


def test_people__on_two_images_do_not_mix(asked: Asked) -> None:
    wrong: list[str] = []

    def person(index: int, label: str) -> None:
        thing = part(index, label)
        for shape in (on(thing), box(thing), on(thing), box(thing)):
            answer = asked.draw(index, shape)["data"]["result"]
            if max((iou(where, thing.box) for name, where in boxes(answer) if name == label), default=0) < 0.5:
                wrong.append(f"{label} of frame {index}")

    people = [threading.Thread(target=person, args=pair) for pair in ((0, "cpu"), (1, "cpu"), (0, "fan"), (1, "fan"))]
    for thread in people:
        thread.start()
    for thread in people:
        thread.join()
    assert not wrong


def test_click__an_image_is_encoded_once_by_its_content(asked: Asked) -> None:
    """The worker's own function, in this process, where its engine can be asked."""
    from ml_backend.sam3_worker.engine import get_engine
    from ml_backend.smart_tools.jobs import answer_smart_tool

    plan = plan_for(projects.load(asked.project))
    engine: Any = get_engine()
    before = engine.images_encoded
    for index in (0, 0, 1, 0, 1):
        task = asked.tasks[index]
        for shape in (on(part(index, "cpu")), box(part(index, "fan")), {"value": {"text": "cpu"}}):
            request = Request.from_context({"result": [shape]}, plan).to_json()
            answer = answer_smart_tool(asked.project, task["id"], task["data"]["image"], request)
            assert answer["result"]
    assert engine.images_encoded - before == 2


@pytest.mark.parametrize("shapes", [
    [{"value": {"x": "1", "y": 2}}], [{"value": {"x": float("nan"), "y": 1}}], [point(-5, 10)], [point(10, 400)],
    [{"value": {"x": 120, "y": 1, "width": 5, "height": 5}}], [point(9, 9, positive=False)], [], [None], "all",
    [{"value": {"x": 5, "y": 5, "width": float("inf"), "height": 5}}],
], ids=str)
def test_context__malformed_is_a_sentence(asked: Asked, shapes: Any) -> None:
    answer = asked.predict({"result": shapes})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert answer.json()["detail"].endswith(".")


def test_context__unknown_is_a_sentence(asked: Asked) -> None:
    for context in ("x", [1], {"results": []}, {"result": {}}, 7):
        assert asked.predict(context).status_code == 400
    thing = part(0, "cpu")
    injected = asked.predict({"result": [box(thing, label="<script>")]})
    assert (injected.status_code, injected.json()["code"]) == (422, "unknown_label")
    assert asked.predict({"result": [on(thing)]}, tasks=[]).status_code == 400
    two = [{"id": t["id"], "data": t["data"]} for t in asked.tasks]
    assert asked.predict({"result": [on(thing)]}, tasks=two).status_code == 400
    assert asked.predict({"result": [on(thing)]}, tasks=[{"id": 1, "data": {"text": "none"}}]).status_code == 400
    told = asked.draw(0, point(9, 9, positive=False))
    assert "The context contains only negative points or boxes." in told["errors"][0]  # of the answer, the status line


def test_click__on_the_bare_belt_is_an_empty_answer(asked: Asked) -> None:
    things = frame(0)[1]
    free = next((x, y) for y in range(60, 300, 12) for x in range(40, 600, 12) if all(
        not (o.box[0] - 40 < x < o.box[2] + 40 and o.box[1] - 40 < y < o.box[3] + 40) for o in things))
    answer = asked.predict({"result": [point(*free)]}).json()["results"]
    assert len(answer) == 1
    assert (answer[0]["result"], answer[0]["score"]) == ([], None)


def test_click__goes_before_the_chunks_of_three_runs(
        asked: Asked, make_project: Callable[..., int], stack: Any) -> None:
    """All wait while no worker is there; a worker that does one job (here, in this process) does the click."""
    from ml_backend.sam3_worker.engine import get_engine

    get_engine()  # loaded before the click, as a worker that is at work has it
    batches = []
    for _ in range(3):
        project = make_project(["cpu"], [(f"{i:04d}.jpg", frame(i)[0]) for i in range(2)])
        projects.refresh(project)
        batches.append((project, [t["id"] for t in asked.ls.tasks(project)]))
    stack.stop("sam3-worker")
    try:
        started = [runs.create_run(project, ["cpu"], ids) for project, ids in batches]
        wait_for(lambda: len(waiting(queue_names.SAM3)) >= 3, 10)
        chunks = waiting(queue_names.SAM3)
        answers: list[requests.Response] = []
        person = threading.Thread(target=lambda: answers.append(asked.predict({"result": [on(part(0, "cpu"))]})))
        person.start()
        wait_for(lambda: len(waiting(queue_names.SAM3_NOW)) == 1, 10, pause=0.02)
        names = [Queue(name, connection=queues.get_redis(), serializer=JSONSerializer)
                 for name in queue_names.ROLES["sam3"]]
        worker = LeaseWorker(names, connection=queues.get_redis(), serializer=JSONSerializer)
        worker.work(burst=True, max_jobs=1, logging_level="WARNING")
        person.join()
        assert answers[0].status_code == 200
        assert boxes(answers[0].json()["results"][0]["result"])
        assert set(chunks) <= set(waiting(queue_names.SAM3))
    finally:
        stack.start("sam3-worker")
    wait_for(lambda: all(runs.run_progress(run).state == "done" for run in started), 180)


def waiting(queue: str) -> list[str]:
    """The ids of the jobs on a queue, in order."""
    return list(Queue(queue, connection=queues.get_redis(), serializer=JSONSerializer).get_job_ids())


class SlowEngine:
    """Stands in for a full-size model on a slow CPU: an image takes longer to encode than a person is made to wait."""

    def __init__(self) -> None:
        self.given_up = threading.Event()
        self.encoded: list[str] = []

    def find(self, image: Image.Image, key: str, prompts: Sequence[str], exemplars: Exemplars | None) -> Detections:
        if key not in self.encoded:
            assert self.given_up.wait(60)
            self.encoded.append(key)
        box = np.array([[10, 10, 60, 60]], np.float32)
        return Detections(np.array([0.9], np.float32), box, [None])


def test_click__that_was_given_up_leaves_the_images_features_to_the_next_one(
        asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = SlowEngine()
    monkeypatch.setattr("ml_backend.smart_tools.jobs.get_engine", lambda: engine)
    monkeypatch.setattr(queue_names, "SAM3_NOW", "clicks-of-this-test")  # served by the worker below alone
    predictor = Predictor(get_settings().model_copy(update={"predict_deadline_click": 8.0}))
    project, shape = projects.load(asked.project), box(part(0, "cpu"))
    said: list[Any] = []

    def ask() -> None:
        try:
            said.append(predictor.interact(project, asked.tasks[0], {"result": [shape]}))
        except ArgusError as error:
            said.append(error)
        engine.given_up.set()

    for _ in range(2):
        person = threading.Thread(target=ask)
        person.start()
        wait_for(lambda: waiting("clicks-of-this-test"), 10, pause=0.02)
        queue = Queue("clicks-of-this-test", connection=queues.get_redis(), serializer=JSONSerializer)
        (job,) = queue.get_jobs()
        assert job.timeout == scheduling.work_seconds(1)  # not the person's patience
        worker = LeaseWorker([queue], connection=queues.get_redis(), serializer=JSONSerializer)
        worker.work(burst=True, max_jobs=1, logging_level="WARNING")
        person.join()
    late, answer = said
    assert (late.code, late.message) == ("timeout", "The worker did not answer within 8 s.")
    assert "try again in a moment" in late.hint
    assert [region["score"] for region in answer["result"]] == [pytest.approx(0.9)]
    assert len(engine.encoded) == 1


class StandInEngine:
    """One image a step and nothing on it; it counts what it is asked."""

    images_per_step = 1
    steps = 0

    def detect(self, images: Sequence[Image.Image], concepts: Sequence[Concept]) -> list[dict[str, Detections]]:
        self.steps += 1
        return [{c.label: Detections.none() for c in concepts} for _ in images]


def test_chunk__ends_with_the_step_in_work_when_its_time_is_over(make_project: Callable[..., int],
                                                                 label_studio: LabelStudio) -> None:
    project = make_project(["cpu"], [(f"{i:04d}.jpg", frame(i)[0]) for i in range(3)])
    ids = [t["id"] for t in label_studio.tasks(project)]
    projects.known_tasks(projects.refresh(project), ids)
    engine: Any = StandInEngine()
    outcome = detect_tasks(engine, recipe_for(projects.load(project)), ["cpu"], ids, budget=0.0)
    assert engine.steps == 1
    assert (len(outcome.done), sorted(outcome.done + outcome.rest)) == (1, sorted(ids))
