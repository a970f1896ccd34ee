"""Label Studio's regions as objects: one for the box and the mask that describe the same thing. Pure functions."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from argus.labelstudio import geometry
from argus.labelstudio.brush_rle import Mask, decode
from argus.labelstudio.geometry import Box, Ring
from argus.labelstudio.types import Annotation, Region, RegionValue

# The prediction writer names the regions of one object `<object>-b` (box), `<object>-m` (mask) and `<object>-p`,
# `<object>-p1`, ... (parts of a polygon) and `<object>-e` (ellipse); `<object>` is 12 hex digits.
_OURS = re.compile(r"([0-9a-f]{12})-(?:b|m|e|p\d*)")
_SAME_OBJECT_IOU = 0.8
_LONGEST_SIDE = 10**6  # pixels; no image has more
_SHAPE = ("x", "y", "width", "height", "rotation", "radiusX", "radiusY", "points", "rle", "imageDataURL", "vertices")
# How Label Studio's editor marks where a region came from; without a mark a score tells.
_ORIGINS = {"prediction": "model", "prediction-changed": "changed", "manual": "person"}


@dataclass(frozen=True, eq=False)
class ExportObject:
    """One labelled thing on one image.

    Attributes:
        box: pixels, inside the image.
        rings: outlines of polygons, an ellipse or a rotated rectangle, inside the image; empty for an upright one.
        mask: bool (H, W), or None.
        score: the model's, 0-1; None for what a person drew.
        regions: ids of the regions it was made from.
        boxed, shaped: whether a rectangle, and whether a mask, polygon or ellipse is among them.
        rotation: degrees clockwise by which its rectangle or ellipse is turned, 0 for none.
        origin: "model" as it was predicted, "changed" by a person, or "person" who drew it.
    """

    label: str
    box: Box
    rings: tuple[Ring, ...] = ()
    mask: Mask | None = None
    score: float | None = None
    regions: tuple[str, ...] = ()
    boxed: bool = False
    shaped: bool = False
    rotation: float = 0.0
    origin: str = "person"

    @property
    def area(self) -> float:
        """Square pixels: of the mask, else of the outline, else of the box."""
        if self.mask is not None:
            return float(self.mask.sum())
        if self.rings:
            return geometry.rings_area(self.rings)
        return (self.box[2] - self.box[0]) * (self.box[3] - self.box[1])


@dataclass
class _Merged:
    """The items of one id as one region; `size` is the pixels (width, height) of the image it was made on."""

    id: str
    origin: str
    size: tuple[int | None, int | None]
    labels: list[str] = field(default_factory=list)
    value: RegionValue = field(default_factory=RegionValue)
    score: float | None = None


def newest_annotation(annotations: Iterable[Annotation]) -> Annotation | None:
    """Return the annotation that counts: the last changed one that was not cancelled (skipped); None without one."""
    valid = [a for a in annotations if not a.get("was_cancelled")]
    return max(valid, key=lambda a: (str(a.get("updated_at") or a.get("created_at") or ""), a["id"]), default=None)


def image_size(result: Sequence[Region]) -> tuple[int, int] | None:
    """Return (width, height) in pixels as most of the regions state it; None when none does."""
    sizes = Counter((_pixels(r.get("original_width")), _pixels(r.get("original_height"))) for r in result)
    return next((size for size, _ in sizes.most_common() if min(size) > 0), None)


def _pixels(value: object) -> int:
    """Return a side of an image; 0 for what is none: whoever imports annotations may state anything."""
    try:
        side: int = int(value)  # type: ignore[call-overload]
    except (TypeError, ValueError, OverflowError):
        return 0
    return side if side <= _LONGEST_SIDE else 0


def read_objects(result: Sequence[Region], labels: Sequence[str], width: int, height: int,
                 keep: Callable[[Mask], Any] = lambda mask: mask) -> tuple[list[ExportObject], list[str]]:
    """Return the objects of an annotation or prediction, and a reason for each region that is none.

    Of several shapes with one id the first counts, as it does in Label Studio.

    Args:
        result: Label Studio's regions.
        labels: labels of the project; a region with another one is left out.
        width, height: pixels of the image as a person sees it.
        keep: makes what is kept of each mask, for those to whom the masks of all regions together are too much.
    """
    from shapely.errors import ShapelyError  # a service that reads no regions starts without it

    parts: list[ExportObject] = []
    regions, further = _by_id(result)
    reasons = ["another shape with the id of a region before it"] * further
    for region in regions:
        try:
            found = _read_region(region, width, height, keep)
        except (KeyError, TypeError, ValueError, ZeroDivisionError, ShapelyError) as error:
            reasons.append(f"damaged region: {error}" if str(error) else "damaged region")
            continue
        if isinstance(found, str):
            reasons.append(found)
            continue
        for label in region.labels:
            if label in labels:
                parts.append(replace(found, label=label))
            else:
                reasons.append(f"label not in the labelling config: {label}")
    return _join(parts), reasons


def object_of(region_id: str) -> str:
    """Return the object a region shows: the part of our ids that its box and mask share, or the id itself."""
    match = _OURS.fullmatch(region_id)
    return match[1] if match else region_id


def count_objects(result: Sequence[Region]) -> int:
    """Return how many objects the regions describe by their ids and labels, without looking at shapes.

    Cheap enough for counts over a whole project; what people drew without our ids counts once a region.
    """
    return len(read_labels(result))


def read_labels(result: Sequence[Region]) -> list[str]:
    """Return the label of each object that `count_objects` counts."""
    objects = {(object_of(region.id), label) for region in _by_id(result)[0] for label in region.labels}
    return [label for _, label in sorted(objects)]


def _by_id(result: Sequence[Region]) -> tuple[list[_Merged], int]:
    """Merge the items that share an id: `<Rectangle>` with `<Labels>` gives the shape and its label apart.

    Returns:
        The regions, and how many items were left out because the region of their id has another shape.
    """
    merged: dict[str, _Merged] = {}
    further = 0
    for index, item in enumerate(result):
        value = item.get("value")
        if not isinstance(value, Mapping):
            continue  # a relation between regions
        name = str(item.get("id") or f"#{index}")
        if name in merged and not _same_shape(merged[name].value, value):
            further += 1
            continue
        region = merged.setdefault(name, _Merged(
            name, _ORIGINS.get(str(item.get("origin")), "model" if "score" in item else "person"),
            (item.get("original_width"), item.get("original_height"))))
        for key, content in value.items():
            if key.endswith("labels") and isinstance(content, list):
                region.labels += [label for label in content if label not in region.labels]
        if _kind(value):
            region.value = value
        if isinstance(item.get("score"), int | float):
            region.score = float(item["score"])
    return [region for region in merged.values() if region.value], further


def _same_shape(first: Mapping[str, object], second: Mapping[str, object]) -> bool:
    """Whether two values may belong to one region: not when both are shapes and these differ."""
    kinds = {_kind(first), _kind(second)} - {""}
    return len(kinds) < 2 and all(first[key] == second[key] for key in _SHAPE if key in first and key in second)


def _kind(value: Mapping[str, object]) -> str:
    for key, kind in (("rle", "brush"), ("points", "polygon"), ("radiusX", "ellipse"), ("height", "rectangle"),
                      ("imageDataURL", "bitmask"), ("vertices", "vector"), ("x", "keypoint")):
        if key in value:
            return kind
    return ""


def _read_region(region: _Merged, width: int, height: int, keep: Callable[[Mask], Any]) -> ExportObject | str:
    """Return the region as an object without a label, or the reason why it is none."""
    value, kind = region.value, _kind(region.value)
    if not region.labels:
        return f"{kind} without a label"
    base = ExportObject("", (0, 0, 0, 0), score=region.score, regions=(region.id,),
                        boxed=kind == "rectangle", shaped=kind != "rectangle", origin=region.origin,
                        rotation=float(value.get("rotation") or 0) % 360)
    if kind == "brush":
        return _read_mask(base, value, region.size, width, height, keep)
    read = {"rectangle": geometry.rectangle_ring, "polygon": geometry.polygon_ring, "ellipse": geometry.ellipse_ring}
    if kind not in read:
        return f"{kind} regions are not exported"
    whole = read[kind](value, width, height)
    nothing = "outside the image" if geometry.has_area(whole) else "outside the image, or without an area"
    if kind == "rectangle" and not (value.get("rotation") or 0) % 360:
        box = geometry.clip_box(geometry.ring_box(whole), width, height)
        return replace(base, box=box) if box else nothing
    ring = geometry.clip_ring(whole, width, height)
    return replace(base, box=geometry.ring_box(ring), rings=(ring,)) if geometry.has_area(ring) else nothing


def _read_mask(base: ExportObject, value: RegionValue, size: tuple[int | None, int | None], width: int, height: int,
               keep: Callable[[Mask], Any]) -> ExportObject | str:
    if size != (width, height):
        return f"mask made for an image of {size[0]}x{size[1]} pixels, not {width}x{height}"
    mask = decode(value["rle"], width, height)
    box = geometry.mask_box(mask)
    return replace(base, box=box, mask=keep(mask)) if box else "empty mask"


def _join(parts: list[ExportObject]) -> list[ExportObject]:
    """Join the parts of each object: first by our ids, then by overlap, which finds what a person drew or redrew.

    Parts that carry different labels are never joined.
    """
    groups: dict[tuple[str, str], list[ExportObject]] = {}
    for part in parts:
        groups.setdefault((object_of(part.regions[0]), part.label), []).append(part)
    objects = [_merge(group) for group in groups.values()]
    for shape in [item for item in objects if not item.boxed]:
        twin = next((item for item in objects if not item.shaped and _same_place(item, shape)), None)
        if twin is not None:
            objects[objects.index(twin)] = _merge([twin, shape])
            objects.remove(shape)
    return objects


def _same_place(box: ExportObject, shape: ExportObject) -> bool:
    return box.label == shape.label and geometry.box_iou(box.box, shape.box) >= _SAME_OBJECT_IOU


def _merge(parts: list[ExportObject]) -> ExportObject:
    """Return one object: the sides of its rectangle, which a person may have corrected, and the outline of its mask,
    else of its polygons, else of its rectangle.
    """
    if len(parts) == 1:
        return parts[0]
    boxes, shapes = [p for p in parts if p.boxed], [p for p in parts if p.shaped]
    mask = next((p.mask for p in shapes if p.mask is not None), None)
    rings = () if mask is not None else tuple(ring for p in shapes or boxes for ring in p.rings)
    corners = [corner for p in boxes[:1] or shapes for corner in (p.box[:2], p.box[2:])]
    return ExportObject(parts[0].label, geometry.ring_box(corners), rings, mask,
                        score=next((p.score for p in boxes + shapes if p.score is not None), None),
                        regions=tuple(region for p in parts for region in p.regions),
                        boxed=bool(boxes), shaped=bool(shapes),
                        rotation=next((p.rotation for p in boxes + shapes if p.rotation), 0.0),
                        origin=_origin({p.origin for p in parts}))


def _origin(origins: set[str]) -> str:
    """An object is the model's or a person's only when all its parts are."""
    return origins.pop() if len(origins) == 1 else "changed"


def object_id(label: str, box: list[float]) -> str:
    """Return 12 hex digits that name the object: a digest of its label and its box to a tenth of a pixel."""
    text = f"{label}|" + ",".join(f"{v:.1f}" for v in box)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
