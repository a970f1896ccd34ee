"""What is judged: images with what people annotated and what a model found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from argus.labelstudio.geometry import Box
from search_service.export.coco_rle import CocoRle


@dataclass(frozen=True, eq=False)
class Thing:
    """An annotated object, or a detection.

    Attributes:
        box: x0, y0, x1, y1 in pixels.
        area: square pixels, of the shape where there is one.
        shape: COCO's RLE of a mask or polygons of an outline; None where there is only the box.
        score: the model's, 0-1; 1 for an annotated object.
        crowd: many things in one region: what is found inside is neither right nor wrong.
    """

    label: str
    box: Box
    area: float
    shape: CocoRle | list[list[float]] | None = None
    score: float = 1.0
    crowd: bool = False

    @property
    def corner_and_size(self) -> list[float]:
        """x, y, width, height."""
        x0, y0, x1, y1 = self.box
        return [x0, y0, x1 - x0, y1 - y0]


@dataclass(frozen=True, eq=False)
class JudgedImage:
    """One task's image.

    Attributes:
        width, height: pixels.
        video: a text that only frames of one video have; "" for an image of none.
        seconds: its time in the video, None when that is not known.
    """

    task: int
    width: int
    height: int
    objects: Sequence[Thing]
    found: Sequence[Thing]
    video: str = ""
    seconds: float | None = None
