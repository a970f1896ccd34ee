"""What became of an image's objects between two versions. Pure functions."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple

from pydantic import JsonValue

from argus.answers.versions import ImageChange, ObjectChange
from argus.labelstudio.regions import ExportObject
from search_service.export.records import ExportImage
from search_service.export.versions.store import ImageRow, PairRow

_SAME_IOU = 0.5  # boxes that overlap so much are one object, when no region tells


class _Kept(NamedTuple):
    """An object as a version keeps it."""

    label: str
    box: list[float]
    shape: str
    regions: frozenset[str]


def row_of(task_id: int, image: ExportImage, split: str) -> ImageRow:
    """Return what a version keeps of an image: boxes as fractions, of masks and outlines a digest."""
    kept = sorted(((_record(item, image), list(item.regions)) for item in image.objects), key=repr)
    return ImageRow(task_id, image.file_name, split, image.digest, [one for one, _ in kept], [ids for _, ids in kept])


def _record(item: ExportObject, image: ExportImage) -> list[JsonValue]:
    size = (image.width, image.height, image.width, image.height)
    return [item.label, *(round(side / whole, 5) for side, whole in zip(item.box, size, strict=True)), _shape(item)]


def _shape(item: ExportObject) -> str:
    if item.mask is not None:
        return hashlib.sha256(item.mask.tobytes()).hexdigest()[:16]
    rings = [[round(c, 2) for point in ring for c in point] for ring in item.rings]
    return hashlib.sha256(repr(rings).encode()).hexdigest()[:16] if rings else ""


def image_change(pair: PairRow) -> ImageChange:
    """Return how an image differs between two versions."""
    kind: Literal["added", "removed", "changed"] = "added" if pair.was_file_name is None else \
        "removed" if pair.file_name is None else "changed"
    both = kind == "changed"
    return ImageChange(
        task=pair.task_id, file_name=pair.file_name or pair.was_file_name or "", kind=kind, split=pair.split,
        was_split=pair.was_split, other_file=both and bool(pair.digest and pair.was_digest)
        and pair.digest != pair.was_digest,
        objects=list(_changes(_kept(pair.was_objects, pair.was_regions), _kept(pair.objects, pair.regions))))


def _kept(objects: Sequence[Sequence[JsonValue]] | None, regions: Sequence[Sequence[str]] | None) -> list[_Kept]:
    return [_Kept(str(one[0]), [float(str(side)) for side in one[1:5]], str(one[5]), frozenset(ids))
            for one, ids in zip(objects or (), regions or (), strict=True)]


def _changes(before: list[_Kept], after: list[_Kept]) -> Iterator[ObjectChange]:
    """Match objects that are equal, then by their regions, then by label and box, then by box alone."""
    left, new = list(before), list(after)
    pairs: list[tuple[_Kept, _Kept]] = []
    for fits in (lambda a, b: a[:3] == b[:3], lambda a, b: bool(a.regions & b.regions),
                 lambda a, b: a.label == b.label and _iou(a.box, b.box) >= _SAME_IOU,
                 lambda a, b: _iou(a.box, b.box) >= _SAME_IOU):
        pairs += _match(left, new, fits)
    for was, now in pairs:
        if was.label != now.label:
            yield ObjectChange(kind="relabelled", label=now.label, was_label=was.label, box=now.box, was_box=was.box)
        elif was[1:3] != now[1:3]:
            yield ObjectChange(kind="moved", label=now.label, box=now.box, was_box=was.box)
    for gone in left:
        yield ObjectChange(kind="removed", label=gone.label, was_box=gone.box)
    for came in new:
        yield ObjectChange(kind="added", label=came.label, box=came.box)


def _match(left: list[_Kept], new: list[_Kept],
           fits: Callable[[_Kept, _Kept], bool]) -> Iterator[tuple[_Kept, _Kept]]:
    """Yield pairs that fit, and take them out of both lists."""
    for was in list(left):
        now = next((one for one in new if fits(was, one)), None)
        if now is not None:
            left.remove(was)
            new.remove(now)
            yield was, now


def _iou(one: Sequence[float], other: Sequence[float]) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return width * height / (sum(areas) - width * height)
