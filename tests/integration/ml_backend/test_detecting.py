"""The model's side of a chunk on a real database: what runs at the same time as what, and how often."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from rq.timeouts import JobTimeoutException

from argus import queue_names
from argus.db import connect
from argus.errors import ArgusError
from argus.images.fetcher import open_image
from argus.jobs import queues
from argus.labelstudio.task_data import TaskImage
from argus.settings import Settings
from demo.draw import Split
from label_studio_config.label_config import Concept
from label_studio_config.recipe import Recipe
from ml_backend.detection import batch
from ml_backend.detection import store as detection_store
from ml_backend.detection.batch import detect_tasks
from ml_backend.detection.step_size import Pace
from ml_backend.engines import load_engine
from ml_backend.engines import postprocess as post
from ml_backend.engines.base import Detections
from ml_backend.engines.transformers_engine import TransformersEngine
from ml_backend.runs import scheduling, task_states
from ml_backend.runs.scheduling import enqueue_for_answer
from ml_backend.sam3_worker import detect_jobs
from ml_backend.sam3_worker import engine as sam3_worker_engine
from tests.pictures import scene
from tests.resting import resting

pytestmark = pytest.mark.integration

DEMO = Path(__file__).parents[3] / "demo" / "checkpoints" / "sam3-tiny"
PROJECT, FIRST = 999_100, 99_910_000
CPU, FAN, HDD = (Concept(label, (label,), 0.4) for label in ("cpu", "fan", "hdd"))
RECIPE = Recipe("test", (CPU, FAN, HDD))
LABELS = ["cpu", "fan", "hdd"]


@pytest.fixture(scope="module", autouse=True)
def nobody_else(servers: Any) -> Iterator[None]:
    """The workers of earlier tests would carry on the runs that are made here."""
    with resting(servers, "sam3-worker", "worker"):
        yield


@pytest.fixture
def tasks(servers: Any) -> Iterator[list[int]]:
    """50 tasks of a project that Argus knows."""
    ids = list(range(FIRST, FIRST + 50))
    with connect() as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO project (id) VALUES (%s)", (PROJECT,))
        cursor.executemany("INSERT INTO task (id, project_id, image) VALUES (%s, %s, %s)",
                           [(i, PROJECT, f"image {i}") for i in ids])
    yield ids
    with connect() as connection:
        connection.execute("DELETE FROM project WHERE id = %s", (PROJECT,))


@pytest.fixture
def pictures(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stands in for the network: every address has a small grey image. Returns what was fetched."""
    fetched: list[str] = []

    def fetch_grey_image(image: TaskImage) -> Image.Image:
        fetched.append(image.url)
        return Image.radial_gradient("L").resize((64, 48)).convert("RGB")

    monkeypatch.setattr(batch, "fetch_image", fetch_grey_image)
    return fetched


def test_50_tasks_of_3_labels__50_encodes_and_none_the_second_time(tasks: list[int], pictures: list[str]) -> None:
    engine = load_engine(Settings(_env_file=None, sam3_model=str(DEMO), device="cpu", torch_threads=1))
    assert isinstance(engine, TransformersEngine)
    encoded: list[int] = []
    engine.model.vision_encoder.backbone.register_forward_pre_hook(lambda _, args: encoded.append(len(args[0])))
    outcome = detect_tasks(engine, RECIPE, LABELS, tasks, budget=600)
    assert (sorted(outcome.done), outcome.failed, outcome.rest) == (tasks, {}, [])
    assert sum(encoded) == len(pictures) == 50
    assert detection_store.missing(tasks, RECIPE, LABELS) == {}
    assert sorted(detect_tasks(engine, RECIPE, LABELS, tasks, budget=600).done) == tasks
    assert sum(encoded) == len(pictures) == 50


def test_masks__are_cut_and_packed_by_another_thread_than_the_models(
        tasks: list[int], pictures: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    engine = load_engine(Settings(_env_file=None, sam3_model=str(DEMO), device="cpu", torch_threads=1,
                                  keep_threshold=0.0))
    frames = [open_image(scene(f"masks {n}", 320, Split.VALIDATION)) for n in range(3)]
    monkeypatch.setattr(batch, "fetch_image", lambda image: frames[image.task_id - FIRST])
    threads: set[str] = set()
    cut = post.cut_mask

    def watched(*arguments: Any) -> Any:
        threads.add(threading.current_thread().name)
        return cut(*arguments)

    monkeypatch.setattr(post, "cut_mask", watched)
    assert detect_tasks(engine, RECIPE, ["cpu"], tasks[:3], budget=600).done == tasks[:3]
    assert threads and all(name.startswith("store") for name in threads)
    stored = detection_store.load(tasks[:3], RECIPE)
    kept = [mask for found in stored.values() for mask in found["cpu"].detections.masks]
    assert any(mask is not None for mask in kept)


class EngineThatWaitsForTheNextImages:
    """Stands in for a slow model: a step ends only when an image of the next step has been fetched."""

    images_per_step = 5

    def __init__(self, fetched: list[str], total: int) -> None:
        self.fetched, self.total = fetched, total
        self.given = 0
        self.overlapped: list[bool] = []

    def detect(self, images: Sequence[Image.Image], concepts: Sequence[Concept]) -> list[dict[str, Detections]]:
        self.given += len(images)
        waited = threading.Event()
        for _ in range(1000):
            if len(self.fetched) > self.given or self.given == self.total:
                break
            waited.wait(0.01)
        self.overlapped.append(len(self.fetched) > self.given or self.given == self.total)
        return [{c.label: Detections.none() for c in concepts} for _ in images]


def test_images_of_the_next_step_are_fetched_while_the_model_works(tasks: list[int], pictures: list[str]) -> None:
    engine = EngineThatWaitsForTheNextImages(pictures, 15)
    outcome = detect_tasks(engine, RECIPE, LABELS, tasks[:15], budget=600)  # type: ignore[arg-type]
    assert outcome.done == tasks[:15]
    assert len(engine.overlapped) >= 3 and all(engine.overlapped)


class EngineThatCannotBearDarkImages:
    """Stands in for a model that fails on one image, as CUDA does on none and a damaged file may."""

    images_per_step = 8

    def detect(self, images: Sequence[Image.Image], concepts: Sequence[Concept]) -> list[dict[str, Detections]]:
        if any(np.asarray(image).max() == 0 for image in images):
            raise RuntimeError("no light, and the password is hunter2")
        return [{c.label: Detections.none() for c in concepts} for _ in images]


def test_one_image_that_the_model_cannot_bear_fails_alone(tasks: list[int], pictures: list[str],
                                                         monkeypatch: pytest.MonkeyPatch) -> None:
    grey = batch.fetch_image
    monkeypatch.setattr(batch, "fetch_image", lambda image: (
        Image.new("RGB", (8, 8)) if image.task_id == tasks[2] else grey(image)))
    outcome = detect_tasks(EngineThatCannotBearDarkImages(), RECIPE, LABELS, tasks[:8], budget=600)  # type: ignore[arg-type]
    assert sorted(outcome.done) == [t for t in tasks[:8] if t != tasks[2]]
    assert {t: e.code for t, e in outcome.failed.items()} == {tasks[2]: "internal"}
    assert "hunter2" not in str(outcome.failed[tasks[2]].to_json())


class EngineThatAnswersNan:
    """Stands in for a model in half precision that answers with NaN for black images."""

    images_per_step = 8

    def __init__(self, where: str) -> None:
        self.where = where

    def detect(self, images: Sequence[Image.Image], concepts: Sequence[Concept]) -> list[dict[str, Detections]]:
        good = Detections(np.ones(1, np.float32), np.array([[0, 0, 4, 4]], np.float32), [None])
        bad = Detections(good.scores * np.nan, good.boxes, [None]) if self.where == "score" else \
            Detections(good.scores, good.boxes * np.inf, [None])
        return [{c.label: bad if np.asarray(image).max() == 0 else good for c in concepts} for image in images]


@pytest.mark.parametrize("where", ["score", "box"])
def test_an_image_for_which_the_model_has_no_number_fails_alone_and_says_so(
        where: str, tasks: list[int], pictures: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    grey = batch.fetch_image
    monkeypatch.setattr(batch, "fetch_image", lambda image: (
        Image.new("RGB", (8, 8)) if image.task_id == tasks[2] else grey(image)))
    outcome = detect_tasks(EngineThatAnswersNan(where), RECIPE, LABELS, tasks[:8], budget=600)  # type: ignore[arg-type]
    assert sorted(outcome.done) == [t for t in tasks[:8] if t != tasks[2]]
    assert {t: e.message for t, e in outcome.failed.items()} == {tasks[2]: "The model returned NaN or infinite values."}


def test_what_the_database_refuses_of_one_image_fails_alone(tasks: list[int], pictures: list[str],
                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    store = detection_store.store

    def refuses(task_id: int, recipe: Recipe, size: tuple[int, int], *rest: Any) -> None:
        store(task_id, recipe, (2**40, 1) if task_id == tasks[1] else size, *rest)

    monkeypatch.setattr(detection_store, "store", refuses)
    engine: Any = EngineThatCannotBearDarkImages()
    outcome = detect_tasks(engine, RECIPE, LABELS, tasks[:4], budget=600)
    assert (sorted(outcome.done), [e.code for e in outcome.failed.values()]) == (
        [tasks[0], *tasks[2:4]], ["internal"])


class EngineThatIsGone:
    """Stands in for a checkpoint that was replaced by a broken one while a run goes on."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __call__(self) -> Any:
        raise self.error


def start_run(tasks: list[int]) -> int:
    with connect() as connection:
        run = connection.execute("INSERT INTO run (project_id, labels, model_version) VALUES (%s, %s, '') RETURNING id",
                                 (PROJECT, LABELS)).fetchone()
        assert run
        connection.execute("INSERT INTO run_task (run_id, task_id) SELECT %s, unnest(%s::bigint[])",
                           (run["id"], tasks))
    return int(run["id"])


@pytest.mark.parametrize(("error", "code", "message"), [
    (ArgusError("model_broken", "The checkpoint is broken."), "model_broken", "The checkpoint is broken."),
    (RuntimeError("the password is hunter2"), "internal", "Unexpected error (RuntimeError).")])
def test_a_job_that_raises__is_told_as_that_and_not_as_a_dead_worker(
        error: Exception, code: str, message: str, tasks: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    run = start_run(tasks[:2])
    monkeypatch.setattr(sam3_worker_engine, "get_engine", EngineThatIsGone(error))
    monkeypatch.setattr(detect_jobs, "recipe_for", lambda project: RECIPE)
    monkeypatch.setattr(queue_names, "SAM3", "nobody")
    monkeypatch.setattr(queue_names, "DEFAULT", "nobody")
    for _ in range(2 * task_states.MAX_ATTEMPTS + 1):
        detect_jobs.detect_next(PROJECT)
        with connect() as connection:  # the pause between two tries is over
            connection.execute("UPDATE run_task SET error = error || '{\"at\": \"2020-01-01T00:00:00Z\"}' "
                               "WHERE run_id = %s AND state = 'waiting' AND error IS NOT NULL", (run,))
    with connect() as connection:
        found = connection.execute("SELECT state, error FROM run_task WHERE run_id = %s", (run,)).fetchall()
    assert [(row["state"], row["error"]["code"], row["error"]["message"]) for row in found] == [
        ("failed", code, message)] * 2


def test_a_chunk_whose_time_is_over__is_told_and_its_tasks_go_alone_later(
        tasks: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    run = start_run(tasks[:3])
    over = JobTimeoutException("Task exceeded maximum timeout value")
    monkeypatch.setattr(sam3_worker_engine, "get_engine", EngineThatIsGone(over))
    monkeypatch.setattr(detect_jobs, "recipe_for", lambda project: RECIPE)
    taken = []
    for _ in range(3):
        with pytest.raises(JobTimeoutException):
            detect_jobs.detect_next(PROJECT)
        with connect() as connection:
            rows = connection.execute("UPDATE run_task SET error = error || '{\"at\": \"2020-01-01T00:00:00Z\"}' "
                                      "WHERE run_id = %s RETURNING attempts, error", (run,)).fetchall()
        assert {row["error"]["code"] for row in rows} == {"timeout"}
        taken.append(sorted(row["attempts"] for row in rows))
    assert taken == [[1, 1, 1], [2, 2, 2], [2, 2, 3]]  # the third time one goes alone


class Clock:
    """Stands in for `time`: it goes on only when a stand-in engine works."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now

    perf_counter = monotonic


class EngineThatTakes:
    """Stands in for a model that takes so many seconds an image."""

    images_per_step = 8

    def __init__(self, clock: Clock, seconds: float) -> None:
        self.clock, self.seconds = clock, seconds
        self.steps: list[int] = []

    def detect(self, images: Sequence[Image.Image], concepts: Sequence[Concept]) -> list[dict[str, Detections]]:
        self.steps.append(len(images))
        self.clock.now += self.seconds * len(images)
        return [{c.label: Detections.none() for c in concepts} for _ in images]


@pytest.mark.parametrize(("seconds", "first", "second"), [
    (0.001, [1, 7], [8]), (0.3, [1, 2, 1], [3, 1]), (0.6, [1, 1], [1, 1]), (45.0, [1], [1])])
def test_chunk__has_as_many_images_a_step_as_fit_into_its_second(
        seconds: float, first: list[int], second: list[int], tasks: list[int], pictures: list[str],
        monkeypatch: pytest.MonkeyPatch) -> None:
    clock, pace = Clock(), Pace()
    monkeypatch.setattr(batch, "time", clock)
    engine: Any = EngineThatTakes(clock, seconds)
    outcome = detect_tasks(engine, RECIPE, LABELS, tasks[:8], budget=1.0, pace=pace)
    assert engine.steps == first
    assert clock.now <= 1 + seconds  # what a click waits for: about a second, or an image that takes longer
    assert (outcome.done, outcome.rest) == (tasks[:sum(first)], tasks[sum(first):8])
    engine.steps = []
    detect_tasks(engine, RECIPE, LABELS, tasks[8:16], budget=1.0, pace=pace)
    assert engine.steps == second  # the next chunk knows


class EngineWhoseTimeIsOver:
    """Stands in for a step during which the job's time runs out: RQ raises this in the middle of it, and only once."""

    images_per_step = 8
    asked = 0

    def detect(self, images: Sequence[Image.Image], concepts: Sequence[Concept]) -> list[dict[str, Detections]]:
        self.asked += 1
        if self.asked == 1:
            raise JobTimeoutException("Task exceeded maximum timeout value")
        return [{c.label: Detections.none() for c in concepts} for _ in images]


def test_job_whose_time_is_over__ends_and_does_not_begin_its_images_again(
        tasks: list[int], pictures: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    engine: Any = EngineWhoseTimeIsOver()
    with pytest.raises(JobTimeoutException):
        detect_tasks(engine, RECIPE, LABELS, tasks[:8], budget=600)
    assert engine.asked == 1

    def fetch_for_ever(url: str) -> Image.Image:
        raise JobTimeoutException("Task exceeded maximum timeout value")  # while the job waits for the image

    monkeypatch.setattr(batch, "fetch_image", fetch_for_ever)
    with pytest.raises(JobTimeoutException):
        detect_tasks(engine, RECIPE, LABELS, tasks[:8], budget=600)
    assert (engine.asked, len(detection_store.missing(tasks[:8], RECIPE, LABELS))) == (1, 8)


def test_answer_to_an_opened_task__may_take_as_long_as_a_run_would_once_it_was_begun(tasks: list[int]) -> None:
    job = queues.find("nobody", enqueue_for_answer("nobody", PROJECT, tasks[:1], time.time() + 3))
    assert job is not None
    assert job.timeout is not None and float(job.timeout) >= scheduling.work_seconds(1)  # nobody's wait ends the work
    assert job.ttl is not None and job.ttl <= 3  # but nobody begins it for a person who has gone
    job.delete()
