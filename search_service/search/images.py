"""Images of a project that are looked at without a query: as they are shown, and with their vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from argus.answers.browse import FoundImage
from argus.db import connect, together
from search_service.search.filter_store import in_time_order
from search_service.search.filters import Filters
from search_service.search.search import current_model
from search_service.search.store import hit_rows
from search_service.sync.progress import count_tasks
from search_service.sync.videos import shown_name
from search_service.vectors import store
from search_service.vectors.store import Vectors

CANDIDATES = 5000  # images whose vectors are read; of more, evenly over time


@dataclass(frozen=True)
class Looked:
    """Images with their vectors: `tasks` int64 `(n,)` by id, `vectors` float32 `(n, dim)` of length 1; `total` images
    pass the filters."""

    tasks: NDArray[np.int64]
    vectors: Vectors
    total: int


def look(project_id: int, filters: Filters) -> Looked:
    """Return the embedded images that pass the filters, of more than 5,000 as many, evenly over time.

    Raises:
        ArgusError: `bad_request`, `unknown_project`, `not_ready`.
    """
    model = current_model(count_tasks(project_id))
    with together(snapshot=True):
        passing = in_time_order(project_id, filters, embedded=True)
        tasks = passing[::-(-len(passing) // CANDIDATES) or 1]
        with connect() as connection:
            read = list(store.read(connection, model, project_id, tasks.tolist()))
    if not read:
        return Looked(tasks[:0], np.empty((0, model.dim), np.float32), 0)
    found, vectors = np.concatenate([ids for ids, _ in read]), np.concatenate([v for _, v in read]).astype(np.float32)
    always_so = np.argsort(found)  # they come in any order, and each answer is of the same ones
    return Looked(found[always_so], unit(vectors[always_so]), len(passing))


def found_images(task_ids: Sequence[int]) -> dict[int, FoundImage]:
    """Return those of these tasks that are still there, as images are shown."""
    return {row.id: FoundImage(
        task=row.id, image=row.image, video=row.video, video_id=row.video_id,
        video_name=shown_name(row.video, row.video_id, row.video_shared), video_time=row.video_time,
        frame_number=row.frame_number, labelled=row.labelled, labels=row.labels) for row in hit_rows(task_ids)}


def unit(vectors: Vectors) -> Vectors:
    """Return vectors of length 1; those of length 0 stay."""
    found: Vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)
    return found
