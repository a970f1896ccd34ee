"""The part of an image that stands for an object: its box, and a little of what is around it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PIL import Image

MARGIN = 0.5  # around the box, of its longer side


def cut(image: Image.Image, box: Sequence[float], margin: float = MARGIN) -> Image.Image:
    """Return the part of an image around a box of fractions (x0, y0, x1, y1)."""
    return image.crop(corners(box, image.size, margin))


def corners(box: Sequence[float], size: tuple[int, int], margin: float = MARGIN) -> tuple[int, int, int, int]:
    """Return the corners in pixels of the part around a box, inside the image and one pixel wide at least."""
    width, height = size
    x0, y0, x1, y1 = (side * part for side, part in zip(size * 2, box, strict=True))
    more = margin * max(x1 - x0, y1 - y0)
    left, top = min(max(0, int(x0 - more)), width - 1), min(max(0, int(y0 - more)), height - 1)
    return (left, top, max(left + 1, min(width, math.ceil(x1 + more))), max(top + 1, min(height, math.ceil(y1 + more))))


def decoded_side(boxes: Sequence[Sequence[float]], size: tuple[int, int], side: int) -> int:
    """Return the longest side that an image of `size` is decoded to, so that each box's longer side has `side` pixels,
    where the file has so many."""
    width, height = size
    least = min((max((x1 - x0) * width, (y1 - y0) * height) for x0, y0, x1, y1 in boxes), default=1.0)
    return math.ceil(min(1.0, side / max(least, 1.0)) * max(size))
