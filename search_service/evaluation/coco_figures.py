"""COCO's figures of detections, computed by pycocotools.

pycocotools prints what it does. Its functions are called with a `print` of their own that does nothing: to catch what
is printed would catch what other threads print, too. It is imported when it is first needed.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from argus.labelstudio.geometry import box_ring
from search_service.evaluation.records import JudgedImage, Thing

if TYPE_CHECKING:
    from pycocotools.coco import COCO

Kind = Literal["bbox", "segm"]
Floats = NDArray[np.float64]
SIZES: tuple[Literal["small", "medium", "large"], ...] = ("small", "medium", "large")
_ALL = 0  # place of "all sizes" among COCO's ranges of area
_AT_50 = 0  # place of the IoU 0.5


@dataclass(frozen=True)
class Outcomes:
    """The detections of one label, at an IoU of 0.5, highest score first; those that do not count are left out.

    Attributes:
        right: bool (n,).
        image: int64 (n,), the place of the image.
        objects: int64 (images,), annotated objects of each image.
    """

    right: NDArray[np.bool_]
    image: NDArray[np.int64]
    objects: NDArray[np.int64]


@dataclass(frozen=True)
class CocoFigures:
    """What pycocotools says of detections.

    Attributes:
        labels: those that were looked at.
        outcomes: by label.
    """

    labels: Sequence[str]
    outcomes: Sequence[Outcomes]
    _precision: Floats  # IoUs, recalls, labels, sizes
    _recall: Floats  # IoUs, labels, sizes
    _objects: NDArray[np.int64]  # labels, sizes

    def ap50(self, label: str = "", size: int = _ALL) -> float | None:
        """AP at an IoU of 0.5; None without objects. `size` is 0 for all, 1 to 3 for those of `SIZES`."""
        return _mean(self._precision[_AT_50][:, self._of(label), size])

    def ap(self, label: str = "", size: int = _ALL) -> float | None:
        return _mean(self._precision[:, :, self._of(label), size])

    def ar(self, label: str = "", size: int = _ALL) -> float | None:
        return _mean(self._recall[:, self._of(label), size])

    def objects(self, label: str = "", size: int = _ALL) -> int:
        return int(self._objects[self._of(label), size].sum())

    def _of(self, label: str) -> list[int]:
        return [self.labels.index(label)] if label else list(range(len(self.labels)))


def measure(images: Sequence[JudgedImage], kind: Kind = "bbox") -> CocoFigures:
    """Return the figures of what was found on the images, by boxes or by shapes.

    A mean is over the labels that have objects, as COCO has it.
    """
    labels = sorted({thing.label for image in images for thing in (*image.objects, *image.found)})
    if not labels:
        return CocoFigures([], [], -np.ones((10, 101, 0, 4)), -np.ones((10, 0, 4)), np.zeros((0, 4), np.int64))
    truth, found = (_dataset(images, labels, side, kind) for side in ("objects", "found"))
    evaluation = _quiet().evaluation(truth, found, kind)
    evaluation.evaluate()
    evaluation.accumulate()
    rows = np.array(evaluation.evalImgs, object).reshape(len(labels), 4, len(images))
    return CocoFigures(labels, [_outcomes(rows[place, _ALL]) for place in range(len(labels))],
                       evaluation.eval["precision"][..., -1], evaluation.eval["recall"][..., -1],
                       np.array([[_positives(of_size) for of_size in of_label] for of_label in rows], np.int64))


def _positives(rows: NDArray[Any]) -> int:
    return int(sum(np.count_nonzero(row["gtIgnore"] == 0) for row in rows if row is not None))


def _outcomes(rows: NDArray[Any]) -> Outcomes:
    """Return what became of one label; `rows` are pycocotools' records of all images."""
    objects = np.zeros(len(rows), np.int64)
    scores, right, place = [], [], []
    for number, row in enumerate(rows):
        if row is None:
            continue
        objects[number] = np.count_nonzero(row["gtIgnore"] == 0)
        for score, match, ignored in zip(row["dtScores"], row["dtMatches"][_AT_50], row["dtIgnore"][_AT_50],
                                         strict=True):
            if not ignored:
                scores.append(score)
                right.append(match > 0)
                place.append(number)
    order = np.argsort(-np.array(scores, float), kind="mergesort")
    return Outcomes(np.array(right, bool)[order], np.array(place, np.int64)[order], objects)


def _mean(values: Floats) -> float | None:
    there = values[values > -1]
    return float(there.mean()) if there.size else None


def _dataset(images: Sequence[JudgedImage], labels: Sequence[str], side: Literal["objects", "found"],
             kind: Kind) -> COCO:
    """Return one side as pycocotools takes it. Images are numbered, so that their order is theirs here."""
    numbers = {label: number for number, label in enumerate(labels, 1)}
    annotations: list[dict[str, Any]] = []
    for place, image in enumerate(images):
        things: Sequence[Thing] = getattr(image, side)
        for thing in things:
            box = thing.corner_and_size
            one = {
                "id": len(annotations) + 1, "image_id": place, "category_id": numbers[thing.label], "bbox": box,
                "score": thing.score, "iscrowd": int(thing.crowd),
                "area": box[2] * box[3] if kind == "bbox" and side == "found" else thing.area}
            if kind == "segm":
                one["segmentation"] = thing.shape or [[c for point in box_ring(thing.box) for c in point]]
            annotations.append(one)
    dataset = _quiet().dataset()
    dataset.dataset = {
        "images": [{"id": place, "width": image.width, "height": image.height} for place, image in enumerate(images)],
        "categories": [{"id": number, "name": label} for label, number in numbers.items()], "annotations": annotations}
    dataset.createIndex()
    return dataset


@dataclass(frozen=True)
class _Quiet:
    """pycocotools' classes, without what they print."""

    dataset: Any
    evaluation: Any


@functools.cache
def _quiet() -> _Quiet:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    return _Quiet(_silenced(COCO, "createIndex"), _silenced(COCOeval, "evaluate", "accumulate"))


def _silenced(base: type, *names: str) -> type:
    """Return a subclass whose methods of these names print nothing."""
    def silent(name: str) -> types.FunctionType:
        function = getattr(base, name)
        return types.FunctionType(function.__code__, {**function.__globals__, "print": lambda *said: None}, name,
                                  function.__defaults__, function.__closure__)

    return type(base.__name__, (base,), {name: silent(name) for name in names})
