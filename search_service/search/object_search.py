"""Text, regions and objects → the most similar objects of one project, each with the image that it is on."""

from __future__ import annotations

import numpy as np

from argus.answers.projects import ObjectProgress
from argus.answers.search import Hit, ObjectHit, ObjectSearchResult, Relevance
from argus.db import together
from argus.errors import ArgusError
from search_service.embedding import object_store
from search_service.embedding.texts import encode_texts
from search_service.search.filter_store import select_objects
from search_service.search.query import ObjectQuery
from search_service.search.query_vectors import Terms, calibration, terms_of
from search_service.search.relevance import BACKGROUND, UNLIKELY, relevance
from search_service.search.search import check_page, current_model, image_hit
from search_service.search.store import ObjectRow, hit_rows, object_rows
from search_service.sync.progress import count_tasks
from search_service.vectors import ranking, store


def find_objects(project_id: int, ask: ObjectQuery, limit: int = 50, offset: int = 0) -> ObjectSearchResult:
    """Return a page of the project's objects ranked by what is asked for, best first.

    Objects are those that were detected with the project's current labels and prompts, also below the display
    threshold. The objects given as examples are left out.

    Args:
        limit: 1 to 1,000. offset: from 0.

    Raises:
        ArgusError: as `search.find`; `not_ready` while no object is embedded (its details hold the progress), and
            `unknown_object` for an example that is no more.
    """
    check_page(limit, offset)
    ask.check()
    with together():
        model = current_model(count_tasks(project_id)).objects
        progress = object_store.progress(project_id)
    _check_embedded(project_id, progress)
    terms = terms_of(model, project_id, ask)
    if terms.texts is not None:  # kept from now on: nobody is waited for with a connection in hand
        calibration(model.id)
        encode_texts(model, BACKGROUND)
    with together(snapshot=True):
        ranked = ranking.search(model, project_id, terms.query, limit, offset, total=progress.embedded,
                                only=select_objects(project_id, ask.filters), leave_out=ask.example_objects,
                                vectors=True)
        rows = {row.id: row for row in object_rows([number for number, _ in ranked.rows])}
        images = {row.id: image_hit(row, 0.0) for row in hit_rows([row.task_id for row in rows.values()])}
    found = [rows[number] for number, _ in ranked.rows if number in rows and rows[number].task_id in images]
    hits = _hits(model, found, images, ranked.vectors, terms)
    nothing = offset == 0 and terms.texts is not None and all(hit.relevance == UNLIKELY for hit in hits)
    return ObjectSearchResult(
        project=project_id, query=ask.title(), total=ranked.total, objects=progress, exact=ranked.exact,
        scanned=ranked.scanned, reason=ranked.reason, limit=limit, offset=offset, nothing_found=nothing,
        unread=list(terms.unread), filters=ask.filters.model_dump(mode="json", exclude_defaults=True), hits=hits)


def _check_embedded(project_id: int, progress: ObjectProgress) -> None:
    if progress.embedded:
        return
    details = progress.model_dump()
    if progress.waiting:
        raise ArgusError("not_ready", f"0 of {progress.waiting + progress.failed:,} objects are embedded yet.",
                         "They are embedded in the background, after all images: "
                         f"`argus sync --project {project_id}` shows the progress.", **details)
    if progress.failed:
        raise ArgusError("not_ready", f"None of the {progress.failed:,} objects could be embedded.",
                         f"`argus doctor --project {project_id}` says why; `argus sync --project {project_id} --retry` "
                         "tries again.", **details)
    raise ArgusError("not_ready", f"Nothing was detected in project {project_id} yet: there are no objects to search.",
                     "Auto-annotate images first, on the page or with `argus annotate`.", **details)


def _hits(model: store.Model, rows: list[ObjectRow], images: dict[int, Hit], vectors: dict[int, store.Vectors],
          terms: Terms) -> list[ObjectHit]:
    if not rows:
        return []
    crops = np.stack([vectors[row.id] for row in rows])
    bands: list[Relevance] = [""] * len(rows) if terms.texts is None else relevance(
        crops, terms.texts, calibration(model.id), lambda prompts: encode_texts(model, prompts))
    return [ObjectHit.model_validate(images[row.task_id].model_dump() | {
        "object": row.id, "label": row.label, "score": round(row.score, 4), "box": row.box, "relevance": band,
        "similarity": round(float(crop @ terms.first), 5)}) for row, crop, band in zip(rows, crops, bands, strict=True)]
