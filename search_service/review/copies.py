"""Predictions without the objects that a reviewer rejected, to be accepted in their place.

Label Studio makes annotations in bulk of predictions as they are. So copies of these predictions, without the rejected
objects, are imported in bulk under a model version of their own, accepted in bulk, and removed in one call. The
predictions themselves stay as the model made them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from argus.labelstudio.filters import chunks
from argus.labelstudio.regions import count_objects, object_of
from argus.labelstudio.types import Prediction, Region, Task
from search_service.review import store
from search_service.review.candidates import CHUNK, Review, prepare
from search_service.review.set_aside import Verdict

_IMPORT_SECONDS = 300.0


class Kept(NamedTuple):
    """A prediction without its rejected objects: the regions that are left, and how many objects these are."""

    task: int
    prediction: int
    regions: list[Region]
    objects: int


def rejected_objects(decided: Mapping[int, Mapping[str, Verdict]]) -> dict[int, set[str]]:
    """Return `{task: its rejected objects}` of the tasks that only wait because of these.

    A task that is to be fixed, as a whole or in one object, needs a person and is none of them.
    """
    return {task: set(objects) for task, objects in decided.items()
            if "" not in objects and set(objects.values()) == {"rejected"}}


def without(task: int, prediction: Prediction, rejected: Iterable[str]) -> Kept | None:
    """Return a prediction without the rejected objects, box and mask alike; None when it does not have one of them."""
    left_out, result = set(rejected), prediction["result"]
    if not left_out <= {object_of(region["id"]) for region in result if "id" in region}:
        return None
    regions = [region for region in result if object_of(region.get("id", "")) not in left_out]
    return Kept(task, prediction["id"], regions, count_objects(regions))


def copies_version(review: Review) -> str:
    """Return the model version of the copies."""
    return f"{review.model_version} without rejected objects"


def copies_of(review: Review, task: Task) -> set[int]:
    """Return the ids of a task's copies."""
    return {one["id"] for one in task["predictions"] if one["model_version"] == copies_version(review)}


def put_copies(review: Review, acceptance: int | None, kept: Sequence[Kept]) -> None:
    """Import the copies. What is put there is removed by `remove_copies`, also when this is cut off."""
    store.mark_copies(acceptance, True)
    for chunk in chunks(kept, CHUNK):
        review.ls.post(f"/api/projects/{review.project_id}/import/predictions", timeout=_IMPORT_SECONDS, body=[
            {"task": one.task, "model_version": copies_version(review), "score": None, "result": one.regions}
            for one in chunk])


def remove_copies(review: Review, acceptance: int | None) -> None:
    """Remove all copies of the project; there being none is fine."""
    review.ls.delete(f"/api/projects/{review.project_id}/model-versions/", {"model_version": copies_version(review)})
    prepare(review)  # with a version's removal Label Studio may forget which one it shows
    store.mark_copies(acceptance, False)
