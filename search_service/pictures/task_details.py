"""One task as the page's preview shows it: where the frame came from, and every region that was predicted or drawn."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from argus.answers.base import Error
from argus.answers.tasks import DataNote, Task, TaskAnnotation, TaskObject, TaskPrediction
from argus.errors import ArgusError
from argus.images.memory import get_budget
from argus.labelstudio import LabelStudio, get_label_studio
from argus.labelstudio.brush_rle import Mask
from argus.labelstudio.regions import ExportObject, image_size, object_of, read_objects
from argus.labelstudio.task_data import moment
from argus.labelstudio.types import Annotation, Prediction, Region
from argus.settings import get_settings
from label_studio_config.project_shape import ProjectShape, read_project
from search_service.pictures.store import TaskRow, find_task
from search_service.sync.videos import shown_name

MASK_SIDE = 512  # pixels; enough for a picture on a screen, and a few kilobytes each


class Stored(NamedTuple):
    """What Label Studio has of a task."""

    annotations: list[Annotation]
    predictions: list[Prediction]


def describe_task(project_id: int, task_id: int) -> Task:
    """Return a task with its predictions and annotations as objects.

    Raises:
        ArgusError: `unknown_task`, `unknown_project`, `label_studio_unreachable`.
    """
    row = _row(project_id, task_id)
    ls = get_label_studio()
    task, shape = read_stored(ls, task_id), _shape(ls, project_id)
    own = shape.regions_of_image
    version = row.model_version
    return Task(
        task=task_id, video=row.video, video_id=row.video_id,
        video_name=shown_name(row.video, row.video_id, row.video_shared), video_time=row.video_time,
        frame_number=row.frame_number, notes=[DataNote.model_validate(note) for note in row.notes or []],
        captured_at=row.captured_at, state=row.state, error=Error.model_validate(row.error) if row.error else None,
        label_studio=f"{get_settings().public_label_studio_url}/projects/{project_id}/data?task={task_id}",
        model_version=version,
        predictions=[TaskPrediction(
            id=p["id"], model_version=p["model_version"], current=p["model_version"] == version, score=p.get("score"),
            objects=objects(own(p["result"])[0], shape.labels)) for p in task.predictions],
        annotations=[TaskAnnotation(
            id=a["id"], updated_at=moment(a["updated_at"]) if a.get("updated_at") else None,
            cancelled=bool(a.get("was_cancelled")), from_prediction=a.get("parent_prediction"),
            objects=objects(own(a["result"])[0], shape.labels))
            for a in task.annotations])


def objects(result: Sequence[Region], labels: Sequence[str]) -> list[TaskObject]:
    """Return regions as objects with positions as fractions; regions of unknown kind or size, or for a larger image
    than there may be, are left out.

    Raises:
        ArgusError: `busy`, `image_too_large`: masks are decoded in the same memory as pictures.
    """
    if (size := image_size(result or [])) is None or size[0] * size[1] > get_settings().max_image_pixels:
        return []
    width, height = size
    masks = sum("rle" in (region.get("value") or {}) for region in result)
    with get_budget().hold(width * height * (24 + masks) // 8 if masks else 0):  # one as it is, the others packed
        found, _ = read_objects(result, labels, width, height, keep=lambda mask: np.packbits(mask, axis=1))
        return [_object(one, width, height) for one in found]


def _object(one: ExportObject, width: int, height: int) -> TaskObject:
    x0, y0, x1, y1 = one.box
    rings = [[[round(float(x) / width, 5), round(float(y) / height, 5)] for x, y in ring] for ring in one.rings]
    mask = None if one.mask is None else np.unpackbits(one.mask.view(np.uint8), axis=1, count=width).view(np.bool_)
    return TaskObject(object=object_of(one.regions[0]), label=one.label,
                      score=None if one.score is None else round(one.score, 4),
                      movable=one.boxed and not one.rotation, rings=rings,
                      box=[round(x0 / width, 5), round(y0 / height, 5), round(x1 / width, 5), round(y1 / height, 5)],
                      mask=None if mask is None else encode_mask(mask, one.box))


def encode_mask(mask: Mask, box: Sequence[float]) -> str | None:
    """Return the part of a mask inside `box` (pixels) as a PNG in base64, opaque where the mask is set.

    Its sides are at most `MASK_SIDE` pixels; it is to be stretched over the box. None for an empty box.
    """
    x0, y0, x1, y1 = (round(v) for v in box)
    part = mask[max(y0, 0):y1, max(x0, 0):x1]
    if not part.size:
        return None
    alpha = Image.fromarray(part.astype(np.uint8) * np.uint8(255))
    alpha.thumbnail((MASK_SIDE, MASK_SIDE))
    picture = Image.merge("LA", (Image.new("L", alpha.size, 255), alpha))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def _row(project_id: int, task_id: int) -> TaskRow:
    if (row := find_task(project_id, task_id)) is None:
        raise ArgusError("unknown_task", f"The project {project_id} has no task {task_id}.")
    return row


def read_stored(ls: LabelStudio, task_id: int) -> Stored:
    """Read what stands on a task. Reading the task itself, alone or in a listing, would count as somebody opening it:
    Label Studio then asks the ML backend for the predictions that it lacks. Raises `unknown_task`."""
    try:
        return Stored(ls.get(f"/api/tasks/{task_id}/annotations/"), ls.get("/api/predictions/", task=task_id))
    except ArgusError as error:
        if error.code != "not_found":
            raise
        raise ArgusError("unknown_task", f"Label Studio has no task {task_id} any more.") from error


def _shape(ls: LabelStudio, project_id: int) -> ProjectShape:
    try:
        return read_project(ls, project_id)
    except ArgusError as error:
        if error.code != "bad_label_config":
            raise
        return ProjectShape(project_id, "", (), "", "")  # nothing can be drawn there
