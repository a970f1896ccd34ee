"""References and an image on one canvas: where they stand, and where what is found there lies on the image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from ml_backend.engines import canvas
from ml_backend.engines.base import Detections, Exemplars, Mask

IMAGE = Image.new("RGB", (400, 200), "blue")


def test_reference__is_cut_out_closely_and_inside_its_image() -> None:
    one = canvas.reference(IMAGE, (100, 50, 140, 70))
    assert one.image.size == (48, 28) and one.box == (4, 4, 44, 24)
    corner = canvas.reference(IMAGE, (0, 0, 40, 20))
    assert corner.image.size == (44, 24) and corner.box == (0, 0, 40, 20)


def test_compose__references_stand_above_the_image_in_their_shape() -> None:
    red = canvas.Reference(Image.new("RGB", (40, 20), "red"), (4, 2, 36, 18))
    made = canvas.compose(IMAGE, [red, red])
    assert (made.image.size, made.top) == ((400, 250), 50)
    for (x0, y0, x1, y1), left in zip(made.boxes, (0, 200), strict=True):
        assert left <= x0 < x1 <= left + 200 and 0 <= y0 < y1 <= 50
        assert (x1 - x0) / (y1 - y0) == 2
        assert made.image.getpixel((int((x0 + x1) / 2), int((y0 + y1) / 2))) == (255, 0, 0)
    assert made.image.getpixel((5, 60)) == (0, 0, 255)


class _FakeEngine:
    """Finds each example box itself, and a thing on the image that reaches into the strip."""

    def __init__(self) -> None:
        self.asked: list[tuple[Sequence[str], Exemplars]] = []

    def find(self, image: Image.Image, key: str, prompts: Sequence[str], exemplars: Exemplars) -> Detections:
        self.asked.append((prompts, exemplars))
        boxes = [*exemplars.boxes, (10.0, 40.0, 60.0, 110.0), (100.0, 60.0, 150.0, 90.0)]
        bits = np.ones((70, 50), np.bool_)
        masks = [None] * len(exemplars.boxes) + [Mask(10, 40, bits), None]
        return Detections(np.linspace(0.9, 0.5, len(boxes)).astype(np.float32), np.array(boxes, np.float32), masks)


def test_find_like__leaves_the_references_out_and_maps_back() -> None:
    engine: Any = _FakeEngine()
    red = canvas.Reference(Image.new("RGB", (40, 20), "red"), (4, 2, 36, 18))
    found = canvas.find_like(engine, IMAGE, "a", [red])
    ((prompts, exemplars),) = engine.asked
    assert (list(prompts), exemplars.positive) == ([], (True,))  # no negative boxes
    assert found.boxes.tolist() == [[10, 0, 60, 60], [100, 10, 150, 40]]
    mask = found.masks[0]
    assert mask and (mask.x, mask.y, mask.bits.shape) == (10, 0, (60, 50))
    assert list(found.masks[0:2])[1] is None and len(found.masks) == 2
