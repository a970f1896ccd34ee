"""The formats beside COCO and YOLO, as their own descriptions say them. `make readers` opens them by other readers."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, cast
from xml.etree import ElementTree as xml

import numpy as np
import pytest

from argus.errors import ArgusError
from argus.labelstudio import geometry
from argus.labelstudio.regions import ExportObject
from benchmarks.export import MadeUpLabelStudio
from search_service.export import FORMATS, export_project, parquet
from search_service.export.datumaro import DatumaroWriter
from search_service.export.imagefolder import ImageFolderWriter
from search_service.export.parquet import ParquetWriter
from search_service.export.records import ExportImage, Writer
from search_service.export.splitting import Unknown
from search_service.export.voc import VocWriter
from search_service.export.yolo import YoloOrientedWriter

TURNED = geometry.rectangle_ring({"x": 40, "y": 20, "width": 20, "height": 30, "rotation": 30}, 200, 100)
MASK = np.zeros((100, 200), bool)
MASK[10:30, 20:60] = True
MASK[15:20, 30:40] = False
IMAGE = ExportImage("Müller a.x.jpg", 200, 100, [
    ExportObject("fan", (20, 10, 60, 30), mask=MASK, score=0.75, origin="model", regions=("r1",)),
    ExportObject("a<b|c", (10.4, 5.6, 10.45, 30.0)),
    ExportObject("fan", geometry.ring_box(TURNED), rings=(TURNED,), rotation=30.0)],
    data=b"A", source={"task_id": 7, "video": "line.mp4"})
EMPTY = ExportImage("empty.png", 200, 100, [], data=b"B", source={"task_id": 8})
NUMBERS = {"a<b|c": 0, "fan": 1}
SIDES = ("xmin", "ymin", "xmax", "ymax")


def written(kind: type[Writer], folder: Path, splits: tuple[str, ...] = ()) -> list[str]:
    numbers = {label: number + kind.first for label, number in NUMBERS.items()}
    writer = kind(folder, numbers, splits, description="Line: 3")
    told = writer.add(EMPTY, splits[0] if splits else "") + writer.add(IMAGE, splits[0] if splits else "")
    writer.close()
    return told


def test_voc__boxes_are_first_and_last_pixels_counted_from_one(tmp_path: Path) -> None:
    assert written(VocWriter, tmp_path, ("train", "val")) == []
    root = xml.parse(tmp_path / "Annotations" / "Müller a.x.xml").getroot()
    assert [(root.findtext("size/width"), root.findtext("filename"))] == [("200", "Müller a.x.jpg")]
    boxes = [(one.findtext("name"), *(int(str(one.findtext(f"bndbox/{side}"))) for side in SIDES))
             for one in root.findall("object")]
    # A box of less than a pixel keeps one.
    assert boxes == [("fan", 21, 11, 60, 30), ("a<b|c", 11, 7, 11, 30), ("fan", 66, 21, 115, 66)]
    assert xml.parse(tmp_path / "Annotations" / "empty.xml").getroot().findall("object") == []
    assert (tmp_path / "ImageSets" / "Main" / "train.txt").read_text("utf-8").splitlines() == ["empty", "Müller a.x"]
    assert (tmp_path / "ImageSets" / "Main" / "val.txt").read_text() == ""
    assert (tmp_path / "labelmap.txt").read_text().splitlines()[1:] == ["a<b|c:::", "fan:::"]
    assert (tmp_path / "JPEGImages" / "Müller a.x.jpg").read_bytes() == b"A"


def test_voc__a_box_at_the_edge_stays_in_the_image(tmp_path: Path) -> None:
    writer = VocWriter(tmp_path, NUMBERS, [], description="")
    writer.add(ExportImage("a.jpg", 200, 100, [ExportObject("fan", (199.7, 0.0, 200.0, 100.0))]), "")
    writer.close()
    root = xml.parse(tmp_path / "Annotations" / "a.xml").getroot()
    assert [root.findtext(f"object/bndbox/{side}") for side in SIDES] == ["200", "1", "200", "100"]


def test_oriented__a_turned_rectangle_has_its_corners_and_a_shape_the_smallest_around_it(tmp_path: Path) -> None:
    assert written(YoloOrientedWriter, tmp_path) == []
    mask, box, turned = [[float(column) for column in line.split()]
                         for line in (tmp_path / "labels" / "Müller a.x.txt").read_text().splitlines()]
    assert {tuple(corner) for corner in np.reshape(mask[1:], (4, 2)).tolist()} == {
        (0.1, 0.1), (0.3, 0.1), (0.3, 0.3), (0.1, 0.3)}
    assert (box[0], len(box)) == (0, 9)
    corners = np.reshape(turned[1:], (4, 2)) * [200, 100]
    assert sorted(np.round(corners, 2).tolist()) == sorted(np.round(TURNED, 2).tolist())


def test_oriented__a_rectangle_that_would_leave_the_image_is_upright_and_told(tmp_path: Path) -> None:
    triangle = [(100.0, 0.0), (150.0, 0.0), (150.0, 50.0)]
    writer = YoloOrientedWriter(tmp_path, NUMBERS, [], description="")
    told = writer.add(ExportImage("a.jpg", 200, 100, [ExportObject("fan", (100, 0, 150, 50), rings=(triangle,))]), "")
    writer.close()
    assert told == ["oriented box that would leave the image: written upright"]
    assert (tmp_path / "labels" / "a.txt").read_text() == (
        "1 0.500000 0.000000 0.750000 0.000000 0.750000 0.500000 0.500000 0.500000\n")


def test_image_folder__no_column_is_empty_and_images_with_objects_come_first(tmp_path: Path) -> None:
    assert written(ImageFolderWriter, tmp_path, ("train", "val")) == []
    full, empty = [json.loads(line) for line in (tmp_path / "train" / "metadata.jsonl").read_text("utf-8").splitlines()]
    assert (full["file_name"], full["task_id"], empty["file_name"]) == ("Müller a.x.jpg", 7, "empty.png")
    assert full["objects"]["bbox"] == [[20.0, 10.0, 40.0, 20.0], [10.4, 5.6, 0.05, 24.4], [65.0, 20.0, 49.641, 45.981]]
    assert full["objects"]["category"] == ["fan", "a<b|c", "fan"]
    assert full["objects"]["rotation"] == [0.0, 0.0, 30.0]
    assert all(isinstance(number, float) for box in full["objects"]["bbox"] for number in box)
    assert None not in full.values() and None not in full["objects"]["origin"]
    assert len(full["objects"]["segmentation"][0]) > 1  # polygons that leave the hole out
    assert empty["objects"]["bbox"] == []
    assert (tmp_path / "val" / "metadata.jsonl").read_text() == ""
    assert sorted(path.name for path in (tmp_path / "train").iterdir()) == [
        "Müller a.x.jpg", "empty.png", "metadata.jsonl"]
    assert json.loads((tmp_path / "provenance.jsonl").read_text("utf-8").splitlines()[1])["video"] == "line.mp4"


def test_parquet__pictures_and_scores_are_in_the_rows_of_files_of_a_bounded_size(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from arro3.io import read_parquet

    monkeypatch.setattr(parquet, "_SHARD", 1)  # each row a file
    assert written(ParquetWriter, tmp_path, ("train", "val")) == []
    files = sorted((tmp_path / "data").iterdir())
    assert [path.name for path in files] == ["train-00000.parquet", "train-00001.parquet", "val-00000.parquet"]
    tables = [read_parquet(path).read_all() for path in files]
    (empty,), (full,), none = [table.to_batches()[0].to_struct_array().to_pylist() if table.num_rows else []
                               for table in tables]
    assert none == [] and (empty["image"], empty["objects"]["bbox"]) == ({"bytes": b"B", "path": "empty.png"}, [])
    assert (full["image"], full["task_id"]) == ({"bytes": b"A", "path": "Müller a.x.jpg"}, 7)
    assert full["objects"]["bbox"] == [[20.0, 10.0, 40.0, 20.0], [10.4, 5.6, 0.05, 24.4], [65.0, 20.0, 49.641, 45.981]]
    assert full["objects"]["category"] == ["fan", "a<b|c", "fan"] and full["objects"]["score"] == [0.75, None, None]
    assert len(full["objects"]["segmentation"][0]) > 1
    assert json.loads((tmp_path / "provenance.jsonl").read_text("utf-8").splitlines()[1])["video"] == "line.mp4"


def test_parquet__without_its_package_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "arro3.io", None)
    with pytest.raises(ArgusError) as caught:
        export_project(1, "parquet", tmp_path / "out", with_images=False, memory=Unknown(),
                       label_studio=cast(Any, MadeUpLabelStudio(4, 1, (64, 36))))
    assert "argus-label-studio[parquet]" in caught.value.hint and not (tmp_path / "out").exists()


def test_datumaro__an_object_is_a_group_of_its_box_and_its_shape(tmp_path: Path) -> None:
    assert written(DatumaroWriter, tmp_path) == []
    content = json.loads((tmp_path / "annotations" / "default.json").read_text("utf-8"))
    assert [label["name"] for label in content["categories"]["label"]["labels"]] == ["a<b|c", "fan"]
    empty, full = content["items"]
    assert (empty["id"], empty["annotations"]) == ("empty", [])
    assert full["image"] == {"path": "Müller a.x.jpg", "size": [100, 200]} and full["attr"]["video"] == "line.mp4"
    assert [(one["type"], one["group"], one["label_id"]) for one in full["annotations"]] == [
        ("bbox", 1, 1), ("mask", 1, 1), ("bbox", 2, 0), ("bbox", 3, 1), ("polygon", 3, 1)]
    assert full["annotations"][0]["attributes"] == {"origin": "model", "region_ids": ["r1"], "score": 0.75}
    assert full["annotations"][3]["attributes"]["rotation"] == 30.0
    assert (tmp_path / "images" / "default" / "empty.png").read_bytes() == b"B"


@pytest.mark.parametrize("format", list(FORMATS))
def test_every_format_holds_every_image_of_a_project(tmp_path: Path, format: str) -> None:
    report = export_project(1, format, tmp_path / "out", with_images=False, memory=Unknown(),
                            label_studio=cast(Any, MadeUpLabelStudio(40, 2, (64, 36))), images=cast(Any, None))
    assert (report.images, report.objects) == (40, 80)
