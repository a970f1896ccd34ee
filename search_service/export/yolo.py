"""Ultralytics YOLO formats (https://docs.ultralytics.com/datasets/): `data.yaml`, `images/`, `labels/`.

A label file has the name of its image and a line for each object: the class number from 0 and, as shares of the
image's width and height, either centre and size of the box (`yolo`, 5 columns) or its outline (`yolo-seg`). The two are
never mixed, because a loader takes one 5-column line in a segmentation file for a damaged polygon: with outlines, an
object that is only a box gives its four corners. A line holds one outline, so the parts and holes of a mask are joined
by lines of no width. An image without objects has an empty file, which trains on it as background. What the format has
no place for stands in `provenance.jsonl`: a line an image, with the score, origin and regions of each of its lines.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from argus.labelstudio import geometry
from argus.labelstudio.geometry import Ring
from argus.labelstudio.regions import ExportObject
from search_service.export.records import ExportImage, save_image


class YoloWriter:
    """Writes each image's label file as it comes; `data.yaml` at the end."""

    first = 0
    outlines = False

    def __init__(self, folder: Path, categories: Mapping[str, int], splits: Sequence[str], *, description: str) -> None:
        self._folder, self._categories, self._splits = folder, dict(categories), list(splits)
        self._description = description
        for split in splits or [""]:
            (folder / "labels" / split).mkdir(parents=True, exist_ok=True)
            (folder / "images" / split).mkdir(parents=True, exist_ok=True)
        self._provenance = (folder / "provenance.jsonl").open("w", encoding="utf-8")

    def add(self, image: ExportImage, split: str) -> list[str]:
        save_image(self._folder, image, split)
        lines = [_line(self._categories[item.label], self._points(item), image) for item in image.objects]
        name = Path(image.file_name).with_suffix(".txt").name
        (self._folder / "labels" / split / name).write_text("".join(line + "\n" for line in lines))
        objects = [{"score": item.score, "origin": item.origin, "region_ids": list(item.regions)}
                   for item in image.objects]
        record = {"file_name": image.file_name, **({"split": split} if split else {}), **image.source,
                  "objects": objects}
        self._provenance.write(json.dumps(record, ensure_ascii=False) + "\n")
        return []

    def _points(self, item: ExportObject) -> Ring:
        if self.outlines:
            return _outline(item)
        x0, y0, x1, y1 = item.box
        return [((x0 + x1) / 2, (y0 + y1) / 2), (x1 - x0, y1 - y0)]

    def close(self) -> None:
        self._provenance.close()
        places = [f"{split}: images/{split}" for split in self._splits] or ["train: images"]
        # Ultralytics refuses a data.yaml without these two keys; one without a value is a set that is not there.
        places += [f"{split}:  # there is no such set; --splits train=0.8,val=0.2 makes one"
                   for split in ("train", "val") if split not in (self._splits or ["train"])]
        labels = {number: label for label, number in self._categories.items()}
        # A JSON string is a YAML string too, whatever characters a label holds. Ultralytics takes no gap in numbers.
        names = [f"  {number}: {json.dumps(labels.get(number, f'unused {number}'), ensure_ascii=False)}"
                 for number in range(max(labels, default=-1) + 1)]
        lines = [f"# {self._description}".replace("\n", " "), *places, f"nc: {len(names)}", "names:", *names]
        (self._folder / "data.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")


class YoloSegmentWriter(YoloWriter):
    """The same with outlines instead of boxes."""

    outlines = True


def _outline(item: ExportObject) -> Ring:
    """Return the object as one outline in pixels, from its largest part on; a box gives its corners."""
    if item.mask is not None:
        polygons = geometry.mask_polygons(item.mask)
        return geometry.one_ring([ring for polygon in polygons for ring in geometry.polygon_rings(polygon)])
    if item.rings:
        return geometry.one_ring(sorted(item.rings, key=geometry.ring_area, reverse=True))
    return geometry.box_ring(item.box)


def _line(number: int, points: Ring, image: ExportImage) -> str:
    columns = [f"{min(1.0, max(0.0, share)):.6f}"
               for x, y in points for share in (x / image.width, y / image.height)]
    return " ".join([str(number), *columns])
