"""Texts, tasks and files as vectors: what a search is ranked by."""

from __future__ import annotations

import base64
import binascii
import functools
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO

import numpy as np

from argus import queue_names
from argus.db import connect
from argus.errors import ArgusError
from argus.images.memory import picture_part
from argus.jobs import queues
from argus.typed_text import maybe_longer
from search_service.embedding.object_crops import MARGIN, corners
from search_service.embedding.texts import SECONDS, encode_texts
from search_service.pictures import thumbnails
from search_service.search import store as tasks
from search_service.search.query import Example, SearchQuery
from search_service.search.query_text import combine, parse_query
from search_service.search.relevance import Calibration
from search_service.vectors import store
from search_service.vectors.store import Vectors

MAX_UPLOAD = 20 * 2**20
SENT_SIDE = 1024  # the worker gets so many pixels, squared; no checkpoint looks at more than 512 × 512
TEXT_TOKENS = 64  # that SigLIP 2 reads of a text
SAMPLE = 256  # images that tell how far a term's cosines spread in a project


@dataclass(frozen=True)
class Terms:
    """The vectors of an ask: `texts` `(1 + n, dim)`, wanted and excluded, or None without text; `query` ranks.

    `unread` are the ends of texts that are longer than the model reads.
    """

    query: Vectors
    first: Vectors
    texts: Vectors | None
    unread: tuple[str, ...] = ()


def terms_of(model: store.Model, project_id: int, ask: SearchQuery) -> Terms:
    """Return the vectors of what was asked for, to rank what `model` has vectors of: images, or objects.

    Raises:
        ArgusError: `empty_query`, `bad_request`, `unknown_task`, `not_ready` (a task's image has no vector),
            `unknown_object`, `image_too_large`, `bad_image`, `worker_missing`, `timeout`, `busy`.
    """
    ask.check()
    parsed = parse_query(ask.text) if ask.text.strip() else None
    like = [_example(model, project_id, example) for example in ask.like]
    unlike = [_example(model, project_id, example) for example in ask.unlike]
    texts = encode_texts(model, parsed.texts) if parsed else None
    wanted = [*(texts[:1] if texts is not None else ()), *like]
    excluded = [*(texts[1:] if texts is not None else ()), *unlike]
    mixed = texts is not None and bool(like or unlike)
    query = combine(np.stack(wanted), np.stack(excluded) if excluded else np.empty((0, model.dim), np.float32),
                    sample(model, project_id) if mixed else None)
    if query.shape != (model.dim,):
        raise ArgusError("not_ready", "The SigLIP worker uses another checkpoint than the one registered last.",
                         "Restart the workers; give all processes the same ARGUS_SIGLIP_MODEL.")
    return Terms(query, wanted[0], texts, unread_texts(model, parsed.texts) if parsed else ())


def _example(model: store.Model, project_id: int, example: Example) -> Vectors:
    margin = MARGIN if model.collection is store.OBJECTS else 0.0  # a region is cut out as objects are
    if example.object is not None:
        return object_vector(model, project_id, example.object)
    if example.task is not None and not example.box:
        return task_vector(model, project_id, example.task)
    if example.task is not None:
        with thumbnails.open_file(thumbnails.task_image(example.task, project_id)) as file:
            return encode_image(model, file, example.box, margin)
    try:
        data = base64.b64decode(example.image or "", validate=True)
    except (binascii.Error, ValueError) as error:
        raise ArgusError("bad_request", "The image is not valid base64.") from error
    try:
        return encode_image(model, data, example.box, margin)
    except ArgusError as error:
        if error.code not in ("bad_image", "image_too_large"):
            raise
        raise ArgusError(error.code, error.message, "Choose another image to search by.") from error


def encode_image(model: store.Model, source: bytes | IO[bytes], box: Sequence[float] | None = None,
                 margin: float = 0.0) -> Vectors:
    """Return float32 `(dim,)` of an image file, or of the part inside `box` and `margin` of its longer side around it,
    from the SigLIP worker.

    The worker is sent a small picture: what is queued lies in the queue server's memory.
    """
    if isinstance(source, bytes) and len(source) > MAX_UPLOAD:
        raise ArgusError("image_too_large", f"The image has {len(source):,} bytes; at most {MAX_UPLOAD:,} are allowed.")
    small = picture_part(source, SENT_SIDE, (lambda whole: _corners(box, whole, margin)) if box else None, by_area=True)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=95, subsampling=0)
    answer = queues.call(queue_names.SIGLIP_NOW, "search_service.embedding.worker.encode_image",
                         base64.b64encode(buffer.getvalue()).decode(), None, model.id, deadline=SECONDS)
    return np.asarray(answer, np.float32)


def _corners(box: Sequence[float], whole: tuple[int, int], margin: float) -> tuple[int, int, int, int]:
    """Return a box of fractions in pixels, inside the image and at least one pixel wide."""
    if margin:
        return corners(box, whole, margin)
    x0, y0, x1, y1 = (round(min(max(part, 0.0), 1.0) * side) for part, side in zip(box, whole * 2, strict=True))
    x0, y0 = min(x0, whole[0] - 1), min(y0, whole[1] - 1)
    return x0, y0, max(x1, x0 + 1), max(y1, y0 + 1)


def object_vector(model: store.Model, project_id: int, object_id: int) -> Vectors:
    """Return the vector of one object's crop. Raises `unknown_object`."""
    found = {}
    if tasks.object_rows([object_id]):  # else the model may have no table of objects
        with connect() as connection:
            found = store.of_tasks(connection, model.objects, project_id, [object_id])
    if object_id not in found:
        raise ArgusError("unknown_object", f"The project {project_id} has no object {object_id} any more.",
                         "Its task was deleted, or its label was detected again: search anew.")
    return found[object_id]


def task_vector(model: store.Model, project_id: int, task_id: int) -> Vectors:
    """Return the vector of one task. Raises `unknown_task` or `not_ready`."""
    if vector := stored_vectors(model.images, project_id, [task_id]):
        return vector[task_id]
    state = tasks.task_state(project_id, task_id)
    if state is None:
        raise ArgusError("unknown_task", f"The project {project_id} has no task {task_id}.")
    raise ArgusError("not_ready", f"The image of task {task_id} has no vector: it is {state}.")


def stored_vectors(model: store.Model, project_id: int, task_ids: Sequence[int]) -> dict[int, Vectors]:
    """Return `task id → float32 (dim,)` for those tasks of the project that have a vector."""
    with connect() as connection:
        return store.of_tasks(connection, model, project_id, task_ids)


def sample(model: store.Model, project_id: int) -> Vectors:
    """Return the vectors of up to 256 images or objects of a project, float32 `(k, dim)`: the same ones each time, from
    all over it (neighbours are frames of one moment)."""
    sampled = tasks.sample_objects if model.collection is store.OBJECTS else tasks.sample_tasks
    ids = sampled(project_id, SAMPLE)
    with connect() as connection:
        found = store.of_tasks(connection, model, project_id, ids)
    return np.stack([found[id_] for id_ in ids if id_ in found]) if found else np.empty((0, model.dim), np.float32)


def unread_texts(model: store.Model, texts: Sequence[str]) -> tuple[str, ...]:
    """Return the ends of texts that the model does not read, of those that are longer than its 64 tokens."""
    long = tuple(text for text in texts if maybe_longer(text, TEXT_TOKENS))
    return tuple(filter(None, _unread(model.id, long))) if long else ()


@functools.lru_cache(maxsize=256)
def _unread(model_id: int, texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(queues.call(queue_names.SIGLIP_NOW, "search_service.embedding.worker.unread_text", list(texts),
                             model_id, deadline=SECONDS))


@functools.cache
def calibration(model_id: int) -> Calibration:
    """Return the calibration of a registered checkpoint, asked for once a process and model."""
    return Calibration(*queues.call(queue_names.SIGLIP_NOW, "search_service.embedding.worker.calibration", model_id,
                                    deadline=SECONDS))
