"""A project's labelling config as the export reads it."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from argus.errors import ArgusError
from argus.labelstudio.client import LabelStudio
from argus.labelstudio.types import Project, Region
from label_studio_config.label_config import image_of
from label_studio_config.shapes import has_outlines
from label_studio_config.tags import read_label_config


@dataclass(frozen=True)
class ProjectShape:
    """What the labelling config says about an export.

    Attributes:
        labels: every label of the region controls, in the order of the XML.
        image_key: the field of `task.data` that holds the image, the one that predictions are made for.
        categories: the numbers that labels ask for, their attribute `category`.
        other_images: names of the images that a task shows beside it.
        outlines: whether labels have masks, outlines or ellipses that Argus fills.
        config_digest: SHA-256 of the labelling config, in hex digits.
    """

    project_id: int
    title: str
    labels: tuple[str, ...]
    image_key: str
    model_version: str
    categories: Mapping[str, int] = field(default_factory=dict)
    other_images: frozenset[str] = frozenset()
    outlines: bool = True
    config_digest: str = ""

    def category_ids(self, first: int) -> dict[str, int]:
        """Return `{label: number}`: its own `category`, else the numbers from `first` on that are left, in the order of
        the labels. A label that is added at the end moves none of them."""
        left = (number for number in itertools.count(first) if number not in self.categories.values())
        return {label: self.categories[label] if label in self.categories else next(left) for label in self.labels}

    def regions_of_image(self, result: Sequence[Region] | None) -> tuple[list[Region], list[str]]:
        """Return the regions that lie on the image, and a reason for each that lies on another one of the task."""
        kept: list[Region] = []
        reasons: list[str] = []
        for region in result or ():
            if str(region.get("to_name")) in self.other_images:
                reasons.append(f"on another image of the task: {region['to_name']}")
            elif region.get("item_index"):
                reasons.append("on a further image of the task")
            else:
                kept.append(region)
        return kept, reasons


def read_project(ls: LabelStudio, project_id: int) -> ProjectShape:
    """Return the shape of a project.

    Raises:
        ArgusError: `unknown_project`; `bad_label_config` when the config has no image, or no label to draw with.
    """
    return shape_of(ls.project(project_id))


def shape_of(project: Project) -> ProjectShape:
    """Return the shape of a project as Label Studio describes it. Raises `bad_label_config` as of `read_project`."""
    text = project["label_config"] or "<View/>"
    config = read_label_config(text)
    image = image_of(config)
    if image is None or not config.labels:
        raise ArgusError("bad_label_config", f"Project {project['id']} has no labels for regions of an image.",
                         "Add <RectangleLabels> or <BrushLabels> in the project's labelling settings.")
    return ProjectShape(project["id"], project["title"], config.labels, image.key, project.get("model_version") or "",
                        config.categories, frozenset(i.name for i in config.images) - {image.name},
                        has_outlines(project["label_config"]), hashlib.sha256(text.encode()).hexdigest())
