"""Clicks on tiny models of the real classes with random weights, in the form of facebook/sam3: mechanics, not meaning.

What the demo's trained tracker answers is in `tests/unit/demo/test_checkpoints.py`.
"""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from argus.settings import Settings
from ml_backend.engines import Detections, Exemplars, load_engine
from ml_backend.engines.transformers_engine import TransformersEngine

BOX = Exemplars(((10.0, 10.0, 60.0, 60.0),), (True,))


@pytest.fixture
def engine(random_whole_sam3: Path) -> TransformersEngine:
    loaded = load_engine(Settings(sam3_model=str(random_whole_sam3), device="cpu", torch_threads=1,
                                  keep_threshold=0.0, nms_iou=0.9))
    assert isinstance(loaded, TransformersEngine)
    return loaded


def same(a: Detections, b: Detections) -> bool:
    return len(a) == len(b) and np.array_equal(a.scores, b.scores) and np.array_equal(a.boxes, b.boxes)


def test_click__is_what_the_library_answers(engine: TransformersEngine, random_whole_sam3: Path,
                                            scenes: list[Image.Image]) -> None:
    from transformers import Sam3ImageProcessor, Sam3TrackerModel, Sam3TrackerProcessor

    image = scenes[0]
    library = Sam3TrackerModel.from_pretrained(random_whole_sam3).eval()
    processor = Sam3TrackerProcessor(Sam3ImageProcessor(size={"height": 192, "width": 192}), target_size=192)
    inputs = processor(images=image, input_points=[[[[200.0, 60.0], [10.0, 170.0]]]], input_labels=[[[1, 0]]],
                       return_tensors="pt")
    with torch.inference_mode():
        output = library(pixel_values=inputs["pixel_values"], input_points=inputs["input_points"],
                         input_labels=inputs["input_labels"], multimask_output=False)
    found = engine.click(image, "a", [(200, 60), (10, 170)], [True, False])
    theirs = processor.post_process_masks(output.pred_masks, inputs["original_sizes"])[0][0, 0].numpy()
    assert found.scores[0] == pytest.approx(float(output.iou_scores[0, 0, 0]), abs=2e-3)
    mask = found.masks[0]
    assert mask is not None
    ours = np.zeros((image.height, image.width), np.bool_)
    ours[mask.y:mask.y + mask.bits.shape[0], mask.x:mask.x + mask.bits.shape[1]] = mask.bits
    assert (ours != theirs.astype(np.bool_)).mean() < 0.02
    x0, y0, x1, y1 = found.boxes[0].tolist()
    assert (x1 - x0, y1 - y0) == (mask.bits.shape[1], mask.bits.shape[0])


def test_click__an_image_is_encoded_once_for_clicks_boxes_and_text(engine: TransformersEngine,
                                                                   scenes: list[Image.Image]) -> None:
    for key in "aabbab":
        image = scenes[0 if key == "a" else 1]
        engine.click(image, key, [(50, 50)], [True])
        engine.find(image, key, [], BOX)
        engine.find(image, key, ["cpu"], None)
    assert engine.images_encoded == 2


def test_click__memory_of_one_image_is_enough(random_whole_sam3: Path, engine: TransformersEngine,
                                              scenes: list[Image.Image]) -> None:
    forgetful = load_engine(Settings(sam3_model=str(random_whole_sam3), device="cpu", torch_threads=1,
                                     keep_threshold=0.0, nms_iou=0.9, feature_cache_mb=0))
    assert isinstance(forgetful, TransformersEngine)
    for i in (0, 1, 0):
        for _ in range(2):
            found = forgetful.click(scenes[i], str(i), [(50, 50)], [True])
            assert same(found, engine.click(scenes[i], str(i), [(50, 50)], [True]))
    assert (forgetful.images_encoded, engine.images_encoded) == (3, 2)
    assert len(forgetful._features) == 1


def test_click__the_encoder_is_in_memory_once(engine: TransformersEngine, scenes: list[Image.Image]) -> None:
    engine.click(scenes[0], "a", [(50, 50)], [True])
    assert engine._tracker.model.vision_encoder.backbone is engine.model.vision_encoder.backbone


def test_click__people_on_different_images_do_not_mix(engine: TransformersEngine, scenes: list[Image.Image]) -> None:
    points = [(50.0, 50.0), (120.0, 90.0), (20.0, 30.0)]
    alone = [engine.click(image, f"alone {i}", [points[i]], [True]) for i, image in enumerate(scenes)]
    alike = [engine.find(image, f"alone {i}", [], BOX) for i, image in enumerate(scenes)]
    wrong: list[str] = []

    def person(i: int) -> None:
        for _ in range(8):
            if not same(engine.click(scenes[i], f"image {i}", [points[i]], [True]), alone[i]):
                wrong.append(f"click on {i}")
            if not same(engine.find(scenes[i], f"image {i}", [], BOX), alike[i]):
                wrong.append(f"box on {i}")

    people = [threading.Thread(target=person, args=(i,)) for i in (0, 1, 2, 0)]
    for thread in people:
        thread.start()
    for thread in people:
        thread.join()
    assert not wrong
    assert engine.images_encoded == 2 * len(scenes)  # alone and together, once each
    assert not same(alone[0], alone[1])


def test_click__out_of_memory_forgets_other_images_and_goes_on(engine: TransformersEngine, scenes: list[Image.Image],
                                                               monkeypatch: pytest.MonkeyPatch) -> None:
    expected = engine.click(scenes[0], "a", [(50, 50)], [True])
    engine.find(scenes[1], "b", ["cpu"], None)
    click = engine._tracker.click

    def scarce(*arguments: object) -> object:
        if len(engine._features) > 2:
            raise torch.OutOfMemoryError("no memory left")
        return click(*arguments)

    monkeypatch.setattr(engine._tracker, "click", scarce)
    assert same(engine.click(scenes[0], "a", [(50, 50)], [True]), expected)


def test_outline__is_what_the_library_answers_inside_each_box(engine: TransformersEngine, random_whole_sam3: Path,
                                                              scenes: list[Image.Image]) -> None:
    from transformers import Sam3ImageProcessor, Sam3TrackerModel, Sam3TrackerProcessor

    image, boxes = scenes[0], [[10.0, 20.0, 120.0, 150.0], [0.0, 0.0, 320.0, 180.0]]
    library = Sam3TrackerModel.from_pretrained(random_whole_sam3).eval()
    processor = Sam3TrackerProcessor(Sam3ImageProcessor(size={"height": 192, "width": 192}), target_size=192)
    inputs = processor(images=image, input_boxes=[boxes], return_tensors="pt")
    with torch.inference_mode():
        output = library(pixel_values=inputs["pixel_values"], input_boxes=inputs["input_boxes"], multimask_output=False)
    theirs = processor.post_process_masks(output.pred_masks, inputs["original_sizes"])[0][:, 0].numpy()
    for box, mask, whole in zip(boxes, engine.outline(image, np.array(boxes, np.float32)), theirs, strict=True):
        ours = np.zeros((image.height, image.width), np.bool_)
        if mask is not None:
            ours[mask.y:mask.y + mask.bits.shape[0], mask.x:mask.x + mask.bits.shape[1]] = mask.bits
        x0, y0, x1, y1 = (int(value) for value in box)
        inside = (slice(y0, y1), slice(x0, x1))
        assert whole[inside].any() and (ours[inside] != whole[inside].astype(np.bool_)).mean() < 0.02
