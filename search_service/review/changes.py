"""What a person changed on a picture, applied to Label Studio's regions. Pure.

Regions that nobody changed stay as they are, to the letter: masks, relations, what belongs to another image. A box and
its mask are one object and are deleted and relabelled together; only a box can be moved.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from argus.errors import ArgusError
from argus.labelstudio.geometry import Box
from argus.labelstudio.regions import ExportObject, object_of, read_objects
from argus.labelstudio.types import Region, RegionValue
from label_studio_config.project_shape import ProjectShape
from label_studio_config.tags import ControlTag, ImageTag, LabelConfig
from ml_backend.predictions.regions import percent_box

Size = tuple[int, int]  # width, height in pixels


@dataclass(frozen=True)
class Change:
    """What becomes of an object that is there, named by `object` and `label`; boxes are fractions of the sides."""

    object: str
    label: str
    deleted: bool = False
    new_label: str = ""
    box: Box | None = None


@dataclass(frozen=True)
class Addition:
    """An object to add: a box that was drawn, or the regions that a click found, whose box may have been moved."""

    label: str
    box: Box | None = None
    regions: Sequence[Region] = ()


@dataclass(frozen=True)
class Canvas:
    """What can be drawn on an image: the project's labelling config, its image, its size in pixels."""

    config: LabelConfig
    shape: ProjectShape
    image: ImageTag
    size: Size

    def objects(self, result: Sequence[Region]) -> list[ExportObject]:
        """Return the objects of the image, without their masks."""
        own, _ = self.shape.regions_of_image(result)
        return read_objects(own, self.shape.labels, *self.size, keep=lambda mask: None)[0]

    def control(self, kind: str, label: str, first: str = "") -> ControlTag | None:
        """Return the control of a kind that offers a label on the image, that of the name `first` if it does."""
        return self.config.control(kind, label, self.image, first)

    def percent(self, box: Box) -> RegionValue:
        """Return the box of fractions as Label Studio's rectangle. Raises `bad_request` unless it has an area inside
        the image."""
        width, height = self.size
        x0, y0, x1, y1 = box[0] * width, box[1] * height, box[2] * width, box[3] * height
        inside = min(x0, y0) >= 0 and x1 <= width and y1 <= height
        if not inside or min(x1 - x0, y1 - y0) < 1:
            raise ArgusError("bad_request", "A box lies outside the image, or is smaller than one pixel.",
                             "A box is x0, y0, x1, y1 as fractions of the image's sides, 0 to 1.")
        return percent_box([x0, y0, x1, y1], width, height)


def name_of(one: ExportObject) -> str:
    """Return how an object is named; together with its label that tells the objects of an image apart."""
    return object_of(one.regions[0])


def is_movable(one: ExportObject) -> bool:
    """Whether an object has an upright box, whose edges can be moved."""
    return one.boxed and not one.rotation


def apply(canvas: Canvas, result: Sequence[Region], changes: Sequence[Change],
          additions: Sequence[Addition]) -> list[Region]:
    """Return the regions after all changes.

    Raises:
        ArgusError: `not_found` for an object that is not there (any more), `unknown_label`, `bad_request` for a box
            without an area or outside the image, or an object that has no box to move.
    """
    for label in [*(change.new_label for change in changes if change.new_label), *(one.label for one in additions)]:
        if label not in canvas.shape.labels:
            raise ArgusError("unknown_label", f"The labelling config has no label {label!r}.",
                             f"It has: {', '.join(canvas.shape.labels)}.")
    objects = {(name_of(one), one.label): one for one in canvas.objects(result)}
    named = _named(canvas, result)
    for change in changes:
        one = objects.pop((change.object, change.label), None)
        if one is None:
            raise ArgusError("not_found", f"There is no object {change.object!r} with the label {change.label!r} here.",
                             "Somebody may have changed it meanwhile: open the picture again.")
        named = list(_changed(canvas, named, one, change))
    return [item for _, item in named] + [item for one in additions for item in _added(canvas, one)]


_Named = list[tuple[str, Region]]  # a region's id, '' for one that is not the image's


def _named(canvas: Canvas, result: Sequence[Region]) -> _Named:
    own, _ = canvas.shape.regions_of_image(result)
    names = {id(item): str(item.get("id") or f"#{index}") for index, item in enumerate(own)}  # as `read_objects` does
    return [(names.get(id(item), ""), item) for item in result]


def _changed(canvas: Canvas, named: _Named, one: ExportObject, change: Change) -> Iterator[tuple[str, Region]]:
    """Yield the regions after one change."""
    if change.box and not change.deleted and not is_movable(one):
        raise ArgusError("bad_request", f"The {one.label} has no upright box, so its edges cannot be moved.",
                         "Delete it and draw it again, or fix it in Label Studio.")
    shared = _shared(named, one)
    gone = {name for name in one.regions if change.deleted and name not in shared}
    box = canvas.percent(change.box) if change.box else None
    for name, item in named:
        if name in gone or _relates(item, gone):
            continue
        if name in one.regions:
            item = _without(item, one.label) if change.deleted else edited_region(canvas, item, change, box)
        yield name, item


def _shared(named: _Named, one: ExportObject) -> set[str]:
    """Return the ids of an object's regions that carry another label too."""
    return {name for name, item in named if name in one.regions
            for _, labels in _label_lists(item) if set(labels) - {one.label}}


def _relates(item: Region, gone: set[str]) -> bool:
    return item.get("type") == "relation" and bool(gone & {str(item.get("from_id")), str(item.get("to_id"))})


def _label_lists(item: Region) -> Iterator[tuple[str, list[str]]]:
    value = item.get("value")
    for key, labels in (value.items() if isinstance(value, Mapping) else ()):
        if key.endswith("labels") and isinstance(labels, list):
            yield key, labels


def _without(item: Region, label: str) -> Region:
    lists = {key: [name for name in labels if name != label] for key, labels in _label_lists(item)}
    return _with_value(item, lists)


def edited_region(canvas: Canvas, item: Region, change: Change, box: RegionValue | None) -> Region:
    """Return a region of an object with its new label, and, a rectangle, with its new edges. Raises `unknown_label`."""
    if change.new_label and change.new_label != change.label:
        item = _relabelled(canvas, item, change.label, change.new_label)
    value = item.get("value", {})
    if box and "height" in value and "x" in value:
        item = _with_value(item, box)
    return item


def _relabelled(canvas: Canvas, item: Region, label: str, new: str) -> Region:
    lists = {key: list(dict.fromkeys(new if name == label else name for name in labels))
             for key, labels in _label_lists(item) if label in labels}
    if not lists:
        return item
    control = canvas.control(next(iter(lists)), new, item.get("from_name", ""))
    if control is None:
        raise ArgusError("unknown_label", f"The labelling config offers {new!r} for another kind of shape than this "
                         f"{label} has.", "Delete it and draw it again, or fix it in Label Studio.")
    return _with_value({**item, "from_name": control.name}, lists)


def _with_value(item: Region, value: Mapping[str, object]) -> Region:
    origin = item.get("origin") or ("prediction" if "score" in item else "manual")
    if origin == "prediction":
        origin = "prediction-changed"
    return {**item, "origin": origin, "value": cast(RegionValue, {**item["value"], **value})}


def _added(canvas: Canvas, one: Addition) -> list[Region]:
    name = secrets.token_hex(6)
    if one.regions:
        return _clicked(canvas, one, name)
    if one.box is None:
        raise ArgusError("bad_request", "An object that is added needs a box, or what a click found.")
    return [drawn_region(canvas, one.label, one.box, name)]


def _clicked(canvas: Canvas, one: Addition, name: str) -> list[Region]:
    """Return what a click found, as if a person had drawn it, in the shapes that the label may have."""
    (label,) = {label for item in one.regions for _, labels in _label_lists(item) for label in labels}
    change = Change(name, label, new_label=one.label, box=one.box)
    box = canvas.percent(one.box) if one.box else None
    found = []
    for item in one.regions:
        if canvas.control(item["type"], one.label) is None:
            continue
        edited = edited_region(canvas, {**item, "id": f"{name}-{item['id'].rpartition('-')[2]}"}, change, box)
        edited["origin"] = "manual"
        edited.pop("score", None)
        found.append(edited)
    if not found:
        raise _no_control(one.label)
    return found


def drawn_region(canvas: Canvas, label: str, box: Box, name: str) -> Region:
    """Return a box that was drawn as a rectangle, or as an outline where the label has no rectangles.

    Args:
        name: of the new object.

    Raises:
        ArgusError: `unknown_label`; `bad_request` for a box without an area inside the image.
    """
    width, height = canvas.size
    value = canvas.percent(box)
    corners = [[value["x"], value["y"]], [value["x"] + value["width"], value["y"]],
               [value["x"] + value["width"], value["y"] + value["height"]], [value["x"], value["y"] + value["height"]]]
    outline: RegionValue = {"points": corners, "closed": True}
    for kind, suffix, shape in (("rectanglelabels", "b", value), ("polygonlabels", "p", outline)):
        if (control := canvas.control(kind, label)) is not None:
            region: Region = {
                "id": f"{name}-{suffix}", "from_name": control.name, "to_name": canvas.image.name, "type": kind,
                "origin": "manual", "original_width": width, "original_height": height, "image_rotation": 0,
                "value": cast(RegionValue, {**shape, kind: [label]})}
            if canvas.image.value_list:
                region["item_index"] = 0
            return region
    raise _no_control(label)


def _no_control(label: str) -> ArgusError:
    return ArgusError("unknown_label", f"The labelling config has no boxes or outlines for {label!r}.",
                      "Draw it in Label Studio, or add <RectangleLabels> with this label there.")
