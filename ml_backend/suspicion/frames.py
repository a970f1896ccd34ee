"""What is known of one image: the stored detections of all labels, those below the display threshold too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["below_threshold", "seen_around", "nothing_found", "two_labels", "twins", "nested", "sliver", "speck",
               "cut_at_edge", "count", "size", "dark", "blurred", "frozen", "only_other", "only_here", "other_label"]
KINDS: tuple[Kind, ...] = ("below_threshold", "seen_around", "nothing_found", "two_labels", "twins", "nested", "sliver",
                           "speck", "cut_at_edge", "count", "size", "dark", "blurred", "frozen", "only_other",
                           "only_here", "other_label")
LACKING: tuple[Kind, ...] = ("below_threshold", "seen_around", "nothing_found", "only_other")  # may have been missed
Box = NDArray[np.float64]
"""(4,) x0 y0 x1 y1 as fractions of the image's sides."""
MARGIN = 0.012  # a box this near to the image's edge may be cut by it


@dataclass(frozen=True, eq=False)
class Frame:
    """The detections of one task's image.

    Attributes:
        task: its id.
        seconds: its time in the video; None for an image of its own.
        labels: (N,) names.
        scores: (N,) 0..1.
        boxes: (N, 4) as fractions of the image's sides.
        shown: (N,) whether the prediction shows it.
        computed: labels that were looked for; None for all. Of others nothing is known.
        aspect: the image's width by its height.
    """

    task: int
    seconds: float | None
    labels: NDArray[np.str_]
    scores: NDArray[np.float64]
    boxes: NDArray[np.float64]
    shown: NDArray[np.bool_]
    computed: frozenset[str] | None = None
    aspect: float = 1.0

    def overlap(self, box: Box) -> NDArray[np.float64]:
        """Return the IoU of `box` with each detection, (N,)."""
        return overlap(box, self.boxes)


@dataclass(frozen=True)
class Suspicion:
    """Something to look at before a task is accepted.

    Attributes:
        label: of the object in question; "" where it is about the whole image.
        box: x, y, width and height in percent of the image; None where it is about the whole image.
        strength: 0..1, how likely it is that something is wrong.
        other: the neighbouring task that suggested it; None without one.
        score: of the stored detection in question, 0..1; None where there is none.
        said: the label that the project's other model gives to the same thing; "" where that is not the question.
    """

    task: int
    kind: Kind
    label: str
    box: tuple[float, float, float, float] | None
    strength: float
    other: int | None = None
    score: float | None = None
    said: str = ""


def percent(box: Box) -> tuple[float, float, float, float]:
    """Return a box as Label Studio writes it: x, y, width, height in percent of the image."""
    x0, y0, x1, y1 = (float(value) * 100 for value in box)
    return round(x0, 4), round(y0, 4), round(x1 - x0, 4), round(y1 - y0, 4)


def area(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the areas of boxes (..., 4)."""
    size = np.clip(boxes[..., 2:] - boxes[..., :2], 0, None)
    return np.asarray(size[..., 0] * size[..., 1], np.float64)


def shared(box: Box, others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the area that one box (4,) has in common with each of others (N, 4)."""
    size = np.clip(np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2]), 0, None)
    return np.asarray(size[:, 0] * size[:, 1], np.float64)


def overlap(box: Box, others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the intersection over union of one box (4,) with each of others (N, 4)."""
    common = shared(box, others)
    return np.asarray(common / np.maximum(area(box) + area(others) - common, 1e-12), np.float64)


def is_cut(box: Box) -> bool:
    """Whether a box reaches the image's edge, so that its true size is not known."""
    return bool(box[:2].min() <= MARGIN or box[2:].max() >= 1 - MARGIN)
