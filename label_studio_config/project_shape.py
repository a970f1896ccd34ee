"""A project's labelling config as the export reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from argus.errors import ArgusError
from argus.labelstudio.client import LabelStudio
from label_studio_config.label_config import image_of
from label_studio_config.tags import read_label_config


@dataclass(frozen=True)
class ProjectShape:
    """What the labelling config says about an export.

    Attributes:
        labels: every label of the region controls, in the order of the XML.
        image_key: the field of `task.data` that holds the image, the one that predictions are made for.
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
    return shape_of(ls.project(project_id))


def shape_of(project: Mapping[str, Any]) -> ProjectShape:
    """Return the shape of a project as Label Studio describes it. Raises `bad_label_config` as of `read_project`."""
    config = read_label_config(project["label_config"] or "<View/>")
    image = image_of(config)
    if image is None or not config.labels:
        raise ArgusError("bad_label_config", f"Project {project['id']} has no labels for regions of an image.",
                         "Add <RectangleLabels> or <BrushLabels> in the project's labelling settings.")
    return ProjectShape(project["id"], project["title"], config.labels, image.key, project.get("model_version") or "")
