from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from argus.labelstudio.regions import ExportObject
from search_service.export.records import ExportImage
from search_service.export.yolo import YoloSegmentWriter, YoloWriter

MASK = np.zeros((100, 200), bool)
MASK[10:30, 20:60] = True
IMAGES = [
    ExportImage("a.x.jpg", 200, 100, [
        ExportObject("fan", (20, 10, 60, 30), mask=MASK),
        ExportObject("cpu", (0, 0, 200, 100)),
        ExportObject("cpu", (100, 0, 150, 50), rings=([(100.0, 0.0), (150.0, 0.0), (150.0, 50.0)],))], data=b"A"),
    ExportImage("empty.jpg", 200, 100, [], data=b"B"),
]


def write(folder: Path, *, masks: bool = False, labels: tuple[str, ...] = ("cpu", "fan"), split: str = "") -> list[str]:
    kind = YoloSegmentWriter if masks else YoloWriter
    numbers = {label: number for number, label in enumerate(labels)}
    writer = kind(folder, numbers, [split] if split else [], description="Line: 3")
    reasons = [reason for image in IMAGES for reason in writer.add(image, split)]
    writer.close()
    return reasons


def rows(path: Path) -> list[list[float]]:
    return [[float(column) for column in line.split()] for line in path.read_text().splitlines()]


def test_boxes_are_centre_and_size_in_shares(tmp_path: Path) -> None:
    write(tmp_path)
    assert rows(tmp_path / "labels" / "a.x.txt") == [[1, 0.2, 0.2, 0.2, 0.2], [0, 0.5, 0.5, 1, 1],
                                                     [0, 0.625, 0.25, 0.25, 0.5]]
    assert (tmp_path / "labels" / "empty.txt").read_bytes() == b""
    assert (tmp_path / "images" / "empty.jpg").read_bytes() == b"B"


def test_labels_keep_the_numbers_they_ask_for(tmp_path: Path) -> None:
    writer = YoloWriter(tmp_path, {"cpu": 4, "fan": 1}, [], description="")
    writer.add(IMAGES[0], "")
    writer.close()
    assert [row[0] for row in rows(tmp_path / "labels" / "a.x.txt")] == [1, 4, 4]
    content = yaml.safe_load((tmp_path / "data.yaml").read_text("utf-8"))
    assert content["names"] == {0: "unused 0", 1: "fan", 2: "unused 2", 3: "unused 3", 4: "cpu"}
    assert content["nc"] == 5, "Ultralytics takes no gap"


def test_masks_are_outlines_only_and_a_box_gives_its_corners(tmp_path: Path) -> None:
    write(tmp_path, masks=True)
    fan, box, triangle = rows(tmp_path / "labels" / "a.x.txt")
    corners = {(x, y) for x, y in zip(fan[1::2], fan[2::2], strict=True)}
    assert corners == {(0.1, 0.1), (0.3, 0.1), (0.3, 0.3), (0.1, 0.3)}
    assert box == [0, 0, 0, 1, 0, 1, 1, 0, 1]
    assert triangle == [0, 0.5, 0, 0.75, 0, 0.75, 0.5]


def painted(points: list[float]) -> np.ndarray:
    """The outline filled as Ultralytics fills it, sixteen times as fine, and seen beside its hair-thin lines."""
    corners = np.round(np.array(points).reshape(-1, 2) * [200, 100] * 16).astype(np.int32)
    return np.array(cv2.fillPoly(np.zeros((100 * 16, 200 * 16), np.uint8), [corners], 1)[5::16, 9::16], bool)


def test_masks__parts_and_holes_of_an_object_are_one_line(tmp_path: Path) -> None:
    mask = MASK.copy()
    mask[15:25, 30:40] = mask[18:22, 45:50] = False
    mask[70:90, 100:190] = True
    mask[75:85, 120:150] = False
    mask[40:50, 5:10] = True
    image = ExportImage("a.jpg", 200, 100, [ExportObject("fan", (5, 10, 190, 90), mask=mask)])
    YoloSegmentWriter(tmp_path, {"fan": 0}, [], description="").add(image, "")
    ((_, *points),) = rows(tmp_path / "labels" / "a.txt")
    shown = painted(points)
    assert (shown & mask).sum() / (shown | mask).sum() >= 0.99


def test_provenance_stands_beside_what_the_format_has_no_place_for(tmp_path: Path) -> None:
    item = ExportObject("fan", (0, 0, 2, 2), score=0.9, origin="model", regions=("x-b",))
    writer = YoloWriter(tmp_path, {"fan": 0}, ["train"], description="")
    writer.add(ExportImage("a.jpg", 200, 100, [item], source={"task_id": 7}), "train")
    writer.close()
    assert json.loads((tmp_path / "provenance.jsonl").read_text()) == {
        "file_name": "a.jpg", "split": "train", "task_id": 7,
        "objects": [{"score": 0.9, "origin": "model", "region_ids": ["x-b"]}]}


def test_data_yaml__names_survive_whatever_they_hold(tmp_path: Path) -> None:
    labels = ('a: "b" #c', "部品", "yes")
    YoloWriter(tmp_path, {label: number for number, label in enumerate(labels)}, [], description="two\nlines").close()
    content = yaml.safe_load((tmp_path / "data.yaml").read_text("utf-8"))
    assert content == {"train": "images", "val": None, "nc": 3, "names": dict(enumerate(labels))}


def test_data_yaml__splits(tmp_path: Path) -> None:
    write(tmp_path, split="train")
    content = yaml.safe_load((tmp_path / "data.yaml").read_text())
    assert (content["train"], content["val"]) == ("images/train", None)
    assert (tmp_path / "labels" / "train" / "empty.txt").exists()
    assert (tmp_path / "images" / "train" / "a.x.jpg").exists()


@pytest.mark.parametrize("splits", [[], ["train"], ["train", "val"], ["train", "test"], ["one", "two"]])
def test_data_yaml__names_no_set_twice_and_has_the_keys_that_ultralytics_asks_for(tmp_path: Path,
                                                                                  splits: list[str]) -> None:
    YoloWriter(tmp_path, {"cpu": 0}, splits, description="").close()
    text = (tmp_path / "data.yaml").read_text()
    content = yaml.safe_load(text)
    assert {"train", "val"} <= content.keys()  # `check_det_dataset` refuses a file without them, whatever they hold
    places = [content[name] for name in content.keys() - {"nc", "names"} if content[name]]
    assert len(places) == len(set(places)) == (len(splits) or 1)
    assert ("there is no such set" in text) == (not {"train", "val"} <= set(splits))
