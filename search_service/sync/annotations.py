"""Which tasks people have annotated, with what labels and where: a copy of Label Studio's word, to filter searches by
and to draw over thumbnails.

An annotation made, changed or deleted moves its task's `updated_at`, which every poll of `sync.py` notes; a task whose
note is newer than its copy is looked up. So the copy is as fresh as the last poll. A full listing compares the ids of
all annotated tasks too, for what a poll may have missed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import datetime
from typing import Any

from argus.errors import ArgusError
from argus.labelstudio import LabelStudio, filters, listing
from argus.labelstudio.filters import ANNOTATED
from argus.labelstudio.types import Annotation, Task
from label_studio_config import projects
from ml_backend.runs import scheduling
from search_service.sync import annotated_boxes, boxes_store, store

CHUNK = 200  # tasks asked for by id: their ids travel in the request's address
PAGE = 100  # tasks read in full at a time, with all their regions
MANY = 2000  # so many tasks to look up (an import) that listing the annotated ones is less work


def refresh(ls: LabelStudio, project_id: int, *, full: bool = False) -> int:
    """Bring the copy up to date after a poll; return how many tasks were looked up.

    Args:
        full: compare every annotated task, not only the changed ones.
    """
    stale = store.labels_are_stale(project_id)
    if full:
        stale |= _disagreeing(ls, project_id)
    ids = sorted(stale)
    every = len(ids) > MANY
    before = store.annotated_predictions(project_id, ids) if ids else set()
    shape = annotated_boxes.shape_of_project(project_id) if ids else None
    for part in [ids] if every else [ids[start:start + CHUNK] for start in range(0, len(ids), CHUNK)]:
        said: dict[int, list[str]] = {}
        for page in _listed(ls, project_id, None if every else part):  # only the labels are kept
            said |= {task["id"]: labels_of(task["annotations"]) for task in page}
            boxes_store.write({task["id"]: annotated_boxes.read(task["annotations"], shape) for task in page})
        boxes_store.forget([id_ for id_ in part if id_ not in said])
        store.write_labels({id_: said.get(id_) for id_ in part}, stale)
    if ids and not every:
        _suspect_around(project_id, before | store.annotated_predictions(project_id, ids))
    return len(ids)


def _suspect_around(project_id: int, changed: Set[int]) -> None:
    """Have it told anew what the frames around annotations that were made, changed or deleted may lack: an object that
    a person drew is evidence. An import's are not; with no queue it waits for the next change."""
    if not changed or not projects.load(project_id)["check_first"]:
        return
    with contextlib.suppress(ArgusError):
        for tasks in filters.chunks(sorted(changed), CHUNK):
            scheduling.enqueue_check(project_id, tasks)


def labels_of(annotations: Sequence[Annotation]) -> list[str]:
    """Return the labels and choices that annotations carry, cancelled ones aside, each once, in order."""
    found: set[str] = set()
    for annotation in annotations:
        if annotation.get("was_cancelled"):
            continue
        for region in annotation.get("result") or ():
            given = region.get("value")
            for name, value in given.items() if isinstance(given, Mapping) else ():
                if (name.endswith("labels") or name == "choices") and isinstance(value, list):
                    found |= {item for item in value if isinstance(item, str)}
    return sorted(found)


def _disagreeing(ls: LabelStudio, project_id: int) -> dict[int, datetime | None]:
    """Return the tasks that are annotated there and not here, or the other way round, with their `updated_at`."""
    there = {task["id"] for page in _pages(ls, project_id, None, include="id") for task in page}
    return {row.id: row.updated_at for row in store.all_labelled(project_id) if row.labelled != (row.id in there)}


def _listed(ls: LabelStudio, project_id: int, ids: Sequence[int] | None) -> Iterator[list[Task]]:
    return _pages(ls, project_id, ids, include="id,annotations,result,was_cancelled,updated_at,created_at",
                  fields="all")


def _pages(ls: LabelStudio, project_id: int, ids: Sequence[int] | None, **what: Any) -> Iterator[list[Task]]:
    """Yield pages of the annotated tasks of a project, or of those of `ids`, by ascending id."""
    return listing.walk(ls, project_id, [ANNOTATED], size=PAGE, ids=ids, **what)
