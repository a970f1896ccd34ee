"""Labels of every format, good and malformed."""

from __future__ import annotations

import json
import os
import re
import stat
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as pycoco

from argus.errors import ArgusError
from argus.labelstudio.brush_rle import encode
from argus.labelstudio.geometry import mask_box
from search_service.label_import import coco_masks, split_names
from search_service.label_import.found import LabelledObject, Labels, span
from search_service.label_import.read import read_labels
from search_service.label_import.sources import open_source
from tests.unit.search_service.label_import.malformed import KINDS, dataset

CATEGORIES = [{"id": 1, "name": "cpu"}, {"id": 2, "name": "fan"}]
IMAGE = {"id": 1, "file_name": "a.jpg", "width": 200, "height": 100}


def read(path: Path, taken: Any = "annotations") -> Labels:
    return read_labels(open_source(path), taken)


def coco(folder: Path, *annotations: Any, **more: Any) -> Labels:
    body = {"images": [IMAGE], "categories": CATEGORIES, "annotations": list(annotations), **more}
    (folder / "annotations.json").write_text(json.dumps(body))
    return read(folder)


def yolo(folder: Path, *lines: str, names: str = "names: [cpu, fan]\n") -> Labels:
    (folder / "labels").mkdir(exist_ok=True)
    (folder / "data.yaml").write_text(names)
    (folder / "labels" / "a.txt").write_text("\n".join(lines) + "\n")
    return read(folder)


def only(labels: Labels) -> LabelledObject:
    assert labels.problems == []
    ((one,),) = [image.objects for image in labels.images]
    return one


def test_1000_malformed_annotations_of_20_kinds_are_each_told_and_the_good_ones_kept(tmp_path: Path) -> None:
    assert len(KINDS) == 20
    (tmp_path / "annotations.json").write_text(json.dumps(dataset(50)))
    labels = read(tmp_path)
    assert len(labels.images[0].objects) == 1000 == len(labels.problems)
    told = [int(re.findall(r"annotations\[(\d+)\]", one.entry)[0]) for one in labels.problems]
    assert told == list(range(0, 2000, 2)) and {one.file for one in labels.problems} == {"annotations.json"}
    reasons = [one.reason for one in labels.problems]
    assert len(set(reasons[:20])) == 20 and reasons[:20] * 50 == reasons


@pytest.mark.parametrize(("line", "reason"), [
    ("0 .5 .5 .2", "4 columns"), ("x .5 .5 .2 .2", "no number"), ("0 .5 .5 .2 abc", "no number"),
    ("1.5 .5 .5 .2 .2", "no whole number"), ("-1 .5 .5 .2 .2", "no whole number"), ("7 .5 .5 .2 .2", "no class 7"),
    ("0 nan .5 .2 .2", "out of range"), ("0 1e999 .5 .2 .2", "out of range"), ("0 320 240 60 80", "pixels"),
    ("0 .5 .5 0 .2", "size 0"), ("0 .5 .5 .2 -.001", "size"), ("0 .5 .5 .2 .2 1.5", "pixels|0 to 1"),
    ("0 .1 .1 .2 .2 .3 .3", "no area"), ("0 " + ".1 " * 30_000, "more than 20,000"), ("0 ٣ ٣ ٣ ٣ 1_0", "no number")])
def test_yolo__a_malformed_line_is_told_with_its_number(tmp_path: Path, line: str, reason: str) -> None:
    labels = yolo(tmp_path, "0 .5 .5 .2 .2", line, "1 .5 .5 .2 .2")
    assert [(one.file, one.entry) for one in labels.problems] == [("labels/a.txt", "line 2")]
    assert re.search(reason, labels.problems[0].reason)
    assert [one.label for one in labels.images[0].objects] == ["cpu", "fan"] and labels.images[0].unread == 1


def test_yolo__boxes_outlines_and_turned_boxes_each_with_a_confidence(tmp_path: Path) -> None:
    labels = yolo(tmp_path, "0 .5 .5 .2 .4", "1 .5 .5 .2 .4 .75", "0 .1 .1 .3 .1 .3 .3", "0 .1 .1 .3 .1 .3 .3 .5",
                  "1 .5 .2 .8 .5 .5 .8 .2 .5", "1 .5 .2 .8 .5 .5 .8 .2 .5 .25")
    objects = labels.images[0].objects
    assert labels.problems == [] and labels.images[0].name == "images/a" and labels.images[0].stem
    assert objects[0].box == pytest.approx((.4, .3, .6, .7))
    assert [len(one.rings) for one in objects] == [0, 0, 1, 1, 1, 1]
    assert [one.score for one in objects] == [None, .75, None, .5, None, .25]
    assert [one.turned for one in objects] == [False] * 4 + [True] * 2


def test_yolo__a_box_at_an_edge_is_written_again_with_the_same_digits() -> None:
    random = np.random.default_rng(5)
    for start in random.random(2000):
        for first, last in ((start, 1.0), (0.0, start)):
            centre, size = round((first + last) / 2, 6), round(last - first, 6)
            if size > 2e-6:
                a, b = span(centre, size)
                assert 0 <= a < b <= 1 and (round((a + b) / 2, 6), round(b - a, 6)) == (centre, size)


def test_yolo__class_names_are_read_safely(tmp_path: Path) -> None:
    assert only(yolo(tmp_path, "3 .5 .5 .2 .2", names="names: {0: a, 3: ガラス}\npath: /etc\n")).label == "ガラス"
    bomb = "a: &a [x, x]\nb: &b [*a, *a]\nnames: *b\n"
    code = "names: !!python/object/apply:os.system ['true']\n"
    for names in (bomb, code, "[" * 500_000, "- " * 500_000, "names: 7\n"):
        with pytest.raises(ArgusError, match="Nothing names the classes"):
            yolo(tmp_path, "0 .5 .5 .2 .2", names=names)
    (tmp_path / "data.yaml").unlink()
    (tmp_path / "classes.txt").write_text("cpu\n")
    assert only(read(tmp_path)).label == "cpu"


def test_coco__shapes(tmp_path: Path) -> None:
    base = {"image_id": 1, "category_id": 2, "iscrowd": 0}
    mask = np.zeros((100, 200), np.uint8)
    mask[10:40, 20:80] = 1
    mask[20:30, 30:50] = 0
    code = pycoco.encode(np.asfortranarray(mask))
    text = {"size": code["size"], "counts": code["counts"].decode()}
    runs = {"size": [100, 200], "counts": coco_masks.from_mask(mask.astype(bool)).counts.tolist()}
    labels = coco(tmp_path, {**base, "bbox": [20, 10, 60, 30]}, {**base, "segmentation": [[20, 10, 80, 10, 80, 40]]},
                  {**base, "segmentation": text}, {**base, "segmentation": runs, "iscrowd": 1},
                  {**base, "bbox": [20, 10, 60, 60], "segmentation": [[50, 10, 80, 40, 50, 70, 20, 40]],
                   "attributes": {"rotation": 45}}, {**base, "bbox": [180, 90, 60, 60], "score": .5})
    box, outline, masked, crowd, turned, outside = labels.images[0].objects
    assert labels.problems == [] and {one.label for one in labels.images[0].objects} == {"fan"}
    assert box.box == outline.box == masked.box == pytest.approx((.1, .1, .4, .4))
    for one in (masked, crowd):
        assert one.mask is not None and (one.mask.mask() == mask).all()
    assert crowd.crowd and not masked.crowd and turned.turned and not outline.turned
    assert outside.box == pytest.approx((.9, .9, 1, 1)) and outside.score == .5


def test_coco__a_code_of_pycocotools_is_read_bit_for_bit() -> None:
    random = np.random.default_rng(3)
    for height, width in ((1, 1), (7, 5), (64, 48), (120, 300)):
        for share in (0.0, 0.02, 0.5, 1.0):
            mask = random.random((height, width)) < share
            code = pycoco.encode(np.asfortranarray(mask.astype(np.uint8)))
            found = coco_masks.read({"size": code["size"], "counts": code["counts"].decode()})
            assert (found.mask() == mask).all() and found.area == mask.sum()
            assert found.box() == mask_box(mask)


def test_coco__results_take_the_place_of_the_dataset_they_lie_beside(tmp_path: Path) -> None:
    result = {"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "score": .25}
    (tmp_path / "results.json").write_text(json.dumps([result, {**result, "image_id": 5}]))
    alone = read(tmp_path)
    assert "names images by number" in alone.problems[0].reason and alone.images == []
    labels = coco(tmp_path, {"image_id": 1, "category_id": 2, "bbox": [1, 2, 3, 4]})
    assert [(one.label, one.score) for one in labels.images[0].objects] == [("cpu", .25)]
    assert [one.entry for one in labels.problems] == ["[1]"]


def test_coco__images_and_categories_that_are_malformed_are_told(tmp_path: Path) -> None:
    labels = coco(tmp_path, images=[IMAGE, {**IMAGE, "id": 2, "width": 0}, {**IMAGE, "id": 1}, 5, {"id": 3},
                                    {**IMAGE, "id": True}], categories=[*CATEGORIES, {"id": 1, "name": "other"}, {}])
    assert [one.entry for one in labels.problems] == ["categories[2]", "categories[3]", *(f"images[{n}]"
                                                      for n in range(1, 6))]
    assert len(labels.images) == 1


def test_label_studio__shapes_and_what_is_taken(tmp_path: Path) -> None:
    mask = np.zeros((100, 200), bool)
    mask[10:40, 20:80] = True
    where = {"original_width": 200, "original_height": 100}
    values = [{"x": 10, "y": 10, "width": 30, "height": 30, "rotation": 0, "rectanglelabels": ["cpu"]},
              {"x": 50, "y": 10, "width": 20, "height": 30, "rotation": 30, "rectanglelabels": ["cpu"]},
              {"points": [[10, 10], [40, 10], [40, 40]], "polygonlabels": ["cpu"]},
              {"x": 50, "y": 50, "radiusX": 10, "radiusY": 20, "rotation": 0, "ellipselabels": ["cpu"]},
              {"rle": encode(mask[10:40, 20:80], 20, 10, 200, 100), "format": "rle", "brushlabels": ["cpu"]},
              {"x": 1, "y": 1, "width": .5, "keypointlabels": ["cpu"]}, {"x": 10, "y": 10, "width": 30, "height": 30}]
    result = [{"id": f"r{n}", "value": value, **where} for n, value in enumerate(values)]
    task = {"data": {"image": "/data/upload/3/0123abcd-a.jpg"}, "predictions": [{"result": result[:1], "score": .5}],
            "annotations": [{"result": [], "updated_at": "2026-01-01"}, {"result": result, "updated_at": "2026-01-02"},
                            {"result": [], "was_cancelled": True, "updated_at": "2026-01-03"}]}
    (tmp_path / "tasks.json").write_text(json.dumps([task, {"data": {"image": "b.jpg"}, "predictions": [{}]}, 3]))
    labels = read(tmp_path)
    box, turned, outline, ellipse, masked = labels.images[0].objects
    assert box.box == pytest.approx((.1, .1, .4, .4)) and turned.turned and len(outline.rings[0]) == 3
    assert ellipse.ellipse == (.5, .5, .1, .2, 0) and masked.mask and (masked.mask.mask() == mask).all()
    assert [(one.entry, one.reason.split(":")[0]) for one in labels.problems] == [
        ("[0].annotations[1].result[5]", "its shape is none of rectangle, polygon, ellipse and mask"),
        ("[0].annotations[1].result[6]", "it has 0 labels, not one"), ("[1]", "it has predictions only"),
        ("[2]", "it is no task")]
    assert len(read(tmp_path, "predictions").images[0].objects) == 1


@pytest.mark.parametrize("text", ["[" * 100_000, "{", "", "\ufeff[1", '{"images": [' + "9" * 5000 + "]", "\udcff"])
def test_a_file_that_is_no_json_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ArgusError, match="no labels in a format"):
        read(tmp_path)


def test_a_number_of_thousands_of_digits_is_told_alone(tmp_path: Path) -> None:
    items = [{"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, last]} for last in (4, 7)]
    text = json.dumps({"images": [IMAGE], "categories": CATEGORIES, "annotations": items})
    (tmp_path / "a.json").write_text(text.replace(" 7]", f" {'9' * 5000}]"))
    labels = read(tmp_path)
    assert len(labels.images[0].objects) == 1 and "out of range" in labels.problems[0].reason


@pytest.mark.parametrize(("kind", "file", "split"), [
    ("coco", "annotations_train.json", "train"), ("coco", "a/instances_val2017.json", "val"), ("coco", "a.json", ""),
    ("coco", "valid/_annotations.coco.json", "val"), ("coco", "annotations.json", ""), ("yolo", "labels/a.txt", ""),
    ("yolo", "labels/Val/x/a.txt", "val"), ("yolo", "valid/labels/a.txt", "val"), ("yolo", "run/labels/a.txt", ""),
    ("yolo", "test/a.txt", "test"), ("yolo", "a.txt", ""), ("coco", "annotations_fold_3.json", "fold_3")])
def test_splits__by_the_names_of_files_and_folders(kind: str, file: str, split: str) -> None:
    assert (split_names.of_coco if kind == "coco" else split_names.of_yolo)(file) == split


def test_odd_names_and_values_are_told_in_plain_text(tmp_path: Path) -> None:
    deep: Any = 1
    for _ in range(300):
        deep = [deep]
    names = ["\ud800.jpg", "a\0.jpg", "\x1b[2J.jpg"]
    labels = coco(tmp_path, {"image_id": 1, "category_id": 1, "bbox": deep}, {"image_id": deep, "category_id": 1},
                  {"image_id": 1, "category_id": 3, "bbox": [1, 2, 3, 4]},
                  images=[IMAGE, *({**IMAGE, "id": n, "file_name": name} for n, name in enumerate(names, 2))],
                  categories=[*CATEGORIES, {"id": 3, "name": "\udfff"}])
    assert len(labels.problems) == 6 and len(labels.images) == 2
    assert all(one.reason.isprintable() and one.reason.encode() and len(one.reason) < 150 for one in labels.problems)


def test_an_outline_that_crosses_all_of_its_lines_takes_no_time(tmp_path: Path) -> None:
    there = np.random.default_rng(1).uniform(0, 100, (4000, 2)).tolist()
    ring = [one for point in there + there[::-1] for one in point]
    labels = coco(tmp_path, {"image_id": 1, "category_id": 1, "segmentation": [ring]})
    assert [one.reason for one in labels.problems] == ["an outline has no area"]


def zipped(path: Path, name: str, data: bytes = b"{}", *, link: bool = False) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        info = zipfile.ZipInfo(name)
        info.external_attr = (stat.S_IFLNK if link else stat.S_IFREG | 0o644) << 16
        info.compress_type = zipfile.ZIP_DEFLATED
        file.writestr(info, data)
    return path


@pytest.mark.parametrize(("name", "link"), [("../a.json", False), ("/a.json", False), ("a/../../b.json", False),
                                            ("C:/a.json", False), ("a\\..\\b.json", False), ("a.json", True)])
def test_a_zip_that_leads_elsewhere_is_refused(tmp_path: Path, name: str, link: bool) -> None:
    with pytest.raises(ArgusError, match="is refused"):
        open_source(zipped(tmp_path / "a.zip", name, link=link))


def test_a_zip_that_grows_more_than_a_hundredfold_is_refused__and_what_is_no_zip(tmp_path: Path) -> None:
    with pytest.raises(ArgusError, match="more than 100 times"):
        open_source(zipped(tmp_path / "a.zip", "a.json", b"0" * 2**24))
    lying = bytearray(zipped(tmp_path / "b.zip", "a.json", b"0" * 2**24).read_bytes())
    at = lying.rindex(b"PK\x01\x02") + 24
    lying[at:at + 4] = (10).to_bytes(4, "little")  # the list says ten bytes
    (tmp_path / "b.zip").write_bytes(lying)
    with pytest.raises(ArgusError, match="damaged"):
        open_source(tmp_path / "b.zip").read("a.json", 2**20)
    (tmp_path / "c.zip").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(ArgusError, match="no ZIP"):
        open_source(tmp_path / "c.zip")


def test_a_folder__links_are_left_out_and_told(tmp_path: Path) -> None:
    outside = tmp_path / "secret.json"
    outside.write_text("[]")
    folder = tmp_path / "set"
    (folder / "labels").mkdir(parents=True)
    (folder / "link.json").symlink_to(outside)
    (folder / "more").symlink_to(tmp_path, target_is_directory=True)
    os.mkfifo(folder / "pipe.json")
    coco(folder)
    source = open_source(folder)
    assert source.names == ["annotations.json"] and len(source.left_out) == 3
    assert {one.file for one in read(folder).problems} == {"link.json", "more", "pipe.json"}
