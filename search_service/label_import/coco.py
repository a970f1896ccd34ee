"""COCO's JSON: a dataset (images, annotations, categories), and lists of results beside one. Pure.

https://cocodataset.org/#format-data and #format-results; of an oriented box, what `search_service.export.coco` writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from argus.labelstudio.geometry import Box, Ring
from argus.labelstudio.task_data import storable
from search_service.label_import import coco_masks, split_names
from search_service.label_import.coco_masks import Runs
from search_service.label_import.found import (
    MAX_IMAGES,
    MAX_NUMBERS,
    MAX_OBJECTS,
    LabelledImage,
    LabelledObject,
    Labels,
    Malformed,
    Size,
    box_around,
    box_inside,
    number,
    ring_inside,
    score_of,
    shown,
)
from search_service.label_import.found import Problem as _Problem

Measure = Callable[[str], Size | None]
_LARGEST_SIDE = 1_000_000


@dataclass
class Coco:
    """Reads the COCO files of one source; datasets first, so that lists of results find their images.

    Args:
        measure: tells the size of an image that came along, for files that state none.
    """

    labels: Labels
    measure: Measure
    _images: dict[int | str, LabelledImage] = field(default_factory=dict)
    _categories: dict[int, str] = field(default_factory=dict)
    _objects: int = 0

    def read_dataset(self, file: str, body: Mapping[str, JsonValue]) -> None:
        """Read a dataset: its numbers stand for themselves, whatever other files of the source number."""
        self._images, self._categories = {}, {}
        for entry, item in self._items(file, body, "categories"):
            with self._telling(file, entry):
                self._read_category(item)
        for entry, item in self._items(file, body, "images"):
            with self._telling(file, entry):
                self._read_image(file, item)
        for entry, item in self._items(file, body, "annotations"):
            self._read_annotation(file, entry, item)

    def read_results(self, file: str, items: Sequence[object]) -> None:
        """Read a list of results, whose images and categories are those of the dataset read before."""
        if not self._images:
            self.labels.problems.append(_Problem(
                file, "", "a list of results names images by number: put the JSON of the dataset into the same folder"))
            return
        for image in self._images.values():  # of an image that has results, the dataset's own objects do not count
            image.objects = []
        for index, item in enumerate(items):
            self._read_annotation(file, f"[{index}]", item)

    def _telling(self, file: str, entry: str) -> _Telling:
        return _Telling(self.labels, file, entry)

    def _items(self, file: str, body: Mapping[str, JsonValue], key: str) -> Iterator[tuple[str, JsonValue]]:
        items = body.get(key, [])
        if not isinstance(items, list):
            self.labels.problems.append(_Problem(file, key, "it is no list"))
            return
        for index, item in enumerate(items):
            yield f"{key}[{index}]", item

    def _read_category(self, item: object) -> None:
        if not isinstance(item, Mapping):
            raise Malformed("it is no object")
        id_, name = item.get("id"), item.get("name")
        if type(id_) is not int:
            raise Malformed(f"its id is no whole number: {shown(id_)}")
        if not isinstance(name, str) or not name.strip() or not storable(name):
            raise Malformed(f"it has no name: {shown(name)}")
        if self._categories.setdefault(id_, name) != name:
            raise Malformed(f"the category {id_} is there twice")

    def _read_image(self, file: str, item: object) -> None:
        if not isinstance(item, Mapping):
            raise Malformed("it is no object")
        id_, name = item.get("id"), item.get("file_name")
        if type(id_) is not int and not isinstance(id_, str):
            raise Malformed(f"its id is neither number nor text: {shown(id_)}")
        if not isinstance(name, str) or not name.strip() or not storable(name) or len(name) > 1000:
            raise Malformed(f"it has no file_name: {shown(name)}")
        if id_ in self._images:
            raise Malformed(f"the image {shown(id_)} is there twice")
        if len(self.labels.images) >= MAX_IMAGES:
            raise Malformed(f"there are more than {MAX_IMAGES:,} images")
        image = LabelledImage(name, file, self._size(item, name), split=split_names.of_coco(file))
        self._images[id_] = image
        self.labels.images.append(image)

    def _size(self, item: Mapping[str, object], name: str) -> Size:
        width, height = item.get("width"), item.get("height")
        if width is None and height is None and (measured := self.measure(name)):
            return measured
        if type(width) is not int or type(height) is not int or not (
                0 < width <= _LARGEST_SIDE and 0 < height <= _LARGEST_SIDE):
            raise Malformed(f"its width and height are {shown(width)} and {shown(height)}")
        return width, height

    def _read_annotation(self, file: str, entry: str, item: object) -> None:
        image: LabelledImage | None = None
        try:
            if not isinstance(item, Mapping):
                raise Malformed("it is no object")
            if type(item.get("id")) is int:
                entry = f"{entry} (id {item['id']})"
            image_id = item.get("image_id")
            image = self._images.get(image_id) if isinstance(image_id, int | str) else None
            if image is None:
                raise Malformed(f"there is no image {shown(image_id)}")
            if self._objects >= MAX_OBJECTS:
                raise Malformed(f"there are more than {MAX_OBJECTS:,} objects")
            image.objects.append(self._object(entry, item, image.size or (1, 1)))
            self._objects += 1
        except ValueError as error:
            self.labels.problems.append(_Problem(file, entry, str(error)))
            if image is not None:
                image.unread += 1

    def _object(self, entry: str, item: Mapping[str, object], size: Size) -> LabelledObject:
        category = item.get("category_id")
        if type(category) is not int or category not in self._categories:
            raise Malformed(f"there is no category {shown(category)}")
        if item.get("iscrowd", 0) not in (0, 1):
            raise Malformed(f"iscrowd is {shown(item.get('iscrowd'))}, neither 0 nor 1")
        rings, mask = _segmentation(item.get("segmentation"), size)
        box = _box(item["bbox"], size) if item.get("bbox") not in (None, []) else None
        if box is None:
            if not rings and mask is None:
                raise Malformed("it has neither bbox nor segmentation")
            box = box_around(rings) if rings else _mask_box(mask, size)
        attributes = item.get("attributes")
        rotation = attributes.get("rotation") if isinstance(attributes, Mapping) else None
        turned = len(rings) == 1 and len(rings[0]) == 4 and isinstance(rotation, int | float) and bool(rotation)
        return LabelledObject(self._categories[category], entry, box, rings, turned, mask,
                              score=score_of(item.get("score")), crowd=bool(item.get("iscrowd")))


@dataclass
class _Telling:
    """Turns what is malformed inside of the block into a problem."""

    labels: Labels
    file: str
    entry: str

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if isinstance(error, Malformed):
            self.labels.problems.append(_Problem(self.file, self.entry, str(error)))
            return True
        return False


def _box(value: object, size: Size) -> Box:
    if not isinstance(value, list) or len(value) != 4:
        raise Malformed(f"bbox is no list of four numbers: {shown(value)}")
    x, y, w, h = (number(one, "a number of bbox") for one in value)
    if w <= 0 or h <= 0:
        raise Malformed(f"bbox has the size {w:g} × {h:g}")
    width, height = size
    return box_inside(x / width, y / height, (x + w) / width, (y + h) / height)


def _segmentation(value: object, size: Size) -> tuple[tuple[Ring, ...], Runs | None]:
    if value in (None, [], {}):
        return (), None
    if isinstance(value, Mapping):
        runs = coco_masks.read(value)
        if (runs.width, runs.height) != size:
            raise Malformed(f"the mask is for {runs.width} × {runs.height} pixels, the image has "
                            f"{size[0]} × {size[1]}")
        if not runs.area:
            raise Malformed("the mask is empty")
        return (), runs
    if not isinstance(value, list) or not all(isinstance(ring, list) for ring in value):
        raise Malformed(f"segmentation is neither polygons nor a mask: {shown(value)}")
    if sum(map(len, value)) > MAX_NUMBERS:
        raise Malformed(f"the segmentation has more than {MAX_NUMBERS:,} numbers")
    return tuple(ring_inside(ring, *size) for ring in value), None


def _mask_box(mask: Runs | None, size: Size) -> Box:
    found = mask.box() if mask is not None else None
    if found is None:
        raise Malformed("the mask is empty")
    return found[0] / size[0], found[1] / size[1], found[2] / size[0], found[3] / size[1]
