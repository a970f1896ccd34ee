"""The SigLIP worker's jobs and the default worker's rounds, in this process, on the real PostgreSQL and Valkey."""

from __future__ import annotations

import hashlib
import io
import itertools
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import psycopg
import pytest
from PIL import Image
from psycopg.types.json import Jsonb
from rq import Queue
from rq.job import JobStatus
from rq.serializers import JSONSerializer
from rq.timeouts import JobTimeoutException

from argus import queue_names
from argus.db import connect, locks
from argus.errors import ArgusError
from argus.images.fetcher import FetchedImage
from argus.jobs import queues
from argus.labelstudio.task_data import TaskImage
from argus.settings import get_settings
from label_studio_config import projects
from search_service import periodic
from search_service.embedding import loaded, prefetch, scheduling
from search_service.embedding import worker as embedding_worker
from search_service.embedding.encoder import Pixels, SiglipEncoder
from search_service.sync import progress as sync_progress
from search_service.sync import tasks as sync_tasks
from search_service.vectors import store as vectors_store
from tests.roles import kept_roles
from tests.rows import project_of_rows

pytestmark = pytest.mark.integration


class FakeImages:
    """Stands for the image fetcher: `files` by URL; a value that is an error is raised."""

    def __init__(self) -> None:
        self.files: dict[str, bytes | Exception] = {}

    def fetch(self, image: TaskImage) -> FetchedImage:
        found = self.files[image.url]
        if isinstance(found, Exception):
            raise found
        return FetchedImage(found, hashlib.sha256(found).digest())


def png(seed: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (40, 60, 3), np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> SiglipEncoder:
    from tests.unit.search_service.conftest import make_random_siglip

    return SiglipEncoder(str(make_random_siglip(tmp_path_factory.mktemp("jobs") / "siglip2-jobs")), "cpu", threads=1)


@pytest.fixture
def images(servers: Any, encoder: SiglipEncoder, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeImages]:
    """Prepare the jobs with a random checkpoint; what the encoder is given is counted in `encoder.given`."""
    fake = FakeImages()
    model = vectors_store.register_model(encoder.name, encoder.revision, encoder.dim)
    monkeypatch.setattr(loaded, "_worker", loaded.Worker(encoder, model, ThreadPoolExecutor(2)))
    monkeypatch.setattr(prefetch, "get_images", lambda: fake)
    monkeypatch.setattr(queue_names, "SIGLIP", "siglip-of-this-test")  # no running worker takes what is queued here
    with kept_roles(model.id):
        yield fake


@pytest.fixture
def given(encoder: SiglipEncoder, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the batches that the encoder got."""
    sizes: list[int] = []
    encode = encoder.encode_images

    def counted(batch: list[Image.Image]) -> vectors_store.Vectors:
        sizes.append(len(batch))
        return encode(batch)

    monkeypatch.setattr(encoder, "encode_images", counted)
    return sizes


@pytest.fixture
def project(servers: Any) -> Iterator[int]:
    with project_of_rows() as number:
        yield number


def add(project: int, images: FakeImages, *files: bytes | Exception) -> list[int]:
    ids = []
    for number, file in enumerate(files):
        task, url = project * 1000 + number, f"/data/{project}/{number}"
        images.files[url] = file
        with connect() as connection:
            connection.execute("INSERT INTO task (id, project_id, image) VALUES (%s, %s, %s)", (task, project, url))
        ids.append(task)
    return ids


def row(task: int) -> dict[str, Any]:
    with connect() as connection:
        found = connection.execute("SELECT * FROM task WHERE id = %s", (task,)).fetchone()
    assert found is not None
    return found


def test_embed__stores_the_encoders_vector_and_a_second_time_does_nothing(
        images: FakeImages, project: int, given: list[int], encoder: SiglipEncoder) -> None:
    tasks = add(project, images, *(png(n) for n in range(5)))
    assert embedding_worker.embed(project, tasks) == {"embedded": 5, "failed": 0, "later": 0}
    model = loaded.prepared().model
    with connect() as connection:
        stored = vectors_store.of_tasks(connection, model, project, tasks)
    expected = encoder.encode_images([Image.open(io.BytesIO(png(n))) for n in range(5)])
    for number, task in enumerate(tasks):
        np.testing.assert_allclose(stored[task], expected[number], atol=1e-3)
    given.clear()
    assert embedding_worker.embed(project, tasks) == {"embedded": 0, "failed": 0, "later": 0}
    assert given == []


def test_embed__the_same_content_is_given_to_the_model_once(images: FakeImages, project: int, given: list[int]) -> None:
    first = add(project, images, png(100), png(100), png(101))
    embedding_worker.embed(project, first)
    assert sum(given) == 2
    images.files["/again"] = png(101)
    with connect() as connection:
        connection.execute("INSERT INTO task (id, project_id, image) VALUES (%s, %s, '/again')",
                           (project * 1000 + 9, project))
    embedding_worker.embed(project, [project * 1000 + 9])
    assert sum(given) == 2
    assert row(project * 1000 + 9)["state"] == "embedded"


def test_embed__a_bad_image_fails_at_once_and_the_others_go_on(images: FakeImages, project: int) -> None:
    tasks = add(project, images, png(1), b"no image", png(2))
    assert embedding_worker.embed(project, tasks) == {"embedded": 2, "failed": 1, "later": 0}
    bad = row(tasks[1])
    assert (bad["state"], bad["error"]["code"]) == ("failed", "bad_image")
    assert bad["error"]["hint"]


def test_embed__what_was_fetched_is_known_while_the_model_runs(
        images: FakeImages, project: int, encoder: SiglipEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = add(project, images, png(1), b"no image", ArgusError("image_unreachable", "No answer."), png(2))
    encode, meanwhile = encoder.encode_images, []

    def looked_at(batch: list[Image.Image]) -> vectors_store.Vectors:
        meanwhile.append(sync_progress.sync_progress(project))
        return encode(batch)

    loaded.prepared().batch = 3
    monkeypatch.setattr(encoder, "encode_images", looked_at)
    assert sync_progress.sync_progress(project).fetched == 0
    embedding_worker.embed(project, tasks)
    counts = [progress.model_dump(include={"seen", "fetched", "embedded", "failed", "waiting"})
              for progress in (meanwhile[0], sync_progress.sync_progress(project))]
    assert counts == [{"seen": 4, "fetched": 2, "embedded": 0, "failed": 1, "waiting": 3},
                      {"seen": 4, "fetched": 3, "embedded": 2, "failed": 1, "waiting": 1}]


def test_embed__a_clear_no_is_final_and_what_may_pass_is_tried_again_much_later(
        images: FakeImages, project: int, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = add(project, images, ArgusError("image_unreachable", "Not there.", status=404),
                ArgusError("image_unreachable", "Busy.", status=503))
    for _ in range(sync_tasks.MAX_ATTEMPTS):
        embedding_worker.embed(project, tasks)
    assert [(row(task)["state"], row(task)["attempts"]) for task in tasks] == [("failed", sync_tasks.MAX_ATTEMPTS)] * 2
    with connect() as connection:
        connection.execute("UPDATE task SET error = error || '{\"at\": \"2020-01-01T00:00:00Z\"}' WHERE id = ANY(%s)",
                           (tasks,))
    monkeypatch.setattr(sync_tasks.listing, "walk", lambda ls, number, include: [[
        {"id": task, "data": {"image": row(task)["image"]}, "updated_at": "2020-01-01T00:00:00Z"} for task in tasks]])
    sync_tasks._reconcile(object(), project, "image", sync_tasks.SyncReport(project))  # type: ignore[arg-type]
    assert [row(task)["state"] for task in tasks] == ["failed", "waiting"]


def test_embed__a_failure_that_may_pass_is_tried_again_a_bounded_number_of_times(images: FakeImages,
                                                                                project: int) -> None:
    (task,) = add(project, images, ArgusError("image_unreachable", "No answer."))
    for attempt in range(1, sync_tasks.MAX_ATTEMPTS + 1):
        assert row(task)["state"] == "waiting"
        embedding_worker.embed(project, [task])
        assert row(task)["attempts"] == attempt
    assert (row(task)["state"], row(task)["error"]["code"]) == ("failed", "image_unreachable")
    images.files[row(task)["image"]] = png(7)
    assert scheduling.retry_failed(project) == 1
    embedding_worker.embed(project, [task])
    assert (row(task)["state"], row(task)["error"]) == ("embedded", None)


def test_embed__an_image_that_kills_the_worker_is_given_up(images: FakeImages, project: int) -> None:
    (task,) = add(project, images, png(1))
    with connect() as connection:  # what attempts leave behind that never came back
        connection.execute("UPDATE task SET attempts = %s WHERE id = %s", (sync_tasks.MAX_ATTEMPTS, task))
    assert embedding_worker.embed(project, [task])["failed"] == 1
    assert "died each time" in row(task)["error"]["message"]


def test_embed__a_task_that_changes_or_goes_while_the_model_runs_gets_no_old_vector(
        images: FakeImages, project: int, encoder: SiglipEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    changed, deleted, kept = add(project, images, png(1), png(2), png(3))
    encode = encoder.encode_images

    def meanwhile(batch: list[Image.Image]) -> vectors_store.Vectors:
        with connect() as connection:
            connection.execute("UPDATE task SET image = '/other' WHERE id = %s", (changed,))
            connection.execute("DELETE FROM task WHERE id = %s", (deleted,))
        return encode(batch)

    loaded.prepared().batch = 8
    monkeypatch.setattr(encoder, "encode_images", meanwhile)
    assert embedding_worker.embed(project, [changed, deleted, kept])["embedded"] == 1
    assert row(changed)["state"] == "waiting"
    with connect() as connection:
        model = loaded.prepared().model
        assert list(vectors_store.of_tasks(connection, model, project, [changed, deleted, kept])) == [kept]


def test_embed__gives_way_to_a_person_who_waits(images: FakeImages, project: int,
                                               monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = add(project, images, *(png(n) for n in range(6)))
    loaded.prepared().batch = 1
    monkeypatch.setattr(embedding_worker, "somebody_waits", lambda: True)
    assert embedding_worker.embed(project, tasks) == {"embedded": 1, "failed": 0, "later": 5}
    assert [row(task)["attempts"] for task in tasks[1:]] == [0] * 5
    queue = Queue(queue_names.SIGLIP, connection=queues.get_redis(), serializer=JSONSerializer)
    (job,) = [job for job in queue.jobs if job.args[0] == project]
    assert job.args == [project, tasks[1:]]
    job.delete()


def test_embed__gives_way_within_an_image_unless_none_was_embedded_for_long(
        images: FakeImages, project: int, queued: Callable[[], list[list[int]]], given: list[int],
        monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = add(project, images, b"no image", *(png(n) for n in range(20, 24)))
    worker = loaded.prepared()
    worker.batch, worker.embedded_at = 2, time.monotonic()
    asked = itertools.count()
    # Somebody waits before the first layer; then no more.
    monkeypatch.setattr(embedding_worker, "somebody_waits", lambda: next(asked) == 0)
    assert embedding_worker.embed(project, tasks) == {"embedded": 0, "failed": 1, "later": 4}
    assert queued() == [tasks[1:]]
    assert [row(task)["attempts"] for task in tasks[1:]] == [0] * 4
    queue = Queue(queue_names.SIGLIP, connection=queues.get_redis(), serializer=JSONSerializer)
    (rest,) = [job for job in queue.jobs if job.args[0] == project]
    rest.set_status(JobStatus.STARTED)  # a worker has it, and gives way again
    queue.remove(rest)
    asked = itertools.count()
    assert embedding_worker.embed(project, tasks[1:])["later"] == 4
    assert queued() == [tasks[1:]]
    rest.delete()
    monkeypatch.setattr(embedding_worker, "somebody_waits", lambda: True)
    worker.embedded_at -= embedding_worker.STEADY_SECONDS
    assert embedding_worker.embed(project, tasks[1:]) == {"embedded": 2, "failed": 0, "later": 2}
    assert given == [1, 2, 2]


@pytest.mark.parametrize(("seconds", "before", "after"), [(0.001, 1, 4), (0.001, 16, 16), (0.1, 16, 2), (5.0, 4, 1)])
def test_adapt__one_pass_stays_within_its_slice(images: FakeImages, seconds: float, before: int, after: int) -> None:
    worker = loaded.prepared()
    worker.batch = before
    embedding_worker.adapt(worker, seconds)
    assert worker.batch == after


def test_encode_image__a_region_is_another_vector_and_no_image_is_an_answer(images: FakeImages,
                                                                           encoder: SiglipEncoder) -> None:
    import base64

    data = base64.b64encode(png(3)).decode()
    whole, part = embedding_worker.encode_image(data), embedding_worker.encode_image(data, [0, 0, 0.5, 0.5])
    np.testing.assert_allclose(whole, encoder.encode_images([Image.open(io.BytesIO(png(3)))])[0], atol=1e-5)
    assert np.dot(whole, part) < 0.9999
    with pytest.raises(ArgusError) as error:
        queues.unpack(embedding_worker.encode_image(base64.b64encode(b"x").decode()))
    assert error.value.code == "bad_image"


DARK = Image.new("RGB", (60, 40))


def dark_png() -> bytes:
    buffer = io.BytesIO()
    DARK.save(buffer, "PNG")
    return buffer.getvalue()


def answers_for_dark(encoder: SiglipEncoder, monkeypatch: pytest.MonkeyPatch,
                     answer: Callable[[vectors_store.Vectors, np.ndarray[Any, Any]], None]) -> None:
    """Let the model answer otherwise for black images, as checkpoints in half precision do for single pictures."""
    encode = encoder.encode_images

    def answered(batch: list[Image.Image | Pixels]) -> vectors_store.Vectors:
        found = encode(batch)
        pixels = [image if isinstance(image, Pixels) else encoder.prepare(image) for image in batch]
        answer(found, np.array([float(image.inputs["pixel_values"].max()) == -1 for image in pixels]))
        return found

    monkeypatch.setattr(encoder, "encode_images", answered)


def nan(found: vectors_store.Vectors, dark: np.ndarray[Any, Any]) -> None:
    found[dark] = np.nan


def infinite(found: vectors_store.Vectors, dark: np.ndarray[Any, Any]) -> None:
    found[dark, 0] = np.inf


def nothing(found: vectors_store.Vectors, dark: np.ndarray[Any, Any]) -> None:
    found[dark] = 0


def nan_for_its_batch(found: vectors_store.Vectors, dark: np.ndarray[Any, Any]) -> None:
    if dark.any():
        found[:] = np.nan


@pytest.mark.parametrize("answer", [nan, infinite, nothing, nan_for_its_batch])
def test_embed__a_picture_for_which_the_model_has_no_number_fails_alone_and_says_so(
        answer: Callable[[vectors_store.Vectors, np.ndarray[Any, Any]], None], images: FakeImages, project: int,
        encoder: SiglipEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = add(project, images, png(1), dark_png(), png(2), png(3))
    loaded.prepared().batch = 8
    answers_for_dark(encoder, monkeypatch, answer)
    assert embedding_worker.embed(project, tasks) == {"embedded": 3, "failed": 1, "later": 0}
    assert [row(task)["state"] for task in tasks] == ["embedded", "failed", "embedded", "embedded"]
    assert row(tasks[1])["error"]["code"] == "model_broken"
    assert row(tasks[1])["error"]["message"] == "The model returned NaN or infinite values."


def test_embed__an_image_at_which_the_model_raises_fails_alone_with_what_happened(
        images: FakeImages, project: int, encoder: SiglipEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    def raises(found: vectors_store.Vectors, dark: np.ndarray[Any, Any]) -> None:
        if dark.any():
            raise RuntimeError("the password is hunter2")

    tasks = add(project, images, png(1), dark_png(), png(2))
    loaded.prepared().batch = 8
    answers_for_dark(encoder, monkeypatch, raises)
    for _ in range(sync_tasks.MAX_ATTEMPTS + 1):
        embedding_worker.embed(project, tasks)
    assert [row(task)["state"] for task in tasks] == ["embedded", "failed", "embedded"]
    assert row(tasks[1])["error"]["message"] == "Unexpected error (RuntimeError)."


def test_embed__what_the_database_refuses_fails_alone(images: FakeImages, project: int,
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = add(project, images, png(1), png(2))
    store = vectors_store.store

    def refuses(connection: Any, model: Any, rows: list[Any]) -> None:
        if any(task_id == first for _, task_id, _ in rows):
            connection.execute("SELECT 1 / 0")
        store(connection, model, rows)

    loaded.prepared().batch = 8
    monkeypatch.setattr(vectors_store, "store", refuses)
    assert embedding_worker.embed(project, [first, second])["embedded"] == 1
    assert (row(first)["error"]["message"], row(second)["state"]) == (
        "Unexpected error (DivisionByZero).", "embedded")


def test_embed__a_job_whose_time_is_over_says_so_and_gives_the_rest_back(
        images: FakeImages, project: int, encoder: SiglipEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    def too_long(found: vectors_store.Vectors, dark: np.ndarray[Any, Any]) -> None:
        raise JobTimeoutException("Task exceeded maximum timeout value")

    tasks = add(project, images, png(1), png(2), png(3))
    loaded.prepared().batch = 1
    answers_for_dark(encoder, monkeypatch, too_long)
    with pytest.raises(JobTimeoutException):
        embedding_worker.embed(project, tasks)
    assert row(tasks[0])["error"]["code"] == "timeout"
    assert [row(task)["attempts"] for task in tasks] == [1, 0, 0]


def test_encode__no_number_is_an_answer_and_so_is_what_raised(images: FakeImages, encoder: SiglipEncoder,
                                                              monkeypatch: pytest.MonkeyPatch) -> None:
    import base64

    answers_for_dark(encoder, monkeypatch, nan)
    monkeypatch.setattr(encoder, "encode_texts", lambda texts: np.full((len(texts), encoder.dim), np.nan, np.float32))
    for answer in (embedding_worker.encode_image(base64.b64encode(dark_png()).decode()),
                   embedding_worker.encode_text(["cpu"])):
        with pytest.raises(ArgusError, match="The model returned NaN") as error:
            queues.unpack(answer)
        assert error.value.code == "model_broken"
    with pytest.raises(ArgusError, match=r"Unexpected error \(TypeError\)"):
        queues.unpack(embedding_worker.encode_image(base64.b64encode(png(1)).decode(), ["a", None, 1, 1]))  # type: ignore[list-item]


@pytest.fixture
def queued(project: int, images: FakeImages) -> Iterator[Callable[[], list[list[int]]]]:
    """Return the task ids of the project's waiting embed jobs, a list a job."""
    queue = Queue(queue_names.SIGLIP, connection=queues.get_redis(), serializer=JSONSerializer)

    def ids() -> list[list[int]]:
        return sorted(job.args[1] for job in queue.jobs if job.args[0] == project)

    yield ids
    for job in queue.jobs:
        if job.args[0] == project:
            job.delete()


def test_enqueue_waiting__twice_queues_once_and_lost_jobs_come_back(images: FakeImages, project: int,
                                                                   queued: Callable[[], list[list[int]]]) -> None:
    tasks = add(project, images, png(1), png(2))
    assert scheduling.enqueue_waiting(project) == 1
    assert scheduling.enqueue_waiting(project) == 0
    assert queued() == [tasks]
    for job in Queue(queue_names.SIGLIP, connection=queues.get_redis(), serializer=JSONSerializer).jobs:
        if job.args[0] == project:
            job.delete()  # what Redis may do
    assert scheduling.enqueue_waiting(project) == 1


def test_enqueue_waiting__after_failures_a_task_waits_and_then_goes_alone(images: FakeImages, project: int,
                                                                         queued: Callable[[], list[list[int]]]) -> None:
    early, late, fresh, ahead = add(project, images, png(1), png(2), png(3), png(4))
    for task, age in ((early, 1), (late, 100), (ahead, -3600)):  # the last one when a clock was ahead
        with connect() as connection:
            at = connection.execute("SELECT now() - make_interval(secs => %s) AS at", (age,)).fetchone()
            assert at is not None
            connection.execute("UPDATE task SET attempts = 2, error = %s WHERE id = %s",
                               (Jsonb({"code": "timeout", "at": at["at"].isoformat()}), task))
    scheduling.enqueue_waiting(project)
    assert queued() == [[late], [fresh], [ahead]]


def test_listing_is_due__also_when_the_last_one_is_still_to_come() -> None:
    now, pause = datetime.now(UTC), get_settings().reconcile_seconds
    for seconds, due in ((0, False), (pause + 1, True), (-3600, True)):  # a clock that was put back since
        assert sync_tasks._listing_is_due({"reconciled_at": now - timedelta(seconds=seconds)}) is due
    assert sync_tasks._listing_is_due({"reconciled_at": None})


def test_poll__a_cursor_that_is_still_to_come_hides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[datetime] = []
    monkeypatch.setattr(sync_tasks.filters, "changed_since", asked.append)
    monkeypatch.setattr(sync_tasks.listing, "pages", lambda *_, **__: iter(()))
    now = datetime.now(UTC)
    for cursor in (now - timedelta(hours=1), now + timedelta(days=1), None):
        sync_tasks._poll(object(), 1, "image", cursor, sync_tasks.SyncReport(1))  # type: ignore[arg-type]
    pause = timedelta(seconds=get_settings().reconcile_seconds)
    assert asked[0] == now - timedelta(hours=1) and asked[2].year == 1970
    assert timedelta() <= asked[1] - (now - pause) < timedelta(minutes=1)


def test_model_change__does_not_wait_for_a_project_that_is_gone(servers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    polled, gone, disconnected = 900_001, 900_002, 900_003
    seen: list[int] = []
    objects: list[int] = []
    monkeypatch.setattr(periodic.model_change, "roles", lambda: (object(), object()))
    monkeypatch.setattr(periodic.model_change, "left", lambda model: {polled: 1, gone: 1})
    monkeypatch.setattr(periodic.model_change, "objects_left", lambda model: {polled: 1, disconnected: 1})
    monkeypatch.setattr(projects, "connected_ids", lambda: [polled, gone])
    monkeypatch.setattr(periodic.missing_projects, "resting", lambda: {gone})
    monkeypatch.setattr(scheduling, "enqueue_waiting", seen.append)
    monkeypatch.setattr(scheduling, "enqueue_objects", objects.append)
    periodic._advance_model_change()
    # Their images are tried, and given up, like anybody's.
    assert sorted(seen) == sorted(objects) == [gone, disconnected]


@pytest.fixture
def rounds(servers: Any, monkeypatch: pytest.MonkeyPatch) -> periodic.Rounds:
    """Rounds behind a lock of the test's own: the stack's worker makes its rounds meanwhile, on the same database."""
    monkeypatch.setattr(locks, "SYNC", locks.SYNC + 1)
    return periodic.Rounds()


def test_rounds__one_process_at_a_time(rounds: periodic.Rounds) -> None:
    with psycopg.connect(get_settings().resolved_database_url, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", (locks.SYNC,))
        assert rounds.once() is False
        other.execute("SELECT pg_advisory_unlock(%s)", (locks.SYNC,))
    assert rounds.once() is True


def test_rounds__a_project_that_fails_is_told_once_and_the_others_go_on(
        rounds: periodic.Rounds, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    first, second = 900_001, 900_002  # numbers that no project of Label Studio has had
    seen: list[int] = []
    broken = True

    def look(project_id: int) -> None:
        seen.append(project_id)
        if project_id == first and broken:
            raise ArgusError("label_studio_unreachable", "Label Studio does not answer.")

    monkeypatch.setattr(projects, "connected_ids", lambda: [first, second])
    monkeypatch.setattr(periodic, "_sync", look)
    for other in ("_keep_views", "_follow_annotations"):
        monkeypatch.setattr(periodic, other, lambda project_id: None)
    monkeypatch.setattr(periodic.scoring, "score_new", lambda project_id: None)
    monkeypatch.setattr(periodic.references, "follow", lambda project_id: None)
    monkeypatch.setattr(periodic.task_videos, "follow", lambda project_id: None)
    monkeypatch.setattr(periodic, "_reconcile_runs", lambda: None)
    with caplog.at_level("INFO"):
        rounds.once()
        rounds.once()
        broken = False
        rounds.once()
    assert seen == [first, second] * 3
    told = [record.getMessage() for record in caplog.records if record.name == "search_service.periodic"]
    assert told == ["a background pass failed; the next one follows", "works again"]


def test_sync_job__looks_only_at_projects_that_somebody_connected(project: int,
                                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    """A webhook names any number it likes."""
    looked: list[int] = []

    def look(project_id: int) -> sync_tasks.SyncReport:
        looked.append(project_id)
        return sync_tasks.SyncReport(project_id)

    monkeypatch.setattr(sync_tasks, "sync_project", look)
    assert periodic.sync_job(project) == periodic.sync_job(2**31) == {}
    assert looked == []
    with connect() as connection:
        connection.execute("UPDATE project SET connected_at = now() WHERE id = %s", (project,))
    assert periodic.sync_job(project) == {"created": 0, "changed": 0, "deleted": 0}
    assert looked == [project]


def test_note_change__only_of_connected_projects_and_the_next_sync_lists_all(project: int) -> None:
    def listed() -> bool:
        with connect() as connection:
            row = connection.execute("SELECT reconciled_at FROM project WHERE id = %s", (project,)).fetchone()
        assert row is not None
        return row["reconciled_at"] is not None

    with connect() as connection:
        connection.execute("UPDATE project SET connected_at = NULL, reconciled_at = now() WHERE id = %s", (project,))
    for number in (project, project + 100_000, 0, -1, 2**31, 10**30):
        assert not sync_tasks.note_change(number, full=True) and not sync_tasks.note_change(number, full=False)
    assert listed()
    with connect() as connection:
        connection.execute("UPDATE project SET connected_at = now() WHERE id = %s", (project,))
    assert sync_tasks.note_change(project, full=False) and listed()
    assert sync_tasks.note_change(project, full=True) and not listed()
    with connect() as connection:
        row = connection.execute("SELECT * FROM project WHERE id = %s", (project,)).fetchone()
    assert row is not None and sync_tasks._listing_is_due(row)
