"""Clicks on a tiny `Sam3TrackerModel` of the real class with random weights: the mechanism, not its meaning."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ml_backend.engines.tracker import Tracker


@pytest.fixture(scope="module")
def random_tracker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from transformers import Sam3TrackerConfig, Sam3TrackerModel

    from demo.train.sam3_tiny import config
    from demo.train.tokenizers import clip_tokenizer

    torch.set_num_threads(1)
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("random") / "tracker-random"
    Sam3TrackerModel(Sam3TrackerConfig(
        vision_config=config(clip_tokenizer()).vision_config.to_dict(),
        prompt_encoder_config={"hidden_size": 64, "image_size": 192, "patch_size": 16, "mask_input_channels": 4},
        mask_decoder_config={"hidden_size": 64, "mlp_dim": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
                             "iou_head_hidden_dim": 64, "attention_downsample_rate": 2})).save_pretrained(folder)
    return folder


@pytest.fixture
def tracker(random_tracker: Path) -> Tracker:
    return Tracker.load(str(random_tracker), torch.device("cpu"), torch.float32)


def test_click__is_what_the_library_answers(tracker: Tracker, scenes: list[Image.Image]) -> None:
    from transformers import Sam3ImageProcessor, Sam3TrackerProcessor

    image = scenes[0]
    processor = Sam3TrackerProcessor(Sam3ImageProcessor(size={"height": 192, "width": 192}), target_size=192)
    inputs = processor(images=image, input_points=[[[[200.0, 60.0], [10.0, 170.0]]]], input_labels=[[[1, 0]]],
                       return_tensors="pt")
    with torch.inference_mode():
        output = tracker.model(pixel_values=inputs["pixel_values"], input_points=inputs["input_points"],
                               input_labels=inputs["input_labels"], multimask_output=False)
        found = tracker.click(image, "a", [(200, 60), (10, 170)], [True, False])
    theirs = processor.post_process_masks(output.pred_masks, inputs["original_sizes"])[0][0, 0].numpy()
    assert found.scores[0] == pytest.approx(float(output.iou_scores[0, 0, 0]), abs=2e-3)
    mask = found.masks[0]
    assert mask is not None
    ours = np.zeros((image.height, image.width), np.bool_)
    ours[mask.y:mask.y + mask.bits.shape[0], mask.x:mask.x + mask.bits.shape[1]] = mask.bits
    assert (ours != theirs.astype(np.bool_)).mean() < 0.02
    x0, y0, x1, y1 = found.boxes[0].tolist()
    assert (x1 - x0, y1 - y0) == (mask.bits.shape[1], mask.bits.shape[0])


def test_click__a_second_click_on_an_image_does_not_encode_again(
        tracker: Tracker, scenes: list[Image.Image], monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: list[object] = []
    encode: Callable[..., object] = tracker.model.get_image_embeddings
    monkeypatch.setattr(tracker.model, "get_image_embeddings", lambda pixels: (encoded.append(1), encode(pixels))[1])
    with torch.inference_mode():
        for key in "aabbab":
            tracker.click(scenes[0 if key == "a" else 1], key, [(50, 50)], [True])
    assert len(encoded) == 2
