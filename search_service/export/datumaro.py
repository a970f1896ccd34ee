"""Datumaro's own format, version 1.0 (https://open-edge-platform.github.io/datumaro/): `annotations/`, `images/`.

A JSON file and a folder of images for each split, `default` without splits. An object is a group: its `bbox` (x, y,
width, height in pixels) and, where it has a shape, its `mask` (COCO's RLE) or `polygon`s; `attributes` keep the model's
`score`, `origin`, `rotation` (degrees clockwise) and `region_ids`. An item keeps its task, annotation and video.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Required, TypedDict

from argus.labelstudio.regions import ExportObject
from search_service.export import coco_rle
from search_service.export.coco_rle import CocoRle
from search_service.export.records import ExportImage, save_image

_IMAGE = 2  # datumaro's number for this type of media


class _Attributes(TypedDict, total=False):
    origin: Required[str]
    region_ids: Required[list[str]]
    score: float
    rotation: float


class _Annotation(TypedDict, total=False):
    id: Required[int]
    type: Required[str]
    attributes: Required[_Attributes]
    group: Required[int]
    label_id: Required[int]
    z_order: Required[int]
    bbox: list[float]
    rle: CocoRle
    points: list[float]


class DatumaroWriter:
    """Writes each image's item as it comes."""

    first = 0

    def __init__(self, folder: Path, categories: Mapping[str, int], splits: Sequence[str], *, description: str) -> None:
        self._folder = folder
        labels = sorted(categories, key=lambda label: categories[label])
        self._places = {label: place for place, label in enumerate(labels)}
        named = [{"name": label, "parent": "", "attributes": []} for label in labels]
        head = {"dm_format_version": "1.0", "media_type": _IMAGE, "infos": {"description": description},
                "categories": {"label": {"labels": named, "label_groups": [], "attributes": []}}}
        (folder / "annotations").mkdir(parents=True, exist_ok=True)
        self._files = {split: (folder / "annotations" / f"{split or 'default'}.json").open("w", encoding="utf-8")
                       for split in splits or [""]}
        for file in self._files.values():
            file.write(f'{json.dumps(head, ensure_ascii=False)[:-1]}, "items": [')
        self._between = dict.fromkeys(self._files, "\n")
        self._objects = 0

    def images(self, split: str) -> str:
        return f"images/{split or 'default'}"

    def add(self, image: ExportImage, split: str) -> list[str]:
        save_image(self._folder / self.images(split), image)
        annotations = [annotation for item in image.objects for annotation in self._annotations(item)]
        item = {"id": Path(image.file_name).stem, "annotations": annotations, "attr": image.source,
                "image": {"path": image.file_name, "size": [image.height, image.width]}}
        self._files[split].write(self._between[split] + json.dumps(item, ensure_ascii=False))
        self._between[split] = ",\n"
        return []

    def close(self) -> None:
        for file in self._files.values():
            file.write("]}\n")
            file.close()

    def _annotations(self, item: ExportObject) -> Iterator[_Annotation]:
        self._objects += 1
        attributes: _Attributes = {"origin": item.origin, "region_ids": list(item.regions)}
        if item.score is not None:
            attributes["score"] = round(item.score, 6)
        if item.rotation:
            attributes["rotation"] = round(item.rotation, 3)
        x0, y0, x1, y1 = item.box
        common: _Annotation = {"id": self._objects, "type": "bbox", "attributes": attributes, "group": self._objects,
                               "label_id": self._places[item.label], "z_order": 0}
        yield {**common, "bbox": [round(side, 3) for side in (x0, y0, x1 - x0, y1 - y0)]}
        if item.mask is not None:
            yield {**common, "type": "mask", "rle": coco_rle.encode(item.mask)}
            return
        for ring in item.rings:
            yield {**common, "type": "polygon", "points": [round(c, 3) for point in ring for c in point]}
