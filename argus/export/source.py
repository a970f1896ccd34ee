"""Reading what is to be exported from Label Studio, a page at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from argus.errors import ArgusError
from argus.export.objects import Region, newest_annotation
from argus.labelstudio.client import LabelStudio
from argus.labelstudio.data import data_value

Source = Literal["annotations", "predictions"]
_PAGE = 100  # a task with masks is tens of kilobytes


@dataclass(frozen=True)
class ProjectShape:
    """What the labelling config says about an export.

    Attributes:
        labels: every label of the region controls, in the order of the config.
        image_key: the field of `task.data` that holds the image.
    """

    title: str
    labels: tuple[str, ...]
    image_key: str
    model_version: str


@dataclass(frozen=True)
class SourceTask:
    """One task to export: its image's URL, its regions, and where the frame came from."""

    id: int
    image: str
    result: Sequence[Region]
    origin: Mapping[str, Any]


def read_project(ls: LabelStudio, project_id: int) -> ProjectShape:
    """Return the shape of a project.

    Raises:
        ArgusError: `unknown_project`; `bad_label_config` when the config has no image, or no label to draw with.
    """
    project = ls.project(project_id)
    labels: list[str] = []
    image_key = ""
    for control in (project.get("parsed_label_config") or {}).values():
        inputs = [i for i in control.get("inputs", []) if i.get("type") == "Image" and i.get("value")]
        if not inputs or not control["type"].endswith("Labels") or control["type"] == "KeyPointLabels":
            continue
        image_key = image_key or inputs[0]["value"].lstrip("$")
        labels += [label for label in control.get("labels", []) if label not in labels]
    if not labels:
        raise ArgusError("bad_label_config", f"Project {project_id} has no labels for regions of an image.",
                         "Add <RectangleLabels> or <BrushLabels> in the project's labelling settings.")
    return ProjectShape(project["title"], tuple(labels), image_key, project.get("model_version") or "")


def read_tasks(ls: LabelStudio, project_id: int, shape: ProjectShape, source: Source) -> Iterator[SourceTask]:
    """Yield the tasks that have something to export, oldest first.

    From annotations: the newest annotation that was not skipped. From predictions: the newest prediction of the
    project's current model version.
    """
    for task in ls.tasks(project_id, page_size=_PAGE, query=json.dumps({"filters": _filters(shape, source)})):
        if source == "annotations":
            chosen = newest_annotation(task["annotations"])
        else:
            mine = [p for p in task["predictions"] if p["model_version"] == shape.model_version]
            chosen = max(mine, key=lambda p: int(p["id"]), default=None)
        if chosen is not None:
            data = task.get("data") or {}
            origin = {key: data[key] for key in ("video", "video_time", "frame_number") if key in data}
            yield SourceTask(task["id"], data_value(data, shape.image_key) or "", chosen["result"] or [],
                             {"task_id": task["id"], **origin})


def read_origins(ls: LabelStudio, project_id: int, shape: ProjectShape, source: Source) -> dict[int, str]:
    """Return `{task id: video}` of the tasks to export; a task without a video stands for itself (its id as text).

    A light pass over the listing, for splits: regions are not asked for.
    """
    query = json.dumps({"filters": _filters(shape, source)})
    return {task["id"]: str((task.get("data") or {}).get("video") or f"task {task['id']}")
            for task in ls.tasks(project_id, fields="task_only", query=query)}


def _filters(shape: ProjectShape, source: Source) -> dict[str, Any]:
    if source == "annotations":
        item = {"filter": "filter:tasks:total_annotations", "operator": "greater", "type": "Number", "value": 0}
    else:
        item = {"filter": "filter:tasks:predictions_model_versions", "operator": "contains", "type": "List",
                "value": [shape.model_version]}
    return {"conjunction": "and", "items": [item]}
