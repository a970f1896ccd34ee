"""Objects get the vectors of their crops: the SigLIP worker's jobs in this process, on the real PostgreSQL."""

from __future__ import annotations

import io
import json
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from argus import queue_names
from argus.answers.projects import ObjectProgress
from argus.db import connect, together
from argus.errors import ArgusError
from argus.jobs import queues
from search_service.embedding import loaded, object_jobs, object_store, scheduling
from search_service.embedding import worker as embedding_worker
from search_service.embedding.encoder import SiglipEncoder
from search_service.embedding.object_crops import cut
from search_service.sync import store as sync_store
from search_service.vectors import model_change
from search_service.vectors import store as vectors
from tests import warm
from tests.integration.search_service.embedding.test_model_change import checkpoints, start  # noqa: F401
from tests.integration.search_service.embedding.test_search_jobs import (  # noqa: F401
    FakeImages,
    add,
    encoder,
    given,
    images,
    png,
    project,
)

pytestmark = pytest.mark.integration
SIDE = (60, 40)  # of the pictures of `png`
LEFT, RIGHT, SMALL = [2.0, 4.0, 30.0, 36.0], [31.0, 3.0, 58.0, 38.0], [50.0, 30.0, 53.0, 33.0]


class CountedImages(FakeImages):
    """`FakeImages` that counts what is fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []

    def fetch(self, image: Any) -> Any:
        self.fetched.append(image.url)
        return super().fetch(image)


@pytest.fixture(autouse=True)
def own_queues(monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects give way to what waits for SigLIP: here to nothing that other tests have left."""
    for name in ("SIGLIP", "SIGLIP_NOW", "SIGLIP_OBJECTS"):
        monkeypatch.setattr(queue_names, name, f"{getattr(queue_names, name)}-of-this-test")


@pytest.fixture
def files(images: FakeImages, monkeypatch: pytest.MonkeyPatch) -> CountedImages:  # noqa: F811
    counted = CountedImages()
    monkeypatch.setattr(object_jobs, "get_images", lambda: counted)
    return counted


def detect(task: int, label: str, *boxes: Sequence[float], key: str = "k", previewed: bool = False) -> None:
    """Store detections as `ml_backend.detection.store` does."""
    items = [{"score": 0.9 - number / 10, "box": list(box), "mask": None} for number, box in enumerate(boxes)]
    with connect() as connection:
        connection.execute(
            "INSERT INTO detection (task_id, label, concept_key, width, height, items, previewed) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (task_id, label, concept_key) DO UPDATE "
            "SET width = excluded.width, height = excluded.height, items = excluded.items, created_at = now()",
            (task, label, key, *SIDE, json.dumps(items), previewed))


def objects(project: int) -> list[dict[str, Any]]:  # noqa: F811
    with connect() as connection:
        return connection.execute("SELECT * FROM object WHERE project_id = %s ORDER BY task_id, label, place",
                                  (project,)).fetchall()


def stored(project: int, model: vectors.Model | None = None) -> dict[tuple[int, str, int], vectors.Vectors]:  # noqa: F811
    """Return the vectors of a project's objects by task, label and place."""
    rows = objects(project)
    with connect() as connection:
        found = vectors.of_tasks(connection, (model or loaded.prepared().model).objects, project,
                                 [row["id"] for row in rows])
    return {(row["task_id"], row["label"], row["place"]): found[row["id"]] for row in rows if row["id"] in found}


def test_each_object_gets_the_vector_of_its_crop_and_a_second_time_does_nothing(
        files: CountedImages, project: int, encoder: SiglipEncoder, given: list[int]) -> None:  # noqa: F811
    first, second = add(project, files, png(1), png(2))
    detect(first, "cpu", LEFT, RIGHT)
    detect(first, "fan", SMALL)
    detect(second, "cpu")
    detect(second, "fan", LEFT)
    assert object_store.progress(project) == ObjectProgress(embedded=0, waiting=4, failed=0)
    assert object_jobs.embed_objects(project, [first, second]) == {"embedded": 4, "failed": 0, "later": 0}
    found = stored(project)
    assert found.keys() == {(first, "cpu", 1), (first, "cpu", 2), (first, "fan", 1), (second, "fan", 1)}
    for (task, _, place), vector in found.items():
        box = SMALL if (task, place) == (first, 1) and vector is found[first, "fan", 1] else (LEFT, RIGHT)[place - 1]
        crop = cut(Image.open(io.BytesIO(png(1 if task == first else 2))),
                   [value / side for value, side in zip(box, SIDE * 2, strict=True)])
        np.testing.assert_allclose(vector, encoder.encode_images([crop])[0], atol=2e-3)
    given.clear()
    files.fetched.clear()
    assert object_jobs.embed_objects(project, [first, second]) == {"embedded": 0, "failed": 0, "later": 0}
    assert (given, files.fetched) == ([], [])
    assert object_store.progress(project) == ObjectProgress(embedded=4, waiting=0, failed=0)
    assert [round(row["score"], 4) for row in objects(project)] == [0.9, 0.8, 0.9, 0.9]


def test_an_image_is_fetched_once_and_one_that_fails_costs_only_its_own_objects(
        files: CountedImages, project: int) -> None:  # noqa: F811
    away = ArgusError("image_unreachable", "The image's server does not answer.")
    tasks = add(project, files, png(3), b"no image", away, png(4))
    for task in tasks:
        detect(task, "cpu", LEFT, RIGHT)
        detect(task, "fan", SMALL)
    assert object_jobs.embed_objects(project, tasks) == {"embedded": 6, "failed": 2, "later": 0}
    assert sorted(files.fetched) == sorted(files.files)
    assert {row["task_id"] for row in objects(project)} == {tasks[0], tasks[3]}
    assert object_store.progress(project) == ObjectProgress(embedded=6, waiting=3, failed=3)
    files.files[f"/data/{project}/1"] = files.files[f"/data/{project}/2"] = png(5)
    assert object_store.due_tasks(project, None, 10) == []  # one failed, the other pauses
    assert object_store.retry_failed(project) == 2
    assert [due.id for due in object_store.due_tasks(project, None, 10)] == tasks[1:3]
    assert object_jobs.embed_objects(project, tasks)["embedded"] == 6
    assert object_store.progress(project) == ObjectProgress(embedded=12, waiting=0, failed=0)


def test_an_image_that_stays_away_fails_after_five_tries_and_is_tried_again_by_a_later_listing(
        files: CountedImages, project: int) -> None:  # noqa: F811
    (task,) = add(project, files, ArgusError("image_unreachable", "The image's server does not answer."))
    detect(task, "cpu", LEFT)
    for _ in range(5):
        object_jobs.embed_objects(project, [task])
    assert object_store.progress(project) == ObjectProgress(embedded=0, waiting=0, failed=1)
    assert object_jobs.embed_objects(project, [task]) == {"embedded": 0, "failed": 0, "later": 0}
    object_store.retry_later(project, attempts=4, later_seconds=900)
    assert object_store.progress(project).failed == 1
    with connect() as connection:
        connection.execute("UPDATE task SET object_error = object_error || jsonb_build_object('at', now() - "
                           "interval '20 minutes') WHERE id = %s", (task,))
    object_store.retry_later(project, attempts=4, later_seconds=900)
    files.files[f"/data/{project}/0"] = png(6)
    assert object_jobs.embed_objects(project, [task])["embedded"] == 1


def test_objects_go_with_their_detection_and_are_new_when_it_is(files: CountedImages, project: int) -> None:  # noqa: F811
    tasks = add(project, files, png(7), png(8), png(9))
    for task in tasks:
        detect(task, "cpu", LEFT, RIGHT)
    object_jobs.embed_objects(project, tasks)
    before = objects(project)
    detect(tasks[0], "cpu", LEFT, RIGHT)  # the same once more
    assert objects(project) == before
    detect(tasks[0], "cpu", SMALL)
    with connect() as connection:
        connection.execute("DELETE FROM detection WHERE task_id = %s", (tasks[1],))
        connection.execute("DELETE FROM task WHERE id = %s", (tasks[2],))
    assert objects(project) == [] and stored(project) == {}
    object_jobs.embed_objects(project, tasks)
    assert [(row["task_id"], row["box"][2]) for row in objects(project)] == [(tasks[0], pytest.approx(53 / 60))]


def test_what_was_detected_again_while_the_model_ran_gets_no_vector_of_the_old_box(
        files: CountedImages, project: int, encoder: SiglipEncoder, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    (task,) = add(project, files, png(10))
    detect(task, "cpu", LEFT)
    detect(task, "fan", RIGHT)
    encode = encoder.encode_images

    def meanwhile(batch: Any) -> Any:
        detect(task, "cpu", SMALL)
        return encode(batch)

    loaded.prepared().batch = 8
    with monkeypatch.context() as patch:
        patch.setattr(encoder, "encode_images", meanwhile)
        assert object_jobs.embed_objects(project, [task])["embedded"] == 1
    assert [row["label"] for row in objects(project)] == ["fan"]
    assert [due.id for due in object_store.due_tasks(project, None, 10)] == [task]
    object_jobs.embed_objects(project, [task])
    assert {row["label"]: row["box"][0] for row in objects(project)} == {
        "cpu": pytest.approx(50 / 60), "fan": pytest.approx(31 / 60)}


def test_another_image_of_the_task_forgets_its_objects(files: CountedImages, project: int) -> None:  # noqa: F811
    (task,) = add(project, files, png(11))
    detect(task, "cpu", LEFT)
    object_jobs.embed_objects(project, [task])
    with together():
        sync_store.forget_image([task])
    assert objects(project) == []


def test_what_only_a_preview_found_waits_until_it_is_asked_for(files: CountedImages, project: int) -> None:  # noqa: F811
    (task,) = add(project, files, png(12))
    detect(task, "cpu", LEFT, previewed=True)
    assert object_store.progress(project).waiting == 0
    assert object_jobs.embed_objects(project, [task])["embedded"] == 0
    with connect() as connection:
        connection.execute("UPDATE detection SET previewed = false WHERE task_id = %s", (task,))
    assert object_jobs.embed_objects(project, [task])["embedded"] == 1


@pytest.mark.parametrize("who", ["a query", "an image"])
def test_objects_give_way(files: CountedImages, project: int, monkeypatch: pytest.MonkeyPatch, who: str) -> None:  # noqa: F811
    """What is stored by then stays, also of a task with more objects than a batch has."""
    tasks = add(project, files, png(13), png(14))
    for task in tasks:
        detect(task, "cpu", LEFT, RIGHT, SMALL)
    loaded.prepared().batch = 1
    with monkeypatch.context() as patch:
        if who == "a query":
            patch.setattr(embedding_worker, "somebody_waits", lambda: True)
        else:
            queues.enqueue(queue_names.SIGLIP, "search_service.embedding.worker.embed", project, [], job_id="waits")
        patch.setattr(embedding_worker, "adapt", lambda *_: None)
        assert object_jobs.embed_objects(project, tasks) == {"embedded": 1, "failed": 0, "later": 2}
    assert object_store.progress(project) == ObjectProgress(embedded=1, waiting=5, failed=0)
    if job := queues.find(queue_names.SIGLIP, "waits"):
        job.delete()
    assert object_jobs.embed_objects(project, tasks) == {"embedded": 5, "failed": 0, "later": 0}
    assert object_store.due_tasks(project, None, 10) == []


def test_a_crop_that_the_model_cannot_bear_fails_alone(
        files: CountedImages, project: int, encoder: SiglipEncoder, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    tasks = add(project, files, png(15), png(16))
    for task in tasks:
        detect(task, "cpu", LEFT)
    loaded.prepared().batch = 8
    encode, poison = encoder.encode_images, encoder.prepare(cut(Image.open(io.BytesIO(png(15))), [
        value / side for value, side in zip(LEFT, SIDE * 2, strict=True)])).inputs

    def broken(batch: Any) -> Any:
        found = encode(batch)
        for number, pixels in enumerate(batch):
            if all(bool((pixels.inputs[name] == poison[name]).all()) for name in poison):
                found[number] = np.nan
        return found

    monkeypatch.setattr(encoder, "encode_images", broken)
    assert object_jobs.embed_objects(project, tasks) == {"embedded": 1, "failed": 1, "later": 0}
    assert object_store.progress(project) == ObjectProgress(embedded=1, waiting=0, failed=1)


def test_jobs_are_for_many_tasks_and_none_is_made_twice(files: CountedImages, project: int) -> None:  # noqa: F811
    tasks = add(project, files, *(png(17) for _ in range(100)))
    for task in tasks:
        detect(task, "cpu", LEFT, RIGHT, SMALL)
    assert scheduling.enqueue_objects(project) in (2, 3)
    assert scheduling.enqueue_objects(project) == 0


_DIES = """
import os, signal, sys
from PIL import Image
from concurrent.futures import ThreadPoolExecutor
from argus import queue_names
from argus.images.fetcher import FetchedImage
from search_service.embedding import loaded, object_jobs
from search_service.embedding.encoder import SiglipEncoder
from search_service.vectors import store

queue_names.SIGLIP = queue_names.SIGLIP_NOW = "siglip-of-this-test"
checkpoint, project, after, file, *tasks = sys.argv[1:]
encoder = SiglipEncoder(checkpoint, "cpu", threads=1)
loaded._worker = loaded.Worker(encoder, store.register_model(encoder.name, encoder.revision, encoder.dim),
                               ThreadPoolExecutor(2))
object_jobs.image_jobs.adapt = lambda *_: None
class Files:
    def fetch(self, image):
        return FetchedImage(open(file, "rb").read(), b"0" * 32)
object_jobs.get_images = Files
encode, left = encoder.encode_images, int(after)
def dies(batch):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return encode(batch)
encoder.encode_images = dies
object_jobs.embed_objects(int(project), [int(task) for task in tasks])
"""


def test_a_worker_that_is_killed_loses_one_batch_and_a_task_that_kills_it_is_given_up(
        files: CountedImages, project: int, encoder: SiglipEncoder, tmp_path: Path,  # noqa: F811
        tmp_path_factory: pytest.TempPathFactory) -> None:
    tasks = add(project, files, png(18), png(18))
    for task in tasks:
        detect(task, "cpu", LEFT, RIGHT, SMALL)
    (tmp_path / "file").write_bytes(png(18))
    checkpoint = next(tmp_path_factory.getbasetemp().glob("jobs*/siglip2-jobs"))

    def killed(after: int, *those: int) -> None:
        done = warm.run(_DIES, checkpoint, project, after, tmp_path / "file", *those, kind="models")
        assert done.status == -signal.SIGKILL, done.said

    killed(4, *tasks)
    assert object_store.progress(project) == ObjectProgress(embedded=4, waiting=2, failed=0)
    before = stored(project)
    for _ in range(4):
        killed(0, tasks[1])
    assert object_jobs.embed_objects(project, [tasks[1]]) == {"embedded": 0, "failed": 1, "later": 0}
    assert object_store.progress(project) == ObjectProgress(embedded=4, waiting=0, failed=2)
    assert stored(project).keys() == before.keys()


def test_another_checkpoint_embeds_objects_again_and_the_old_one_serves_until_then(
        start: Callable[[Path], loaded.Worker], checkpoints: tuple[Path, Path], project: int,  # noqa: F811
        monkeypatch: pytest.MonkeyPatch) -> None:
    files = CountedImages()
    monkeypatch.setattr(object_jobs, "get_images", lambda: files)
    tasks = add(project, files, png(19), png(20))
    old = start(checkpoints[0])
    with connect() as connection:
        connection.execute("UPDATE task SET state = 'failed' WHERE project_id = %s", (project,))
    for task in tasks:
        detect(task, "cpu", LEFT, RIGHT)
    object_jobs.embed_objects(project, tasks)
    first = stored(project, old.model)
    with connect() as connection:  # so that the old model has vectors of images, too
        connection.execute("UPDATE task SET state = 'embedded' WHERE id = %s", (tasks[0],))
        vectors.store(connection, old.model, [(project, tasks[0], first[tasks[0], "cpu", 1])])
    new = start(checkpoints[1])
    assert new.former and model_change.objects_left(new.model, project) == {project: 4}
    detect(tasks[1], "fan", SMALL)
    assert [due.id for due in object_store.due_tasks(project, new.model, 10)] == tasks
    files.files[f"/data/{project}/0"] = b"no image"
    assert object_jobs.embed_objects(project, tasks) == {"embedded": 3, "failed": 1, "later": 0}
    assert stored(project, old.model).keys() == {*first, (tasks[1], "fan", 1)}
    assert stored(project, new.model).keys() == {(tasks[1], "cpu", 1), (tasks[1], "cpu", 2), (tasks[1], "fan", 1)}
    assert model_change.objects_left(new.model, project) == {}  # one is not waited for
    model_change.make_current(new.model)
    assert {(row["task_id"], row["label"]) for row in objects(project)} == {(tasks[1], "cpu"), (tasks[1], "fan")}
    assert object_store.progress(project) == ObjectProgress(embedded=3, waiting=0, failed=2)
