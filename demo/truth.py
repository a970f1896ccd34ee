"""What the renderer knows, held against what the servers and files say. Only the evaluation reads the truth."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Region:
    """A predicted object: label, box (xyxy, pixels of the frame) and score (0..1)."""

    label: str
    box: Box
    score: float


class Truth:
    """The objects of each frame, as the renderer wrote them.

    Args:
        path: JSON with `frames`: `{frame_number: [{"label", "box": [x0, y0, x1, y1]}, …]}`; boxes in pixels.
    """

    def __init__(self, path: Path) -> None:
        content = json.loads(path.read_text("utf-8"))
        self.size: tuple[int, int] = (content["width"], content["height"])
        self._frames: dict[int, list[tuple[str, Box]]] = {
            int(number): [(thing["label"], (*thing["box"],)) for thing in things]
            for number, things in content["frames"].items()}

    @property
    def labels(self) -> list[str]:
        return sorted({label for things in self._frames.values() for label, _ in things})

    def shows(self, frame_number: int, label: str) -> bool:
        return bool(self.boxes(frame_number, label))

    def boxes(self, frame_number: int, label: str) -> list[Box]:
        """Return the boxes of `label` on a frame; a frame the renderer does not know is a `KeyError`."""
        return [box for name, box in self._frames[frame_number] if name == label]


def iou(a: Box, b: Box) -> float:
    """Return the intersection over union of two xyxy boxes, 0..1."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def matched(regions: Sequence[Region], boxes: Sequence[Box], floor: float = 0.5) -> list[bool]:
    """Return for each region whether it is right; each box of the truth is given away once, to the surest region.

    Args:
        regions: of one label on one frame; boxes: the truth of that label on that frame.
        floor: least IoU of a match.
    """
    free, right = list(boxes), [False] * len(regions)
    for index in sorted(range(len(regions)), key=lambda i: -regions[i].score):
        best = max(free, key=lambda box: iou(regions[index].box, box), default=None)
        if best is not None and iou(regions[index].box, best) >= floor:
            right[index] = True
            free.remove(best)
    return right


def quality(frames: Iterable[tuple[int, Sequence[Region]]], truth: Truth, label: str,
            high: float = 0.9) -> dict[str, float]:
    """Return regions, precision and recall at IoU 0.5 of `label`, and the precision of regions scored `high` or more.

    Args:
        frames: `(frame number, predicted regions)`, each frame once.
    """
    right: list[tuple[float, bool]] = []
    objects = 0
    for number, regions in frames:
        mine, boxes = [r for r in regions if r.label == label], truth.boxes(number, label)
        objects += len(boxes)
        right += list(zip((r.score for r in mine), matched(mine, boxes), strict=True))
    hits, sure = sum(ok for _, ok in right), [ok for score, ok in right if score >= high]
    return {"objects": len(right), "precision": round(hits / max(1, len(right)), 4),
            "recall": round(hits / max(1, objects), 4),
            "high_band_precision": round(sum(sure) / max(1, len(sure)), 4)}
