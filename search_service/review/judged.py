"""Tasks that were judged: a person looked at every object below the high edge, and at one at least.

The sure objects of such a task count as right for its acceptance. That is stored as `implied`: nobody looked at them,
so no figure about the model is made of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from argus.labelstudio.filters import chunks
from ml_backend.suspicion.store import suspected
from search_service.review import objects, prediction_store
from search_service.review.candidates import Review
from search_service.review.corrections import corrected_objects, corrections
from search_service.review.objects import Shown
from search_service.review.set_aside import decisions

_CHUNK = 1000


def judged_tasks(review: Review, task_ids: Sequence[int] | None = None) -> list[int]:
    """Return the tasks whose unsure objects were all judged, by id; with `task_ids`, among these.

    Judged is what was found right, rejected, or given another label or other edges. On a task without an unsure object
    all objects must have been judged. A task to be fixed is not among them, nor one to be checked first: what may be
    missing there was not judged. Nor is one of which something was said that is not shown any more.
    """
    decided = decisions(review, task_ids)
    ready = corrections(review, decided, without_rejected=True, tasks=task_ids)
    right = objects.right_objects(review, task_ids)
    tasks = sorted((ready.keys() | right.keys()) - (decided.keys() - ready.keys()))
    said = {task: ready[task].rejected | ready[task].changes.keys() if task in ready else frozenset() for task in tasks}
    open_ones = suspected(review.model_version, tasks)
    return [task for task, shown in shown_on(review, tasks).items()
            if task not in open_ones and said[task] <= {one.name for one in shown}
            and not unjudged(shown, review.edges.high, said[task] | right.get(task, set()))]


def imply_right(review: Review, acceptance: int, tasks: Sequence[int]) -> None:
    """Store that the sure objects of accepted tasks, as far as nobody judged them, count as right."""
    said = (decisions(review, tasks), objects.right_objects(review, tasks), corrected_objects(review, tasks))
    prediction_store.add_implied(review.project_id, review.model_version, acceptance, [
        prediction_store.Verdict(task, one.name, one.label, one.score, "implied")
        for task, shown in shown_on(review, tasks).items() for one in shown
        if one.score >= review.edges.high and not any(one.name in judged.get(task, ()) for judged in said)])


def shown_on(review: Review, tasks: Sequence[int]) -> Mapping[int, list[Shown]]:
    """Return what is shown on each of these tasks; one that shows nothing is left out."""
    by_task: dict[int, list[Shown]] = {}
    for chunk in chunks(tasks, _CHUNK):
        for one in objects.shown(review.project_id, review.model_version, chunk):
            by_task.setdefault(one.task, []).append(one)
    return by_task


def unjudged(shown: Sequence[Shown], high: float, judged: Set[str]) -> set[str]:
    """Return the objects of a task that must still be judged: the unsure ones, else all."""
    return ({one.name for one in shown if one.score < high} or {one.name for one in shown}) - judged
