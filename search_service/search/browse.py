"""Images without a query: in the order of time, a varied sample of them, or the rare ones first."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from argus.answers.browse import Browsed, BrowseOrder, FoundImage
from argus.db import connect, together
from search_service.search.filter_store import in_time_order
from search_service.search.filters import Filters
from search_service.search.search import check_page, current_model
from search_service.search.store import HitRow, hit_rows
from search_service.sync.progress import count_tasks
from search_service.sync.videos import shown_name
from search_service.vectors import store

MOST_VARIED = 240  # images of a varied sample, and of the rare ones
CANDIDATES = 5000  # images that it is taken from; of more, evenly over time
NEIGHBOURS = 10  # nearest images that an image is compared with
_CHUNK = 500


def browse(project_id: int, order: BrowseOrder, filters: Filters, limit: int = 50, offset: int = 0) -> Browsed:
    """Return a page of the project's images that pass the filters.

    Args:
        order: "time": by video, then by time, with those that are not embedded; images of no video come last.
            "varied": up to 240 images, each as unlike all before it as can be. "rare": up to 240 images, those
            with the least alike neighbours first, one of each row of near-duplicates.

    Raises:
        ArgusError: `bad_request`, `unknown_project`; of a varied sample and of rare images `not_ready`.
    """
    check_page(limit, offset)
    if order in _BY_VECTOR:
        tasks = _by_vectors(project_id, filters, _BY_VECTOR[order])
    else:
        count_tasks(project_id)
        tasks = in_time_order(project_id, filters)
    page = tasks[offset:offset + limit].tolist()
    rows = {row.id: row for row in hit_rows(page)}
    return Browsed(project=project_id, order=order, total=len(tasks), limit=limit, offset=offset,
                   images=[_image(rows[task]) for task in page if task in rows])


def farthest_first(vectors: NDArray[np.float32], count: int) -> list[int]:
    """Return `count` rows, or all: the most usual one, then each time the one least like every one before it.

    Args:
        vectors: `(n, dim)` of length 1.
    """
    if not len(vectors):
        return []
    chosen = [int((vectors @ vectors.mean(0)).argmax())]
    nearest = np.full(len(vectors), -np.inf, np.float32)  # cosine to the most alike of those that are chosen
    while len(chosen) < min(count, len(vectors)):
        np.maximum(nearest, vectors @ vectors[chosen[-1]], out=nearest)
        nearest[chosen[-1]] = np.inf
        chosen.append(int(nearest.argmin()))
    return chosen


def rarest_first(vectors: NDArray[np.float32], count: int) -> list[int]:
    """Return `count` rows, or all: the one first whose nearest rows are least like it.

    A row's `NEIGHBOURS` nearest count, by the mean of their cosines; so what is seen on fewer neighbouring frames than
    that is rare too.

    Args:
        vectors: `(n, dim)` of length 1.
    """
    total = len(vectors)
    near = min(NEIGHBOURS, total - 1)
    if near < 1:
        return list(range(total))
    alike = np.empty(total, np.float32)
    for start in range(0, total, _CHUNK):
        cosines = vectors[start:start + _CHUNK] @ vectors.T
        cosines[np.arange(len(cosines)), np.arange(start, start + len(cosines))] = -np.inf  # not with itself
        alike[start:start + _CHUNK] = np.partition(cosines, total - near, axis=1)[:, total - near:].mean(1)
    return [int(row) for row in np.argsort(alike, kind="stable")[:count]]


_BY_VECTOR: dict[BrowseOrder, Callable[[NDArray[np.float32], int], list[int]]] = {
    "varied": farthest_first, "rare": rarest_first}


def _by_vectors(project_id: int, filters: Filters,
                order: Callable[[NDArray[np.float32], int], list[int]]) -> NDArray[np.int64]:
    model = current_model(count_tasks(project_id))
    with together(snapshot=True):
        tasks = in_time_order(project_id, filters.model_copy(update={"collapse": True}), embedded=True)
        tasks = tasks[::-(-len(tasks) // CANDIDATES) or 1]
        with connect() as connection:
            read = list(store.read(connection, model, project_id, tasks.tolist()))
    if not read:
        return tasks[:0]
    found, vectors = np.concatenate([ids for ids, _ in read]), np.concatenate([v for _, v in read]).astype(np.float32)
    always_so = np.argsort(found)  # they come in any order, and each page is of the same sample
    found, vectors = found[always_so], vectors[always_so]
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return found[order(vectors, MOST_VARIED)]


def _image(row: HitRow) -> FoundImage:
    return FoundImage(task=row.id, image=row.image, video=row.video, video_id=row.video_id,
                      video_name=shown_name(row.video, row.video_id, row.video_shared), video_time=row.video_time,
                      frame_number=row.frame_number, labelled=row.labelled, labels=row.labels)
