"""Label Studio's JSON: tasks with annotations or predictions. Pure.

https://labelstud.io/guide/export; a task also stands for its image alone, when it is no frame of a video: nothing that
`data` names is opened.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from pydantic import JsonValue

from argus.labelstudio import brush_rle, geometry
from argus.labelstudio.files import file_path
from argus.labelstudio.geometry import Ring
from argus.labelstudio.regions import object_of
from argus.labelstudio.task_data import storable
from search_service.label_import import coco_masks
from search_service.label_import.found import (
    MAX_IMAGES,
    MAX_OBJECTS,
    LabelledImage,
    LabelledObject,
    Labels,
    Malformed,
    Problem,
    Size,
    box_around,
    box_inside,
    number,
    ring_inside,
    score_of,
    shown,
)

Taken = Literal["annotations", "predictions"]
_LARGEST_SIDE, _MOST_PIXELS, _LONGEST_RLE = 1_000_000, 2**28, 20_000_000


def is_tasks(items: Sequence[object]) -> bool:
    """Whether a list is one of tasks."""
    return any(isinstance(item, Mapping) and "data" in item for item in items[:100])


class LabelStudioTasks:
    """Reads exported tasks.

    Args:
        taken: what of a task counts, its annotations or its predictions; of a task without any, the other is told of
            and not taken.
    """

    def __init__(self, labels: Labels, taken: Taken) -> None:
        self._labels, self._taken = labels, taken
        self._objects = 0

    def read(self, file: str, items: Sequence[JsonValue]) -> None:
        for index, item in enumerate(items):
            entry = f"[{index}]"
            try:
                if len(self._labels.images) >= MAX_IMAGES:
                    raise Malformed(f"there are more than {MAX_IMAGES:,} images")
                self._read_task(file, entry, item)
            except Malformed as error:
                self._labels.problems.append(Problem(file, entry, str(error)))

    def _read_task(self, file: str, entry: str, item: JsonValue) -> None:
        if not isinstance(item, Mapping):
            raise Malformed("it is no task")
        place, result = self._result(item)
        image = LabelledImage(_image_name(item.get("data"), result), file)
        for key, regions in _by_id(result):
            where = f"{entry}.{place}.result[{key}]"
            try:
                if self._objects >= MAX_OBJECTS:
                    raise Malformed(f"there are more than {MAX_OBJECTS:,} objects")
                found = [self._region(where, one, image) for one in regions]
                image.objects += found
                self._objects += len(found)
            except (ValueError, TypeError, KeyError, ZeroDivisionError) as error:
                said = str(error) if isinstance(error, ValueError) else f"it lacks a value: {error}"
                self._labels.problems.append(Problem(file, where, said))
                image.unread += 1
        self._labels.images.append(image)

    def _result(self, item: Mapping[str, JsonValue]) -> tuple[str, list[JsonValue]]:
        """Return (where, regions) of the newest annotation that was not skipped, or of the newest prediction."""
        found = item.get(self._taken)
        listed = found if isinstance(found, list) else []
        valid = [(f"{self._taken}[{index}]", one, result) for index, one in enumerate(listed)
                 if isinstance(one, Mapping) and isinstance(result := one.get("result"), list)
                 and not one.get("was_cancelled")]
        if not valid:
            other = "predictions" if self._taken == "annotations" else "annotations"
            raise Malformed(f"it has {other} only" if item.get(other) else f"it has no {self._taken}")
        newest = max(valid, key=lambda one: str(one[1].get("updated_at") or one[1].get("created_at") or ""))
        return newest[0], newest[2]

    def _region(self, where: str, item: Mapping[str, JsonValue], image: LabelledImage) -> LabelledObject:
        value = item.get("value")
        if not isinstance(value, Mapping):
            raise Malformed("it has no value")
        names = [name for key, content in value.items() if key.endswith("labels") and isinstance(content, list)
                 for name in content]
        if len(names) != 1 or not isinstance(names[0], str) or not storable(names[0]):
            raise Malformed(f"it has {len(names)} labels, not one")
        size = _size(item)
        if size:
            image.size = image.size or size
        base = _shape(where, names[0], value, size)
        return LabelledObject(names[0], where, base.box, base.rings, base.turned, base.mask, base.ellipse,
                              score_of(item.get("score")), group=object_of(str(item.get("id") or where)))


def _by_id(result: Sequence[JsonValue]) -> Iterator[tuple[str, list[Mapping[str, JsonValue]]]]:
    """Yield (index, the region) of each region, its label merged in where that stands apart. Relations are none."""
    merged: dict[str, tuple[int, dict[str, JsonValue]]] = {}
    for index, item in enumerate(result):
        if not isinstance(item, Mapping):
            yield str(index), [{}]
            continue
        if item.get("type") == "relation":
            continue
        value = item.get("value")
        name = str(item.get("id") or f"#{index}")
        if name in merged and isinstance(value, Mapping):
            before = merged[name][1]
            inside = before.get("value")
            before["value"] = {**(inside if isinstance(inside, Mapping) else {}), **value}
        else:
            merged[name] = index, dict(item)
    for index, item in merged.values():
        yield str(index), [item]


def _size(item: Mapping[str, object]) -> Size | None:
    width, height = item.get("original_width"), item.get("original_height")
    if type(width) is int and type(height) is int and 0 < width <= _LARGEST_SIDE and 0 < height <= _LARGEST_SIDE:
        return width, height
    return None


def _shape(where: str, label: str, value: Mapping[str, object], size: Size | None) -> LabelledObject:
    if "rle" in value:
        return _mask(where, label, value["rle"], size)
    if "points" in value:
        points = value["points"]
        if not isinstance(points, list) or not all(isinstance(p, list) and len(p) == 2 for p in points):
            raise Malformed("its points are no pairs of numbers")
        ring = ring_inside([one for point in points for one in point], 100, 100)
        return LabelledObject(label, where, box_around([ring]), (ring,))
    rotation = number(value.get("rotation") or 0, "rotation") % 360
    if "radiusX" in value:
        return _ellipse(where, label, value, rotation, size)
    if "height" in value and "x" in value:
        x, y, w, h = (number(value[key], key) for key in ("x", "y", "width", "height"))
        if w <= 0 or h <= 0:
            raise Malformed(f"its size is {w:g} × {h:g}")
        if not rotation:
            return LabelledObject(label, where, box_inside(x / 100, y / 100, (x + w) / 100, (y + h) / 100))
        ring = _shares(geometry.rectangle_ring({"x": x, "y": y, "width": w, "height": h, "rotation": rotation},
                                               *_sized(size)), _sized(size))
        inside = ring_inside([one for point in ring for one in point])
        return LabelledObject(label, where, box_around([inside]), (inside,), turned=len(inside) == 4)
    raise Malformed("its shape is none of rectangle, polygon, ellipse and mask")


def _sized(size: Size | None) -> Size:
    if size is None:
        raise Malformed("it has no original_width and original_height")
    return size


def _shares(ring: Ring, size: Size) -> Ring:
    return [(x / size[0], y / size[1]) for x, y in ring]


def _ellipse(where: str, label: str, value: Mapping[str, object], rotation: float, size: Size | None) -> LabelledObject:
    cx, cy, rx, ry = (number(value[key], key) for key in ("x", "y", "radiusX", "radiusY"))
    if rx <= 0 or ry <= 0:
        raise Malformed(f"its radii are {rx:g} and {ry:g}")
    whole = geometry.ellipse_ring({"x": cx, "y": cy, "radiusX": rx, "radiusY": ry, "rotation": rotation}, *_sized(size))
    ring = ring_inside([one for point in _shares(whole, _sized(size)) for one in point])
    return LabelledObject(label, where, box_around([ring]), (ring,),
                          ellipse=(cx / 100, cy / 100, rx / 100, ry / 100, rotation))


def _mask(where: str, label: str, code: object, size: Size | None) -> LabelledObject:
    width, height = _sized(size)
    if width * height > _MOST_PIXELS:
        raise Malformed(f"the mask has {width} × {height} pixels")
    if not isinstance(code, list) or len(code) > _LONGEST_RLE or not all(
            type(byte) is int and 0 <= byte < 256 for byte in code):
        raise Malformed("its rle is no list of bytes")
    mask = brush_rle.decode(code, width, height)
    box = geometry.mask_box(mask)
    if box is None:
        raise Malformed("the mask is empty")
    return LabelledObject(label, where, (box[0] / width, box[1] / height, box[2] / width, box[3] / height),
                          mask=coco_masks.from_mask(mask))


def _image_name(data: object, result: Sequence[object]) -> str:
    """Return the name of a task's image, with folders: the first text of its data that names a file of an image."""
    if not isinstance(data, Mapping):
        raise Malformed("it has no data")
    texts = [(key, text) for key, text in data.items() if isinstance(text, str) and text and len(text) <= 5000
             and storable(text)]
    images = [text for key, text in texts if key == "image"] or [
        text for key, text in texts if file_path(text).lower().endswith(
            (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif"))]
    if not images:
        raise Malformed(f"its data names no image: {shown(sorted(map(str, data)))}")
    return file_path(images[0])
