"""A dataset in a form that is equal for equal ones: without ids, times, persons, and the order of objects. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def digest(folder: Path, format: str) -> str:
    """Return a digest of an exported folder: its image files, categories, and the objects of each image."""
    images = {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
              for path in sorted((folder / "images").rglob("*")) if path.is_file()}
    said = _coco(folder) if format.startswith("coco") else _yolo(folder)
    return hashlib.sha256(json.dumps([images, said], sort_keys=True).encode()).hexdigest()


def _coco(folder: Path) -> Any:
    found = []
    for path in sorted(folder.glob("annotations*.json")):
        body = json.loads(path.read_text("utf-8"))
        names = {one["id"]: one["name"] for one in body["categories"]}
        objects: dict[int, list[Any]] = {one["id"]: [] for one in body["images"]}
        for one in body["annotations"]:
            objects[one["image_id"]].append([names[one["category_id"]], one["bbox"], _shape(one["segmentation"])])
        found.append([path.name, sorted(names.items()), sorted(
            [one["file_name"], one["width"], one["height"], sorted(objects[one["id"]], key=json.dumps)]
            for one in body["images"])])
    return found


def _shape(segmentation: Any) -> Any:
    return segmentation if isinstance(segmentation, dict) else sorted(_ring(ring) for ring in segmentation)


def _yolo(folder: Path) -> Any:
    head = [line for line in (folder / "data.yaml").read_text("utf-8").splitlines() if not line.startswith("#")]
    return [head, {path.relative_to(folder).as_posix(): sorted(map(_line, path.read_text("utf-8").splitlines()))
                   for path in sorted((folder / "labels").rglob("*.txt"))}]


def _line(line: str) -> list[Any]:
    number, *columns = line.split()
    return [number, columns if len(columns) == 4 else _ring(columns)]


def _ring(values: Sequence[Any]) -> list[Any]:
    """Return an outline from its first corner by the order of their numbers, and the way round that comes first."""
    points = list(zip(values[::2], values[1::2], strict=True))
    turns = [way[start:] + way[:start] for way in (points, points[::-1]) for start in range(len(points))
             if way[start] == min(points)]
    return [list(point) for point in min(turns)]
