"""Hugging Face's image folder (https://huggingface.co/docs/datasets/image_dataset): `load_dataset(FOLDER)` reads it.

A folder for each split, `train` without splits, with its image files and `metadata.jsonl`: a line an image with its
width, height and task, and `objects`: a list for each of `bbox` (x, y, width, height in pixels), `category` (the
label), `segmentation` (polygons in pixels; a hole is where none of them lies), `area` (square pixels), `rotation`
(degrees clockwise) and `origin`. The reader takes the columns' types from each file, whatever the card says (datasets
5.2.0), and refuses files that differ: so no column may be empty, and what can be (scores, videos) stands in
`provenance.jsonl`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypedDict

from argus.labelstudio import geometry
from argus.labelstudio.regions import ExportObject
from search_service.export.provenance import ProvenanceFile
from search_service.export.records import ExportImage, save_image


class Objects(TypedDict):
    """All objects of an image, column by column."""

    bbox: list[list[float]]
    category: list[str]
    segmentation: list[list[list[float]]]
    area: list[float]
    rotation: list[float]
    origin: list[str]


class ImageFolderWriter:
    """Writes each image's line as it comes."""

    first = 0

    def __init__(self, folder: Path, categories: Mapping[str, int], splits: Sequence[str], *, description: str) -> None:
        self._folder = folder
        # Images without objects come last: a reader takes the columns' types from a file's beginning.
        self._lines = {}
        for split in splits or [""]:
            (folder / _name(split)).mkdir(parents=True, exist_ok=True)
            self._lines[split] = tuple((folder / _name(split) / name).open("w", encoding="utf-8")
                                       for name in ("metadata.jsonl", ".empty.part"))
        self._provenance = ProvenanceFile(folder)

    def images(self, split: str) -> str:
        return _name(split)

    def add(self, image: ExportImage, split: str) -> list[str]:
        save_image(self._folder / self.images(split), image)
        record = {"file_name": image.file_name, "width": image.width, "height": image.height,
                  "task_id": image.source.get("task_id", 0), "objects": objects_of(image.objects)}
        with_objects, empty = self._lines[split]
        (with_objects if image.objects else empty).write(json.dumps(record, ensure_ascii=False) + "\n")
        self._provenance.add(image, split)
        return []

    def close(self) -> None:
        self._provenance.close()
        for with_objects, empty in self._lines.values():
            empty.close()
            with open(empty.name, encoding="utf-8") as lines:
                with_objects.writelines(lines)
            with_objects.close()
            Path(empty.name).unlink()


def objects_of(items: Sequence[ExportObject]) -> Objects:
    return {
        "bbox": [_floats((x0, y0, x1 - x0, y1 - y0)) for x0, y0, x1, y1 in (item.box for item in items)],
        "category": [item.label for item in items],
        "segmentation": [[_floats(c for point in ring for c in point) for ring in _rings(item)] for item in items],
        "area": _floats(item.area for item in items),
        "rotation": _floats(item.rotation for item in items),
        "origin": [item.origin for item in items],
    }


def _name(split: str) -> str:
    return split or "train"


def _floats(values: Iterable[float]) -> list[float]:
    """Return numbers that JSON shows as such: 20 would be taken for a whole number, and its column with it."""
    return [round(float(value), 3) for value in values]


def _rings(item: ExportObject) -> Sequence[geometry.Ring]:
    if item.mask is not None:
        return [ring for polygon in geometry.mask_polygons(item.mask) for ring in geometry.rings_without_holes(polygon)]
    return item.rings or [geometry.box_ring(item.box)]
