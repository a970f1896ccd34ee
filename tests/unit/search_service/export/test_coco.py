from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from argus.labelstudio.regions import ExportObject
from search_service.export.coco import CocoPolygonWriter, CocoWriter
from search_service.export.records import ExportImage


def disc(x: int, y: int, radius: int, hole: int = 0) -> np.ndarray:
    rows, columns = np.mgrid[:100, :200]
    distance = np.hypot(columns - x, rows - y)
    return (distance <= radius) & (distance > hole - 1)


RING = disc(50, 50, 20, hole=8)
IMAGES = [
    ExportImage("a.jpg", 200, 100, [
        ExportObject("fan", (30, 30, 71, 71), mask=RING, score=0.91, regions=("x-b", "x-m")),
        ExportObject("cpu", (100, 10, 140.5, 30), regions=("y",))], data=b"A", source={"task_id": 7, "video": "v.mp4"}),
    ExportImage("b.jpg", 200, 100, [], source={"task_id": 8}),
    ExportImage("c.jpg", 200, 100, [
        ExportObject("fan", (10, 10, 30, 40), rings=([(10, 10), (30, 10), (30, 40)], [(12, 20), (14, 20), (14, 22)]))]),
]


def write(folder: Path, splits: dict[str, str] | None = None) -> Path:
    writer = CocoWriter(folder, {"cpu": 1, "fan": 2, "unused": 3}, sorted(set((splits or {}).values())),
                        description="Line “3”")
    for image in IMAGES:
        writer.add(image, (splits or {}).get(image.file_name, ""))
    writer.close()
    return folder / "annotations.json"


def test_pycocotools_reads_it(tmp_path: Path) -> None:
    coco = COCO(str(write(tmp_path)))
    assert [(c["id"], c["name"]) for c in coco.loadCats(coco.getCatIds())] == [(1, "cpu"), (2, "fan"), (3, "unused")]
    assert [image["file_name"] for image in coco.loadImgs(coco.getImgIds())] == ["a.jpg", "b.jpg", "c.jpg"]
    ring, box, polygon = coco.loadAnns(coco.getAnnIds())
    assert np.array_equal(coco.annToMask(ring), RING)  # hole and all
    assert (ring["bbox"], ring["area"], ring["score"]) == ([30, 30, 41, 41], int(RING.sum()), 0.91)
    assert (box["bbox"], box["area"]) == ([100, 10, 40.5, 20], 810)
    assert box["segmentation"] == [[100, 10, 140.5, 10, 140.5, 30, 100, 30]]
    assert "score" not in box
    assert polygon["segmentation"] == [[10, 10, 30, 10, 30, 40], [12, 20, 14, 20, 14, 22]]
    assert polygon["area"] == 300 + 2
    assert coco.imgs[1]["video"] == "v.mp4"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.jpg", "annotations.json", "images"]


@pytest.mark.parametrize("kind", ["bbox", "segm"])
def test_cocoeval_finds_the_export_perfect_against_itself(tmp_path: Path, kind: str) -> None:
    truth = COCO(str(write(tmp_path)))
    found = [{key: a[key] for key in ("image_id", "category_id", "bbox", "segmentation") if a[key]} | {"score": 1.0}
             for a in truth.anns.values()]
    if kind == "bbox":
        found = [{k: v for k, v in result.items() if k != "segmentation"} for result in found]
    evaluation = COCOeval(truth, truth.loadRes(found), kind)
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    assert evaluation.stats[0] == 1.0


def test_splits_are_files_with_ids_that_stay_unique(tmp_path: Path) -> None:
    write(tmp_path, {"a.jpg": "train", "b.jpg": "val", "c.jpg": "train"})
    train, val = (json.loads((tmp_path / f"annotations_{split}.json").read_text()) for split in ("train", "val"))
    assert [image["id"] for image in train["images"] + val["images"]] == [1, 3, 2]
    assert ([len(train["annotations"]), len(val["annotations"])], train["categories"]) == ([3, 0], val["categories"])
    assert (tmp_path / "images" / "train" / "a.jpg").read_bytes() == b"A"
    assert train["info"]["description"] == "Line “3”"


def test_polygons_keep_holes_and_parts(tmp_path: Path) -> None:
    mask = RING | disc(150, 60, 25, hole=10) | disc(150, 60, 3)
    image = ExportImage("a.jpg", 200, 100, [ExportObject("fan", (30, 30, 175, 85), mask=mask, rotation=30.0)])
    writer = CocoPolygonWriter(tmp_path, {"fan": 1}, [], description="")
    writer.add(image, "")
    writer.close()
    coco = COCO(str(tmp_path / "annotations.json"))
    (annotation,) = coco.anns.values()
    assert isinstance(annotation["segmentation"], list)
    shown = coco.annToMask(annotation).astype(bool)
    assert (shown & mask).sum() / (shown | mask).sum() >= 0.95  # pycocotools draws half a pixel around polygons
    assert not shown[50, 50]
    assert annotation["attributes"] == {"origin": "person", "rotation": 30.0}


def test_every_object_has_a_shape_that_pycocotools_draws(tmp_path: Path) -> None:
    """A box alone, one of less than a pixel and one at the edge: none makes a reader stumble."""
    boxes = [(10.0, 10.0, 30.0, 20.0), (50.2, 50.2, 50.7, 50.7), (180.0, 90.0, 200.0, 100.0)]
    image = ExportImage("a.jpg", 200, 100, [ExportObject("fan", box) for box in boxes])
    for kind in (CocoWriter, CocoPolygonWriter):
        (tmp_path / kind.__name__).mkdir()
        writer = kind(tmp_path / kind.__name__, {"fan": 1}, [], description="")
        writer.add(image, "")
        writer.close()
        coco = COCO(str(tmp_path / kind.__name__ / "annotations.json"))
        assert [int(coco.annToMask(a).sum()) for a in coco.anns.values()] == [200, 1, 200]


def test_area_of_an_outline_that_crosses_itself_is_that_of_pycocotools(tmp_path: Path) -> None:
    bow_tie = [(10.0, 10.0), (61.0, 60.0), (61.0, 10.0), (10.0, 60.0)]
    loop = [(100.0, 10.0), (150.0, 10.0), (150.0, 60.0), (120.0, 60.0), (120.0, 0.0), (140.0, 0.0), (140.0, 40.0),
            (100.0, 40.0)]
    star = [(180 + 15 * float(np.sin(4 * np.pi * k / 5)), 50 - 15 * float(np.cos(4 * np.pi * k / 5))) for k in range(5)]
    image = ExportImage("a.jpg", 200, 100, [
        ExportObject("fan", (0, 0, 200, 100), rings=(tuple(ring),)) for ring in (bow_tie, loop, star)])
    writer = CocoWriter(tmp_path, {"fan": 1}, [], description="")
    writer.add(image, "")
    writer.close()
    coco = COCO(str(tmp_path / "annotations.json"))
    for annotation in coco.anns.values():
        assert annotation["area"] == int(coco.annToMask(annotation).sum()) > 100
