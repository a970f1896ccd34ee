"""What became of the tasks that Label Studio was asked to accept, also when the one who asked was cut off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from argus.errors import ArgusError
from argus.labelstudio.filters import changed_at, chunks, condition
from argus.labelstudio.types import Annotation, Task
from search_service.review import store
from search_service.review.additions import settle_additions
from search_service.review.candidates import (
    CHUNK,
    KNOWN_CHUNK,
    SAME_INSTANT,
    Review,
    count_made,
    count_tasks,
    page_of_tasks,
    read_tasks,
)
from search_service.review.copies import copies_of, remove_copies
from search_service.review.judged import imply_right
from search_service.review.store import AcceptedItem, Made

# A column is only computed when a filter names it: ids of the annotations, and when the newest was made.
_MADE = (condition("total_annotations", "equal", 1), condition("annotations_ids", "empty", False, "List"),
         condition("completed_at", "greater", "1970-01-01T00:00:00.000000Z", "Datetime"))
_MADE_FIELDS = "id,updated_at,annotations_ids,completed_at"


def confirm_accepted(review: Review, acceptance: int | None, *, all_made: bool = False) -> tuple[int, int, int]:
    """Settle the items of an acceptance that were asked for; return (tasks accepted, their objects, tasks not).

    Args:
        all_made: Label Studio said that it made as many annotations as it was asked for. It makes one a prediction at
            most, so a task that had none and has one now has ours.
    """
    requested = store.requested_items(acceptance)
    made: dict[int, Made] = {}
    for chunk in chunks(requested, KNOWN_CHUNK) if all_made else ():
        made |= _confirm_by_timestamp(review, [item.task_id for item in chunk])
    for chunk in chunks([item for item in requested if item.task_id not in made], CHUNK):
        made |= _read(review, chunk)
    store.settle_items(requested, made)
    accepted = [item for item in requested if item.task_id in made]
    if acceptance is not None and accepted and store.is_of_judged(acceptance):
        imply_right(review, acceptance, [item.task_id for item in accepted])
    return len(accepted), sum(item.regions for item in accepted), len(requested) - len(accepted)


def _confirm_by_timestamp(review: Review, ids: Sequence[int]) -> dict[int, Made]:
    """Return what was made by task, without reading a region.

    The action stamps all its tasks with one time. When as many tasks as were asked for have that stamp and exactly one
    annotation, nothing else happened to any of them; the annotation is known by its task and the stamp, and its id is
    looked up when it is needed. Else the tasks are listed; one with another stamp is left to `_read`.
    """
    first = page_of_tasks(review, _MADE[:1], 1, ids, include="id,updated_at")["tasks"]
    if first and count_tasks(review, [_MADE[0], changed_at(first[0]["updated_at"])], ids) == len(ids):
        return dict.fromkeys(ids, Made(None, None, first[0]["updated_at"]))
    tasks = page_of_tasks(review, _MADE, len(ids), ids, include=_MADE_FIELDS)["tasks"]
    stamps = Counter(task["updated_at"] for task in tasks).most_common(1)
    return {task["id"]: Made(int(task["annotations_ids"]), task["completed_at"], task["updated_at"]) for task in tasks
            if task["updated_at"] == stamps[0][0]}


def _read(review: Review, items: Sequence[AcceptedItem]) -> dict[int, Made]:
    predictions = {item.task_id: item.prediction_id for item in items}
    tasks = read_tasks(review, [item.task_id for item in items])
    touched = count_made(review, tasks)
    return {task["id"]: _made(task, a, touched.get(a["id"])) for task in tasks for a in task["annotations"]
            if a.get("parent_prediction") in {predictions[task["id"]], *copies_of(review, task)}}


def _made(task: Task, annotation: Annotation, touched: str | None) -> Made:
    """Return what is known of an annotation that was just made; the task's stamp only when nothing else happened."""
    created, changed = (datetime.fromisoformat(annotation[name]) for name in ("created_at", "updated_at"))
    alone = len(task["annotations"]) == 1 and touched is None and changed - created <= SAME_INSTANT
    return Made(annotation["id"], touched or annotation["created_at"], task["updated_at"] if alone else None)




def settle(review: Review) -> None:
    """Complete the records of acceptances that were cut off. The caller holds the lock, so none of them still runs."""
    for acceptance in store.unsettled(review.project_id):
        confirm_accepted(review, acceptance)
        if store.has_copies(acceptance):
            remove_copies(review, acceptance)
        settle_additions(review.ls, acceptance)
        store.fail_cut_off(acceptance, ArgusError("internal",
                                                  "The process stopped before the acceptance was complete."))
