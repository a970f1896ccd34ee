"""Objects of label files as Label Studio's regions, in the shapes that the labelling config has for their labels. Pure.

The ids join what is one object, as `ml_backend.predictions.regions` has them: a box and its mask are one.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, cast

from argus.labelstudio import brush_rle, geometry, polygon_pixels
from argus.labelstudio.geometry import Box, Ring
from argus.labelstudio.types import Region, RegionValue
from argus.typed_text import same_name
from label_studio_config.tags import ImageTag, LabelConfig
from search_service.label_import import turned
from search_service.label_import.found import Format, LabelledImage, LabelledObject, Size

Origin = Literal["manual", "prediction"]
Shape = tuple[str, str, RegionValue]  # suffix of the id, kind of control, value without its labels
_KINDS = ("rectanglelabels", "brushlabels", "polygonlabels", "ellipselabels")
_SAME = 1e-3  # pixels between an outline's corners and those of the box that it is
_SHARE_DIGITS, _PIXEL_DIGITS = 0.4999e-6, 0.4999e-3  # by which a number of YOLO and of COCO may change unseen


@dataclass
class Built:
    """One image's regions.

    Attributes:
        objects: of the image, by label.
        losses: what could not be kept of objects that were taken, in sentences, and of how many.
        lacking: labels that the labelling config lacks, and of how many objects.
        unfit: entries that have no place in the project, and why.
    """

    regions: list[Region] = field(default_factory=list)
    objects: Counter[str] = field(default_factory=Counter)
    losses: Counter[str] = field(default_factory=Counter)
    lacking: Counter[str] = field(default_factory=Counter)
    unfit: list[tuple[str, str]] = field(default_factory=list)

    @property
    def digest(self) -> str:
        return digest(self.regions)


def digest(regions: Sequence[Region]) -> str:
    """Return 32 hex digits that are equal for equal regions, also when numbers went through a database meanwhile."""
    stable = json.loads(json.dumps(regions), parse_float=_stable)
    return hashlib.sha256(json.dumps(stable, sort_keys=True).encode()).hexdigest()[:32]


def _stable(text: str) -> int | float:
    value = round(float(text), 7)
    return int(value) if value == int(value) else value


class Tags:
    """What of a labelling config labels can be written with.

    Args:
        image: the one that regions are drawn on.
    """

    def __init__(self, config: LabelConfig, image: ImageTag) -> None:
        self.image = image
        self._controls = {label: {kind: control for kind in _KINDS
                                  if (control := config.control(kind, label, image)) is not None}
                          for label in config.labels}
        self._names: dict[str, list[str]] = {}
        for label in config.labels:
            self._names.setdefault(same_name(label), []).append(label)

    def label(self, name: str) -> str | None:
        """Return the label of that name; another case or width of letters is forgiven when only one label fits."""
        if name in self._controls:
            return name
        alike = self._names.get(same_name(name), [])
        return alike[0] if len(alike) == 1 else None

    def kinds(self, label: str) -> list[str]:
        return list(self._controls[label])

    def name(self, label: str, kind: str) -> str:
        """Return the name of the control of a kind that offers the label."""
        return self._controls[label][kind].name


def needs_size(image: LabelledImage) -> bool:
    """Whether shapes of an image depend on its size in pixels."""
    return any(one.mask is not None or one.turned or one.rings for one in image.objects)


def build(image: LabelledImage, tags: Tags, size: Size, format: Format, origin: Origin) -> Built:
    """Return the regions of an image.

    Args:
        size: of the task's image, in pixels as a person sees it.
        origin: predictions keep scores, what is to be a person's does not.
    """
    built = Built()
    for index, one in enumerate(image.objects):
        label = tags.label(one.label)
        if label is None:
            built.lacking[one.label] += 1
            continue
        if one.mask is not None and (one.mask.width, one.mask.height) != size:
            built.unfit.append((one.entry, f"the mask is for {one.mask.width} × {one.mask.height} pixels, the task's "
                                           f"image has {size[0]} × {size[1]}"))
            continue
        shapes, loss = shapes_of(one, tags.kinds(label), size, format)
        if not shapes:
            built.unfit.append((one.entry, f"the labelling config has no shape for it with the label {label}"))
            continue
        built.objects[label] += 1
        if loss:
            built.losses[loss] += 1
        if one.crowd:
            built.losses["a crowd becomes one object"] += 1
        built.regions += _regions(one, label, index, shapes, tags, size, origin)
    return built


def _regions(one: LabelledObject, label: str, index: int, shapes: Sequence[Shape], tags: Tags, size: Size,
             origin: Origin) -> Iterator[Region]:
    said = f"group {one.group}" if one.group else f"{index} {one.box}"
    name = hashlib.sha256(f"{label}|{said}".encode("utf-8", "surrogatepass")).hexdigest()[:12]  # ids are any text
    for suffix, kind, value in shapes:
        region: Region = {
            "id": f"{name}-{suffix}", "from_name": tags.name(label, kind), "to_name": tags.image.name, "type": kind,
            "origin": origin, "original_width": size[0], "original_height": size[1], "image_rotation": 0,
            "value": cast(RegionValue, {**value, kind: [label]})}
        if tags.image.value_list:
            region["item_index"] = 0
        if origin == "prediction" and one.score is not None:
            region["score"] = one.score
        yield region


def shapes_of(one: LabelledObject, kinds: Sequence[str], size: Size, format: Format) -> tuple[list[Shape], str]:
    """Return the shapes to write an object in, none when there is no tag for it, and what they lose, '' for nothing."""
    box = [_rectangle(one.box)] if "rectanglelabels" in kinds else []
    beside = [] if one.group else box  # of Label Studio's own regions each is there by itself
    if one.mask is not None:
        return _mask(one, beside, box, kinds)
    if one.ellipse and "ellipselabels" in kinds:
        return [_ellipse(one.ellipse)], ""
    if not one.rings:
        return _box(one.box, box, kinds, size)
    loss = "an ellipse becomes an outline of 64 corners" if one.ellipse else ""
    if box and _is_upright(one, size):
        return box, loss
    fitted = _turned(one.rings[0], size, format) if len(one.rings) == 1 and box else None
    if fitted and (one.turned or "polygonlabels" not in kinds):
        return [fitted], loss
    if "polygonlabels" in kinds:
        return [*beside, *_polygons(one.rings)], loss
    if "brushlabels" in kinds:
        bits = polygon_pixels.fill([[(x * size[0], y * size[1]) for x, y in ring] for ring in one.rings], *size)
        return ([*beside, _brush(bits)], "an outline becomes a mask of whole pixels") if bits.any() else (box, loss)
    return box, "an outline becomes a box: the label has boxes only"


def _mask(one: LabelledObject, beside: list[Shape], box: list[Shape],
          kinds: Sequence[str]) -> tuple[list[Shape], str]:
    assert one.mask is not None
    if "brushlabels" in kinds:
        return [*beside, _brush(one.mask.mask())], ""
    if "polygonlabels" in kinds:
        parts = geometry.mask_polygons(one.mask.mask())
        size = one.mask.width, one.mask.height
        rings = [[(x / size[0], y / size[1]) for x, y in geometry.polygon_rings(part)[0]] for part in parts]
        return [*beside, *_polygons(rings)], "a mask becomes outlines, without its holes"
    return box, "a mask becomes a box: the label has boxes only"


def _box(box: Box, rectangle: list[Shape], kinds: Sequence[str], size: Size) -> tuple[list[Shape], str]:
    if rectangle:
        return rectangle, ""
    if "polygonlabels" in kinds:
        return list(_polygons([geometry.box_ring(box)])), ""
    if "brushlabels" in kinds:
        ring = [(x * size[0], y * size[1]) for x, y in geometry.box_ring(box)]
        bits = polygon_pixels.fill([ring], *size)
        return ([_brush(bits)], "a box becomes a mask of whole pixels") if bits.any() else ([], "")
    return [], ""


def _rectangle(box: Box) -> Shape:
    x0, y0, x1, y1 = box
    return "b", "rectanglelabels", {"x": 100 * x0, "y": 100 * y0, "width": 100 * (x1 - x0), "height": 100 * (y1 - y0),
                                    "rotation": 0}


def _turned(ring: Ring, size: Size, format: Format) -> Shape | None:
    width, height = size
    slack = (_SHARE_DIGITS * width, _SHARE_DIGITS * height) if format == "yolo" else (_PIXEL_DIGITS, _PIXEL_DIGITS)
    found = turned.rectangle([(x * width, y * height) for x, y in ring], slack)
    if found is None:
        return None
    x, y, w, h, rotation = found
    return "b", "rectanglelabels", {"x": 100 * x / width, "y": 100 * y / height, "width": 100 * w / width,
                                    "height": 100 * h / height, "rotation": rotation}


def _is_upright(one: LabelledObject, size: Size) -> bool:
    """Whether the only outline is the box: formats give an upright box its four corners."""
    if len(one.rings) != 1 or len(one.rings[0]) != 4:
        return False
    return all(any(abs(x - u) * size[0] <= _SAME and abs(y - v) * size[1] <= _SAME for u, v in one.rings[0])
               for x, y in geometry.box_ring(one.box))


def _polygons(rings: Sequence[Ring]) -> Iterator[Shape]:
    for index, ring in enumerate(rings):
        yield f"p{index or ''}", "polygonlabels", {"points": [[100 * x, 100 * y] for x, y in ring], "closed": True}


def _brush(bits: brush_rle.Mask) -> Shape:
    height, width = bits.shape
    return "m", "brushlabels", {"format": "rle", "rle": brush_rle.encode(bits, 0, 0, width, height)}


def _ellipse(ellipse: tuple[float, ...]) -> Shape:
    cx, cy, rx, ry, rotation = ellipse
    return "e", "ellipselabels", {"x": 100 * cx, "y": 100 * cy, "radiusX": 100 * rx, "radiusY": 100 * ry,
                                  "rotation": rotation}
