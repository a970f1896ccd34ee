"""Regions reach Label Studio here, in bulk: as predictions, and of those annotations where that is asked for.

Label Studio makes annotations in bulk of predictions only. So what is to be an annotation is imported as a prediction
of a model version of its own, made an annotation by Label Studio's action with the condition that nobody has annotated
or skipped the task, and the predictions are removed. What is asked for is recorded before, so that `settle` can tell
what became of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from argus.labelstudio.client import LabelStudio
from argus.labelstudio.filters import UNREVIEWED, chunks, matching, selection
from argus.labelstudio.regions import count_objects
from argus.labelstudio.types import Region, Task
from search_service.label_import import store
from search_service.label_import.regions import digest
from search_service.label_import.store import Made, Taken
from search_service.review.candidates import Review, count_made, prepare, read_ids, read_tasks

BATCH = 100  # tasks
_SECONDS = 300.0


@dataclass(frozen=True)
class Target:
    """An import as it writes.

    Attributes:
        person: asks Label Studio for annotations, which carry their name.
    """

    import_id: int
    taken: Taken
    model_version: str
    review: Review
    person: LabelStudio

    @property
    def version(self) -> str:
        """The model version of what is sent."""
        return temporary_version(self.import_id) if self.taken == "annotations" else self.model_version


@dataclass(frozen=True)
class Item:
    """The regions for a task."""

    task: int
    regions: list[Region]

    @property
    def score(self) -> float | None:
        """Of the task: that of its lowest region."""
        return min((region["score"] for region in self.regions if "score" in region), default=None)


def temporary_version(import_id: int) -> str:
    """Return the model version of predictions that become annotations."""
    return f"labels of import {import_id}"


def write(target: Target, items: Sequence[Item]) -> list[Made]:
    """Write to tasks, at most `BATCH`, and return what was made; of tasks that changed meanwhile nothing is."""
    store.request(target.import_id, [(item.task, digest(item.regions), count_objects(item.regions)) for item in items])
    tasks = {task["id"]: task for task in read_tasks(target.review, [item.task for item in items])}
    free = [item for item in items if item.task in tasks and _is_free(target, tasks[item.task])]
    if free:
        target.review.ls.post(f"/api/projects/{target.review.project_id}/import/predictions", timeout=_SECONDS, body=[
            {"task": item.task, "model_version": target.version, "score": item.score, "result": item.regions}
            for item in free])
        if target.taken == "annotations":
            _annotate(target, [item.task for item in free])
    return confirm(target, [item.task for item in items])


def _is_free(target: Target, task: Task) -> bool:
    """Whether a task may be written to: it has nothing yet of what the import makes."""
    mine = any(one["model_version"] == target.version for one in task["predictions"])
    return not mine and (target.taken == "predictions" or not task["annotations"])


def _annotate(target: Target, tasks: Sequence[int]) -> None:
    ids = read_ids(target.review, tasks, UNREVIEWED)
    if ids:
        target.person.post(
            f"/api/dm/actions?id=predictions_to_annotations&project={target.review.project_id}",
            {**selection(ids), "filters": matching(UNREVIEWED), "model_version": target.version}, timeout=_SECONDS)


def confirm(target: Target, tasks: Sequence[int]) -> list[Made]:
    """Record what Label Studio has of the requested items of these tasks, and return it."""
    wanted = {item.task_id: item.digest for item in store.requested_items(target.import_id)}
    made: list[Made] = []
    for chunk in chunks(tasks, BATCH):
        listed = read_tasks(target.review, chunk)
        touched = count_made(target.review, listed) if target.taken == "annotations" else {}
        for task in listed:
            sent = [one for one in task["predictions"] if one["model_version"] == target.version
                    and digest(one["result"]) == wanted.get(task["id"])]
            if target.taken == "predictions":
                made += [Made(task["id"], one["id"], one["updated_at"]) for one in sent[:1]]
                continue
            parents = {one["id"] for one in sent}
            made += [Made(task["id"], one["id"], touched.get(one["id"], one["updated_at"]))
                     for one in task["annotations"] if one.get("parent_prediction") in parents][:1]
    store.settle(target.import_id, tasks, made)
    return made


def clean_up(target: Target) -> None:
    """Remove the predictions that annotations were made of; there being none is fine."""
    if target.taken == "annotations":
        target.review.ls.delete(f"/api/projects/{target.review.project_id}/model-versions/",
                                {"model_version": target.version})
        prepare(target.review)  # with a version's removal Label Studio may forget which one it shows


def settle(target: Target) -> None:
    """Complete the record of an import that was cut off: what it asked for is there, or it is not."""
    requested = [item.task_id for item in store.requested_items(target.import_id)]
    confirm(target, requested)
    clean_up(target)
