"""Round trips through a real Label Studio: export, import into an empty project with the images, export. And how many
of 1,000 malformed annotations of 20 kinds are told of.

The project has upright and turned boxes, boxes at the image's edges, outlines, masks with a hole and of two parts with
and without a box, and images without an object.
"""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from argus.labelstudio import LabelStudio, brush_rle
from argus.labelstudio.geometry import rectangle_ring
from benchmarks.dataset import canonical
from search_service.export import export_project
from search_service.frames.sending import upload
from search_service.label_import import service
from search_service.label_import.read import read_labels
from search_service.label_import.sources import open_source
from tests.unit.search_service.label_import.malformed import dataset

KEYS = ("roundtrip_coco_equal", "roundtrip_yolo_equal", "malformed_told", "malformed_total")
FORMATS = ("coco", "coco-polygons", "yolo", "yolo-seg", "yolo-obb")
SIZES = ((97, 61), (640, 360), (333, 500), (1001, 777))
SHARES = {"train": 0.75, "val": 0.25}
_COPIES = 50
CONFIG = "".join(["<View><Image name='image' value='$image'/>", *(
    f"<{tag} name='{tag}' toName='image'><Label value='cpu'/><Label value='ファン 2'/></{tag}>"
    for tag in ("RectangleLabels", "BrushLabels", "PolygonLabels")), "</View>"])


def measure() -> Mapping[str, float]:
    from benchmarks.search.world import stack

    with stack({"postgres", "valkey", "label-studio"}), tempfile.TemporaryDirectory() as folder:
        from argus.labelstudio import get_label_studio

        ls = get_label_studio()
        project = make_project(ls, images=12, seed=11)
        equal = {format: round_trip(ls, project, format, Path(folder) / format) for format in FORMATS}
        told, total = malformed(Path(folder) / "malformed")
    print(json.dumps(equal))
    return {"roundtrip_coco_equal": float(all(equal[name] for name in FORMATS if name.startswith("coco"))),
            "roundtrip_yolo_equal": float(all(equal[name] for name in FORMATS if name.startswith("yolo"))),
            "malformed_told": told, "malformed_total": total}


def malformed(folder: Path) -> tuple[int, int]:
    """Return how many of the malformed annotations were told of, each with its place, and how many there were; raises
    when a good one is missing."""
    folder.mkdir()
    (folder / "annotations.json").write_text(json.dumps(dataset(_COPIES)))
    labels = read_labels(open_source(folder), "annotations")
    good = len(labels.images[0].objects)
    if good != 20 * _COPIES:
        raise ValueError(f"{good} of {20 * _COPIES} good annotations were read.")
    return len({one.entry for one in labels.problems if one.entry and one.reason}), 20 * _COPIES


def round_trip(ls: LabelStudio, project: int, format: str, folder: Path) -> bool:
    """Whether what comes out of a project into which an export was imported is that export again, splits included."""
    folder.mkdir()
    export_project(project, format, folder / "first", label_studio=ls, splits=SHARES)
    empty = ls.post("/api/projects/", {"title": f"Back from {format}", "label_config": CONFIG})["id"]
    report = service.import_labels(empty, folder / "first", images=folder / "first", keep_splits=True, ls=ls)
    if report.plan.problems or report.plan.losses or report.plan.left_alone:
        raise ValueError(f"{format}: {report.plan.model_dump_json()}")
    export_project(empty, format, folder / "second", label_studio=ls, splits=SHARES)
    return canonical.digest(folder / "first", format) == canonical.digest(folder / "second", format)


def make_project(ls: LabelStudio, images: int, seed: int) -> int:
    """Make a project of annotated images; return its number."""
    random = np.random.default_rng(seed)
    project: int = ls.post("/api/projects/", {"title": "Round trip", "label_config": CONFIG})["id"]
    sizes = [SIZES[index % len(SIZES)] for index in range(images)]
    files = [(f"picture-{index}.jpg", _picture(random, size)) for index, size in enumerate(sizes)]
    kept = upload(ls, project, files)
    ls.post(f"/api/projects/{project}/import", [
        {"data": {"image": one.image}, "annotations": [{"result": list(_objects(random, size)) if index % 5 else []}]}
        for index, (one, size) in enumerate(zip(kept, sizes, strict=True))])
    return project


def _picture(random: Any, size: tuple[int, int]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(random.integers(0, 255, (size[1], size[0], 3), np.uint8)).save(buffer, "JPEG")
    return buffer.getvalue()


def _objects(random: Any, size: tuple[int, int]) -> Iterator[dict[str, Any]]:
    width, height = size
    x, y = random.uniform(5, 40, 2)
    for left, top, w, h in ((x, y, 20.123, 30.7), (0, y, x, 12), (x, 100 - y, 100 - x, y), (0, 0, 100, 100)):
        yield _region(random, size, "RectangleLabels", "b", x=left, y=top, width=w, height=h, rotation=0)
    for _ in range(4):
        value = {"x": random.uniform(30, 50), "y": random.uniform(30, 50), "width": random.uniform(5, 20),
                 "height": random.uniform(5, 20), "rotation": random.uniform(1, 359)}
        if all(0 < u < width and 0 < v < height for u, v in rectangle_ring(value, width, height)):  # type: ignore[arg-type]
            yield _region(random, size, "RectangleLabels", "b", **value)
    for corners in (3, 4, 9):
        turns = np.sort(random.uniform(0, 2 * np.pi, corners))
        points = [[50 + 18 * np.cos(turn), 50 + 18 * np.sin(turn)] for turn in turns]
        yield _region(random, size, "PolygonLabels", "p", points=points, closed=True)
    for boxed in (True, False):
        mask = np.zeros((height, width), bool)
        top, left = (int(side) for side in random.integers(10, 15, 2))
        mask[top:top + height // 3, left:left + width // 3] = True
        mask[top + 3:top + 8, left + 3:left + 9] = False
        mask[-20:-12, -20:-14] = True
        name, label = f"{random.integers(2**47):012x}", _label(random)
        if boxed:
            yield _region(random, size, "RectangleLabels", name + "-b", label, x=100 * left / width,
                          y=100 * top / height, width=100 * (width - 14 - left) / width,
                          height=100 * (height - 12 - top) / height, rotation=0)
        yield _region(random, size, "BrushLabels", name + "-m", label, format="rle",
                      rle=brush_rle.encode(mask, 0, 0, width, height))


def _label(random: Any) -> str:
    return "cpu" if random.random() < 0.5 else "ファン 2"


def _region(random: Any, size: tuple[int, int], tag: str, name: str, label: str = "", **value: Any) -> dict[str, Any]:
    kind = tag.lower()
    return {"id": name if "-" in name else f"{random.integers(2**47):012x}-{name}", "from_name": tag,
            "to_name": "image", "type": kind, "original_width": size[0], "original_height": size[1],
            "value": {**value, kind: [label or _label(random)]}}
