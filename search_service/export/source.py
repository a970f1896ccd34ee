"""Reading what is to be exported from Label Studio, a page at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from argus.errors import OUTAGES, ArgusError
from argus.labelstudio import listing
from argus.labelstudio.client import LabelStudio
from argus.labelstudio.filters import ANNOTATED, UNREVIEWED, of_version
from argus.labelstudio.regions import newest_annotation
from argus.labelstudio.task_data import data_value
from argus.labelstudio.types import Condition, Region, Task, TaskData
from label_studio_config.project_shape import ProjectShape
from search_service.export.frames import Origin
from search_service.export.records import Provenance
from search_service.review.verification import later_store
from search_service.sync.task_values import read_values

Source = Literal["annotations", "predictions", "both"]
_VIDEO: tuple[Literal["video", "video_id", "video_time", "frame_number"], ...] = (
    "video", "video_id", "video_time", "frame_number")
SOURCES: tuple[Source, ...] = ("annotations", "predictions", "both")
_PAGE = 100  # tasks of a page, the first one
_PAGE_NUMBERS = 2_000_000  # numbers in the masks of a page: some 30 MB while it is read


@dataclass(frozen=True)
class SourceTask:
    """One task to export.

    Attributes:
        image: its URL.
        origin: where frame and regions came from.
        others: valid annotations of the task, or predictions of this model version, that were left for the newest.
    """

    id: int
    image: str
    result: Sequence[Region]
    origin: Provenance
    others: int = 0


def read_tasks(ls: LabelStudio, project_id: int, shape: ProjectShape, source: Source) -> Iterator[SourceTask]:
    """Yield the tasks that have something to export, by id (with `both`, those with an annotation first).

    From annotations: the newest annotation that was not skipped. From predictions: the newest prediction of the
    project's current model version, whether people looked at the task or not. From both: the annotation, and the
    prediction of tasks that nobody has annotated or skipped.
    """
    certificates = {} if source == "predictions" else _certified(project_id)
    for kind, filters in _passes(shape, source):
        for task in _walk(ls, project_id, filters):
            chosen = _annotation(task) if kind == "annotations" else _prediction(task, shape.model_version)
            if chosen is not None:
                data = task.get("data") or {}
                if kind == "annotations":
                    chosen.origin.update(certificates.get(task["id"], {}))
                yield SourceTask(task["id"], data_value(data, shape.image_key) or "", chosen.result,
                                 {"task_id": task["id"], **chosen.origin, **_video(data)}, chosen.others)


def _certified(project_id: int) -> dict[int, Provenance]:
    """Return the certificates of each task that has one; none while the database is away, which stops no export."""
    try:
        certified = later_store.certified_tasks(project_id)
    except ArgusError as error:
        if error.code not in OUTAGES:
            raise
        return {}
    found: dict[int, Provenance] = {}
    for one in certified:
        of = found.setdefault(one.task_id, {})
        if one.label is None:
            of["accepted_under"] = one.certificate
        else:
            of.setdefault("labels_accepted_under", {})[one.label] = one.certificate
    return found


class _Chosen(NamedTuple):
    """What of a task is exported; `others` as of `SourceTask`."""

    result: Sequence[Region]
    origin: Provenance
    others: int


def _annotation(task: Task) -> _Chosen | None:
    valid = [a for a in task["annotations"] if not a.get("was_cancelled")]
    if (newest := newest_annotation(valid)) is None:
        return None
    return _Chosen(newest["result"] or [], {
        "annotation_id": newest["id"], "annotated_by": newest.get("completed_by"),
        "annotated_at": newest.get("updated_at"), "prediction_id": newest.get("parent_prediction")}, len(valid) - 1)


def _prediction(task: Task, model_version: str) -> _Chosen | None:
    mine = [p for p in task["predictions"] if p["model_version"] == model_version]
    if not mine:
        return None
    newest = max(mine, key=lambda p: int(p["id"]))
    return _Chosen(newest["result"] or [], {"prediction_id": newest["id"], "model_version": model_version},
                   len(mine) - 1)


def _video(data: TaskData) -> Provenance:
    found: Provenance = {}
    for key in _VIDEO:
        if key in data:
            found[key] = data[key]
    return found


def count_tasks(ls: LabelStudio, project_id: int, shape: ProjectShape, source: Source) -> int:
    """Return how many tasks have something to export; cheap, because nothing is listed."""
    return sum(listing.count(ls, project_id, filters) for _, filters in _passes(shape, source))


def read_origins(ls: LabelStudio, project_id: int, shape: ProjectShape, source: Source) -> dict[int, Origin]:
    """Return `{task id: where the frame comes from}` of the tasks to export. A video is its name and its `video_id`:
    two files of one name are two.

    A light pass over the listing, for splits: regions are not asked for. It keeps some 0.2 kB a task.
    """
    videos: dict[str, str] = {}  # one text for all frames of a video
    origins = {}
    for _, filters in _passes(shape, source):
        for task in _walk(ls, project_id, filters, "task_only"):
            data = task.get("data") or {}
            video = video_text(data)
            origins[task["id"]] = Origin(videos.setdefault(video, video), read_values(data, shape.image_key).video_time)
    return origins


def video_text(data: Mapping[str, object]) -> str:
    """Return a text that only frames of the same video have, '' for what is no frame of one. The name comes first: it
    orders the videos."""
    name, id_ = (str(data[key]) if isinstance(data.get(key), str | int) else "" for key in ("video", "video_id"))
    return f"{name}\n{id_}" if id_ else name


def _passes(shape: ProjectShape, source: Source) -> Iterator[tuple[str, list[Condition]]]:
    """Yield (what is read, the conditions of the tasks to list) of each pass over the project."""
    predicted = of_version(shape.model_version)
    if source in ("annotations", "both"):
        yield "annotations", [ANNOTATED]
    if source == "predictions":
        yield "predictions", [predicted]
    if source == "both":
        yield "predictions", [predicted, *UNREVIEWED]


def _walk(ls: LabelStudio, project_id: int, filters: Sequence[Condition],
          fields: str = "all") -> Iterator[Task]:
    """Yield the tasks that meet the conditions, by id, holding one page at a time. It is as long as the masks allow."""
    size = _PAGE if fields == "all" else listing.PAGE
    for tasks in listing.walk(ls, project_id, filters, size=size, resize=next_size, fields=fields):
        while tasks:  # each is let go when it was used
            yield tasks.pop(0)


def next_size(tasks: Sequence[Task], size: int) -> int:
    """Return how many tasks the next page may have, by the masks of this one."""
    numbers = sum(_numbers(task) for task in tasks)
    return max(1, min(size * 2, _PAGE, _PAGE_NUMBERS * len(tasks) // numbers)) if numbers else size


def _numbers(task: Task) -> int:
    said = [*(task.get("annotations") or ()), *(task.get("predictions") or ())]
    return sum(len((region.get("value") or {}).get("rle") or ()) for one in said for region in one.get("result") or ())
