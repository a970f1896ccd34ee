"""Predictions as reviewers corrected them, to be accepted in place of those that the model made.

Label Studio makes annotations in bulk of predictions as they are. So copies of these predictions, without the rejected
objects and with what was said of others, are imported in bulk under a model version of their own, accepted in bulk, and
removed in one call. The predictions themselves stay as the model made them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from argus.labelstudio.filters import chunks
from argus.labelstudio.types import Region, Task
from search_service.review import store
from search_service.review.candidates import CHUNK, Review, prepare

_IMPORT_SECONDS = 300.0


class Kept(NamedTuple):
    """A prediction as it was corrected: its regions, and how many objects these are."""

    task: int
    prediction: int
    regions: list[Region]
    objects: int


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
