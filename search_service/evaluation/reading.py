"""What people annotated and what model versions found, read from Label Studio."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, cast

from argus.errors import ArgusError
from argus.images.fetcher import ImageFetcher
from argus.labelstudio import listing
from argus.labelstudio.brush_rle import Mask
from argus.labelstudio.client import LabelStudio
from argus.labelstudio.filters import ANNOTATED, chunks
from argus.labelstudio.regions import ExportObject, image_size, newest_annotation, read_objects
from argus.labelstudio.task_data import TaskImage, data_value
from argus.labelstudio.types import Region, Task
from label_studio_config.project_shape import ProjectShape
from search_service.evaluation.records import JudgedImage, Thing
from search_service.export import coco_rle
from search_service.export.coco_rle import CocoRle
from search_service.export.files import inspect_image
from search_service.export.reading import Skipped
from search_service.export.source import next_size, video_text
from search_service.sync.task_values import read_values

_PAGE = 100
_IDS = 200  # tasks that are asked for by id at a time: they travel in the address


@dataclass
class Material:
    """What was read.

    Attributes:
        images: by model version, the same images in the same order.
        predicted: by model version, the tasks that have a prediction of it.
        unscored: by model version, detections without a score.
        versions: images with a prediction, by every model version that is there.
        accepted: by task, objects whose annotation is a prediction that was accepted as it was.
        skipped: what could not be read.
    """

    images: dict[str, list[JudgedImage]]
    predicted: dict[str, set[int]]
    unscored: Counter[str] = field(default_factory=Counter)
    versions: Counter[str] = field(default_factory=Counter)
    accepted: Counter[int] = field(default_factory=Counter)
    skipped: Skipped = field(default_factory=Skipped)


class _Kept(NamedTuple):
    """A mask, as it is kept: drawn ones of thousands of images would not fit into memory."""

    rle: CocoRle
    area: float


def read(ls: LabelStudio, shape: ProjectShape, tasks: Sequence[int] | None, versions: Sequence[str],
         images: ImageFetcher, progress: Callable[[int], None] = lambda read: None) -> Material:
    """Read the annotated ones of these tasks, of None every annotated one, with the predictions of model versions.

    Of several annotations the one changed last counts, of several predictions of a version the newest. An image file
    is opened only where no region tells its size.
    """
    found = Material({version: [] for version in versions}, {version: set() for version in versions})
    for number, task in enumerate(_walk(ls, shape.project_id, tasks), 1):
        progress(number)
        annotation = newest_annotation(task["annotations"])
        if annotation is None:
            continue
        found.versions.update({one["model_version"] for one in task["predictions"] if one.get("model_version")})
        results = {version: _newest(task, version) for version in versions}
        try:
            _add(found, shape, task, annotation["result"] or [], results, images)
        except ArgusError as error:
            found.skipped.add(f"image left out: {error.code}", task["id"])
    return found


def _walk(ls: LabelStudio, project_id: int, tasks: Sequence[int] | None) -> Iterator[Task]:
    for ids in [None] if tasks is None else chunks(tasks, _IDS):
        for page in listing.walk(ls, project_id, [ANNOTATED], size=_PAGE, ids=ids, resize=next_size, fields="all"):
            while page:  # each is let go when it was read
                yield page.pop(0)


def _newest(task: Task, version: str) -> list[Region] | None:
    mine = [one for one in task["predictions"] if one.get("model_version") == version]
    return (max(mine, key=lambda one: one["id"])["result"] or []) if mine else None


def _add(found: Material, shape: ProjectShape, task: Task, annotated: Sequence[Region],
         results: Mapping[str, Sequence[Region] | None], images: ImageFetcher) -> None:
    data = task.get("data") or {}
    truth = shape.regions_of_image(annotated)[0]
    said = {version: shape.regions_of_image(result)[0] for version, result in results.items()}
    size = image_size(truth) or next((size for one in said.values() if (size := image_size(one))), None)
    if size is None:
        if any([truth, *said.values()]):
            source = TaskImage(shape.project_id, task["id"], data_value(data, shape.image_key) or "")
            size = inspect_image(images.fetch(source).data)[:2]
        else:
            size = (1, 1)  # nothing is on it
    objects = _objects(found, shape, task["id"], truth, size)
    found.accepted[task["id"]] = sum(one.origin == "model" for one in objects)
    things = [_thing(one) for one in objects]
    for version, result in said.items():
        detections = _objects(found, shape, task["id"], result, size)
        found.unscored[version] += sum(_score(one) is None for one in detections)
        if results[version] is not None:
            found.predicted[version].add(task["id"])
        found.images[version].append(JudgedImage(
            task["id"], *size, things, [_thing(one, _score(one)) for one in detections], video_text(data),
            read_values(data, shape.image_key).video_time))


def _objects(found: Material, shape: ProjectShape, task_id: int, result: Sequence[Region],
             size: tuple[int, int]) -> list[ExportObject]:
    objects, reasons = read_objects(result, shape.labels, *size, keep=_keep)
    for reason in reasons:
        found.skipped.add(reason, task_id)
    return objects


def _keep(mask: Mask) -> _Kept:
    return _Kept(coco_rle.encode(mask), float(mask.sum()))


def _score(one: ExportObject) -> float | None:
    return one.score if one.score is not None and math.isfinite(one.score) else None


def _thing(one: ExportObject, score: float | None = None) -> Thing:
    kept = cast(object, one.mask)
    rings = [[c for point in ring for c in point] for ring in one.rings]
    if isinstance(kept, _Kept):
        return Thing(one.label, one.box, kept.area, kept.rle, 1.0 if score is None else score)
    return Thing(one.label, one.box, one.area, rings or None, 1.0 if score is None else score)
