"""Label Studio's regions as objects: one object for the box and the mask that describe the same thing. Pure functions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from argus.export import geometry
from argus.export.geometry import Box, Ring
from argus.rle import Mask, decode

Region = Mapping[str, Any]

# The prediction writer names the regions of one object `<object>-b` (box), `<object>-m` (mask) and `<object>-p` (polygon).
_JOINED = re.compile(r"(?P<object>.+)-(?P<part>[bmp])")
_SAME_OBJECT_IOU = 0.8


@dataclass(frozen=True)
class ExportObject:
    """One labelled thing on one image.

    Attributes:
        kind: of the first region: rectangle, brush, polygon or ellipse.
        box: pixels, inside the image.
        rings: outlines of a polygon, an ellipse or a rotated rectangle, inside the image; empty for an upright one.
        mask: bool (H, W), or None.
        score: the model's, 0-1; None for what a person drew.
        regions: ids of the regions it was made from.
    """

    label: str
    kind: str
    box: Box
    rings: tuple[Ring, ...] = ()
    mask: Mask | None = None
    score: float | None = None
    regions: tuple[str, ...] = ()

    @property
    def area(self) -> float:
        """Square pixels: of the mask, else of the outline, else of the box."""
        if self.mask is not None:
            return float(self.mask.sum())
        if self.rings:
            return sum(geometry.ring_area(ring) for ring in self.rings)
        return (self.box[2] - self.box[0]) * (self.box[3] - self.box[1])


def newest_annotation(annotations: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the annotation that counts: the last changed one that was not cancelled (skipped); None without one."""
    valid = [a for a in annotations if not a.get("was_cancelled")]
    return max(valid, key=lambda a: (str(a.get("updated_at") or a.get("created_at") or ""), a["id"]), default=None)


def image_size(result: Sequence[Region]) -> tuple[int, int] | None:
    """Return (width, height) in pixels as most of the regions state it; None when none does."""
    sizes = Counter((int(r["original_width"]), int(r["original_height"])) for r in result
                    if r.get("original_width") and r.get("original_height"))
    return sizes.most_common(1)[0][0] if sizes else None


def read_objects(result: Sequence[Region], labels: Sequence[str], width: int, height: int,
                 ) -> tuple[list[ExportObject], list[str]]:
    """Return the objects of an annotation or prediction, and a reason for each region that is none.

    Args:
        result: Label Studio's regions.
        labels: labels of the project; a region with another one is left out.
        width, height: pixels of the image as a person sees it.
    """
    parts: list[ExportObject] = []
    reasons: list[str] = []
    for region in _by_id(result):
        try:
            found = _read_region(region, width, height)
        except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
            reasons.append(f"damaged region: {error}" if str(error) else "damaged region")
            continue
        if isinstance(found, str):
            reasons.append(found)
            continue
        for label in region["labels"]:
            if label in labels:
                parts.append(replace(found, label=label))
            else:
                reasons.append(f"label not in the labelling config: {label}")
    return _join(parts), reasons


def count_objects(result: Sequence[Region]) -> int:
    """Return how many objects the regions describe by their ids and labels, without looking at shapes.

    Cheap enough for counts over a whole project; what people drew without our ids counts once a region.
    """
    keys = set()
    for region in _by_id(result):
        joined = _JOINED.fullmatch(region["id"])
        if region["labels"] and region["value"]:
            keys.add((joined["object"] if joined else region["id"], tuple(region["labels"])))
    return len(keys)


def _by_id(result: Sequence[Region]) -> list[dict[str, Any]]:
    """Merge the items that share an id: `<Rectangle>` with `<Labels>` gives the shape and its label apart."""
    merged: dict[str, dict[str, Any]] = {}
    for index, item in enumerate(result):
        value = item.get("value")
        if not isinstance(value, Mapping):
            continue  # a relation between regions
        region = merged.setdefault(str(item.get("id") or index), {
            "id": str(item.get("id") or index), "labels": [], "value": {}, "score": None,
            "size": (item.get("original_width"), item.get("original_height"))})
        for key, content in value.items():
            if key.endswith("labels") and isinstance(content, list):
                region["labels"] += [label for label in content if label not in region["labels"]]
        if _kind(value):
            region["value"] = value
        if isinstance(item.get("score"), int | float):
            region["score"] = float(item["score"])
    return [region for region in merged.values() if region["value"]]


def _kind(value: Mapping[str, Any]) -> str:
    for key, kind in (("rle", "brush"), ("points", "polygon"), ("radiusX", "ellipse"), ("height", "rectangle"),
                      ("imageDataURL", "bitmask"), ("vertices", "vector"), ("x", "keypoint")):
        if key in value:
            return kind
    return ""


def _read_region(region: dict[str, Any], width: int, height: int) -> ExportObject | str:
    """Return the region as an object without a label, or the reason why it is none."""
    value, kind = region["value"], _kind(region["value"])
    if not region["labels"]:
        return f"{kind} without a label"
    base = ExportObject("", kind, (0, 0, 0, 0), score=region["score"], regions=(region["id"],))
    if kind == "brush":
        return _read_mask(base, value, region["size"], width, height)
    read = {"rectangle": geometry.rectangle_ring, "polygon": geometry.polygon_ring, "ellipse": geometry.ellipse_ring}
    if kind not in read:
        return f"{kind} regions are not exported"
    ring = read[kind](value, width, height)
    if kind == "rectangle" and not (value.get("rotation") or 0) % 360:
        box = geometry.clip_box(geometry.ring_box(ring), width, height)
        return replace(base, box=box) if box else "outside the image"
    ring = geometry.clip_ring(ring, width, height)
    if len(ring) < 3 or not geometry.ring_area(ring):
        return "outside the image"
    return replace(base, box=geometry.ring_box(ring), rings=(ring,))


def _read_mask(base: ExportObject, value: Mapping[str, Any], size: tuple[Any, Any], width: int, height: int,
               ) -> ExportObject | str:
    if size != (width, height):
        return f"mask made for an image of {size[0]}x{size[1]} pixels, not {width}x{height}"
    mask = decode(value["rle"], width, height)
    box = geometry.mask_box(mask)
    return replace(base, box=box, mask=mask) if box else "empty mask"


def _join(parts: list[ExportObject]) -> list[ExportObject]:
    """Join box and outline of one object: first by our ids, then by overlap, which finds what a person drew or redrew.

    A box keeps its own sides, which a person may have corrected; the outline comes from the mask or polygon. Parts that
    carry different labels are never joined.
    """
    boxes = [part for part in parts if part.kind == "rectangle"]
    outlines = [part for part in parts if part.kind != "rectangle"]
    partner: dict[int, ExportObject] = {}
    for rule in (_same_name, _same_place):
        for outline in list(outlines):
            index = next((i for i, box in enumerate(boxes) if i not in partner and rule(box, outline)), None)
            if index is not None:
                partner[index] = outline
                outlines.remove(outline)
    whole = [_merge(box, partner[i]) if i in partner else box for i, box in enumerate(boxes)] + outlines
    order = {part.regions[0]: at for at, part in reversed(list(enumerate(parts)))}
    return sorted(whole, key=lambda item: order[item.regions[0]])


def _same_name(box: ExportObject, outline: ExportObject) -> bool:
    ours, theirs = _JOINED.fullmatch(box.regions[0]), _JOINED.fullmatch(outline.regions[0])
    return bool(ours and theirs and ours["object"] == theirs["object"] and box.label == outline.label)


def _same_place(box: ExportObject, outline: ExportObject) -> bool:
    return box.label == outline.label and geometry.box_iou(box.box, outline.box) >= _SAME_OBJECT_IOU


def _merge(box: ExportObject, outline: ExportObject) -> ExportObject:
    return replace(box, mask=outline.mask, rings=outline.rings, regions=box.regions + outline.regions,
                   score=box.score if box.score is not None else outline.score)
