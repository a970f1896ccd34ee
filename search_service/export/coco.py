"""COCO object detection format (https://cocodataset.org/#format-data), readable by pycocotools.

`annotations.json` (with splits: `annotations_<split>.json`) and `images/`; an image's `file_name` is relative to
`images/`. An object has a `bbox` in pixels inside the image and a `segmentation`: compressed RLE for a mask (which
keeps holes and separate parts), a polygon for a polygon, ellipse or rectangle; with `coco-polygons`, polygons for masks
too. An upright box has its four corners, because readers of the format stumble over an object without a shape. Beyond
the format, an annotation keeps the model's `score`, the ids of its Label Studio regions and `attributes`, and an image
its task, annotation and video.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Required, TextIO, TypedDict

from argus.labelstudio import geometry
from argus.labelstudio.regions import ExportObject
from search_service.export import coco_rle
from search_service.export.coco_rle import CocoRle
from search_service.export.records import ExportImage, save_image


class CocoWriter:
    """Writes images and annotations as they come, each to a part file, and joins the parts at the end."""

    first = 1
    polygons = False

    def __init__(self, folder: Path, categories: Mapping[str, int], splits: Sequence[str], *, description: str) -> None:
        self._folder, self._description = folder, description
        self._categories = dict(sorted(categories.items(), key=lambda item: item[1]))
        self._parts = {(split, kind): (folder / f".{kind}{split}.part").open("w", encoding="utf-8")
                       for split in splits or [""] for kind in ("images", "annotations")}
        self._images = self._objects = 0

    def images(self, split: str) -> str:
        return f"images/{split}" if split else "images"

    def add(self, image: ExportImage, split: str) -> list[str]:
        self._images += 1
        save_image(self._folder / self.images(split), image)
        _write(self._parts[split, "images"], {"id": self._images, "file_name": image.file_name, "width": image.width,
                                              "height": image.height, **image.source})
        for item in image.objects:
            self._objects += 1
            _write(self._parts[split, "annotations"],
                   {"id": self._objects, "image_id": self._images, "category_id": self._categories[item.label],
                    **_shape(item, self.polygons)})
        return []

    def close(self) -> None:
        for split in {split for split, _ in self._parts}:
            self._join(split)

    def _join(self, split: str) -> None:
        head = {"info": {"description": self._description},
                "categories": [{"id": number, "name": label, "supercategory": ""}
                               for label, number in self._categories.items()]}
        name = f"annotations_{split}.json" if split else "annotations.json"
        with (self._folder / name).open("w", encoding="utf-8") as out:
            out.write(json.dumps(head, ensure_ascii=False)[:-1])
            for kind in ("images", "annotations"):
                part = self._parts[split, kind]
                part.close()
                out.write(f', "{kind}": [')
                with open(part.name, encoding="utf-8") as lines:
                    for index, line in enumerate(lines):
                        out.write(("," if index else "") + "\n" + line.rstrip("\n"))
                out.write("]")
                Path(part.name).unlink()
            out.write("}\n")


class CocoPolygonWriter(CocoWriter):
    """The same with polygons for masks, for tools that read no RLE: a hole is where no polygon of the object is."""

    polygons = True


class _Attributes(TypedDict, total=False):
    origin: Required[str]
    rotation: float  # degrees clockwise


class _Shape(TypedDict, total=False):
    """An annotation without its ids; lengths are pixels, `bbox` is x, y, width, height."""

    bbox: Required[list[float]]
    area: Required[float]
    segmentation: Required[CocoRle | list[list[float]]]
    iscrowd: Required[int]
    score: float
    attributes: _Attributes
    region_ids: list[str]


def _write(part: TextIO, record: Mapping[str, object]) -> None:
    part.write(json.dumps(record, ensure_ascii=False) + "\n")


def _shape(item: ExportObject, polygons: bool) -> _Shape:
    x0, y0, x1, y1 = (round(side, 3) for side in item.box)
    record: _Shape = {
        "bbox": [x0, y0, round(x1 - x0, 3), round(y1 - y0, 3)], "area": round(item.area, 3),
              "segmentation": _segmentation(item, polygons), "iscrowd": 0}
    if item.score is not None:
        record["score"] = round(item.score, 6)
    attributes: _Attributes = {"origin": item.origin}
    if item.rotation:
        attributes["rotation"] = round(item.rotation, 3)
    return {**record, "attributes": attributes, "region_ids": list(item.regions)}


def _segmentation(item: ExportObject, polygons: bool) -> CocoRle | list[list[float]]:
    if item.mask is not None and not polygons:
        return coco_rle.encode(item.mask)
    rings = item.rings
    if item.mask is not None:
        rings = tuple(ring for polygon in geometry.mask_polygons(item.mask)
                      for ring in geometry.rings_without_holes(polygon))
    return [[round(c, 3) for point in ring for c in point] for ring in rings or [geometry.box_ring(item.box)]]
