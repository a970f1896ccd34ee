"""Figures of merit for search and detection, on plain arrays."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demo.train.predict import Detection, iou


@dataclass(frozen=True)
class Truth:
    """One object: its image, its label's index and its box, xyxy in 0..1."""

    image: int
    label: int
    box: NDArray[np.float32]


def precision_at(scores: NDArray[np.float32], relevant: NDArray[np.bool_], k: int) -> float:
    """Share of relevant items among the ``k`` best scored."""
    best = np.argsort(-scores, kind="stable")[:k]
    return float(relevant[best].mean())


def judge(detections: list[Detection], truth: list[Truth], min_iou: float = 0.5) -> NDArray[np.bool_]:
    """For each detection whether it is right: the best free object of its image and label overlaps enough.

    Detections compete for objects in the order of their scores, as in PASCAL VOC's and COCO's evaluation.
    """
    places: dict[tuple[int, int], list[int]] = {}
    for number, item in enumerate(truth):
        places.setdefault((item.image, item.label), []).append(number)
    taken: set[int] = set()
    right = np.zeros(len(detections), bool)
    for index in sorted(range(len(detections)), key=lambda i: -detections[i].score):
        found = detections[index]
        free = [n for n in places.get((found.image, found.label), []) if n not in taken]
        best = max(free, key=lambda n: iou(found.box, truth[n].box), default=None)
        if best is not None and iou(found.box, truth[best].box) >= min_iou:
            taken.add(best)
            right[index] = True
    return right


def average_precision(scores: NDArray[np.float64], right: NDArray[np.bool_], objects: int) -> float:
    """Area under the precision-recall curve (precision made monotonic); 0 without detections."""
    if not len(scores) or objects == 0:
        return 0.0
    hits = right[np.argsort(-scores, kind="stable")]
    recall = np.cumsum(hits) / objects
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(np.diff(np.concatenate([[0.0], recall])) * envelope))


@dataclass(frozen=True)
class AtThreshold:
    """What remains at a score threshold: regions, how many of them are right, and how many objects there are."""

    threshold: float
    regions: int
    right: int
    objects: int

    @property
    def precision(self) -> float:
        """Right regions / regions; 1 if there are none."""
        return self.right / self.regions if self.regions else 1.0

    @property
    def recall(self) -> float:
        """Right regions / objects."""
        return self.right / max(1, self.objects)


def at_threshold(detections: list[Detection], right: NDArray[np.bool_], objects: int, threshold: float) -> AtThreshold:
    """Count the detections scored ``threshold`` or more."""
    kept = np.array([found.score >= threshold for found in detections], bool)
    return AtThreshold(threshold, int(kept.sum()), int((kept & right).sum()), objects)
