"""What a person left on an image, compared with what was predicted there. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from argus.labelstudio.geometry import Box, box_iou
from argus.labelstudio.regions import ExportObject
from search_service.review.changes import Size, name_of
from search_service.review.prediction_store import Said

MOVED, KEPT = 0.5, 0.95  # IoU from which a box is the same thing, and not even moved


@dataclass(frozen=True)
class Outcome:
    """What became of a predicted object ("wrong": it was deleted), or one that was missing ("added").

    Attributes:
        object: '' for one that was added.
        label, score: as predicted; of one that was added its own, and None.
        box: of one that was moved or added, as fractions of the sides.
        iou: with its partner, of one that has one.
    """

    object: str
    label: str
    score: float | None
    verdict: Said
    new_label: str = ""
    box: Box | None = None
    iou: float | None = None


def compare(predicted: Sequence[ExportObject], final: Sequence[ExportObject], size: Size) -> list[Outcome]:
    """Return an outcome for each predicted object, and one for each that was missing.

    Pairs are taken by falling IoU, those of one label first, each object once.
    """
    pairs = sorted((one.label != other.label, -iou, i, j) for i, one in enumerate(predicted)
                   for j, other in enumerate(final) if (iou := box_iou(one.box, other.box)) >= MOVED)
    partners: dict[int, tuple[int, float]] = {}
    taken: set[int] = set()
    for _, iou, i, j in pairs:
        if i not in partners and j not in taken:
            partners[i] = (j, -iou)
            taken.add(j)
    judged = [_outcome(one, final[partners[i][0]], partners[i][1], size) if i in partners
              else Outcome(name_of(one), one.label, one.score, "wrong") for i, one in enumerate(predicted)]
    return judged + [Outcome("", one.label, None, "added", box=_fractions(one.box, size))
                     for j, one in enumerate(final) if j not in taken]


def _outcome(one: ExportObject, other: ExportObject, iou: float, size: Size) -> Outcome:
    box = None if iou >= KEPT else _fractions(other.box, size)
    if one.label != other.label:
        return Outcome(name_of(one), one.label, one.score, "relabelled", other.label, box, iou)
    return Outcome(name_of(one), one.label, one.score, "moved" if box else "right", "", box, iou)


def _fractions(box: Box, size: Size) -> Box:
    width, height = size
    return box[0] / width, box[1] / height, box[2] / width, box[3] / height
