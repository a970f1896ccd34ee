"""Images that come along with labels become tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePosixPath

from pydantic import JsonValue

from argus.errors import ArgusError
from argus.labelstudio import LabelStudio, listing
from argus.labelstudio.task_data import data_value, set_value
from search_service.frames.sending import BATCH_BYTES, BATCH_FILES, make_tasks, upload
from search_service.label_import import store
from search_service.label_import.planning import Entry, Plan

Progress = Callable[[int], None]


def bring(import_id: int, plan: Plan, progress: Progress) -> list[Entry]:
    """Make tasks of the images of `plan` that have none; return all of its entries, each with its task.

    The uploads are recorded before tasks are made of them: `settle` finds out what became of them.

    Raises:
        ArgusError: `bad_request` when the labelling config shows more than one image of a task: Label Studio takes no
            uploads then; what Label Studio answers.
    """
    entries = [entry for entry in plan.entries if entry.task is not None]
    new = [entry for entry in plan.entries if entry.task is None]
    project, review = plan.project, plan.project.review
    if new and (further := project.config.shown_beside(project.key)):
        raise ArgusError("bad_request", f"The labelling config shows {', '.join(further)} beside the image; Label "
                         "Studio takes uploads only where it shows one value of a task's data.",
                         "Import the images into Label Studio first, then the labels without --images.")
    for batch in _batches(new, plan):
        files = [(PurePosixPath(entry.file or "").name, data) for entry, data in batch]
        kept = upload(review.ls, review.project_id, files)
        store.add_images(import_id, kept)
        data: list[dict[str, JsonValue]] = [{} for _ in kept]
        for one, values in zip(kept, data, strict=True):
            set_value(values, project.key, one.image)
        tasks = make_tasks(review.ls, review.project_id, data)
        store.name_tasks(import_id, [(one.id, task) for one, task in zip(kept, tasks, strict=True)])
        for one, task, (entry, _) in zip(kept, tasks, batch, strict=True):
            project.urls[task], project.digests[task] = one.image, plan.images.digest(entry.file or "")
            plan.splits[task] = entry.image.split
            entries.append(Entry(entry.image, task, entry.file))
        progress(len(batch))
    return entries


def _batches(entries: Sequence[Entry], plan: Plan) -> Iterator[list[tuple[Entry, bytes]]]:
    batch: list[tuple[Entry, bytes]] = []
    size = 0
    for entry in entries:
        data = plan.images.read(entry.file or "")
        if batch and (len(batch) >= BATCH_FILES or size + len(data) > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append((entry, data))
        size += len(data)
    if batch:
        yield batch


def settle(ls: LabelStudio, project_id: int, import_id: int, key: str) -> None:
    """Find out which uploads of an import that was cut off became tasks; the others are deleted."""
    unknown = {image.image: image.upload_id for image in store.images(import_id) if image.task_id is None}
    if not unknown:
        return
    found = [(unknown[url], task["id"]) for page in listing.walk(ls, project_id, include="id,data") for task in page
             if (url := data_value(task["data"], key)) in unknown]
    store.name_tasks(import_id, found)
    if lost := sorted(set(unknown.values()) - {upload_id for upload_id, _ in found}):
        delete_uploads(ls, project_id, lost)
        store.forget_images(import_id, lost)


def delete_uploads(ls: LabelStudio, project_id: int, uploads: Sequence[int]) -> None:
    ls.delete(f"/api/projects/{project_id}/file-uploads", {"file_upload_ids": list(uploads)})

