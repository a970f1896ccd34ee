"""Detectors of one's own, of the library's real classes with random weights: mechanics, not meaning."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from numpy.typing import NDArray
from PIL import Image

from argus import detectors
from argus.errors import ArgusError
from argus.settings import Settings
from label_studio_config.label_config import Concept
from ml_backend.engines import load_detector, load_engine
from ml_backend.engines.base import Detections, Mask, iou_with
from ml_backend.engines.detector_engine import DetectorEngine
from tests import tiny_detectors

CLASSES = ["cpu", "hard disk", "Fan"]
CPU, DISK, BOTH = (Concept(label, prompts, 0.5) for label, prompts in
                   (("cpu", ("cpu",)), ("disk", ("hard disk",)), ("part", ("hard disk", "Fan"))))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a detector of each class."""
    folder = tmp_path_factory.mktemp("detectors")
    for kind in tiny_detectors.MAKERS:
        tiny_detectors.save(folder / kind, kind, CLASSES)
    return folder


def settings(home: Path, **options: Any) -> Settings:
    return Settings(_env_file=None, detectors=str(home), device="cpu", torch_threads=1, **options)


def load(home: Path, name: str, **options: Any) -> DetectorEngine:
    engine = load_detector(settings(home, **options), name)
    assert isinstance(engine, DetectorEngine)
    return engine


@pytest.mark.parametrize("kind", tiny_detectors.MAKERS)
def test_detect__is_what_the_library_answers_by_class(home: Path, kind: str, scenes: list[Image.Image]) -> None:
    engine = load(home, kind, keep_threshold=0.1, nms_iou=1.0)
    engine.self_test()
    found = engine.detect(scenes, [CPU, DISK, BOTH])
    model = transformers.AutoModelForObjectDetection.from_pretrained(home / kind).eval()
    processor = transformers.AutoImageProcessor.from_pretrained(home / kind)
    total = 0
    for image, ours in zip(scenes, found, strict=True):
        with torch.inference_mode():
            output = model(**processor(images=image, return_tensors="pt"))
        theirs = processor.post_process_object_detection(output, threshold=0.1,
                                                         target_sizes=[(image.height, image.width)])[0]
        names = [CLASSES[i] for i in theirs["labels"].tolist()]
        for concept in (CPU, DISK, BOTH):
            mine = [k for k, name in enumerate(names) if name in concept.prompts]
            scores = np.sort(theirs["scores"].numpy()[mine])[::-1]
            total += len(ours[concept.label])
            assert len(ours[concept.label]) <= len(mine)  # boxes without an area are not kept
            assert np.allclose(ours[concept.label].scores, scores[:len(ours[concept.label])], atol=1e-5)
            _fits(ours[concept.label], image)
    assert total > 5, "random weights find something, or nothing was tested"


def _fits(found: Detections, image: Image.Image) -> None:
    assert (np.diff(found.scores) <= 0).all() and ((found.scores > 0) & (found.scores <= 1)).all()
    assert (found.boxes >= 0).all() and (found.boxes <= [*image.size, *image.size]).all()
    assert list(found.masks) == [None] * len(found)


@pytest.mark.parametrize("kind", tiny_detectors.MAKERS)
def test_detect__an_image_is_answered_alike_alone_and_among_others(home: Path, kind: str,
                                                                   scenes: list[Image.Image]) -> None:
    engine = load(home, kind)
    images = [scenes[0], scenes[1], scenes[0].rotate(180), scenes[2]]
    for image, found in zip(images, engine.detect(images, [BOTH]), strict=True):
        alone = engine.detect([image], [BOTH])[0]["part"]
        assert np.allclose(alone.scores, found["part"].scores, atol=1e-4)
        assert np.allclose(alone.boxes, found["part"].boxes, atol=0.1)


def test_detect__classes_of_one_label_that_overlap_are_one_object(home: Path, scenes: list[Image.Image]) -> None:
    every = load(home, "detr", nms_iou=1.0).detect(scenes, [BOTH])
    once = load(home, "detr", nms_iou=0.2).detect(scenes, [BOTH])
    assert sum(len(f["part"]) for f in once) < sum(len(f["part"]) for f in every)
    for found in once:
        boxes = found["part"].boxes
        for i in range(len(boxes)):
            assert (iou_with(boxes[i], boxes[i + 1:]) <= 0.2).all()


def test_detect__no_more_than_the_limit_is_kept_and_the_rest_is_counted(home: Path, scenes: list[Image.Image]) -> None:
    every = load(home, "rt_detr", nms_iou=1.0).detect(scenes[:1], [BOTH])[0]["part"]
    few = load(home, "rt_detr", nms_iou=1.0, max_detections=2).detect(scenes[:1], [BOTH])[0]["part"]
    assert len(every) > 3
    assert (len(few), few.left_out) == (2, min(8, len(every)) - 2)
    assert np.allclose(few.scores, every.scores[:2])


def test_detect__a_label_without_classes_gets_nothing(home: Path, scenes: list[Image.Image]) -> None:
    assert len(load(home, "detr").detect(scenes[:1], [Concept("shelf", (), 0.5)])[0]["shelf"]) == 0


class Outliner:
    """Stands in for SAM 3: a mask of each box's upper left pixel."""

    def __init__(self) -> None:
        self.asked: list[NDArray[np.float32]] = []

    def outline(self, _image: Image.Image, boxes: NDArray[np.float32]) -> list[Mask | None]:
        self.asked.append(boxes)
        return [Mask(int(box[0]), int(box[1]), np.ones((1, 1), np.bool_)) for box in boxes]


def test_detect__boxes_get_their_own_masks(home: Path, scenes: list[Image.Image]) -> None:
    outliner = Outliner()
    engine = load_detector(settings(home), "rt_detr", outliner)  # type: ignore[arg-type]
    assert engine.images_per_step == 1
    found = engine.detect(scenes, [CPU, DISK])
    assert len(outliner.asked) == len(scenes), "each image is encoded once"
    count = 0
    for one in (label for image in found for label in image.values()):
        for box, mask in zip(one.boxes, one.masks, strict=True):
            assert mask is not None and (mask.x, mask.y) == (int(box[0]), int(box[1]))
            count += 1
    assert count > 3


def test_outline__sam3_gives_a_mask_inside_each_box(random_whole_sam3: Path, scenes: list[Image.Image]) -> None:
    engine = load_engine(Settings(_env_file=None, sam3_model=str(random_whole_sam3), device="cpu", torch_threads=1))
    image = scenes[0]
    boxes = np.array([[10, 20, 120, 150], [200, 30, 300, 90], [0, 0, 320, 180]], np.float32)
    masks = engine.outline(image, boxes)
    assert len(masks) == 3 and any(masks)
    margin = np.ceil(np.array(image.size) / 48) + 1  # a cell of the model's mask
    for box, mask in zip(boxes, masks, strict=True):
        if mask is not None:
            height, width = mask.bits.shape
            assert mask.x >= box[0] - margin[0] and mask.x + width <= box[2] + margin[0]
            assert mask.y >= box[1] - margin[1] and mask.y + height <= box[3] + margin[1]
    together = [m.bits.sum() if m else 0 for m in masks]
    alone = [m.bits.sum() if m else 0 for box in boxes for m in engine.outline(image, box[None])]
    assert together == alone
    assert engine.outline(image, np.zeros((0, 4), np.float32)) == []


def test_self_test__a_model_that_answers_nan_is_refused(home: Path) -> None:
    engine = load(home, "yolos")
    engine.model.bbox_predictor.layers[0].weight.fill_(float("nan"))
    with pytest.raises(ArgusError) as caught:
        engine.self_test()
    assert caught.value.code == "model_broken"


def test_find__tells_classes_and_a_digest_of_the_weights(home: Path, tmp_path: Path) -> None:
    found = detectors.find(settings(home), "d_fine")
    assert (found.architecture, found.class_names) == ("DFineForObjectDetection", tuple(CLASSES))
    shutil.copytree(home / "d_fine", tmp_path / "copy")
    tiny_detectors.save(tmp_path / "other", "d_fine", CLASSES, seed=1)
    copy, other = (detectors.find(settings(tmp_path), name) for name in ("copy", "other"))
    assert copy.digest == found.digest != other.digest
    assert detectors.names(settings(tmp_path)) == ["copy", "other"]
    assert detectors.names(settings(tmp_path / "nowhere")) == []


@pytest.mark.parametrize("name", ["none", "../detr", "detr/..", "", ".", "/etc"])
def test_find__a_name_is_a_folder_there_and_no_path(home: Path, name: str) -> None:
    with pytest.raises(ArgusError) as caught:
        detectors.find(settings(home), name)
    assert caught.value.code == "model_not_found"


def _config(folder: Path, **changes: Any) -> None:
    path = folder / "config.json"
    config = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({key: value for key, value in config.items() if value is not None}))


def _fewer_weights(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    left = sorted(weights)[:-3]
    save_file({name: weights[name] for name in left}, folder / "model.safetensors", {"format": "pt"})


BROKEN = {
    "no config.json": lambda f: (f / "config.json").unlink(),
    "cannot be read": lambda f: (f / "config.json").write_text("{"),
    "no object": lambda f: (f / "config.json").write_text("[]"),
    "holds ViTForImageClassification": lambda f: _config(f, architectures=["ViTForImageClassification"]),
    "does not know": lambda f: _config(f, architectures=["OwlViTForObjectDetection"], model_type="owlvit"),
    "what its classes are called": lambda f: _config(f, id2label=None),
    "in a form that cannot be read": lambda f: _config(f, id2label={"one": "cpu"}),
    "no preprocessor_config.json": lambda f: (f / "preprocessor_config.json").unlink(),
    "has no weights": lambda f: (f / "model.safetensors").unlink(),
    "weights are missing": _fewer_weights,
    "cannot be loaded": lambda f: (f / "model.safetensors").write_bytes(b"nothing"),
}


@pytest.mark.parametrize("sentence", BROKEN)
def test_load__what_is_no_detector_is_refused_in_a_sentence(home: Path, tmp_path: Path, sentence: str) -> None:
    shutil.copytree(home / "detr", tmp_path / "mine")
    BROKEN[sentence](tmp_path / "mine")
    with pytest.raises(ArgusError) as caught:
        load_detector(settings(tmp_path), "mine")
    assert caught.value.code == "model_broken"
    assert sentence in caught.value.message and caught.value.hint


def test_load__a_backbone_whose_package_is_missing_names_it(home: Path, tmp_path: Path,
                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(home / "detr", tmp_path / "mine")

    def refuse(*_: object, **__: object) -> Sequence[Any]:
        raise ImportError("TimmBackbone requires the timm library but it was not found")

    monkeypatch.setattr(transformers.AutoModelForObjectDetection, "from_pretrained", refuse)
    with pytest.raises(ArgusError) as caught:
        load_detector(settings(tmp_path), "mine")
    assert caught.value.code == "missing_package" and "timm" in caught.value.message
