"""Taking an import back: exactly what it wrote, as far as nobody has touched it since. A deletion that was cut off is
done when it is asked for again: what is gone is taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from argus.answers.label_import import LeftLabels
from argus.errors import ArgusError
from argus.labelstudio.filters import UNREVIEWED, chunks, condition, matching, selection
from argus.labelstudio.types import Annotation, Draft, Prediction, Task
from search_service.label_import import store
from search_service.label_import.images import delete_uploads
from search_service.label_import.regions import digest
from search_service.label_import.store import ItemRow, Taken
from search_service.review.candidates import SAME_INSTANT, Review, count_gone, read_ids, read_tasks
from search_service.review.undo import delete_annotation, delete_untouched

Progress = Callable[[int, int], None]
_BATCH = 100
_UNTOUCHED = (*UNREVIEWED, condition("draft_exists", "equal", False, "Boolean"))


def undo_items(review: Review, import_id: int, taken: Taken, progress: Progress | None) -> tuple[int, list[LeftLabels]]:
    """Delete what an import wrote; return how much is gone, and what was left, and why."""
    items = store.written_items(import_id)
    left: list[LeftLabels] = []
    done = 0
    for chunk in chunks(items, _BATCH):
        tasks = {task["id"]: task for task in read_tasks(review, [item.task_id for item in chunk])}
        count_gone(review, tasks.values())
        kept = _undo_annotations(review, chunk, tasks) if taken == "annotations" else \
            _undo_predictions(review, chunk, tasks)
        store.mark(import_id, [one.task for one in kept], "kept")
        store.mark(import_id, {item.task_id for item in chunk} - {one.task for one in kept}, "undone")
        left += kept
        done += len(chunk)
        if progress:
            progress(done, len(items))
    return len(items) - len(left), left


def _undo_annotations(review: Review, items: Sequence[ItemRow], tasks: dict[int, Task]) -> list[LeftLabels]:
    left, free = [], []
    for item in items:
        annotations: Sequence[Annotation] = tasks[item.task_id]["annotations"] if item.task_id in tasks else ()
        made = next((one for one in annotations if one["id"] == item.record_id), None)
        if made is None:
            continue
        if _is_changed(item, made):
            left.append(LeftLabels(task=item.task_id, record=item.record_id, reason="changed since"))
        else:
            free.append((item.task_id, made["id"], len(annotations)))
    gone = delete_untouched(review, [task for task, _, count in free if count == 1])
    for task, annotation, _ in free:
        if task in gone:
            continue  # alone on its task, and without a draft
        drafts: list[Draft] = review.ls.get(f"/api/tasks/{task}/drafts")  # of everybody
        if any(draft.get("annotation") == annotation for draft in drafts):
            left.append(LeftLabels(task=task, record=annotation, reason="somebody is changing it"))
        else:
            delete_annotation(review, annotation)
    return left


def _undo_predictions(review: Review, items: Sequence[ItemRow], tasks: dict[int, Task]) -> list[LeftLabels]:
    left = []
    for item in items:
        predictions: Sequence[Prediction] = tasks[item.task_id]["predictions"] if item.task_id in tasks else ()
        made = next((one for one in predictions if one["id"] == item.record_id), None)
        if made is None:
            continue
        if digest(made["result"]) != item.digest:
            left.append(LeftLabels(task=item.task_id, record=item.record_id, reason="changed since"))
            continue
        try:
            review.ls.delete(f"/api/predictions/{made['id']}/")
        except ArgusError as error:
            if error.code != "not_found":
                raise
    return left


def _is_changed(item: ItemRow, annotation: Annotation) -> bool:
    """Whether somebody saved an annotation since, with other regions or the same."""
    made = item.updated_at or datetime.fromisoformat(annotation["created_at"])
    return datetime.fromisoformat(annotation["updated_at"]) - made > SAME_INSTANT \
        or digest(annotation["result"]) != item.digest


def undo_images(review: Review, import_id: int) -> tuple[int, list[LeftLabels]]:
    """Delete the tasks that an import made, but for those that people have worked on; return as `undo_items`."""
    images = store.images(import_id)
    left: list[LeftLabels] = []
    for chunk in chunks(images, _BATCH):
        tasks = [image.task_id for image in chunk if image.task_id is not None]
        there = set(read_ids(review, tasks, []))
        free = read_ids(review, sorted(there), _UNTOUCHED)
        if free:
            review.ls.post(f"/api/dm/actions?id=delete_tasks&project={review.project_id}",
                           {**selection(free), "filters": matching(_UNTOUCHED)}, timeout=300)
            there -= set(free) - set(read_ids(review, free, []))
        left += [LeftLabels(task=task, record=None, reason="somebody has worked on it") for task in sorted(there)]
        uploads = [image.upload_id for image in chunk if image.task_id not in there]
        if uploads:
            delete_uploads(review.ls, review.project_id, uploads)
            store.forget_images(import_id, uploads)
    return len(images) - len(left), left
