"""A stand-in for a model: it takes a fixed time an image and knows nothing. What is left over is the product's own."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from PIL import Image

from label_studio_config.label_config import Concept
from ml_backend.engines.base import Detections, Mask

SECONDS = 0.1


class StandInEngine:
    """Waits `SECONDS` an image, then answers with one round object of an eighth of the image's width for each label."""

    images_per_step = 8

    def __init__(self, seconds: float = SECONDS) -> None:
        self.seconds = seconds
        self.images_encoded = 0

    def detect(self, images: Sequence[Image.Image], concepts: Sequence[Concept]) -> list[dict[str, Detections]]:
        time.sleep(self.seconds * len(images))
        self.images_encoded += len(images)
        return [{c.label: disc(image.size, i) for i, c in enumerate(concepts)} for image in images]


def disc(size: tuple[int, int], index: int) -> Detections:
    """Return one round object at a place of its own."""
    side = size[0] // 8
    x, y = (index * side) % (size[0] - side), size[1] // 3
    row, column = np.ogrid[:side, :side]
    bits = (row - side / 2) ** 2 + (column - side / 2) ** 2 < (side / 2) ** 2
    return Detections(np.array([0.9], np.float32), np.array([[x, y, x + side, y + side]], np.float32),
                      [Mask(x, y, bits)])
