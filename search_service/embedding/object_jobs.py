"""Jobs of the SigLIP worker that embed objects: each gets the vector of its crop. They are done when nothing else is:
a job ends as soon as a person's query or an image waits, and what it has stored by then stays.

The image of a task is fetched and decoded once for all its crops. Everything that decides is in PostgreSQL; running a
job twice changes nothing.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import NamedTuple

from PIL import Image
from rq import Queue
from rq.timeouts import BaseTimeoutException

from argus import metrics, queue_names, trace
from argus.db import connect, together
from argus.errors import ArgusError, as_argus_error, is_outage, no_number
from argus.images.fetcher import get_images, open_image
from argus.jobs import queues
from argus.labelstudio.task_data import TaskImage
from search_service.embedding import failures, object_store
from search_service.embedding import worker as image_jobs
from search_service.embedding.encoder import Pixels, Preempted
from search_service.embedding.loaded import Worker, prepared
from search_service.embedding.object_crops import cut, decoded_side
from search_service.embedding.object_store import Crop
from search_service.embedding.usable import encoded
from search_service.vectors import store as vectors
from search_service.vectors.model_change import MAX_ATTEMPTS
from search_service.vectors.store import Model, Vectors

log = logging.getLogger(__name__)
Key = tuple[int, str, str, int]  # task, label, concept_key, place
JOB_SECONDS = 60.0  # of one job; what is left is enqueued again
AHEAD = 2  # images that are decoded ahead of the model: a large one fills half a gigabyte
_FATAL = ArgusError("bad_image", "The worker died each time it processed the objects of this image.",
                    "Is the image enormous, or the worker's memory too small?")


class _Ready(NamedTuple):
    """A crop as the model takes it."""

    crop: Crop
    image: Image.Image | Pixels


@dataclass
class _Work:
    """A job: `tried` says how often each of its tasks was, `left` are those that have not ended, of `todo` the images
    are tried, `crops` are their objects by task."""

    worker: Worker
    project_id: int
    tried: dict[int, int]
    todo: list[TaskImage]
    crops: dict[int, list[Crop]]
    left: set[int]
    errors: dict[int, ArgusError] = field(default_factory=dict)
    embedded: int = 0
    began: float = field(default_factory=time.monotonic)


def embed_objects(project_id: int, task_ids: list[int]) -> dict[str, int]:
    """Embed the objects of those of the tasks that need it, and return `{"embedded", "failed", "later"}`: objects, and
    the tasks that failed or are left for another job."""
    worker = prepared()
    if not image_jobs.serves(worker):
        return {"embedded": 0, "failed": 0, "later": len(task_ids)}
    work = _take(worker, project_id, task_ids)
    try:
        _embed_all(work)
    except BaseTimeoutException:
        log.warning("a job of objects exceeded its time limit", extra={"project": project_id})
        raise
    finally:
        object_store.take_back_try(sorted(work.left))
        failures.record(work.errors, work.tried, object_store.record_failure)
    return {"embedded": work.embedded, "failed": len(work.errors), "later": len(work.left)}


def _take(worker: Worker, project_id: int, task_ids: list[int]) -> _Work:
    """Count a try of each task. What was tried too often, and nothing was ever heard of it, killed the worker."""
    following = worker.model if worker.former else None
    tried = sorted(object_store.begin_try(project_id, task_ids, following))
    todo = [TaskImage(project_id, task.id, task.image) for task in tried if task.attempts <= MAX_ATTEMPTS]
    left = {image.task_id for image in todo}
    crops: dict[int, list[Crop]] = {task_id: [] for task_id in left}
    for crop in object_store.crops(sorted(left), following):
        crops[crop.task_id].append(crop)
    return _Work(worker, project_id, {task.id: task.attempts for task in tried}, todo, crops, left,
                 {task.id: _FATAL for task in tried if task.id not in left})


def _embed_all(work: _Work) -> None:
    """Embed crop after crop, in batches of the size that is right just then, until all is done or something else is to
    be done first."""
    batch: list[_Ready] = []
    ending: list[int] = []  # tasks without further crops
    try:
        for task_id, ready in _cut(work):
            if ready is None:
                ending.append(task_id)
            else:
                batch.append(ready)
            if len(batch) >= work.worker.batch:
                _embed_apart(work, batch)
                _end(work, ending)
                batch, ending = [], []
                if _somebody_waits() or time.monotonic() - work.began > JOB_SECONDS:
                    return
        _embed_apart(work, batch)
        _end(work, ending)
    except Preempted:
        log.debug("objects gave way to a query")


def _end(work: _Work, task_ids: Sequence[int]) -> None:
    object_store.mark_embedded(task_ids)
    object_store.end_try([task_id for task_id in task_ids if task_id not in work.errors])
    work.left -= {*task_ids}


def _cut(work: _Work) -> Iterator[tuple[int, _Ready | None]]:
    """Yield the crops of each task, and None behind its last; of an image that cannot be had, only that."""
    side = work.worker.encoder.image_side
    futures: list[Future[Image.Image | ArgusError]] = []
    try:
        for number, task in enumerate(work.todo):
            for image in work.todo[len(futures):number + 1 + AHEAD]:
                open_it = trace.carried(_open, task=image.task_id)
                futures.append(work.worker.fetchers.submit(open_it, image, work.crops[image.task_id], side))
            found = futures[number].result()
            futures[number] = Future()  # its pixels are not kept
            if isinstance(found, ArgusError):
                work.errors[task.task_id] = found
            else:
                for crop in work.crops[task.task_id]:
                    yield task.task_id, _Ready(crop, work.worker.prepare(cut(found, crop.part)))
            yield task.task_id, None
    finally:
        for future in futures:
            future.cancel()


def _open(task: TaskImage, crops: Sequence[Crop], side: int) -> Image.Image | ArgusError:
    """Return the image, decoded as far as its smallest object needs, or why it cannot be had."""
    try:
        parts = [crop.part for crop in crops]
        size = (crops[0].width, crops[0].height) if crops else (1, 1)
        return open_image(get_images().fetch(task).data, decoded_side(parts, size, side))
    except Exception as error:
        return as_argus_error(error)


def _embed_apart(work: _Work, batch: Sequence[_Ready]) -> None:
    """Embed a batch; when it fails, crop by crop, so that the one that the model or the database cannot bear fails
    alone.

    Raises:
        Preempted, BaseTimeoutException: nothing more is to be done now.
        ArgusError: a server is away; no image is to blame.
    """
    try:
        _embed(work, batch)
    except (Preempted, BaseTimeoutException):
        raise
    except Exception as error:
        if is_outage(error):
            raise
        if len(batch) == 1:
            work.errors[batch[0].crop.task_id] = failures.told(error, batch[0].crop.task_id)
            return
        log.warning("a batch of objects failed; they are tried one by one", exc_info=error)
        for ready in batch:
            _embed_apart(work, [ready])


def _embed(work: _Work, batch: Sequence[_Ready]) -> None:
    if not batch:
        return
    worker, began, of_models = work.worker, time.monotonic(), []
    for encoder, model in worker.loaded():
        wanted = [ready for ready in batch if ready.crop.object is None or model == worker.model]
        with encoder.preemptible(lambda: began - worker.embedded_at < image_jobs.STEADY_SECONDS
                                 and image_jobs.somebody_waits()):
            of_models.append((model, encoded(encoder, {ready.crop[:4]: ready.image for ready in wanted})))
        metrics.model_batch("siglip", len(wanted), time.monotonic() - began)
    image_jobs.adapt(worker, (time.monotonic() - began) / len(batch))
    lacking = [ready.crop for ready in batch
               if ready.crop[:4] not in of_models[0][1] or (ready.crop.object is None and
                                                            any(ready.crop[:4] not in known for _, known in of_models))]
    work.errors |= {crop.task_id: no_number() for crop in lacking}
    _store(work, [ready.crop for ready in batch if ready.crop not in lacking], of_models)
    worker.embedded_at = time.monotonic()


def _store(work: _Work, crops: Sequence[Crop], of_models: Sequence[tuple[Model, dict[Key, Vectors]]]) -> None:
    if not crops:
        return
    with together(), connect() as connection:
        made = object_store.make(work.project_id, crops)
        for model, known in sorted(of_models, key=lambda one: one[0].id):  # in one order: nobody waits in a circle
            vectors.store(connection, model.objects, [(work.project_id, number, known[crop[:4]])
                                                      for number, crop in sorted(made.items()) if crop[:4] in known])
    work.embedded += len(made)


def _somebody_waits() -> bool:
    """Whether a query or an image is to be embedded."""
    return image_jobs.somebody_waits() or not Queue(queue_names.SIGLIP, connection=queues.get_redis()).is_empty()
