"""Text, images and tasks → the most similar images of one project, among those that pass the filters."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import numpy as np

from argus.answers.search import Hit, Relevance, SearchResult
from argus.db import together
from argus.errors import ArgusError
from search_service.embedding.texts import encode_texts
from search_service.search import history
from search_service.search.filter_store import select
from search_service.search.filters import Filters
from search_service.search.query import Example, SearchQuery
from search_service.search.query_vectors import Terms, calibration, terms_of
from search_service.search.relevance import BACKGROUND, UNLIKELY, relevance
from search_service.search.store import HitRow, hit_rows
from search_service.sync.progress import count_tasks
from search_service.sync.store import Counts
from search_service.sync.videos import shown_name
from search_service.vectors import ranking, store

MAX_LIMIT = 1000


def search(project_id: int, query: str, limit: int = 50, offset: int = 0, *, record: bool = True,
           filters: Filters | None = None) -> SearchResult:
    """Return the images of a project that show what `query` says, best first. See `find`."""
    return find(project_id, SearchQuery(text=query, filters=filters or Filters()), limit, offset, record=record)


def search_like_task(project_id: int, task_id: int, limit: int = 50, offset: int = 0, *,
                     box: Sequence[float] | None = None, filters: Filters | None = None) -> SearchResult:
    """Return the images most like a task's own or like the part of it inside `box` (fractions x0, y0, x1, y1); the task
    itself is left out. Raises `unknown_task`, `not_ready`."""
    example = Example.model_validate({"task": task_id, "box": box})
    return find(project_id, SearchQuery(like=[example], filters=filters or Filters()), limit, offset, record=False)


def search_like_image(project_id: int, data: bytes, limit: int = 50, offset: int = 0, *,
                      box: Sequence[float] | None = None, filters: Filters | None = None) -> SearchResult:
    """Return the images most like an uploaded file, or like the part of it inside `box`."""
    example = Example.model_validate({"image": base64.b64encode(data).decode(), "box": box})
    return find(project_id, SearchQuery(like=[example], filters=filters or Filters()), limit, offset, record=False)


def find(project_id: int, ask: SearchQuery, limit: int = 50, offset: int = 0, *, record: bool = True) -> SearchResult:
    """Return a page of the project's images ranked by what is asked for, best first.

    Tasks given as examples are left out. With a text, hits get a relevance, and `similarity` is the cosine to that
    text; else it is the cosine to the first example.

    Args:
        limit: 1 to 1,000. offset: from 0.
        record: keep the ask in the project's history (first pages only, and none with an uploaded file).

    Raises:
        ArgusError: `empty_query`, `bad_request`, `unknown_project`, `unknown_task`, `not_ready` (nothing is embedded
            yet; its details hold the progress), `bad_image`, `image_too_large`, `worker_missing`, `timeout`.
    """
    check_page(limit, offset)
    ask.check()
    progress = count_tasks(project_id)
    model = current_model(progress)
    _check_embedded(project_id, progress)
    terms = terms_of(model, project_id, ask)
    if terms.texts is not None:  # kept from now on: nobody is waited for with a connection in hand
        calibration(model.id)
        encode_texts(model, BACKGROUND)
    with together(snapshot=True):
        ranked = ranking.search(model, project_id, terms.query, limit, offset, total=progress.embedded,
                              only=select(project_id, ask.filters), leave_out=ask.examples, vectors=True)
        rows = {row.id: row for row in hit_rows([task_id for task_id, _ in ranked.rows])}
    hits = _hits(model, [rows[task_id] for task_id, _ in ranked.rows if task_id in rows], ranked.vectors, terms)
    nothing = offset == 0 and terms.texts is not None and all(hit.relevance == UNLIKELY for hit in hits)
    if record and offset == 0 and ask.is_savable:
        history.record(project_id, ask, ranked.total)
    return SearchResult(
        project=project_id, query=ask.title(), total=ranked.total, images=progress.embedded, exact=ranked.exact,
        scanned=ranked.scanned, reason=ranked.reason,
        window=ranked.total if ranked.exact else min(ranking.WINDOW, ranked.total), waiting=progress.waiting,
        limit=limit, offset=offset, nothing_found=nothing, unread=list(terms.unread),
        filters=ask.filters.model_dump(mode="json", exclude_defaults=True), hits=hits)


def check_page(limit: int, offset: int) -> None:
    """Raise `bad_request` for a page that is none."""
    if not 1 <= limit <= MAX_LIMIT:
        raise ArgusError("bad_request", f"limit must be from 1 to {MAX_LIMIT}, not {limit}.")
    if not 0 <= offset <= 10_000_000:
        raise ArgusError("bad_request", f"offset must be from 0 to 10,000,000, not {offset}.")


def current_model(progress: Counts) -> store.Model:
    """Return the model that searches use. Raises `not_ready`."""
    model = store.current_model()
    if model is None:
        raise ArgusError("not_ready", "No SigLIP worker has started yet, so nothing can be embedded or searched.",
                         "Start one with `argus worker siglip`.", **progress._asdict())
    return model


def _check_embedded(project_id: int, progress: Counts) -> None:
    if progress.embedded:
        return
    message = f"Project {project_id} has no embedded image yet."
    hint = f"They are on their way: `argus sync --project {project_id} --wait` shows the progress."
    if not progress.seen:
        message = f"Project {project_id} has no images yet."
        hint = "Import images in Label Studio, or the frames of a video with `argus import-video`."
    elif not progress.waiting:
        count = progress.failed
        message = f"Nothing can be searched in project {project_id}: " + (
            "its only image could not be read." if count == 1 else f"none of its {count:,} images could be read.")
        hint = f"`argus sync --project {project_id}` and the Set-up page say why."
    raise ArgusError("not_ready", message, hint, **progress._asdict())


def image_hit(row: HitRow, similarity: float, band: Relevance = "") -> Hit:
    """Return an image as a hit shows it, of this relevance."""
    return Hit(task=row.id, similarity=round(similarity, 5), image=row.image, video=row.video, video_id=row.video_id,
               video_name=shown_name(row.video, row.video_id, row.video_shared), video_time=row.video_time,
               frame_number=row.frame_number, labelled=row.labelled, labels=row.labels, relevance=band)


def _hits(model: store.Model, rows: list[HitRow], vectors: dict[int, store.Vectors], terms: Terms) -> list[Hit]:
    """Return images as hits, with each one's relevance to the text, and the similarity to it or to the first example:
    that to a sum of several terms means nothing to a person."""
    if not rows:
        return []
    images = np.stack([vectors[row.id] for row in rows])
    bands: list[Relevance] = [""] * len(rows) if terms.texts is None else relevance(
        images, terms.texts, calibration(model.id), lambda prompts: encode_texts(model, prompts))
    return [image_hit(row, float(image @ terms.first), band) for row, image, band in
            zip(rows, images, bands, strict=True)]
