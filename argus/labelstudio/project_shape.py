"""A project's labelling config as the export reads it."""

from __future__ import annotations

from dataclasses import dataclass

from argus.errors import ArgusError
from argus.labelstudio.client import LabelStudio


@dataclass(frozen=True)
class ProjectShape:
    """What the labelling config says about an export.

    Attributes:
        labels: every label of the region controls, in the order of the config.
        image_key: the field of `task.data` that holds the image.
    """

    project_id: int
    title: str
    labels: tuple[str, ...]
    image_key: str
    model_version: str


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
    return ProjectShape(project_id, project["title"], tuple(labels), image_key, project.get("model_version") or "")
