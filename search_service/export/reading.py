"""From tasks to images with their objects, and an account of what could not be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from argus.answers.export import SkippedTasks
from argus.errors import ArgusError
from argus.images.fetcher import ImageFetcher
from argus.labelstudio.regions import image_size, read_objects
from argus.labelstudio.task_data import TaskImage
from label_studio_config.project_shape import ProjectShape
from search_service.export.files import UniqueNames, extension_of, file_stem, inspect_image
from search_service.export.records import ExportImage
from search_service.export.source import SourceTask

Files = Literal["copy", "link", "none"]
_SHOWN_TASKS = 20


@dataclass
class Skipped:
    """What was left out and why; names the first tasks of each reason and counts the rest."""

    _reasons: dict[str, tuple[int, list[int]]] = field(default_factory=dict)

    def add(self, reason: str, task_id: int, count: int = 1) -> None:
        number, tasks = self._reasons.get(reason, (0, []))
        if len(tasks) < _SHOWN_TASKS and task_id not in tasks:
            tasks.append(task_id)
        self._reasons[reason] = number + count, tasks

    def report(self) -> list[SkippedTasks]:
        """Return what was left out by reason; 20 tasks of each are named at most."""
        return [SkippedTasks(reason=reason, count=count, tasks=tasks)
                for reason, (count, tasks) in sorted(self._reasons.items())]


class Reader:
    """Turns tasks into images with objects.

    Args:
        images: fetches image files. They are opened when they are to be exported, and when no region tells the size.
        files: what becomes of the image files.
    """

    def __init__(self, shape: ProjectShape, images: ImageFetcher, files: Files) -> None:
        self._shape, self._images, self._files = shape, images, files
        self._names = UniqueNames()
        self.skipped = Skipped()

    def read(self, tasks: Iterable[SourceTask]) -> Iterator[tuple[SourceTask, ExportImage]]:
        for task in tasks:
            if task.others:
                older = "annotation of a task that has several" if "annotation_id" in task.origin else \
                    "prediction of a task that has several of this model version"
                self.skipped.add(f"older {older}", task.id, task.others)
            try:
                yield task, self._read_task(task)
            except ArgusError as error:
                self.skipped.add(f"image left out: {error.code}", task.id)

    def _read_task(self, task: SourceTask) -> ExportImage:
        if not task.image:
            raise ArgusError("bad_image", f"Task {task.id} has no image in data.{self._shape.image_key}.")
        source = TaskImage(self._shape.project_id, task.id, task.image)
        regions, elsewhere = self._shape.regions_of_image(task.result)
        size, data, digest = image_size(regions), None, ""
        if self._files != "none" or size is None:
            fetched = self._images.fetch(source)
            data, digest = fetched.data, fetched.sha256.hex() if self._files != "none" else ""
            width, height, extension = inspect_image(data)
        else:
            width, height, extension = *size, extension_of(task.image).lower() or ".jpg"
        objects, reasons = read_objects(regions, self._shape.labels, width, height)
        for reason in [*elsewhere, *reasons]:
            self.skipped.add(reason, task.id)
        image = ExportImage(self._names.take(file_stem(task.image), extension, task.id), width, height, objects,
                            source=task.origin, digest=digest)
        if self._files == "link" and (file := self._images.cached(source)) is not None:
            return replace(image, file=file)
        return image if self._files == "none" else replace(image, data=data)
