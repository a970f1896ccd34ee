"""Text, an image or a task → the most similar images of one project."""

from __future__ import annotations

import base64
import functools
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from argus import queues
from argus.db import Row, connect
from argus.errors import ArgusError
from search_service import vectors
from search_service.query import combine, parse_query
from search_service.relevance import Calibration, relevance
from search_service.sync import sync_progress
from search_service.vectors import Vectors

MAX_LIMIT = 1000
ENCODE_SECONDS = 15.0  # a worker that has just started is still loading its model
MAX_UPLOAD = 20 * 2**20


@dataclass(frozen=True)
class Hit:
    """One image: `similarity` is the cosine to the query; `relevance` is likely, maybe, noise or '' (not judged)."""

    task_id: int
    similarity: float
    image: str
    video: str | None = None
    video_time: float | None = None
    frame_number: int | None = None
    relevance: str = ""

    def to_json(self) -> dict[str, Any]:
        row = asdict(self)
        return {"task": row.pop("task_id"), **row}


@dataclass(frozen=True)
class SearchResult:
    """A page of a ranking. `total` counts the project's embedded images, all of which are ranked.

    `exact` False means that an approximate index answered: then only the first `window` rows can be paged through.
    `waiting` images have no vector yet, so they cannot be among the hits.
    """

    project_id: int
    query: str
    hits: list[Hit]
    total: int
    exact: bool
    window: int
    waiting: int
    limit: int
    offset: int

    def to_json(self) -> dict[str, Any]:
        return {"project": self.project_id, "query": self.query, "total": self.total, "exact": self.exact,
                "window": self.window, "waiting": self.waiting, "limit": self.limit, "offset": self.offset,
                "hits": [hit.to_json() for hit in self.hits]}


def search(project_id: int, query: str, limit: int = 50, offset: int = 0, *, record: bool = True) -> SearchResult:
    """Return the images of a project that show what `query` says, best first.

    Args:
        query: free text in any language the checkpoint knows; `-word` and `-"two words"` exclude.
        limit: 1 to 1,000. offset: from 0.
        record: keep the query in the project's history (first pages only).

    Raises:
        ArgusError: `empty_query`, `bad_request`, `unknown_project`, `not_ready` (nothing is embedded yet; its details
            hold the progress), `worker_missing`, `timeout`.
    """
    parsed = parse_query(query)
    model, progress = _ready(project_id, limit, offset)
    encoded = encode_texts(model, parsed.texts)
    result = _find(model, project_id, combine(encoded[0], encoded[1:]), limit, offset, query, progress)
    result = _judge(model, result, encoded)
    if record and offset == 0:
        _record(result, " ".join(query.split()))
    return result


def search_like_task(project_id: int, task_id: int, limit: int = 50, offset: int = 0) -> SearchResult:
    """Return the images most like a task's own, which is left out. Raises `unknown_task`, `not_ready`."""
    model, progress = _ready(project_id, limit, offset)
    vector = task_vector(model, project_id, task_id)
    result = _find(model, project_id, vector, offset + limit + 1, 0, f"task {task_id}", progress)
    hits = [hit for hit in result.hits if hit.task_id != task_id][offset:offset + limit]
    return replace(result, hits=hits, limit=limit, offset=offset)


def search_like_image(project_id: int, data: bytes, limit: int = 50, offset: int = 0,
                      box: Sequence[float] | None = None) -> SearchResult:
    """Return the images most like an uploaded file, or like the part of it inside `box` (fractions x0, y0, x1, y1)."""
    if len(data) > MAX_UPLOAD:
        raise ArgusError("image_too_large", f"The image has {len(data):,} bytes; at most {MAX_UPLOAD:,} are allowed.")
    model, progress = _ready(project_id, limit, offset)
    answer = queues.call(queues.SIGLIP_NOW, "search_service.jobs.encode_image", base64.b64encode(data).decode(),
                         list(box) if box else None, model.id, deadline=ENCODE_SECONDS)
    return _find(model, project_id, np.asarray(answer, np.float32), limit, offset, "image", progress)


def _ready(project_id: int, limit: int, offset: int) -> tuple[vectors.Model, dict[str, Any]]:
    if not 1 <= limit <= MAX_LIMIT:
        raise ArgusError("bad_request", f"limit must be from 1 to {MAX_LIMIT}, not {limit}.")
    if not 0 <= offset <= 10_000_000:
        raise ArgusError("bad_request", f"offset must be from 0 to 10,000,000, not {offset}.")
    progress = sync_progress(project_id)
    model = vectors.current_model()
    if model is None:
        raise ArgusError("not_ready", "No SigLIP worker has started yet, so nothing can be embedded or searched.",
                         "Start one with `argus worker siglip`.", **_counts(progress))
    return model, progress


def _find(model: vectors.Model, project_id: int, vector: Vectors, limit: int, offset: int, query: str,
          progress: dict[str, Any]) -> SearchResult:
    if vector.shape != (model.dim,):
        raise ArgusError("not_ready", "The SigLIP worker runs another checkpoint than the one registered last.",
                         "Restart the workers; give all processes the same ARGUS_SIGLIP_MODEL.")
    ranked = vectors.search(model, project_id, vector, limit, offset, total=progress["embedded"])
    if ranked.total == 0:
        what = "has no images yet" if progress["seen"] == 0 else "has no embedded image yet"
        raise ArgusError("not_ready", f"The project {project_id} {what}.",
                         f"`argus sync --project {project_id} --wait` shows the progress.", **_counts(progress))
    rows = _tasks([task_id for task_id, _ in ranked.rows])
    hits = [_hit(rows[task_id], similarity) for task_id, similarity in ranked.rows if task_id in rows]
    window = ranked.total if ranked.exact else min(vectors.WINDOW, ranked.total)
    return SearchResult(project_id, " ".join(query.split()), hits, ranked.total, ranked.exact, window,
                        progress["waiting"], limit, offset)


def _counts(progress: dict[str, Any]) -> dict[str, Any]:
    return {name: progress[name] for name in ("seen", "waiting", "embedded", "failed")}


def _tasks(task_ids: list[int]) -> dict[int, Row]:
    with connect() as connection:
        return {row["id"]: row for row in connection.execute(
            "SELECT id, image, video, video_time, frame_number FROM task WHERE id = ANY(%s)", (task_ids,))}


def _hit(row: Row, similarity: float) -> Hit:
    return Hit(row["id"], round(similarity, 5), row["image"], row["video"], row["video_time"], row["frame_number"])


def _judge(model: vectors.Model, result: SearchResult, texts: Vectors) -> SearchResult:
    """Add each hit's relevance."""
    images = stored_vectors(model, result.project_id, [hit.task_id for hit in result.hits])
    if not images:
        return result
    matrix = np.stack([images[hit.task_id] for hit in result.hits if hit.task_id in images])
    bands = iter(relevance(matrix, texts, _calibration(model.id), lambda prompts: encode_texts(model, prompts)))
    hits = [replace(hit, relevance=next(bands)) if hit.task_id in images else hit for hit in result.hits]
    if len(texts) > 1:  # the ranking's number is then no similarity to anything: show that to the wanted text
        hits = [replace(hit, similarity=round(float(images[hit.task_id] @ texts[0]), 5))
                if hit.task_id in images else hit for hit in hits]
    return replace(result, hits=hits)


def stored_vectors(model: vectors.Model, project_id: int, task_ids: Sequence[int]) -> dict[int, Vectors]:
    """Return `task id → float32 (dim,)` for those tasks of the project that have a vector."""
    with connect() as connection:
        return vectors.of_tasks(connection, model, project_id, task_ids)


def task_vector(model: vectors.Model, project_id: int, task_id: int) -> Vectors:
    """Return the vector of one task. Raises `unknown_task` or `not_ready`."""
    if vector := stored_vectors(model, project_id, [task_id]):
        return vector[task_id]
    with connect() as connection:
        row = connection.execute("SELECT state FROM task WHERE id = %s AND project_id = %s",
                                 (task_id, project_id)).fetchone()
    if row is None:
        raise ArgusError("unknown_task", f"The project {project_id} has no task {task_id}.")
    raise ArgusError("not_ready", f"The image of task {task_id} has no vector: it is {row['state']}.")


class _TextCache:
    """The vectors of the last texts, so that paging and repeated queries need no worker."""

    def __init__(self, size: int) -> None:
        self._size, self._lock = size, threading.Lock()
        self._kept: OrderedDict[tuple[int, str], Vectors] = OrderedDict()

    def get(self, model_id: int, texts: Sequence[str], encode: Callable[[list[str]], Any]) -> Vectors:
        with self._lock:
            known = {text: self._kept[model_id, text] for text in texts if (model_id, text) in self._kept}
        if missing := [text for text in dict.fromkeys(texts) if text not in known]:
            known |= {text: np.asarray(vector, np.float32)
                      for text, vector in zip(missing, encode(missing), strict=True)}
        with self._lock:
            for text in texts:
                self._kept[model_id, text] = known[text]
                self._kept.move_to_end((model_id, text))
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)
        return np.stack([known[text] for text in texts])


@functools.cache
def _texts() -> _TextCache:
    return _TextCache(2000)


def encode_texts(model: vectors.Model, texts: Sequence[str]) -> Vectors:
    """Return float32 `(len(texts), dim)` from the SigLIP worker, or from this process's memory."""
    return _texts().get(model.id, texts, lambda missing: queues.call(
        queues.SIGLIP_NOW, "search_service.jobs.encode_text", missing, model.id, deadline=ENCODE_SECONDS))


@functools.cache
def _calibration(model_id: int) -> Calibration:
    """Return the calibration of a registered checkpoint, asked for once a process and model."""
    return Calibration(*queues.call(queues.SIGLIP_NOW, "search_service.jobs.calibration", model_id,
                                    deadline=ENCODE_SECONDS))


def _record(result: SearchResult, query: str) -> None:
    with connect() as connection:
        connection.execute("INSERT INTO search (project_id, query, total) VALUES (%s, %s, %s)",
                           (result.project_id, query, result.total))


def history(project_id: int, limit: int = 20) -> list[dict[str, Any]]:
    """Return the last different queries of a project, newest first: `{"id", "query", "total", "at"}`."""
    with connect() as connection:
        rows = connection.execute(
            "SELECT * FROM (SELECT DISTINCT ON (query) id, query, total, created_at FROM search WHERE project_id = %s "
            "ORDER BY query, id DESC) last ORDER BY id DESC LIMIT %s", (project_id, limit)).fetchall()
    return [{"id": row["id"], "query": row["query"], "total": row["total"], "at": row["created_at"].isoformat()}
            for row in rows]


def forget_history(project_id: int, search_id: int | None = None) -> int:
    """Delete a query from the history, in all its repetitions, or the whole history; return the rows deleted."""
    with connect() as connection:
        if search_id is None:
            return connection.execute("DELETE FROM search WHERE project_id = %s", (project_id,)).rowcount
        return connection.execute("DELETE FROM search WHERE project_id = %s AND query = (SELECT query FROM search "
                                  "WHERE id = %s AND project_id = %s)", (project_id, search_id, project_id)).rowcount
