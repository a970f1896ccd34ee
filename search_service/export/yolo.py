"""Ultralytics YOLO formats (https://docs.ultralytics.com/datasets/): `data.yaml`, `images/`, `labels/`.

A label file has the name of its image and a line for each object: the class number from 0 and, as shares of the
image's width and height, centre and size of the box (`yolo`, 5 columns), its outline (`yolo-seg`), or the four corners
of an oriented box (`yolo-obb`, 9 columns). They are never mixed, because a loader takes one 5-column line in a
segmentation file for a damaged polygon: with outlines, an object that is only a box gives its four corners. A line
holds one outline, so the parts and holes of a mask are joined by lines of no width. An image without objects has an
empty file, which trains on it as background. What the format has no place for stands in `provenance.jsonl`: a line an
image, with the score, origin and regions of each of its lines.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from argus.labelstudio import geometry
from argus.labelstudio.geometry import Ring
from argus.labelstudio.regions import ExportObject
from search_service.export.provenance import ProvenanceFile
from search_service.export.records import ExportImage, save_image

_OUTSIDE = 0.5  # pixels by which a corner may lie outside the image: it is moved to the edge


class YoloWriter:
    """Writes each image's label file as it comes; `data.yaml` at the end."""

    first = 0

    def __init__(self, folder: Path, categories: Mapping[str, int], splits: Sequence[str], *, description: str) -> None:
        self._folder, self._categories, self._splits = folder, dict(categories), list(splits)
        self._description = description
        for split in splits or [""]:
            (folder / "labels" / split).mkdir(parents=True, exist_ok=True)
            (folder / "images" / split).mkdir(parents=True, exist_ok=True)
        self._provenance = ProvenanceFile(folder)

    def images(self, split: str) -> str:
        return f"images/{split}" if split else "images"

    def add(self, image: ExportImage, split: str) -> list[str]:
        save_image(self._folder / self.images(split), image)
        lines = [_line(self._categories[item.label], self._points(item, image), image) for item in image.objects]
        name = Path(image.file_name).with_suffix(".txt").name
        (self._folder / "labels" / split / name).write_text("".join(line + "\n" for line in lines))
        self._provenance.add(image, split)
        return []

    def _points(self, item: ExportObject, image: ExportImage) -> Ring:
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

    def _points(self, item: ExportObject, image: ExportImage) -> Ring:
        """Return the object as one outline in pixels, from its largest part on; a box gives its corners."""
        if item.mask is not None:
            polygons = geometry.mask_polygons(item.mask)
            return geometry.one_ring([ring for polygon in polygons for ring in geometry.polygon_rings(polygon)])
        if item.rings:
            return geometry.one_ring(sorted(item.rings, key=geometry.ring_area, reverse=True))
        return geometry.box_ring(item.box)


class YoloOrientedWriter(YoloWriter):
    """The same with oriented boxes: the four corners of a turned rectangle, or of the smallest one around a shape.

    Readers take no corner outside the image, so an object whose rectangle would leave it has its upright box.
    """

    def __init__(self, folder: Path, categories: Mapping[str, int], splits: Sequence[str], *, description: str) -> None:
        super().__init__(folder, categories, splits, description=description)
        self._upright = 0

    def add(self, image: ExportImage, split: str) -> list[str]:
        before = self._upright
        return super().add(image, split) + [
            "oriented box that would leave the image: written upright"] * (self._upright - before)

    def _points(self, item: ExportObject, image: ExportImage) -> Ring:
        rings: Sequence[Ring] = item.rings
        if item.mask is not None:
            rings = [geometry.polygon_rings(polygon)[0] for polygon in geometry.mask_polygons(item.mask)]
        corners = geometry.oriented_box(rings) if rings else geometry.box_ring(item.box)
        if all(-_OUTSIDE <= x <= image.width + _OUTSIDE and -_OUTSIDE <= y <= image.height + _OUTSIDE
               for x, y in corners):
            return corners
        self._upright += 1
        return geometry.box_ring(item.box)


def _line(number: int, points: Ring, image: ExportImage) -> str:
    columns = [f"{min(1.0, max(0.0, share)):.6f}"
               for x, y in points for share in (x / image.width, y / image.height)]
    return " ".join([str(number), *columns])
