"""Saving what a person changed on a picture as the task's annotation in Label Studio, and taking that back.

Label Studio has no conditional write. So one edit of a task goes at a time, what it is based on is compared just
before, and of two annotations that came in the same moment the later one, which is ours, goes again.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from argus import audit
from argus.answers.editing import EditCounts, Edited, EditUndone
from argus.audit import Actor
from argus.db import alone, locks
from argus.errors import ArgusError
from argus.images.fetcher import get_images, image_header
from argus.images.memory import fetching, get_budget
from argus.labelstudio.client import LabelStudio
from argus.labelstudio.regions import image_size
from argus.labelstudio.types import Annotation, Draft, Prediction, Region
from argus.labelstudio.users import sign_in
from argus.settings import get_settings
from label_studio_config import projects
from label_studio_config.label_config import image_of
from label_studio_config.project_shape import shape_of
from label_studio_config.tags import read_label_config
from search_service.editing import store
from search_service.pictures.task_details import Stored, read_stored
from search_service.pictures.thumbnails import task_image
from search_service.review.candidates import Review, open_review
from search_service.review.changes import Addition, Canvas, Change, Size, apply
from search_service.review.comparison import Outcome, compare

_LOCK_SECONDS = 30
_AGAIN = "Nothing was saved. Open the picture again to see how it is now."


@dataclass(frozen=True)
class Edit:
    """What a person did to a picture.

    Attributes:
        model_version: of the predictions when the picture was opened.
        prediction: the id of the one that was changed; None: the annotation was, or nothing was predicted.
        annotation, updated_at: the one that was changed, and when Label Studio had changed it last; None: none was.
        seconds: that it took.
    """

    model_version: str
    prediction: int | None = None
    annotation: int | None = None
    updated_at: datetime | None = None
    changes: Sequence[Change] = ()
    added: Sequence[Addition] = ()
    seconds: float | None = None


@dataclass(frozen=True)
class _Base:
    """What an edit changes: the annotation that is there, else the prediction."""

    annotation: Annotation | None
    prediction: Prediction | None

    @property
    def result(self) -> list[Region]:
        """Its regions."""
        base = self.annotation or self.prediction
        return base["result"] or [] if base else []


def save(project_id: int, task_id: int, edit: Edit, *, token: str = "", ls: LabelStudio | None = None) -> Edited:
    """Save an edit as the annotation of its task, and what it says of the predicted objects as verdicts.

    Args:
        token: personal access token of the person who edits: a new annotation carries their name.

    Raises:
        ArgusError: `unknown_project`; `unknown_task`; `conflict` when the task, its annotation or the recipe changed
            since the picture was opened; what `changes.apply` raises; what Label Studio answers. Nothing is saved then.
    """
    audit.about(f"task {task_id}")
    review = open_review(project_id, ls)
    projects.require_tasks(project_id, [task_id])
    person = sign_in(token) if token else None
    who = Actor(person.email, person.id) if person else audit.actor()
    with _locked(task_id):
        stored = read_stored(review.ls, task_id)
        base = _base(review, stored, edit, task_id)
        canvas = _canvas(review, base, task_id, edit)
        with _room(canvas.size, base.result):
            result = apply(canvas, base.result, edit.changes, edit.added)
            outcomes = _outcomes(review, canvas, stored, result)
            objects = len(canvas.objects(result))
        number = store.begin(project_id, task_id, review.model_version, base.annotation and base.annotation["id"],
                             base.annotation and base.result, who)
        try:
            made = _write(person.ls if person else review.ls, task_id, base, result, edit.seconds)
        except ArgusError:
            store.give_up(number)
            raise
        store.complete(number, made["id"], made["updated_at"], outcomes)
    return Edited(edit=number, task=task_id, annotation=made["id"], updated_at=datetime.fromisoformat(
        made["updated_at"]), objects=objects, counts=_counts(outcomes))


def undo(edit_id: int, *, ls: LabelStudio | None = None) -> EditUndone:
    """Take an edit back: the annotation is as it was before, or gone, and so is what the edit says of objects.

    Raises:
        ArgusError: `not_found`; `conflict` when it was taken back before, or the annotation was changed since.
    """
    row = store.find(edit_id)
    if row is None or row.annotation_id is None or row.updated_at is None:
        raise ArgusError("not_found", f"There is no edit {edit_id}.")
    annotation_id, updated_at = row.annotation_id, row.updated_at
    audit.about(f"task {row.task_id}", project=row.project_id)
    review = open_review(row.project_id, ls)
    path = f"/api/annotations/{annotation_id}/"
    with _locked(row.task_id):
        row = store.find(edit_id) or row
        if row.undone_at is not None:
            raise ArgusError("conflict", "This edit was taken back already.")
        _must_be_untouched(review.ls, row.task_id, annotation_id, row.updated_at or updated_at)
        if row.before is None:
            review.ls.delete(path)
            updated = None
        else:
            updated = review.ls.patch(path, {"result": row.before})["updated_at"]
        store.undo(row, updated)
    return EditUndone(edit=edit_id, task=row.task_id, annotation=None if row.before is None else row.annotation_id)


def _base(review: Review, stored: Stored, edit: Edit, task_id: int) -> _Base:
    """Return what is edited, as it is now. Raises `conflict` when that is not what the person saw."""
    drawn = [one for one in stored.annotations if not one.get("was_cancelled")]
    current = [one for one in stored.predictions if one["model_version"] == review.model_version]
    if edit.annotation is not None:
        assert edit.updated_at is not None  # the request's schema sees to it
        _must_be_untouched(review.ls, task_id, edit.annotation, edit.updated_at)
        found = next((one for one in drawn if one["id"] == edit.annotation), None)
        if found is None:
            raise ArgusError("conflict", f"The annotation of task {task_id} was skipped or deleted meanwhile.", _AGAIN)
        return _Base(found, None)
    if drawn:
        raise ArgusError("conflict", f"Task {task_id} was annotated meanwhile by somebody else.", _AGAIN)
    if edit.model_version != review.model_version:
        raise ArgusError("conflict", "The labels, prompts or thresholds of the project changed meanwhile.", _AGAIN)
    prediction = next((one for one in current if one["id"] == edit.prediction), None)
    if prediction is None and (edit.prediction is not None or current):
        raise ArgusError("conflict", f"Task {task_id} has another prediction now.", _AGAIN)
    return _Base(None, prediction)


def _must_be_untouched(ls: LabelStudio, task_id: int, annotation_id: int, updated_at: datetime) -> None:
    """Raise `conflict` when an annotation is gone, was changed since, or is being changed by somebody."""
    try:
        annotation: Annotation = ls.get(f"/api/annotations/{annotation_id}/")
    except ArgusError as error:
        if error.code != "not_found":
            raise
        raise ArgusError("conflict", f"The annotation of task {task_id} was deleted meanwhile.", _AGAIN) from error
    if datetime.fromisoformat(annotation["updated_at"]) != updated_at:
        raise ArgusError("conflict", f"The annotation of task {task_id} was changed meanwhile.", _AGAIN)
    drafts: list[Draft] = ls.get(f"/api/tasks/{task_id}/drafts")  # of everybody
    if any(draft.get("annotation") == annotation_id for draft in drafts):
        raise ArgusError("conflict", f"Somebody is changing the annotation of task {task_id} in Label Studio.",
                         "Submit or discard that draft first.")


def _canvas(review: Review, base: _Base, task_id: int, edit: Edit) -> Canvas:
    project = review.ls.project(review.project_id)
    config = read_label_config(project["label_config"] or "<View/>")
    shape, image = shape_of(project), image_of(config)
    assert image is not None  # `shape_of` raises without one
    clicked = [region for one in edit.added for region in one.regions]
    size = image_size([*base.result, *clicked]) or _measured(review.project_id, task_id)
    return Canvas(config, shape, image, size)


def _measured(project_id: int, task_id: int) -> Size:
    """Return the size of a task's image, where no region states it. Raises what fetching it raises."""
    with fetching():
        width, height, _ = image_header(get_images().fetch(task_image(task_id, project_id)).data)
    return width, height


def _room(size: Size, result: Sequence[Region]) -> AbstractContextManager[None]:
    """Hold the memory of one decoded mask at a time. Raises `busy`, `image_too_large`."""
    width, height = size
    if width * height > get_settings().max_image_pixels:
        raise ArgusError("image_too_large", f"The image has {width} × {height} pixels.",
                         "Raise ARGUS_MAX_IMAGE_PIXELS if that is intended.")
    masks = any("rle" in (region.get("value") or {}) for region in result)
    return get_budget().hold(width * height * 3 if masks else 0)


def _outcomes(review: Review, canvas: Canvas, stored: Stored, result: Sequence[Region]) -> list[Outcome]:
    """Return what the edit says of the objects that the current version predicts; without a prediction nothing."""
    predicted = next((one for one in stored.predictions if one["model_version"] == review.model_version), None)
    if predicted is None:
        return []
    return compare(canvas.objects(predicted["result"]), canvas.objects(result), canvas.size)


def _write(ls: LabelStudio, task_id: int, base: _Base, result: Sequence[Region], seconds: float | None) -> Annotation:
    """Let Label Studio store the regions. Raises `conflict` when somebody else annotated the task in this moment."""
    if base.annotation is not None:
        changed: Annotation = ls.patch(f"/api/annotations/{base.annotation['id']}/", {"result": result})
        return changed
    made: Annotation = ls.post(f"/api/tasks/{task_id}/annotations/", {
        "result": result, "parent_prediction": base.prediction["id"] if base.prediction else None,
        "lead_time": seconds})
    others: list[Annotation] = ls.get(f"/api/tasks/{task_id}/annotations/")
    if any(one["id"] != made["id"] and not one.get("was_cancelled") for one in others):
        ls.delete(f"/api/annotations/{made['id']}/")
        raise ArgusError("conflict", f"Task {task_id} was annotated meanwhile by somebody else.", _AGAIN)
    return made


def _counts(outcomes: Sequence[Outcome]) -> EditCounts:
    said = [one.verdict for one in outcomes]
    return EditCounts(kept=said.count("right"), moved=said.count("moved"), relabelled=said.count("relabelled"),
                      deleted=said.count("wrong"), added=said.count("added"))


def _locked(task_id: int) -> AbstractContextManager[None]:
    return alone(locks.EDIT_TASK, task_id, seconds=_LOCK_SECONDS, busy=ArgusError(
        "conflict", f"Somebody else is saving task {task_id} just now.", _AGAIN))
