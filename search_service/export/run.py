"""An export from start to end: read from Label Studio, read objects, fetch images, write, put in place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

from argus.answers.export import ExportPreview, SkippedTasks, SplitSize, WrittenExport
from argus.errors import ArgusError
from argus.images.fetcher import ImageFetcher, get_images
from argus.labelstudio.client import LabelStudio, get_label_studio
from argus.labelstudio.regions import read_labels
from label_studio_config.project_shape import ProjectShape, read_project
from search_service.export import store
from search_service.export.coco import CocoPolygonWriter, CocoWriter
from search_service.export.files import output_folder
from search_service.export.frames import Origin
from search_service.export.reading import Files, Reader
from search_service.export.records import Writer
from search_service.export.source import SOURCES, Source, SourceTask, count_tasks, read_origins, read_tasks
from search_service.export.splitting import Memory, decide, plan, remember_project
from search_service.export.strips import Outlook, outlook
from search_service.export.yolo import YoloSegmentWriter, YoloWriter

FORMATS: dict[str, type[Writer]] = {"coco": CocoWriter, "coco-polygons": CocoPolygonWriter, "yolo": YoloWriter,
                                    "yolo-seg": YoloSegmentWriter}
PREVIEWED = 2000  # tasks whose objects a preview counts
Progress = Callable[[int], None]


def export_project(project_id: int, format: str, out: Path, *, with_images: bool = True, link_images: bool = False,
                   masks: bool = False, splits: Mapping[str, float] | None = None, source: Source = "annotations",
                   overwrite: bool = False, label_studio: LabelStudio | None = None,
                   images: ImageFetcher | None = None, progress: Progress | None = None,
                   memory: Memory = store) -> WrittenExport:
    """Write the project's annotations to the folder `out`, all or nothing.

    Memory does not grow with the project but for some 0.3 kB a task (names that are taken, splits).

    Args:
        format: a key of `FORMATS`.
        with_images: put the image files beside the annotations; without, only annotation files are written.
        link_images: hard links to the files of the image cache instead of copies, where the disk allows it.
        masks: `yolo` becomes `yolo-seg`.
        splits: shares like `{"train": 0.8, "val": 0.2}`; what is near in time or looks alike is never in two of them.
        source: people's annotations, the current model version's predictions, or both: predictions where nobody has
            annotated.
        memory: what is known of the frames, and where their splits are kept.
        progress: called with the number of images written so far; `count_images` tells how many there will be.

    Raises:
        ArgusError: `unknown_format`, `unknown_project`, `bad_label_config`, `nothing_selected` (nothing to export, or
            nothing for one of the splits), `shares_not_met`, `conflict` (the folder is not empty), `bad_request` (it
            cannot be written, or an unknown source).
    """
    writer_class = _writer(format, masks)
    ls = label_studio or get_label_studio()
    shape = _shape(ls, project_id, source)
    places = _places(ls, project_id, shape, source, splits, memory) if splits else None
    files: Files = "none" if not with_images else "link" if link_images else "copy"
    reader = Reader(shape, images or get_images(), files)
    with output_folder(Path(out).resolve(), overwrite=overwrite) as folder:
        writer = writer_class(folder, shape.category_ids(writer_class.first), list(splits or ()),
                              description=f"{shape.title} (Label Studio project {project_id})")
        count = objects = 0
        in_split: dict[str, int] = dict.fromkeys(splits or (), 0)
        for task, image in reader.read(_placed(read_tasks(ls, project_id, shape, source), places, reader)):
            split = places[task.id][0] if places else ""
            for reason in writer.add(image, split):
                reader.skipped.add(reason, task.id)
            count, objects = count + 1, objects + len(image.objects)
            if split:
                in_split[split] += 1
            if progress:
                progress(count)
        if not count:
            raise _nothing(ls, project_id, source, reader.skipped.report())
        if empty := [split for split, number in in_split.items() if not number]:
            raise _unread(empty[0], reader.skipped.report())
        writer.close()
    return WrittenExport(images=count, objects=objects, categories=len(shape.labels), splits=in_split,
                         skipped=reader.skipped.report(), folder=str(out))


def count_images(project_id: int, source: Source = "annotations", *, label_studio: LabelStudio | None = None) -> int:
    """Return how many images an export would hold, when none of them turns out to be unreadable.

    Raises:
        ArgusError: as `preview_export`.
    """
    ls = label_studio or get_label_studio()
    return count_tasks(ls, project_id, _shape(ls, project_id, source), source)


def preview_export(project_id: int, *, source: Source = "annotations", splits: Mapping[str, float] | None = None,
                   label_studio: LabelStudio | None = None, memory: Memory = store) -> ExportPreview:
    """Return what an export would hold, without opening an image or writing a file.

    Of more than 2,000 tasks the first 2,000 are read. Regions that turn out to be damaged, or images that cannot be
    fetched, are only found by the export itself.

    Raises:
        ArgusError: `unknown_project`, `bad_label_config`, `bad_request` for an unknown source.
    """
    ls = label_studio or get_label_studio()
    shape = _shape(ls, project_id, source)
    origins = read_origins(ls, project_id, shape, source)
    planned = plan(project_id, source, origins, splits, memory) if splits and origins else None
    places = planned.places if planned else {}
    objects: Counter[str] = Counter(dict.fromkeys(shape.labels, 0))
    of_split: dict[str, Counter[str]] = {split: Counter(objects) for split in splits or ()}
    counted = empty = 0
    for task in islice(read_tasks(ls, project_id, shape, source), PREVIEWED):
        labels = [label for label in read_labels(shape.regions_of_image(task.result)[0]) if label in objects]
        counted, empty = counted + 1, empty + (not labels)
        objects.update(labels)
        if (split := places.get(task.id, ("", ""))[0]):
            of_split[split].update(labels)
    tasks_of = {split: [task for task, place in places.items() if place[0] == split] for split in splits or ()}
    return ExportPreview(
        images=len(origins), videos=_videos(origins, origins), empty=empty, objects=dict(objects), counted=counted,
        splits={split: SplitSize(images=len(part), videos=_videos(origins, part), objects=dict(of_split[split]))
                for split, part in tasks_of.items()},
        **(outlook(planned) if planned else Outlook()))


def _videos(origins: Mapping[int, Origin], tasks: Iterable[int]) -> int:
    return len({origins[task].video or task for task in tasks})


def _writer(format: str, masks: bool) -> type[Writer]:
    name = "yolo-seg" if format == "yolo" and masks else format
    if name not in FORMATS:
        raise ArgusError("unknown_format", f"There is no export format {format!r}.",
                         f"Choose one of: {', '.join(FORMATS)}.")
    return FORMATS[name]


def _places(ls: LabelStudio, project_id: int, shape: ProjectShape, source: Source, splits: Mapping[str, float],
            memory: Memory) -> Mapping[int, tuple[str, str]]:
    """Return the split of each task, '' for none, and why it is in none; what is new is kept."""
    origins = read_origins(ls, project_id, shape, source)
    if not origins:
        return {}
    if memory is store:
        remember_project(project_id, ls.project(project_id))
    return decide(project_id, source, origins, splits, memory).places


def _placed(tasks: Iterable[SourceTask], places: Mapping[int, tuple[str, str]] | None,
            reader: Reader) -> Iterator[SourceTask]:
    """Yield the tasks that have a split, and tell of the others."""
    for task in tasks:
        split, reason = places.get(task.id, ("", "came while the export was made")) if places else ("", "")
        if split or places is None:
            yield task
        else:
            reader.skipped.add(f"image in no split: {reason}", task.id)


def _unread(split: str, skipped: list[SkippedTasks]) -> ArgusError:
    return ArgusError("nothing_selected", f"The split {split} would be empty: none of its images could be exported "
                      f"({'; '.join(s.reason for s in skipped)}).", "`argus doctor` looks for the cause.",
                      skipped=[entry.model_dump() for entry in skipped])


def _shape(ls: LabelStudio, project_id: int, source: str) -> ProjectShape:
    if source not in SOURCES:
        raise ArgusError("bad_request", f"Nothing is exported from {source!r}.",
                         f"Choose one of: {', '.join(SOURCES)}.")
    return read_project(ls, project_id)


def _nothing(ls: LabelStudio, project_id: int, source: Source, skipped: list[SkippedTasks]) -> ArgusError:
    if skipped:
        return ArgusError("nothing_selected", f"Nothing of project {project_id} could be exported: "
                          f"{'; '.join(s.reason for s in skipped)}.", "`argus doctor` looks for the cause.",
                          skipped=[entry.model_dump() for entry in skipped])
    if not ls.project(project_id).get("task_number"):
        return ArgusError("nothing_selected", f"Project {project_id} has no tasks.",
                          "Import images in Label Studio, or frames with `argus import-video`.")
    if source != "annotations":
        return ArgusError("nothing_selected", f"Project {project_id} has no predictions of its current model version.",
                          "Make some with `argus annotate`.")
    return ArgusError("nothing_selected", f"No task of project {project_id} is annotated yet.",
                      "Accept predictions with `argus review accept`, annotate in Label Studio, or export predictions "
                      "with --from predictions.")
