"""What acceptance in bulk changes in predictions: rejected objects are left out, and of others it writes what they are.

Somebody said that an object has another label or other edges, or that one is missing: that is all there is to fix, so
its task waits for nobody, and its annotation says so.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from argus.errors import ArgusError
from argus.labelstudio.geometry import Box
from argus.labelstudio.regions import ExportObject, image_size, object_of
from argus.labelstudio.types import Annotation, Region
from label_studio_config.label_config import image_of
from label_studio_config.project_shape import shape_of
from label_studio_config.tags import read_label_config
from search_service.review import prediction_store
from search_service.review.candidates import Review
from search_service.review.changes import Addition, Canvas, Change, Size, drawn_region, edited_region
from search_service.review.comparison import Outcome, compare
from search_service.review.prediction_store import CorrectedObject
from search_service.review.set_aside import Verdict


class Correction(NamedTuple):
    """What the annotation of a task is to say otherwise than its prediction.

    Attributes:
        rejected: objects that are left out.
        changes: of other objects, by their names.
        added: what is missing in the prediction.
    """

    rejected: frozenset[str] = frozenset()
    changes: Mapping[str, Change] = {}
    added: tuple[Addition, ...] = ()


def corrections(review: Review, decided: Mapping[int, Mapping[str, Verdict]], *, without_rejected: bool = False,
                named: bool = False, tasks: Sequence[int] | None = None) -> dict[int, Correction]:
    """Return the corrections of the tasks that bulk acceptance takes with them.

    A task that is to be fixed, as a whole or in one object, needs a person and is none of them.

    Args:
        decided: what was decided of these tasks.
        without_rejected: also tasks with rejected objects, without these.
        named: the tasks are accepted because somebody named them, also those that are set aside.
        tasks: only these.
    """
    said, found = _said(review, tasks), {}
    for task in said.keys() | (decided.keys() if without_rejected else set()):
        aside = decided.get(task, {})
        rejected = frozenset(name for name, verdict in aside.items() if name and verdict == "rejected")
        if not named and (len(rejected) < len(aside) or (rejected and not without_rejected)):
            continue
        one = said.get(task, Correction())
        one = Correction(rejected if without_rejected else frozenset(),
                         {name: change for name, change in one.changes.items() if name not in aside}, one.added)
        if any(one):
            found[task] = one
    return found


def _said(review: Review, tasks: Sequence[int] | None) -> dict[int, Correction]:
    said: dict[int, Correction] = {}
    for row in prediction_store.corrected_objects(review.project_id, review.model_version, tasks):
        one = said.get(row.task_id, Correction())
        box: Box | None = (row.box[0], row.box[1], row.box[2], row.box[3]) if row.box else None
        if row.object:
            change = Change(row.object, row.label, new_label=row.new_label, box=box)
            said[row.task_id] = one._replace(changes={**one.changes, row.object: change})
        else:
            said[row.task_id] = one._replace(added=(*one.added, Addition(row.label, box)))
    return said


def corrected_objects(review: Review, tasks: Sequence[int] | None = None) -> dict[int, dict[str, CorrectedObject]]:
    """Return what was last said of each object that was relabelled or moved, by task; "" stands for what was added."""
    found: dict[int, dict[str, CorrectedObject]] = {}
    for row in prediction_store.corrected_objects(review.project_id, review.model_version, tasks):
        found.setdefault(row.task_id, {})[row.object] = row
    return found


Predicted = tuple[str, str, float, Sequence[float]]  # name, label, score, x0, y0, x1, y1 as fractions of the sides


class Corrector:
    """Corrects predictions of one project, and compares them with annotations. Its labelling config is read when it is
    first needed."""

    def __init__(self, review: Review) -> None:
        self._review = review
        self._canvas: Canvas | None = None

    def regions(self, task: int, result: Sequence[Region], correction: Correction) -> list[Region]:
        """Return the regions of a prediction, corrected. Raises as `corrected`; `bad_request` for an unknown size."""
        if not (correction.changes or correction.added):
            return corrected(None, result, correction)
        size = image_size(result) or next(iter(prediction_store.image_sizes([task])), None)
        if size is None:
            raise ArgusError("bad_request", f"The size of the image of task {task} is not known.")
        return corrected(self.canvas((size[0], size[1])), result, correction)

    def canvas(self, size: Size) -> Canvas:
        """Return what can be drawn on an image of the project."""
        if self._canvas is None:
            project = self._review.ls.project(self._review.project_id)
            config = read_label_config(project["label_config"] or "<View/>")
            shape, image = shape_of(project), image_of(config)
            assert image is not None  # `shape_of` raises without one
            self._canvas = Canvas(config, shape, image, size)
        return replace(self._canvas, size=size)

    def compared(self, task: int, annotation: Annotation, predicted: Sequence[Predicted]) -> list[Outcome]:
        """Return what became of each predicted object in an annotation of the task, and what is in it besides."""
        result = annotation["result"] or []
        width, height = image_size(result) or next(iter(prediction_store.image_sizes([task])), (1, 1))
        before = [ExportObject(label, (box[0] * width, box[1] * height, box[2] * width, box[3] * height), score=score,
                               regions=(name,)) for name, label, score, box in predicted]
        return compare(before, self.canvas((width, height)).objects(result), (width, height))


def corrected(canvas: Canvas | None, result: Sequence[Region], correction: Correction) -> list[Region]:
    """Return the regions of a prediction, corrected; what nobody spoke of stays to the letter.

    Masks are not decoded. A box that was moved takes its new edges, its mask stays.

    Args:
        canvas: None where nothing but rejected objects is left out.

    Raises:
        ArgusError: `not_found` for an object that is not in the prediction (any more); `bad_request` for a box that is
            moved and not there, or without an area inside the image; `unknown_label` for one that the labelling config
            does not offer for this kind of shape.
    """
    names = {object_of(region.get("id", "")) for region in result}
    if missing := (correction.rejected | correction.changes.keys()) - names:
        raise ArgusError("not_found", f"There is no object {min(missing)!r} in the prediction.")
    regions = [region for region in result if object_of(region.get("id", "")) not in correction.rejected]
    if canvas is None:
        return regions
    moved = {name: canvas.percent(change.box) for name, change in correction.changes.items() if change.box}
    boxed = {object_of(region["id"]) for region in regions if "width" in region.get("value", {})}
    if unboxed := moved.keys() - boxed:
        raise ArgusError("bad_request", f"Object {min(unboxed)!r} has no box that could be moved.")
    for place, region in enumerate(regions):
        if change := correction.changes.get(object_of(region.get("id", ""))):
            regions[place] = edited_region(canvas, region, change, moved.get(change.object))
    return regions + [drawn_region(canvas, one.label, one.box, secrets.token_hex(6)) for one in correction.added
                      if one.box]
