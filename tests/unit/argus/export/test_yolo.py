from __future__ import annotations

from pathlib import Path

import numpy as np
import yaml

from argus.export.objects import ExportObject
from argus.export.records import ExportImage
from argus.export.yolo import YoloWriter

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
    writer = YoloWriter(folder, labels, [split] if split else [], masks=masks, description="Line: 3")
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


def test_masks_are_outlines_only_and_a_box_gives_its_corners(tmp_path: Path) -> None:
    write(tmp_path, masks=True)
    fan, box, triangle = rows(tmp_path / "labels" / "a.x.txt")
    corners = {(x, y) for x, y in zip(fan[1::2], fan[2::2], strict=True)}
    assert corners == {(0.1, 0.1), (0.3, 0.1), (0.3, 0.3), (0.1, 0.3)}
    assert box == [0, 0, 0, 1, 0, 1, 1, 0, 1]
    assert triangle == [0, 0.5, 0, 0.75, 0, 0.75, 0.5]


def test_masks__parts_that_a_line_cannot_hold_are_told(tmp_path: Path) -> None:
    two = MASK.copy()
    two[80:82, 180:182] = True
    image = ExportImage("a.jpg", 200, 100, [ExportObject("fan", (20, 10, 182, 82), mask=two)])
    writer = YoloWriter(tmp_path, ["fan"], [], masks=True, description="")
    (reason,) = writer.add(image, "")
    assert "several pieces" in reason
    ((_, *points),) = rows(tmp_path / "labels" / "a.txt")
    assert max(points[::2]) == 0.3  # the larger part


def test_data_yaml__names_survive_whatever_they_hold(tmp_path: Path) -> None:
    labels = ('a: "b" #c', "部品", "yes")
    YoloWriter(tmp_path, labels, [], masks=False, description="two\nlines").close()
    content = yaml.safe_load((tmp_path / "data.yaml").read_text("utf-8"))
    assert content == {"train": "images", "val": "images", "nc": 3, "names": dict(enumerate(labels))}


def test_data_yaml__splits(tmp_path: Path) -> None:
    write(tmp_path, split="train")
    content = yaml.safe_load((tmp_path / "data.yaml").read_text())
    assert (content["train"], content["val"]) == ("images/train", "images/train")
    assert (tmp_path / "labels" / "train" / "empty.txt").exists()
    assert (tmp_path / "images" / "train" / "a.x.jpg").exists()
