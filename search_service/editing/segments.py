"""What a click on a picture finds: the smart tools' engine asked from the page, as Label Studio's screen asks it."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

from argus import audit
from argus.answers.editing import Segment
from argus.errors import ArgusError
from argus.labelstudio.geometry import Box
from argus.settings import get_settings
from label_studio_config import projects
from label_studio_config.recipe import plan_for
from ml_backend.smart_tools.asking import SmartTools
from ml_backend.smart_tools.request import Request
from search_service.editing import store
from search_service.pictures.task_details import objects
from search_service.pictures.thumbnails import task_image


@dataclass(frozen=True)
class Point:
    """A click, as fractions of the image's sides; `positive` False: "not this"."""

    x: float
    y: float
    positive: bool = True


def find(project_id: int, task_id: int, points: Sequence[Point], label: str = "",
         existing: Sequence[Box] = ()) -> Segment:
    """Return the object at the points; what it is made of is kept until it is saved with an edit.

    Args:
        label: of the object; '' lets the model name it.
        existing: boxes that are there already, as fractions, and are not found again.

    Raises:
        ArgusError: `unknown_project`, `unknown_task`, `unknown_label`, `bad_label_config`; `worker_missing`, `timeout`,
            `busy`, `not_ready`, `queue_unreachable`; what fetching the image raises.
    """
    audit.about(f"task {task_id}")
    plan = plan_for(projects.load(project_id))
    if not any(point.positive for point in points):
        raise ArgusError("bad_request", "There are only points that exclude.", "Click on the object first.")
    rings = tuple(((100 * x0, 100 * y0), (100 * x1, 100 * y1)) for x0, y0, x1, y1 in existing)
    request = Request(plan.concept(label).label if label else None,
                      points=tuple((100 * point.x, 100 * point.y) for point in points),
                      point_signs=tuple(point.positive for point in points), existing=rings)
    regions = _smart_tools().ask(task_image(task_id, project_id), request)["result"]
    found = objects(regions, [concept.label for concept in plan.concepts])
    if not found:
        return Segment(segment=None, object=None)
    return Segment(segment=store.keep_segment(task_id, regions), object=found[0])


@functools.cache
def _smart_tools() -> SmartTools:
    return SmartTools(get_settings())
