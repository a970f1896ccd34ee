"""Each export format, opened by the readers its users use: same images, splits, labels, boxes and shapes.

`make readers` makes the environment `.venv-readers`, which has the readers and nothing of ours.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from argus import detectors
from argus.labelstudio import geometry
from argus.labelstudio.regions import ExportObject
from argus.settings import Settings
from search_service.export.records import ExportImage
from search_service.export.run import FORMATS
from tests import tiny_detectors

pytestmark = pytest.mark.long
PYTHON = Path(__file__).resolve().parents[2] / ".venv-readers" / "bin" / "python"
EXAMPLES = PYTHON.parents[2] / "docs" / "examples"
SIZE = WIDTH, HEIGHT = 200, 100
TURNED = geometry.rectangle_ring({"x": 40, "y": 20, "width": 20, "height": 30, "rotation": 30}, *SIZE)
TRIANGLE = [(100.0, 0.0), (150.0, 0.0), (150.0, 50.0)]
MASK = np.zeros((HEIGHT, WIDTH), bool)
MASK[10:60, 20:90] = True
MASK[20:40, 40:60] = False  # a hole
BOXES = {"a.x.jpg": [["cpu", (10.4, 5.6, 60.0, 30.0)], ["fan", (20.0, 10.0, 90.0, 60.0)],
                     ["cpu", geometry.ring_box(TURNED)]],
         "empty.png": [], "b.webp": [["fan", (100.0, 0.0, 150.0, 50.0)]]}
IMAGES = [("a.x.jpg", "JPEG", "train", [
               ExportObject("cpu", (10.4, 5.6, 60.0, 30.0)),
               ExportObject("fan", (20.0, 10.0, 90.0, 60.0), mask=MASK, score=0.75, origin="model"),
               ExportObject("cpu", geometry.ring_box(TURNED), rings=(TURNED,), rotation=30.0)]),
          ("empty.png", "PNG", "train", []),
          ("b.webp", "WEBP", "val", [ExportObject("fan", (100.0, 0.0, 150.0, 50.0), rings=(TRIANGLE,), shaped=True)])]
TASKS = {1: "a.x.jpg", 2: "empty.png", 3: "b.webp"}


def export(folder: Path, format: str) -> Path:
    kind, out = FORMATS[format], folder / format
    out.mkdir()
    writer = kind(out, {label: kind.first + number for number, label in enumerate(("cpu", "fan"))}, ["train", "val"],
                  description="Line: 3")
    for task, (name, encoding, split, objects) in enumerate(IMAGES, 1):
        file = io.BytesIO()
        Image.new("RGB", SIZE, (90, 20, 30)).save(file, encoding)
        image = ExportImage(name, *SIZE, objects, data=file.getvalue(), source={"task_id": task})
        told = writer.add(image, split)
        assert told == (["oriented box that would leave the image: written upright"]
                        if (format, name) == ("yolo-obb", "b.webp") else [])
    writer.close()
    return out


def seen(reader: str, folder: Path) -> dict[str, tuple[str, list[Any], dict[str, Any]]]:
    """Return what a reader sees of each image: its split, labels with boxes, and what else that reader tells."""
    assert PYTHON.exists(), "make readers"
    done = subprocess.run([str(PYTHON), str(Path(__file__).with_name("seen.py")), reader, str(folder)],
                          capture_output=True, text=True, timeout=300, env={"HOME": str(folder.parent)})
    assert done.returncode == 0, done.stderr[-3000:]
    rows = json.loads(done.stdout.splitlines()[-1])
    return {TASKS.get(name, name): (split, boxes, more) for split, name, boxes, more in rows}


@pytest.mark.parametrize(("reader", "format", "within"), [
    ("pycocotools", "coco", 0.002), ("pycocotools", "coco-polygons", 0.002), ("supervision", "yolo", 0.001),
    ("supervision", "yolo-seg", 0.001), ("supervision", "yolo-obb", 0.001), ("supervision", "voc", 0.5),
    ("datumaro", "yolo", 0.01), ("datumaro", "datumaro", 0.01), ("datasets", "imagefolder", 0.002),
    ("datasets", "parquet", 0.002)])
def test_a_reader_sees_every_image_with_its_split_labels_and_boxes(tmp_path: Path, reader: str, format: str,
                                                                   within: float) -> None:
    found = seen(reader, export(tmp_path, format))
    assert {name: split for name, (split, _, _) in found.items()} == {name: split for name, _, split, _ in IMAGES}
    for name, expected in BOXES.items():
        boxes = found[name][1]
        assert [label for label, _ in boxes] == [label for label, _ in expected]
        for (_, box), (_, right) in zip(boxes, expected, strict=True):
            assert np.abs(np.array(box) - right).max() <= within, (name, box, right)


def test_shapes_keep_their_holes_and_areas(tmp_path: Path) -> None:
    drawn = int(MASK.sum())
    for reader, format in (("pycocotools", "coco"), ("pycocotools", "coco-polygons"), ("datumaro", "datumaro")):
        assert seen(reader, export(tmp_path, format))["a.x.jpg"][2]["pixels"][1] == drawn, format
    for format in ("imagefolder", "parquet"):
        _, _, more = seen("datasets", export(tmp_path, format))["a.x.jpg"]
        assert more["area"][1] == drawn and more["rings"][1] > 1  # polygons that leave the hole out


def test_a_turned_box_keeps_its_corners(tmp_path: Path) -> None:
    corners = seen("supervision", export(tmp_path, "yolo-obb"))["a.x.jpg"][2]["corners"][2]
    assert sorted(map(tuple, np.round(corners, 2).tolist())) == sorted(map(tuple, np.round(TURNED, 2).tolist()))


def test_an_export_becomes_what_the_training_script_reads(tmp_path: Path) -> None:
    """Classes with numbers and names, where `run_object_detection.py` looks for them."""
    out, example = tmp_path / "for-training", EXAMPLES / "prepare_training.py"
    look = ("import json, sys; from datasets import load_dataset; data = load_dataset(sys.argv[1])\n"
            "objects = data['train'].features['objects']; row = data['train'][0]; row.pop('image').load()\n"
            "print(json.dumps([sorted(data), objects['category'].feature.names, row]))")
    environment = {"HOME": str(tmp_path)}
    for arguments in ([str(example), str(export(tmp_path, "imagefolder")), str(out)], ["-c", look, str(out)]):
        done = subprocess.run([str(PYTHON), *arguments], capture_output=True, text=True, timeout=300, env=environment)
        assert done.returncode == 0, done.stderr[-3000:]
    splits, names, row = json.loads(done.stdout.splitlines()[-1])
    assert (splits, names, row["image_id"]) == (["train", "validation"], ["cpu", "fan"], 1)
    assert row["objects"]["category"] == [0, 1, 0] and len(row["objects"]["area"]) == 3
    assert np.allclose(row["objects"]["bbox"][0], [10.4, 5.6, 49.6, 24.4], atol=0.01)


def test_a_detector_is_trained_on_an_export_and_loaded(tmp_path: Path) -> None:
    """The commands of docs/detectors.md, with tiny weights; torch is ours, datasets the readers'."""
    from ml_backend.engines.detector_engine import DetectorEngine

    base, made = tiny_detectors.save(tmp_path / "base", "rt_detr", ["a", "b", "c"]), tmp_path / "detectors" / "parts-v1"
    data, environment = tmp_path / "for-training", {"HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    (packages,) = PYTHON.parents[1].glob("lib/python*/site-packages")
    run = ("import runpy, sys; sys.path.append(sys.argv.pop(1)); del sys.argv[0]; "
           "runpy.run_path(sys.argv[0], None, '__main__')")
    dataset = export(tmp_path, "imagefolder")
    for arguments in ([str(PYTHON), str(EXAMPLES / "prepare_training.py"), str(dataset), str(data)],
                      [sys.executable, "-c", run, str(packages), str(EXAMPLES / "train_detector.py"), str(data),
                       str(base), str(made), "--epochs", "1", "--batch", "2"]):
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=300, env=environment)
        assert done.returncode == 0, done.stderr[-3000:]
    settings = Settings(detectors=str(made.parent))
    assert detectors.names(settings) == ["parts-v1"]
    found = detectors.find(settings, "parts-v1")
    assert found.class_names == ("cpu", "fan")
    DetectorEngine.load(settings, found).self_test()
