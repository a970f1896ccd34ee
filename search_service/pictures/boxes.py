"""The objects of many tasks at once, to be drawn over their thumbnails; Label Studio is not asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from argus.answers.tasks import BoxedObject, BoxedTask, Boxes
from argus.errors import ArgusError
from label_studio_config import projects, version_store
from label_studio_config.projects import ProjectRow
from label_studio_config.recipe import Recipe, recipe_for
from search_service.pictures.store import tasks_of
from search_service.review import prediction_store
from search_service.review.prediction_store import ShownObject
from search_service.sync import boxes_store

_FIRST = (-1.0, 0, 0, "")


def on_tasks(project_id: int, task_ids: Sequence[int]) -> Boxes:
    """Return the objects of tasks in their order: of the newest annotation where there is one, else of the current
    prediction. Tasks of other projects and tasks without objects are left out.

    Raises:
        ArgusError: `unknown_project`.
    """
    project = projects.load(project_id)
    rows = tasks_of(project_id, task_ids)
    annotated = [row.id for row in rows if row.labelled]
    found = {one.task: one for one in _annotated(annotated)}
    found |= {one.task: one for one in _predicted(project, [row.id for row in rows if not row.labelled])}
    return Boxes(tasks=[found[task] for task in dict.fromkeys(task_ids) if task in found])


def _annotated(task_ids: Sequence[int]) -> Iterator[BoxedTask]:
    for row in boxes_store.of_tasks(task_ids):
        yield BoxedTask(task=row.task_id, annotated=True, width=row.width, height=row.height, objects=[
            BoxedObject(label=label, score=None, box=(x0, y0, x1, y1)) for label, x0, y0, x1, y1 in row.boxes])


def _predicted(project: ProjectRow, task_ids: Sequence[int]) -> Iterator[BoxedTask]:
    version, recipe = project["model_version"], _recipe(project)
    if recipe is None or not task_ids:
        return
    asked = version_store.asked_for(version, recipe)
    rows: dict[int, list[ShownObject]] = {}
    for row in prediction_store.shown_objects(asked, version, task_ids, None, _FIRST, None, 1.0):
        rows.setdefault(row.task_id, []).append(row)
    for task, shown in rows.items():
        width, height = shown[0].width, shown[0].height
        yield BoxedTask(task=task, annotated=False, width=width, height=height, objects=[
            BoxedObject(label=one.label, score=round(one.raw, 4), box=_fractions(one)) for one in shown])


def _recipe(project: ProjectRow) -> Recipe | None:
    try:
        return recipe_for(project)
    except ArgusError:  # a labelling config that nothing can be predicted for
        return None


def _fractions(one: ShownObject) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = one.box
    return (round(x0 / one.width, 4), round(y0 / one.height, 4), round(x1 / one.width, 4), round(y1 / one.height, 4))
