"""What a person says of one object on the page: stored when it is said, and taken back by the same person.

It changes no prediction and no annotation. Acceptance in bulk writes what was said: another label, other edges, an
object that is missing. A task with an object that is wrong or unsure waits in *To fix*, as after a verdict on the wall.
Acceptance in bulk itself says nothing of any object and stores no verdict.
"""

from __future__ import annotations

from collections.abc import Sequence

from argus import audit
from argus.answers.trust import ObjectVerdict, ObjectVerdicts
from argus.db import together
from argus.errors import ArgusError
from label_studio_config import projects
from label_studio_config.recipe import plan_for
from label_studio_config.views import fix_view
from search_service.review import objects, prediction_store, wall_store
from search_service.review.calibration import outcomes
from search_service.review.candidates import Review, open_review
from search_service.review.prediction_store import Said
from search_service.review.set_aside import open_tasks


def say(project_id: int, task_id: int, verdict: Said, *, object_id: str = "", label: str = "",
        box: Sequence[float] | None = None) -> ObjectVerdict:
    """Store a verdict on a predicted object, or that one is missing ("added"); it replaces the caller's earlier one.

    Args:
        object_id: as review names it; none for "added".
        label: the right one, for "relabelled" and "added".
        box: x0, y0, x1, y1 as fractions of the image's sides, for "moved" and "added".

    Raises:
        ArgusError: `unknown_project`, `unknown_task`, `unknown_label`, `not_found` for an object that is not there (any
            more), `bad_request` for what does not fit together. Nothing is stored then.
    """
    audit.about(f"task {task_id}")
    review = open_review(project_id)
    projects.require_tasks(project_id, [task_id])
    if (verdict == "added") == bool(object_id):
        raise ArgusError("bad_request", "What is added has no name yet; every other verdict names its object.")
    if verdict in ("relabelled", "added"):
        _check_label(project_id, label)
    if verdict in ("moved", "added"):
        _check_box(box)
    if object_id:
        shown = {found.name: found for found in objects.shown(project_id, review.model_version, [task_id])}
        if object_id not in shown:
            raise ArgusError("not_found", f"Task {task_id} has no object {object_id!r} in the current predictions.",
                             "Its labels or prompts may have changed since; look at the band again.", task=task_id)
        one = shown[object_id]
        said = prediction_store.Verdict(task_id, object_id, one.label, one.score, verdict,
                             label if verdict == "relabelled" else "",
                             list(box) if box and verdict == "moved" else None)
    else:
        said = prediction_store.Verdict(task_id, "", label, None, verdict, box=list(box or ()))
    outcomes.remember(project_id)
    who = audit.actor()
    with together():
        moved = _take_back(review, task_id, object_id)[1] if object_id else False
        number = prediction_store.add_verdict(project_id, review.model_version, said, who.person, who.verified_name)
        if object_id and verdict != "right":
            wall_store.decide(project_id, review.model_version, [(task_id, object_id, wall_store.ASIDE[verdict])], who)
    if moved or verdict != "right":
        fix_view(review.ls, project_id, open_tasks(review))
    return next(one for one in _said(review, task_id) if one.id == number)


def take_back(project_id: int, task_id: int, object_id: str = "") -> ObjectVerdicts:
    """Take back the caller's last verdict on an object, or, without one, on what they added last to the task; return
    what is left of the task's. Raises `not_found` when there is none, `unknown_project`."""
    audit.about(f"task {task_id}")
    review = open_review(project_id)
    taken, moved = _take_back(review, task_id, object_id)
    if not taken:
        raise ArgusError("not_found", f"There is no verdict of yours on that object of task {task_id}.")
    if moved:
        fix_view(review.ls, project_id, open_tasks(review))
    return ObjectVerdicts(verdicts=_said(review, task_id))


def listing(project_id: int, task_id: int | None = None) -> ObjectVerdicts:
    """Return the verdicts of the current model version, newest first; the last 1,000. Raises `unknown_project`."""
    return ObjectVerdicts(verdicts=_said(open_review(project_id), task_id))


def _take_back(review: Review, task_id: int, object_id: str) -> tuple[bool, bool]:
    """Return whether there was a verdict to take back, and whether its task waited because of it."""
    who = audit.actor()
    with together():
        taken = prediction_store.take_verdict_back(review.project_id, review.model_version, task_id, object_id,
                                                   who.person, who.verified_name)
        before = [(task_id, object_id, one.aside_before) for one in taken if one.aside_before is not None]
        if before:
            wall_store.decide(review.project_id, review.model_version, before, who)
    return bool(taken), bool(before)


def _said(review: Review, task_id: int | None) -> list[ObjectVerdict]:
    return [ObjectVerdict(id=row.id, task=row.task_id, object=row.object, label=row.label, verdict=row.verdict,
                          new_label=row.new_label, box=row.box, sample=row.sample_id, decided_by=row.decided_by,
                          decided_at=row.decided_at)
            for row in prediction_store.verdicts(review.project_id, review.model_version, task_id)]


def _check_label(project_id: int, label: str) -> None:
    names = sorted(concept.label for concept in plan_for(projects.load(project_id)).concepts)
    if label not in names:
        raise ArgusError("unknown_label", f"The project has no label {label!r}.", f"It has: {', '.join(names)}.")


def _check_box(box: Sequence[float] | None) -> None:
    if box is None or len(box) != 4 or not (0 <= box[0] < box[2] <= 1 and 0 <= box[1] < box[3] <= 1):
        raise ArgusError("bad_request", "The box has no area or lies outside the image.",
                         "It is x0, y0, x1, y1 as fractions of the image's sides, 0 to 1.")
