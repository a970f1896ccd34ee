"""Where the objects of an annotation are, as thumbnails show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from argus.errors import ArgusError
from argus.labelstudio.regions import image_size, newest_annotation, object_of, read_objects
from argus.labelstudio.types import Annotation, Region
from argus.settings import get_settings
from label_studio_config import projects
from label_studio_config.project_shape import ProjectShape, shape_of
from search_service.sync.boxes_store import Boxed, Drawn


def shape_of_project(project_id: int) -> ProjectShape | None:
    """Return what the labelling config says, as it was last read; None when nothing can be drawn with it."""
    row = projects.load(project_id)
    try:
        return shape_of({"id": project_id, "title": row["title"], "label_config": row["label_config"]})
    except ArgusError:
        return None


def read(annotations: Sequence[Annotation], shape: ProjectShape | None) -> Drawn:
    """Return the objects of the newest annotation; none of a size that nothing states."""
    newest = newest_annotation(annotations) if shape else None
    result = shape.regions_of_image(newest.get("result"))[0] if shape and newest else []
    size = image_size(result)
    if shape is None or size is None:
        return Drawn(0, 0, [])
    width, height = size
    found, _ = read_objects(_without_masks(result, decoded=width * height <= get_settings().max_image_pixels),
                            shape.labels, width, height, keep=lambda mask: None)
    return Drawn(width, height, [_boxed(one.label, one.box, width, height) for one in found])


def _boxed(label: str, box: Sequence[float], width: int, height: int) -> Boxed:
    x0, y0, x1, y1 = (round(float(v) / side, 4) for v, side in zip(box, (width, height) * 2, strict=True))
    return label, x0, y0, x1, y1


def _without_masks(result: Sequence[Region], *, decoded: bool) -> list[Region]:
    """Return the regions without the masks of objects that have another shape too: a mask is the dearest to read.

    Args:
        decoded: whether a mask that is an object's only shape is kept.
    """
    shaped = {_object(one) for one in result if not _is_mask(one)}
    return [one for one in result if not _is_mask(one) or (decoded and _object(one) not in shaped)]


def _object(region: Region) -> str:
    return object_of(str(region.get("id") or ""))


def _is_mask(region: Region) -> bool:
    value = region.get("value")
    return isinstance(value, Mapping) and "rle" in value
