"""An export from start to end: read from Label Studio, read objects, fetch images, write, put in place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from argus.errors import ArgusError
from argus.export.coco import CocoWriter
from argus.export.files import UniqueNames, file_stem, inspect_image, output_folder
from argus.export.objects import image_size, read_objects
from argus.export.records import ExportImage, Writer
from argus.export.source import ProjectShape, Source, SourceTask, read_origins, read_project, read_tasks
from argus.export.splits import assign_splits
from argus.export.yolo import YoloWriter
from argus.images import ImageFetcher, get_images
from argus.labelstudio.client import LabelStudio, get_label_studio

FORMATS: dict[str, type[Writer]] = {"coco": CocoWriter, "yolo": YoloWriter}
_SHOWN_TASKS = 20


def export_project(project_id: int, format: str, out: Path, *, with_images: bool = True, masks: bool = False,
                   splits: Mapping[str, float] | None = None, source: Source = "annotations", overwrite: bool = False,
                   label_studio: LabelStudio | None = None, images: ImageFetcher | None = None,
                   progress: Callable[[int], None] | None = None) -> dict[str, Any]:
    """Write the project's annotations to the folder `out`, all or nothing.

    Args:
        format: a key of `FORMATS`.
        with_images: copy the image files; without them only annotation files are written.
        masks: YOLO only: outlines instead of boxes. COCO always has both.
        splits: shares like `{"train": 0.8, "val": 0.2}`; frames of one video stay together.
        source: people's annotations, or the current model version's predictions.
        progress: called with the number of images written so far.

    Returns:
        `{"images", "objects", "categories", "splits", "skipped": [{"reason", "count", "tasks"}], "folder"}`; a skipped
        entry names at most 20 tasks.

    Raises:
        ArgusError: `unknown_format`, `unknown_project`, `bad_label_config`, `nothing_selected` (nothing to export),
            `conflict` (the folder is not empty), `bad_request` (it cannot be written).
    """
    if format not in FORMATS:
        raise ArgusError("unknown_format", f"There is no export format {format!r}.",
                         f"Choose one of: {', '.join(FORMATS)}.")
    ls = label_studio or get_label_studio()
    shape = read_project(ls, project_id)
    places = assign_splits(read_origins(ls, project_id, shape, source), splits) if splits else {}
    reader = _Reader(shape, images or get_images(), with_images)
    with output_folder(Path(out).resolve(), overwrite=overwrite) as folder:
        writer = FORMATS[format](folder, shape.labels, list(splits or ()), masks=masks,
                                 description=f"{shape.title} (Label Studio project {project_id})")
        count = objects = 0
        in_split: dict[str, int] = dict.fromkeys(splits or (), 0)
        for task, image in reader.read(read_tasks(ls, project_id, shape, source)):
            split = places.get(task.id, next(iter(in_split), ""))
            for reason in writer.add(image, split):
                reader.skip(reason, task.id)
            count, objects = count + 1, objects + len(image.objects)
            if split:
                in_split[split] += 1
            if progress:
                progress(count)
        if not count:
            raise _nothing(ls, project_id, source, reader.skipped())
        writer.close()
    return {"images": count, "objects": objects, "categories": len(shape.labels), "splits": in_split,
            "skipped": reader.skipped(), "folder": str(out)}


class _Reader:
    """Turns tasks into images with objects, and keeps account of what could not be."""

    def __init__(self, shape: ProjectShape, images: ImageFetcher, with_images: bool) -> None:
        self._shape, self._images, self._with_images = shape, images, with_images
        self._names = UniqueNames()
        self._skipped: dict[str, list[int]] = {}

    def skip(self, reason: str, task_id: int) -> None:
        self._skipped.setdefault(reason, []).append(task_id)

    def skipped(self) -> list[dict[str, Any]]:
        return [{"reason": reason, "count": len(tasks), "tasks": sorted(set(tasks))[:_SHOWN_TASKS]}
                for reason, tasks in sorted(self._skipped.items())]

    def read(self, tasks: Iterator[SourceTask]) -> Iterator[tuple[SourceTask, ExportImage]]:
        for task in tasks:
            try:
                yield task, self._read_task(task)
            except ArgusError as error:
                self.skip(f"image left out: {error.code}", task.id)

    def _read_task(self, task: SourceTask) -> ExportImage:
        if not task.image:
            raise ArgusError("bad_image", f"Task {task.id} has no image in data.{self._shape.image_key}.")
        size, data = image_size(task.result), None
        if self._with_images or size is None:  # regions tell the size; an image without any must be looked at
            data = self._images.fetch(task.image).data
            width, height, extension = inspect_image(data)
        else:
            width, height, extension = *size, _extension_of(task.image)
        objects, reasons = read_objects(task.result, self._shape.labels, width, height)
        for reason in reasons:
            self.skip(reason, task.id)
        image = ExportImage(self._names.take(file_stem(task.image), extension, task.id), width, height, objects,
                            source=task.origin)
        return replace(image, data=data) if self._with_images else image


def _extension_of(url: str) -> str:
    suffix = Path(url.split("?", 1)[0] if "?d=" not in url else url).suffix.lower()
    return suffix if suffix in (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif") else ".jpg"


def _nothing(ls: LabelStudio, project_id: int, source: Source, skipped: list[dict[str, Any]]) -> ArgusError:
    if skipped:
        return ArgusError("nothing_selected", f"Nothing of project {project_id} could be exported: "
                          f"{'; '.join(s['reason'] for s in skipped)}.", "`argus doctor` looks for the cause.",
                          skipped=skipped)
    if not ls.project(project_id).get("task_number"):
        return ArgusError("nothing_selected", f"Project {project_id} has no tasks.",
                          "Import images in Label Studio, or frames with `argus import-video`.")
    if source == "predictions":
        return ArgusError("nothing_selected", f"Project {project_id} has no predictions of its current model version.",
                          "Make some with `argus annotate`.")
    return ArgusError("nothing_selected", f"No task of project {project_id} is annotated yet.",
                      "Accept predictions with `argus review accept`, annotate in Label Studio, or export predictions "
                      "with --from predictions.")
