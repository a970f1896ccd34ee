"""Taking an acceptance back: only annotations that are as they were made.

A draft is somebody's unsaved work and is never deleted with an annotation. Label Studio lists only the caller's own
drafts, and its bulk deletion takes everybody's along, so tasks with any draft are handled one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import groupby

from argus.answers.review import LeftAnnotation
from argus.errors import ArgusError
from argus.labelstudio.filters import UNREVIEWED, changed_at, chunks, condition, matching, selection
from argus.labelstudio.types import Annotation, Condition, Draft, Task
from search_service.review import store
from search_service.review.candidates import (
    CHUNK,
    KNOWN_CHUNK,
    SAME_INSTANT,
    Review,
    count_gone,
    count_tasks,
    read_ids,
    read_tasks,
)
from search_service.review.store import AcceptedItem

Progress = Callable[[int, int], None]
_ALONE = (condition("total_annotations", "equal", 1), condition("cancelled_annotations", "equal", 0),
          condition("draft_exists", "equal", False, "Boolean"))


def undo_items(review: Review, items: Sequence[AcceptedItem], progress: Progress | None) -> list[LeftAnnotation]:
    """Delete the annotations of acceptance items as far as they are untouched; return those left, and why.

    Args:
        items: rows of one acceptance, as they were before this call. `undo_asked_at` tells those whose deletion was cut
            off before: when they are gone now, they were taken back.
    """
    left: list[LeftAnnotation] = []
    done = 0
    store.request_undo(items[0].acceptance_id, [item.task_id for item in items])
    for stamp, group in groupby(sorted(items, key=_stamp), key=_stamp):
        for chunk in chunks(group, KNOWN_CHUNK):
            gone = delete_untouched(review, [item.task_id for item in chunk], stamp) if stamp > _NEVER else set()
            _mark(chunk, gone, "undone")
            for part in chunks([item for item in chunk if item.task_id not in gone], CHUNK):
                left += _undo_read(review, part)
            done += len(chunk)
            if progress:
                progress(done, len(items))
    return left


_NEVER = datetime.min.replace(tzinfo=UTC)


def _stamp(item: AcceptedItem) -> datetime:
    return item.task_updated_at or _NEVER


def _mark(items: Sequence[AcceptedItem], tasks: set[int], state: str) -> None:
    store.settle_undo((item for item in items if item.task_id in tasks), state)


def delete_untouched(review: Review, ids: Sequence[int], stamp: datetime | None = None) -> set[int]:
    """Delete the annotations of tasks that have exactly one and no draft; return the tasks it was done for.

    The conditions go along with the deletion, so a task that is touched at the last moment is left out.

    Args:
        stamp: only tasks that were last changed at this time.
    """
    conditions = list(_ALONE)
    if stamp is not None:
        conditions.append(changed_at(stamp.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")))
    ids = _meeting(review, ids, conditions)
    if not ids:
        return set()
    review.ls.post(f"/api/dm/actions?id=delete_tasks_annotations&project={review.project_id}",
                   {**selection(ids), "filters": matching(conditions)}, timeout=300)
    return set(_meeting(review, ids, UNREVIEWED))


def _meeting(review: Review, ids: Sequence[int], conditions: Sequence[Condition]) -> list[int]:
    """Return those of the tasks that meet the conditions; they are listed only when a count says that some do not."""
    count = count_tasks(review, conditions, ids) if ids else 0
    return list(ids) if count == len(ids) else read_ids(review, ids, conditions) if count else []


def _undo_read(review: Review, items: Sequence[AcceptedItem]) -> list[LeftAnnotation]:
    """Take back what somebody may have touched: read it, delete what is unchanged, return the rest."""
    tasks = {task["id"]: task for task in read_tasks(review, [item.task_id for item in items])}
    count_gone(review, tasks.values())
    made = {item.task_id: _annotation(item, tasks.get(item.task_id)) for item in items}
    reasons = {item.task_id: _reason_to_keep(review, item, made[item.task_id]) for item in items}
    free = [item for item in items if not reasons[item.task_id]]
    deleted = delete_untouched(review, [item.task_id for item in free if made[item.task_id]
                                         and len(tasks[item.task_id]["annotations"]) == 1])
    for item in free:
        annotation = made[item.task_id]
        if annotation and item.task_id not in deleted:  # beside a person's own annotation or draft
            delete_annotation(review, annotation["id"])
    _mark(free, {item.task_id for item in free}, "undone")
    kept = [item for item in items if reasons[item.task_id]]
    _mark(kept, {item.task_id for item in kept}, "kept")
    return [LeftAnnotation(task=item.task_id, annotation=annotation["id"] if annotation else item.annotation_id,
                           reason=reasons[item.task_id]) for item in kept for annotation in [made[item.task_id]]]


def settle_undone(review: Review) -> None:
    """Record what an undo that was cut off did delete, before anything is accepted again."""
    for chunk in chunks(store.unsettled_undo(review.project_id), CHUNK):
        tasks = {task["id"]: task for task in read_tasks(review, [item.task_id for item in chunk])}
        count_gone(review, tasks.values())
        gone = {item.task_id for item in chunk if _annotation(item, tasks.get(item.task_id)) is None}
        _mark(chunk, gone, "undone")
        _mark(chunk, {item.task_id for item in chunk} - gone, "accepted")


def delete_annotation(review: Review, annotation: int) -> None:
    """Delete an annotation; one that is gone is fine."""
    try:
        review.ls.delete(f"/api/annotations/{annotation}/")
    except ArgusError as error:
        if error.code != "not_found":
            raise


def _annotation(item: AcceptedItem, task: Task | None) -> Annotation | None:
    """Return the annotation that the acceptance made: by its id, else as the one of its prediction and of that time.

    The task had none before. One that was made of a copy names no prediction: the copy is gone.
    """
    for annotation in task.get("annotations", ()) if task else ():
        if item.annotation_id is None:
            of_acceptance = (annotation.get("parent_prediction") in (item.prediction_id, None)
                             and datetime.fromisoformat(annotation["created_at"]) <= _stamp(item))
        else:
            of_acceptance = annotation["id"] == item.annotation_id
        if of_acceptance:
            return annotation
    return None


def _reason_to_keep(review: Review, item: AcceptedItem, annotation: Annotation | None) -> str:
    """Return why the annotation of an item may not be deleted, or ''."""
    if annotation is None:
        return "" if item.undo_asked_at else "deleted already"
    made = item.updated_at or datetime.fromisoformat(annotation["created_at"])
    if datetime.fromisoformat(annotation["updated_at"]) - made > SAME_INSTANT:
        return "changed since"
    drafts: list[Draft] = review.ls.get(f"/api/tasks/{item.task_id}/drafts")  # of everybody
    if any(draft.get("annotation") == annotation["id"] for draft in drafts):
        return "somebody is changing it"
    return ""
