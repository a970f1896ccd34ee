"""Images without a query: in the order of time, a varied sample of them, or the rare ones first."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from argus.answers.browse import Browsed, BrowseOrder
from argus.errors import ArgusError
from search_service.search.clusters import cluster_around
from search_service.search.filter_store import in_time_order
from search_service.search.filters import Filters
from search_service.search.images import found_images, look
from search_service.search.search import check_page
from search_service.sync.progress import count_tasks

MOST_VARIED = 240  # images of a varied sample, and of the rare ones
NEIGHBOURS = 10  # nearest images that an image is compared with
_CHUNK = 500


def browse(project_id: int, order: BrowseOrder, filters: Filters, limit: int = 50, offset: int = 0, *,
           around: int | None = None) -> Browsed:
    """Return a page of the project's images that pass the filters.

    Args:
        order: "time": by video, then by time, with those that are not embedded; images of no video come last.
            "varied": up to 240 images, each as unlike all before it as can be. "rare": up to 240 images, those
            with the least alike neighbours first, one of each row of near-duplicates. "cluster": those of the cluster
            that the task `around` is in, the most typical first.

    Raises:
        ArgusError: `bad_request`, `unknown_project`; but by time also `not_ready`; of a cluster `unknown_task`.
    """
    check_page(limit, offset)
    if (order == "cluster") != (around is not None):
        raise ArgusError("bad_request", "The order cluster, and no other, takes a task: around.",
                         "GET /projects/{id}/clusters gives one of each cluster.")
    if around is not None:
        tasks = cluster_around(project_id, filters, around)
    elif order in _BY_VECTOR:
        tasks = _by_vectors(project_id, filters, _BY_VECTOR[order])
    else:
        count_tasks(project_id)
        tasks = in_time_order(project_id, filters)
    page = tasks[offset:offset + limit].tolist()
    rows = found_images(page)
    return Browsed(project=project_id, order=order, total=len(tasks), limit=limit, offset=offset,
                   images=[rows[task] for task in page if task in rows])


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
    looked = look(project_id, filters.model_copy(update={"collapse": True}))
    return looked.tasks[order(looked.vectors, MOST_VARIED)]
