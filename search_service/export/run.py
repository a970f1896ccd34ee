"""An export from start to end: read from Label Studio, read objects, fetch images, write, put in place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

from argus.answers.export import ExportPreview, LeakReport, SkippedTasks, SplitSize, WrittenExport
from argus.errors import ArgusError
from argus.images.fetcher import ImageFetcher, get_images
from argus.labelstudio.client import LabelStudio, get_label_studio
from argus.labelstudio.regions import read_labels
from label_studio_config.project_shape import ProjectShape, read_project
from search_service.export import card, leak_files, store
from search_service.export.coco import CocoPolygonWriter, CocoWriter
from search_service.export.datumaro import DatumaroWriter
from search_service.export.files import output_folder
from search_service.export.frames import Origin
from search_service.export.imagefolder import ImageFolderWriter
from search_service.export.parquet import ParquetWriter
from search_service.export.reading import Files, Reader
from search_service.export.records import ExportImage, Writer
from search_service.export.source import SOURCES, Source, SourceTask, count_tasks, read_origins, read_tasks
from search_service.export.splitting import Memory, Planned, decide, plan, remember_project
from search_service.export.strips import Outlook, outlook
from search_service.export.vector_file import VectorFile
from search_service.export.versions.recording import Recorder
from search_service.export.voc import VocWriter
from search_service.export.yolo import YoloOrientedWriter, YoloSegmentWriter, YoloWriter

FORMATS: dict[str, type[Writer]] = {
    "coco": CocoWriter, "coco-polygons": CocoPolygonWriter, "yolo": YoloWriter, "yolo-seg": YoloSegmentWriter,
    "yolo-obb": YoloOrientedWriter, "voc": VocWriter, "imagefolder": ImageFolderWriter, "parquet": ParquetWriter,
    "datumaro": DatumaroWriter}
PREVIEWED = 2000  # tasks whose objects a preview counts
Progress = Callable[[int], None]


def export_project(project_id: int, format: str, out: Path, *, with_images: bool = True, link_images: bool = False,
                   masks: bool = False, splits: Mapping[str, float] | None = None, source: Source = "annotations",
                   overwrite: bool = False, label_studio: LabelStudio | None = None,
                   images: ImageFetcher | None = None, progress: Progress | None = None,
                   memory: Memory = store, leak_report: bool = True,
                   version: Recorder | None = None) -> WrittenExport:
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
        leak_report: of an export with training and another split, write `leaks/`: see `leak_files`. It takes another
            0.2 kB a task and a minute for 100,000 frames.
        version: records the export, see `versions.recording`.
        progress: called with the number of images written so far; `count_images` tells how many there will be.

    Raises:
        ArgusError: `unknown_format`, `unknown_project`, `bad_label_config`, `nothing_selected` (nothing to export, or
            nothing for one of the splits), `shares_not_met`, `conflict` (the folder is not empty), `bad_request` (it
            cannot be written, or an unknown source).
    """
    writer_class = _writer(format, masks)
    ls = label_studio or get_label_studio()
    shape = _shape(ls, project_id, source)
    planned = _planned(ls, project_id, shape, source, splits, memory) if splits else None
    files: Files = "none" if not with_images else "link" if link_images else "copy"
    reader = Reader(shape, images or get_images(), files)
    with output_folder(Path(out).resolve(), overwrite=overwrite) as folder:
        heading = f"{shape.title} (Label Studio project {project_id})"
        writer = writer_class(folder, shape.category_ids(writer_class.first), list(splits or ()), description=heading)
        written = Written(splits or (), named=bool(planned and leak_report and leak_files.fits(planned.rules.shares)))
        for task, image in reader.read(_placed(read_tasks(ls, project_id, shape, source), planned, reader)):
            split = planned.places[task.id][0] if planned else ""
            for reason in writer.add(image, split):
                reader.skipped.add(reason, task.id)
            written.add(task.id, image, split)
            if version:
                version.add(task.id, image, split, writer.images(split))
            if progress:
                progress(written.images)
        if not written.images:
            raise _nothing(ls, project_id, source, reader.skipped.report())
        if empty := [split for split, number in written.in_split.items() if not number]:
            raise _unread(empty[0], reader.skipped.report())
        writer.close()
        report = WrittenExport(
            images=written.images, objects=written.objects, boxes=written.boxes, categories=len(shape.labels),
            splits=written.in_split, skipped=reader.skipped.report(),
            leaks=_leaks(project_id, folder, planned, written, memory, writer),
            version=version.number if version else None, folder=str(out))
        body = version.describe(shape, report) if version else None
        card.write(folder, heading, shape.labels, written.labels, report, body)
        if version and body:
            version.close(folder, body)
    return report


class Written:
    """What of an export is written so far.

    Attributes:
        boxes: objects that are only a box.
        labels: objects by label, by split.
        names: file name and split by task, where they are needed later.
    """

    def __init__(self, splits: Iterable[str], *, named: bool) -> None:
        self.images = self.objects = self.boxes = 0
        self.in_split = dict.fromkeys(splits, 0)
        self.labels: dict[str, Counter[str]] = {}
        self.names: dict[int, tuple[str, str]] | None = {} if named else None

    def add(self, task_id: int, image: ExportImage, split: str) -> None:
        self.images, self.objects = self.images + 1, self.objects + len(image.objects)
        self.boxes += sum(item.mask is None and not item.rings for item in image.objects)
        self.labels.setdefault(split, Counter()).update(item.label for item in image.objects)
        if split:
            self.in_split[split] += 1
        if self.names is not None:
            self.names[task_id] = image.file_name, split


def _leaks(project_id: int, folder: Path, planned: Planned | None, written: Written, memory: Memory,
           writer: Writer) -> LeakReport | None:
    if planned is None or written.names is None:
        return None
    with VectorFile(memory.vectors_of(project_id)) as vectors:
        return leak_files.write(folder, planned, written.names, vectors, writer.images)


def count_images(project_id: int, source: Source = "annotations", *, label_studio: LabelStudio | None = None) -> int:
    """Return how many images an export would hold, when none of them turns out to be unreadable.

    Raises:
        ArgusError: as `preview_export`.
    """
    ls = label_studio or get_label_studio()
    return count_tasks(ls, project_id, _shape(ls, project_id, source), source)


def preview_export(project_id: int, *, source: Source = "annotations", splits: Mapping[str, float] | None = None,
                   label_studio: LabelStudio | None = None, memory: Memory = store) -> ExportPreview:
    """Return what an export would hold, without opening an image or writing a file. Frames in no split are not counted.

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
    held = {task for task, place in places.items() if place[0]} or set(origins)
    objects: Counter[str] = Counter(dict.fromkeys(shape.labels, 0))
    of_split: dict[str, Counter[str]] = {split: Counter(objects) for split in splits or ()}
    counted = empty = 0
    tasks = (task for task in read_tasks(ls, project_id, shape, source) if task.id in held)
    for task in islice(tasks, PREVIEWED):
        labels = [label for label in read_labels(shape.regions_of_image(task.result)[0]) if label in objects]
        counted, empty = counted + 1, empty + (not labels)
        objects.update(labels)
        if (split := places.get(task.id, ("", ""))[0]):
            of_split[split].update(labels)
    tasks_of = {split: [task for task, place in places.items() if place[0] == split] for split in splits or ()}
    return ExportPreview(
        images=len(held), videos=_videos(origins, held), empty=empty, objects=dict(objects), counted=counted,
        outlines=shape.outlines,
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


def _planned(ls: LabelStudio, project_id: int, shape: ProjectShape, source: Source, splits: Mapping[str, float],
             memory: Memory) -> Planned:
    """Return the split of each task, and why it is in none; what is new is kept."""
    origins = read_origins(ls, project_id, shape, source)
    if not origins:
        raise _nothing(ls, project_id, source, [])
    if memory is store:
        remember_project(project_id, ls.project(project_id))
    return decide(project_id, source, origins, splits, memory)


def _placed(tasks: Iterable[SourceTask], planned: Planned | None, reader: Reader) -> Iterator[SourceTask]:
    """Yield the tasks that have a split, and tell of the others."""
    for task in tasks:
        split, reason = planned.places.get(task.id, ("", "came while the export was made")) if planned else ("", "")
        if split or planned is None:
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
