"""What the SAM 3 worker does for a person who waits: the answer to a smart tool."""

from __future__ import annotations

import time

import numpy as np
from PIL import Image

from argus import trace
from argus.images.fetcher import get_images, open_image
from argus.jobs import queues
from argus.labelstudio.task_data import TaskImage
from argus.settings import get_settings
from label_studio_config import projects
from label_studio_config.label_config import LabelPlan
from label_studio_config.projects import ProjectRow
from label_studio_config.recipe import plan_for, recipe_for
from ml_backend.detection import store
from ml_backend.engines.base import Detections, Found, best_named, not_among, numbers
from ml_backend.predictions.regions import build_regions
from ml_backend.sam3_worker.engine import get_engine
from ml_backend.smart_tools.request import Answer, AskedJson, Request

_NAMING_SECONDS = 3.0
_SAME_THING = 0.5  # IoU


@queues.answering
def answer_smart_tool(project_id: int, task_id: int, image_url: str, request: AskedJson) -> Answer:
    """Answer a smart tool; what goes wrong is packed."""
    trace.add(task=task_id)
    asked = Request.from_json(request)
    fetched = get_images().fetch(TaskImage(project_id, task_id, image_url))
    image, key = open_image(fetched.data), fetched.sha256.hex()  # a file that is replaced has other features
    if asked.points:
        found = get_engine().click(image, key, asked.points_in(image.size), asked.point_signs)
    else:
        found = get_engine().find(image, key, asked.prompts, asked.exemplars_in(image.size))
    found = not_among(numbers(found), asked.existing_in(image.size), get_settings().nms_iou)
    project = projects.load(project_id)
    plan = plan_for(project)
    label = asked.label or _name(found, project, plan, task_id, image, key)
    return Answer(result=build_regions(asked.narrow(plan, label), {label: Found(*image.size, found)}))


def _name(found: Detections, project: ProjectRow, plan: LabelPlan, task_id: int, image: Image.Image, key: str) -> str:
    """Return the label that the model gives to the best of `found`, else the config's first.

    When a task is opened its labels are detected, so they are there already, as a rule. What is not is detected now, as
    far as it goes in the time a person waits.
    """
    first = plan.concepts[0].label
    if not len(found):
        return first
    stored = store.load([task_id], recipe_for(project), previewed=True).get(task_id, {})
    named = {label: entry.detections for label, entry in stored.items() if (entry.width, entry.height) == image.size}
    end = time.monotonic() + _NAMING_SECONDS
    for concept in plan.concepts:
        if concept.label not in named and time.monotonic() < end:
            named[concept.label] = get_engine().find(image, key, concept.prompts, None)
    return best_named(found.boxes[int(np.argmax(found.scores))], named, _SAME_THING) or first
