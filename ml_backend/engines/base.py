"""What every SAM 3 engine gives, and what it answers with. Without torch: web processes import this."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypedDict

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from argus.errors import no_number
from label_studio_config.label_config import Concept


class StoredMask(TypedDict):
    """A mask as JSON: its place and size in pixels, its bits packed, deflated and in base 64."""

    x: int
    y: int
    w: int
    h: int
    bits: str


@dataclass(frozen=True, eq=False)
class Mask:
    """A mask cut to its object: `bits` is bool (h, w), its first pixel at column `x`, row `y` of the image."""

    x: int
    y: int
    bits: NDArray[np.bool_]

    def to_json(self) -> StoredMask:
        packed = zlib.compress(np.packbits(self.bits).tobytes(), 6)
        height, width = self.bits.shape
        return {"x": self.x, "y": self.y, "w": width, "h": height, "bits": base64.b64encode(packed).decode()}

    @classmethod
    def from_json(cls, value: StoredMask) -> Mask:
        width, height = value["w"], value["h"]
        packed = np.frombuffer(zlib.decompress(base64.b64decode(value["bits"])), np.uint8)
        bits = np.unpackbits(packed, count=width * height).reshape(height, width).astype(np.bool_)
        return cls(value["x"], value["y"], bits)


@dataclass(frozen=True, eq=False)
class Detections:
    """What was found of one label on one image, best first.

    Attributes:
        scores: float32 (N,), 0..1: SAM 3's own score, `sigmoid(logit) × sigmoid(presence)`, or a detector's.
        boxes: float32 (N, 4), x0 y0 x1 y1 in pixels of the image as a person sees it, inside the image.
        masks: N masks; None for an object whose mask is empty. An engine may cut them when they are first looked at.
        left_out: objects beyond the number that is kept, at least.
    """

    scores: NDArray[np.float32]
    boxes: NDArray[np.float32]
    masks: Sequence[Mask | None]
    left_out: int = 0

    def __len__(self) -> int:
        return len(self.scores)

    def take(self, index: NDArray[np.intp]) -> Detections:
        return Detections(self.scores[index], self.boxes[index], [self.masks[i] for i in index.tolist()],
                          self.left_out)

    @classmethod
    def none(cls) -> Detections:
        return cls(np.zeros(0, np.float32), np.zeros((0, 4), np.float32), [])


@dataclass(frozen=True)
class Exemplars:
    """Boxes a person drew: "find everything like this" (positive) and "but not this" (negative).

    Attributes:
        boxes: x0 y0 x1 y1 in pixels.
        positive: one truth value for each box.
    """

    boxes: tuple[tuple[float, float, float, float], ...]
    positive: tuple[bool, ...]


class Engine(Protocol):
    """What looks for the labels of a run. An engine is loaded once and used by one thread at a time."""

    @property
    def images_per_step(self) -> int:
        """Images that one `detect` takes best; more are cut up by the caller, so that it can stop in between."""

    def detect(self, images: Sequence[Image.Image], concepts: Sequence[Concept]) -> list[dict[str, Detections]]:
        """Return, for each RGB image, the detections of every concept by label; each image is encoded once."""

    def self_test(self) -> None:
        """Run the model once on a small image; raise `model_broken` when what it answers makes no sense."""


class Sam3Engine(Engine, Protocol):
    """SAM 3 behind one interface."""

    def find(self, image: Image.Image, key: str, prompts: Sequence[str], exemplars: Exemplars | None) -> Detections:
        """Return what `prompts` and `exemplars` find together; `key` names the image for the feature cache."""

    def click(self, image: Image.Image, key: str, points: Sequence[tuple[float, float]],
              positive: Sequence[bool]) -> Detections:
        """Return the one object (or none) that points in pixels, on it or off it, point out."""

    def outline(self, image: Image.Image, boxes: NDArray[np.float32]) -> list[Mask | None]:
        """Return the mask of the object in each box (N, 4), x0 y0 x1 y1 in pixels; None where it is empty."""

    def unread(self, prompts: Sequence[str]) -> list[str]:
        """Return of each prompt the end that is beyond what the model reads; "" where all of it is read."""


def numbers(found: Detections) -> Detections:
    """Return `found`. Raises `model_broken` when its scores or boxes are no numbers."""
    if not (np.isfinite(found.scores).all() and np.isfinite(found.boxes).all()):
        raise no_number()
    return found


def not_among(found: Detections, boxes: Sequence[tuple[float, float, float, float]], iou: float) -> Detections:
    """Return the detections that overlap none of `boxes` (x0 y0 x1 y1 in pixels) by more than `iou`."""
    if not boxes:
        return found
    others = np.array(boxes, np.float32)
    free = [i for i, box in enumerate(found.boxes) if (iou_with(box, others) <= iou).all()]
    return found.take(np.array(free, np.intp))


def best_named(thing: NDArray[np.float32], named: Mapping[str, Detections], floor: float) -> str | None:
    """Return the label whose detections fit `thing` best, by score × IoU; None when none overlaps it by `floor`.

    Args:
        thing: (4,) x0 y0 x1 y1 in pixels.
        named: detections by label.
        floor: least IoU, 0..1.
    """
    best: tuple[float, str | None] = (0.0, None)
    for label, found in named.items():
        overlap = iou_with(thing, found.boxes)
        for score in (found.scores * overlap)[overlap >= floor].tolist():
            best = max(best, (score, label), key=lambda pair: pair[0])
    return best[1]


def iou_with(box: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return intersection over union of one box (4,) with each of others (N, 4)."""
    size = np.clip(np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2]), 0, None)
    shared = size[:, 0] * size[:, 1]
    area = (others[:, 2] - others[:, 0]) * (others[:, 3] - others[:, 1])
    union = (box[2] - box[0]) * (box[3] - box[1]) + area - shared
    return np.asarray(shared / np.maximum(union, 1e-9), np.float32)


def nms(boxes: NDArray[np.float32], scores: NDArray[np.float32], iou: float) -> NDArray[np.intp]:
    """Return the indices that stay, best first, when a box gives way to a better one it overlaps by more than `iou`.

    Args:
        boxes: (N, 4) x0 y0 x1 y1.
        scores: (N,).
        iou: intersection over union, 0..1.
    """
    order = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while order.size:
        best, rest = order[0], order[1:]
        kept.append(int(best))
        order = rest[iou_with(boxes[best], boxes[rest]) <= iou]
    return np.array(kept, np.intp)


@dataclass(frozen=True, eq=False)
class Found:
    """The stored detections of one label on one image of `width` × `height` pixels."""

    width: int
    height: int
    detections: Detections
