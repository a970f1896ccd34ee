"""Pascal VOC (The PASCAL Visual Object Classes Challenge 2012, Development Kit, section 3): boxes in XML files.

`Annotations/NAME.xml` for each image, `JPEGImages/` with the image files, whatever their format, and
`ImageSets/Main/SPLIT.txt` with the names of each split, `train` without splits; `labelmap.txt` names the labels, as
CVAT and datumaro ask for. A box is `xmin`, `ymin`, `xmax` and `ymax`: its first and last pixels, counted from 1. Sides
are rounded to whole pixels, and a mask or an outline becomes its box. What the format has no place for stands in
`provenance.jsonl`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree as xml

from argus.labelstudio.regions import ExportObject
from search_service.export.provenance import ProvenanceFile
from search_service.export.records import ExportImage, save_image


class VocWriter:
    """Writes each image's XML file as it comes."""

    first = 0  # the format has names alone

    def __init__(self, folder: Path, categories: Mapping[str, int], splits: Sequence[str], *, description: str) -> None:
        self._folder, self._description = folder, description
        for name in ("Annotations", "JPEGImages", "ImageSets/Main"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self._lists = {split: (folder / "ImageSets" / "Main" / f"{split or 'train'}.txt").open("w", encoding="utf-8")
                       for split in splits or [""]}
        names = "".join(f"{label}:::\n" for label in sorted(categories, key=lambda label: categories[label]))
        (folder / "labelmap.txt").write_text(f"# label:color_rgb:parts:actions\n{names}", encoding="utf-8")
        self._provenance = ProvenanceFile(folder)

    def images(self, split: str) -> str:
        return "JPEGImages"

    def add(self, image: ExportImage, split: str) -> list[str]:
        save_image(self._folder / self.images(split), image)
        stem = Path(image.file_name).stem
        tree = xml.ElementTree(self._annotation(image))
        xml.indent(tree)
        tree.write(self._folder / "Annotations" / f"{stem}.xml", encoding="utf-8")
        self._lists[split].write(f"{stem}\n")
        self._provenance.add(image, split)
        return []

    def close(self) -> None:
        self._provenance.close()
        for file in self._lists.values():
            file.close()

    def _annotation(self, image: ExportImage) -> xml.Element:
        root = xml.Element("annotation")
        _add(root, folder="JPEGImages", filename=image.file_name)
        _add(xml.SubElement(root, "source"), database=self._description, annotation="Label Studio")
        _add(xml.SubElement(root, "size"), width=image.width, height=image.height, depth=3)
        _add(root, segmented=0)
        for item in image.objects:
            _add_object(root, item, image)
        return root


def _add_object(root: xml.Element, item: ExportObject, image: ExportImage) -> None:
    x0, y0, x1, y1 = item.box
    left, top = min(int(x0 + 0.5), image.width - 1), min(int(y0 + 0.5), image.height - 1)
    right, bottom = max(int(x1 + 0.5), left + 1), max(int(y1 + 0.5), top + 1)  # a thin box keeps a pixel
    element = xml.SubElement(root, "object")
    _add(element, name=item.label, pose="Unspecified", truncated=0, difficult=0)
    _add(xml.SubElement(element, "bndbox"), xmin=left + 1, ymin=top + 1, xmax=right, ymax=bottom)


def _add(parent: xml.Element, **values: str | int) -> None:
    for name, value in values.items():
        xml.SubElement(parent, name).text = str(value)
