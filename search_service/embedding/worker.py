"""Jobs of the SigLIP worker. Everything they decide is in PostgreSQL; running one twice changes nothing."""

from __future__ import annotations

import base64
import logging
import time
import uuid

import numpy as np
from rq import Queue
from rq.timeouts import BaseTimeoutException

from argus import metrics, queue_names
from argus.db import connect, together
from argus.errors import ArgusError, is_outage, no_number
from argus.images.fetcher import open_image
from argus.jobs import queues, self_check
from argus.jobs.self_check import Examined, ModelTest
from argus.labelstudio.task_data import TaskImage
from argus.settings import get_settings
from search_service.embedding import failures, store
from search_service.embedding.encoder import Preempted, SiglipEncoder
from search_service.embedding.loaded import Worker, prepared
from search_service.embedding.prefetch import Fetched, Unusable, batches
from search_service.embedding.store import Embedded
from search_service.embedding.usable import as_lists, encoded
from search_service.vectors import model_change
from search_service.vectors import store as vectors
from search_service.vectors.model_change import MAX_ATTEMPTS
from search_service.vectors.store import Model, Vectors

log = logging.getLogger(__name__)
FORMER_SECONDS = 60.0  # a web process may still ask for the former checkpoint right after a change
SLICE_SECONDS = 0.25  # one pass of the model in a bulk job: how long a person's query may wait for it
STEADY_SECONDS = 10.0  # however many queries come, an image is embedded each time so much has passed
_FATAL = ArgusError("bad_image", "The worker died each time it processed this image.",
                    "Is the image enormous, or the worker's memory too small?")
_TOO_LONG = ArgusError("timeout", "Embedding exceeded the time limit of a job.", "Is the worker's machine overloaded?")


def embed(project_id: int, task_ids: list[int]) -> dict[str, int]:
    """Embed those of the tasks that need it, and return `{"embedded", "failed", "later"}`.

    An image that cannot be had or read, or that the model cannot bear, fails alone. When somebody's query arrives the
    job stops (`later` counts what it left) and goes back to the end of the queue: after its current slice, and on a CPU
    within it.
    """
    worker = prepared()
    done = {"embedded": 0, "failed": 0, "later": 0}
    if not serves(worker):
        return done | {"later": len(task_ids)}
    attempts, todo = _take(worker, project_id, task_ids)
    done["failed"] = len(attempts) - len(todo)
    left = [image.task_id for image in todo]
    for batch in batches(worker.fetchers, todo, lambda: worker.batch, 4 * worker.encoder.image_side, worker.prepare):
        left = left[len(batch):]
        done["failed"] += failures.record({i.task_id: i.error for i in batch if isinstance(i, Unusable)}, attempts)
        fetched, gave_way = [item for item in batch if isinstance(item, Fetched)], False
        errors: dict[int, ArgusError] = {}
        try:
            done["embedded"] += _embed_apart(worker, project_id, fetched, errors)
        except Preempted:
            left, gave_way = [item.task_id for item in fetched if item.task_id not in errors] + left, True
        except BaseTimeoutException:
            failures.record(dict.fromkeys([item.task_id for item in fetched], _TOO_LONG), attempts)
            _give_back(project_id, left)
            raise
        done["failed"] += failures.record(errors, attempts)
        if gave_way or (left and somebody_waits()):
            done["later"] = len(left)
            _give_back(project_id, left)
            break
    return done


def _take(worker: Worker, project_id: int, task_ids: list[int]) -> tuple[dict[int, int], list[TaskImage]]:
    """Count a try of each task, and return how many there were by task, and the images of those to be tried. The
    others were tried too often, and nothing was ever heard of it: the worker died."""
    tried = store.begin_try(project_id, task_ids, worker.former and worker.model)
    attempts = {task.id: task.attempts for task in tried}
    todo = [TaskImage(project_id, task.id, task.image) for task in sorted(tried) if task.attempts <= MAX_ATTEMPTS]
    failures.record(dict.fromkeys(attempts.keys() - {image.task_id for image in todo}, _FATAL), attempts)
    return attempts, todo


def _embed_apart(worker: Worker, project_id: int, batch: list[Fetched], errors: dict[int, ArgusError]) -> int:
    """Embed a batch and return how many were stored; when it fails, image by image, so that the one that the model or
    the database cannot bear fails alone.

    Args:
        errors: gets what went wrong, by task.

    Raises:
        Preempted, BaseTimeoutException: nothing more is to be done now.
        ArgusError: a server is away; no image is to blame.
    """
    try:
        return _embed_batch(worker, project_id, batch, errors)
    except (Preempted, BaseTimeoutException):
        raise
    except Exception as error:
        if is_outage(error):
            raise
        if len(batch) == 1:
            errors[batch[0].task_id] = failures.told(error, batch[0].task_id)
            return 0
        log.warning("a batch failed; its images are tried one by one", exc_info=error)
    return sum(_embed_apart(worker, project_id, [item], errors) for item in batch)


def serves(worker: Worker) -> bool:
    """Whether this worker has the model that searches use; also drops the former one some time after a change."""
    current, following = model_change.roles()
    if worker.former and following is None and current == worker.model:
        worker.changed_at = worker.changed_at or time.monotonic()
        if time.monotonic() - worker.changed_at > FORMER_SECONDS:
            worker.former = None
            log.info("the former checkpoint was dropped")
    serves = current in [model for _, model in worker.loaded()]
    if not serves:
        log.warning("this worker's checkpoint is not the one that searches use",
                    extra={"worker": worker.model.name, "current": current and current.name})
    return serves


def _embed_batch(worker: Worker, project_id: int, batch: list[Fetched], errors: dict[int, ArgusError]) -> int:
    began = time.monotonic()
    vectors_of = []
    for encoder, model in worker.loaded():
        with encoder.preemptible(lambda: began - worker.embedded_at < STEADY_SECONDS and somebody_waits()):
            vectors_of.append((model, _vectors(worker, encoder, model, batch)))
    good = [item for item in batch if all(item.digest in known for _, known in vectors_of)]
    with together(), connect() as connection:
        # Only tasks that still exist and still show this image: Label Studio may have changed while the model ran.
        current = store.lock_images([item.task_id for item in good])
        stored = [item for item in good if (item.task_id, item.url) in current]
        for model, known in sorted(vectors_of, key=lambda one: one[0].id):  # in one order: nobody waits in a circle
            vectors.store(connection, model, [(project_id, item.task_id, known[item.digest]) for item in stored])
        store.mark_embedded(Embedded(item.task_id, item.digest, item.dhash) for item in stored)
    errors |= {item.task_id: no_number() for item in batch if item not in good}
    if batch:
        worker.embedded_at = time.monotonic()
    return len(stored)


def _vectors(worker: Worker, encoder: SiglipEncoder, model: Model, batch: list[Fetched]) -> dict[bytes, Vectors]:
    """Return the vector of each image content of the batch; contents that have one already are not encoded again. One
    for which the model gives no numbers is left out."""
    with connect() as connection:
        known = vectors.known_vectors(connection, model, [item.digest for item in batch])
    fresh = {item.digest: item.image for item in batch if item.digest not in known}
    if fresh:
        started = time.monotonic()
        known |= encoded(encoder, fresh)
        seconds = time.monotonic() - started
        metrics.model_batch("siglip", len(fresh), seconds)
        adapt(worker, seconds / len(fresh))
    return known


def adapt(worker: Worker, seconds_per_image: float) -> None:
    """Choose the next batch: as large as the setting allows, but one pass within `SLICE_SECONDS`."""
    fits = int(SLICE_SECONDS / max(seconds_per_image, 1e-6))
    worker.batch = max(1, min(get_settings().siglip_batch, fits, 4 * worker.batch))


def somebody_waits() -> bool:
    """Whether a person's query is to be answered."""
    return not Queue(queue_names.SIGLIP_NOW, connection=queues.get_redis()).is_empty()


def _give_back(project_id: int, task_ids: list[int]) -> None:
    store.take_back_try(task_ids)
    queues.enqueue(queue_names.SIGLIP, "search_service.embedding.worker.embed", project_id, task_ids,
                   job_id=f"embed-{project_id}-rest-{uuid.uuid4().hex[:8]}", retries=0)  # the job in work may be one


@queues.answering
def encode_text(texts: list[str], model_id: int | None = None) -> list[list[float]]:
    """Return one vector of length 1 per text, as lists of float; a failure as `argus.jobs.queues.pack` does.

    Args:
        model_id: the registered model to encode for; None for this worker's own.
    """
    return as_lists(prepared().encoder_of(model_id).encode_texts(texts))


@queues.answering
def unread_text(texts: list[str], model_id: int | None = None) -> list[str]:
    """Return of each text the end that the model does not read. Arguments and failures as of `encode_text`."""
    return prepared().encoder_of(model_id).unread(texts)


def examine() -> Examined:
    """Job of the doctor: how this worker stands, and whether its model passes the test of its start again."""
    def tested() -> ModelTest:
        encoder, began = prepared().encoder, time.monotonic()
        encoder.self_test()
        return {"checkpoint": encoder.name, "device": str(encoder.device), "seconds": time.monotonic() - began,
                "fresh": True}

    return self_check.examine(tested)


@queues.answering
def calibration(model_id: int | None = None) -> tuple[float, float]:
    """Return `[scale, bias]` of the checkpoint: its probability of a pair is `sigmoid(scale · cosine + bias)`."""
    encoder = prepared().encoder_of(model_id)
    return encoder.logit_scale, encoder.logit_bias


@queues.answering
def encode_image(data: str, box: list[float] | None = None, model_id: int | None = None) -> list[float]:
    """Return the vector of one image file, or of a region of it.

    Args:
        data: the file, base64.
        box: `[x0, y0, x1, y1]` as fractions of the image's width and height; None for the whole image.
        model_id: as of `encode_text`.
    """
    encoder = prepared().encoder_of(model_id)
    image = open_image(base64.b64decode(data))
    if box:
        sides = np.array([image.width, image.height] * 2)
        x0, y0, x1, y1 = (np.clip(box, 0, 1) * sides).round().astype(int).tolist()
        image = image.crop((x0, y0, max(x1, x0 + 1), max(y1, y0 + 1)))
    return as_lists(encoder.encode_images([image]))[0]


@queues.answering
def encode_crops(data: list[str], model_id: int | None = None) -> list[list[float]]:
    """Return the vectors of image files, base64; `model_id` as of `encode_text`."""
    encoder = prepared().encoder_of(model_id)
    return as_lists(encoder.encode_images([open_image(base64.b64decode(one)) for one in data]))
