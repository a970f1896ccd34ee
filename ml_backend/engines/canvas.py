"""Everything like a reference: the reference and the image on one canvas, and a box prompt on the reference.

SAM 3 finds on an image what is like a box that was drawn on it. A region of another image becomes such a box when both
are put on one canvas: the way of arXiv 2604.05433, which needs no training. What is found on the part of the canvas
that is the image is mapped back to it. All references share one canvas, cut out closely: that measures better than a
canvas for each, than whole images, and than wider parts of them. There are no negative boxes: they make it collapse.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
from PIL import Image

from ml_backend.engines.base import Detections, Exemplars, Mask, Sam3Engine

SHARE = 0.25  # height of the strip with the references, by that of the image; chosen by measurement, as the margin
MARGIN = 0.1  # around a reference, of its longer side
_EDGE = 2.0  # pixels of a box on the image at least

Box = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Reference:
    """A region to look for: `box` is x0 y0 x1 y1 in pixels of `image`, an RGB image or a part of one around it."""

    image: Image.Image
    box: Box


@dataclass(frozen=True, eq=False)
class Canvas:
    """References above an image: `boxes` are the references', in pixels of the canvas; the image begins at row `top`
    and has its own size."""

    image: Image.Image
    boxes: tuple[Box, ...]
    top: int


def compose(image: Image.Image, references: Sequence[Reference]) -> Canvas:
    """Return an RGB image with references side by side in a strip above it, each scaled to fit."""
    height = max(1, round(image.height * SHARE))
    width = image.width // len(references)
    canvas = Image.new("RGB", (image.width, height + image.height), "grey")
    boxes: list[Box] = []
    for place, one in enumerate(references):
        scale = min(width / one.image.width, height / one.image.height)
        size = max(1, round(one.image.width * scale)), max(1, round(one.image.height * scale))
        left, top = place * width + (width - size[0]) // 2, (height - size[1]) // 2
        canvas.paste(one.image.resize(size, Image.Resampling.BILINEAR), (left, top))
        x, y = size[0] / one.image.width, size[1] / one.image.height
        boxes.append((left + one.box[0] * x, top + one.box[1] * y, left + one.box[2] * x, top + one.box[3] * y))
    canvas.paste(image, (0, height))
    return Canvas(canvas, tuple(boxes), height)


def on_image(found: Detections, top: int, size: tuple[int, int]) -> Detections:
    """Return what was found on the part of a canvas that is an image of `size` (width, height), in its pixels. What
    has its middle above row `top` is left out."""
    width, height = size
    middle = (found.boxes[:, 1] + found.boxes[:, 3]) / 2
    boxes = found.boxes - np.array([0, top, 0, top], np.float32)
    boxes = np.clip(boxes, 0, np.array([width, height, width, height], np.float32))
    sides = boxes[:, 2:] - boxes[:, :2]
    here = np.flatnonzero((middle >= top) & (sides >= min(_EDGE, width, height)).all(axis=1))
    return Detections(found.scores[here], boxes[here], _Lower(found.masks, here.tolist(), top), found.left_out)


class _Lower(Sequence[Mask | None]):
    """Masks of a canvas in pixels of its image, cut when somebody looks at them."""

    def __init__(self, masks: Sequence[Mask | None], places: list[int], top: int) -> None:
        self._masks, self._places, self._top = masks, places, top

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> Mask | None: ...
    @overload
    def __getitem__(self, index: slice) -> list[Mask | None]: ...
    def __getitem__(self, index: int | slice) -> Mask | list[Mask | None] | None:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        return _below(self._masks[self._places[index]], self._top)


def _below(mask: Mask | None, top: int) -> Mask | None:
    if mask is None:
        return None
    rows = max(0, top - mask.y)
    bits = mask.bits[rows:]
    return Mask(mask.x, max(mask.y, top) - top, bits) if bits.any() else None


def reference(image: Image.Image, box: Box) -> Reference:
    """Return a region of an RGB image, `box` in its pixels, with a little of what is around it."""
    more = MARGIN * max(box[2] - box[0], box[3] - box[1])
    left, top = max(0, int(box[0] - more)), max(0, int(box[1] - more))
    right, lower = min(image.width, math.ceil(box[2] + more)), min(image.height, math.ceil(box[3] + more))
    return Reference(image.crop((left, top, right, lower)), (box[0] - left, box[1] - top, box[2] - left, box[3] - top))


def find_like(engine: Sam3Engine, image: Image.Image, key: str, references: Sequence[Reference]) -> Detections:
    """Return what is like the references on an RGB image, best first; `key` names the image for the engine's cache."""
    canvas = compose(image, references)
    prompt = Exemplars(canvas.boxes, (True,) * len(references))
    return on_image(engine.find(canvas.image, key, [], prompt), canvas.top, image.size)
