"""What people who annotate in Label Studio say of the predictions that they began with.

Who submits a prediction has looked at all of it: what they kept, moved, relabelled or deleted is an outcome, all of a
task or nothing. An annotation that was drawn without the prediction, accepted in bulk or imported says nothing of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from argus.labelstudio.client import LabelStudio
from argus.labelstudio.regions import newest_annotation
from argus.labelstudio.types import Task
from search_service.review import objects
from search_service.review.calibration import annotated_store, outcomes
from search_service.review.candidates import CHUNK, open_review, predictions_of, read_tasks
from search_service.review.comparison import Outcome
from search_service.review.corrections import Corrector
from search_service.review.objects import Shown

_BY_A_PERSON = 1.0  # score of an object that was added in *Check first*


def follow(project_id: int, *, ls: LabelStudio | None = None) -> int:
    """Compare the annotations that people made or changed with the predictions they began with, `CHUNK` tasks at a
    time; return of how many tasks.

    Raises:
        ArgusError: `unknown_project`, what Label Studio answers.
    """
    review = open_review(project_id, ls)
    changed = annotated_store.changed(project_id, review.model_version, CHUNK)
    if not changed:
        return 0
    outcomes.remember(project_id)
    reader, ids = Corrector(review), [one.task_id for one in changed]
    shown: dict[int, list[Shown]] = {}
    for one in objects.shown(project_id, review.model_version, ids):
        shown.setdefault(one.task, []).append(one)
    found = {task["id"]: _outcomes(reader, task, {one["id"] for one in predictions_of(review, task)},
                                   shown.get(task["id"], [])) for task in read_tasks(review, ids)}
    annotated_store.keep(review.model_version, changed, found)
    return len(changed)


def _outcomes(reader: Corrector, task: Task, predictions: set[int], shown: Sequence[Shown]) -> list[Outcome]:
    annotation = newest_annotation(task["annotations"])
    if annotation is None or annotation.get("parent_prediction") not in predictions:
        return []
    return [one for one in reader.compared(task["id"], annotation, [
        (one.name, one.label, one.score, one.box) for one in shown]) if one.object and (one.score or 0) < _BY_A_PERSON]
