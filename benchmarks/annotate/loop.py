"""The loop: one task, one label, and for each of them fetch, decode, encode, detect. What Argus is compared with.

It is what existing SAM backends for Label Studio do per request, written with the same libraries Argus uses, and it is
given what it does not need to lose: the model stays loaded, images are squashed by the same code.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from label_studio_sdk.converter import brush
from PIL import Image
from transformers import Sam3ImageProcessor

from argus.images.fetcher import open_image
from ml_backend.engines.transformers_engine import to_pixels

_THRESHOLD = 0.4
sdk_rle: Callable[[Any], list[int]] = brush.mask2rle


class Loop:
    """The model of the loop and what it takes to ask it for one label on one image."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self.model, self.tokenizer = model, tokenizer
        self.side = int(model.config.vision_config.backbone_config.image_size)
        self.length = int(model.config.text_config.max_position_embeddings)
        self.processor = Sam3ImageProcessor()
        self.encoded = 0

    def predict(self, fetch: Callable[[], bytes], label: str) -> list[dict[str, Any]]:
        """Return the brush regions of one label on one image."""
        image = open_image(fetch())
        tokens = self.tokenizer([label], padding="max_length", max_length=self.length, truncation=True,
                                return_tensors="pt")
        self.encoded += 1
        with torch.inference_mode():
            out = self.model(pixel_values=to_pixels(image, self.side)[None].to(self.model.dtype),
                             input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"])
        found = self.processor.post_process_instance_segmentation(
            out, threshold=_THRESHOLD, target_sizes=[(image.height, image.width)])[0]
        return [region(label, image, np.asarray(mask)) for mask in found["masks"]]


def region(label: str, image: Image.Image, mask: Any) -> dict[str, Any]:
    """Return a mask as the SDK makes a brush region of it."""
    return {"from_name": "mask", "to_name": "image", "type": "brushlabels", "original_width": image.width,
            "original_height": image.height,
            "value": {"format": "rle", "rle": sdk_rle((mask > 0).astype(np.uint8) * 255), "brushlabels": [label]}}


def timed(loop: Loop, images: Sequence[Callable[[], bytes]], labels: Sequence[str],
          store: Callable[[int, list[dict[str, Any]]], None] = lambda index, regions: None) -> float:
    """Return the seconds the loop takes for these images and labels."""
    began = time.perf_counter()
    for index, fetch in enumerate(images):
        store(index, [found for label in labels for found in loop.predict(fetch, label)])
    return time.perf_counter() - began
