"""Ultralytics YOLO format (https://docs.ultralytics.com/datasets/detect/): `data.yaml`, `images/`, `labels/`.

A label file has the name of its image and a line for each object: the class number from 0 and, as shares of the
image's width and height, either centre and size of the box (5 columns) or the corners of an outline (`masks=True`). The
two are never mixed, because a loader takes one 5-column line in a segmentation file for a damaged polygon: with masks,
an object that is only a box gives its four corners. An image without objects has an empty file, which trains on it as
background.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from argus.export import geometry
from argus.export.geometry import Ring
from argus.export.objects import ExportObject
from argus.export.records import ExportImage, save_image


class YoloWriter:
    """Writes each image's label file as it comes; `data.yaml` at the end."""

    def __init__(self, folder: Path, categories: Sequence[str], splits: Sequence[str], *, masks: bool,
                 description: str) -> None:
        self._folder, self._categories, self._splits = folder, list(categories), list(splits)
        self._masks, self._description = masks, description
        for split in splits or [""]:
            (folder / "labels" / split).mkdir(parents=True, exist_ok=True)
            (folder / "images" / split).mkdir(parents=True, exist_ok=True)

    def add(self, image: ExportImage, split: str) -> list[str]:
        save_image(self._folder, image, split)
        lines, reasons = [], []
        for item in image.objects:
            number = self._categories.index(item.label)
            if self._masks:
                rings = _rings(item)
                lines.append(_line(number, rings[0], image))
                if len(rings) > 1:
                    reasons.append("smaller parts of a mask in several pieces (a YOLO line holds one outline)")
            else:
                x0, y0, x1, y1 = item.box
                lines.append(_line(number, [((x0 + x1) / 2, (y0 + y1) / 2), (x1 - x0, y1 - y0)], image))
        name = Path(image.file_name).with_suffix(".txt").name
        (self._folder / "labels" / split / name).write_text("".join(line + "\n" for line in lines))
        return reasons

    def close(self) -> None:
        places = [f"{split}: images/{split}" for split in self._splits] or ["train: images", "val: images"]
        if self._splits and "val" not in self._splits:  # Ultralytics refuses a data.yaml without one
            places.append(f"val: images/{self._splits[-1]}")
        # A JSON string is a YAML string too, whatever characters a label holds.
        names = [f"  {number}: {json.dumps(label, ensure_ascii=False)}"
                 for number, label in enumerate(self._categories)]
        lines = [f"# {self._description}".replace("\n", " "), *places, f"nc: {len(names)}", "names:", *names]
        (self._folder / "data.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _rings(item: ExportObject) -> list[Ring]:
    """Return the object's outlines in pixels, the largest first; a box gives its corners."""
    if item.mask is not None:
        return geometry.mask_rings(item.mask)
    if item.rings:
        return sorted(item.rings, key=geometry.ring_area, reverse=True)
    x0, y0, x1, y1 = item.box
    return [[(x0, y0), (x1, y0), (x1, y1), (x0, y1)]]


def _line(number: int, points: Ring, image: ExportImage) -> str:
    columns = [f"{min(1.0, max(0.0, share)):.6f}"
               for x, y in points for share in (x / image.width, y / image.height)]
    return " ".join([str(number), *columns])
