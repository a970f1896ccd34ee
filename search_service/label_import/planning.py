"""What an import would write: labels read, matched with tasks, and held against the labelling config."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from argus.answers.label_import import LabelImportPlan, LabelProblem, Taken, Told
from argus.errors import ArgusError
from argus.images.fetcher import get_images, image_header
from argus.labelstudio import listing
from argus.labelstudio.files import file_path
from argus.labelstudio.filters import ANNOTATED, SKIPPED, of_version
from argus.labelstudio.task_data import TaskImage, data_value
from label_studio_config.label_config import image_of
from label_studio_config.tags import LabelConfig, read_label_config
from search_service.label_import import store
from search_service.label_import.found import LabelledImage, Labels, Problem, Size, plain
from search_service.label_import.matching import Match, Matcher, NameIndex, without_twins
from search_service.label_import.read import read_labels
from search_service.label_import.regions import Built, Origin, Tags, build, needs_size
from search_service.label_import.sources import Source
from search_service.review.candidates import Review

IMAGE_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif")
MAX_IMAGE_BYTES = 200 * 2**20
_EXAMPLES, _PROBLEMS = 5, 1000


@dataclass(frozen=True)
class Entry:
    """An image of the labels with where it goes: to `task`, or to a new one made of `file`."""

    image: LabelledImage
    task: int | None
    file: str | None


class Images:
    """The image files that came along.

    Args:
        beside: where the labels are: images there tell which task is meant, and sizes.
        brought: images that become tasks where they are none; None: no image does. It may be the folder of the labels,
            or one of its folders: each file counts once.
    """

    def __init__(self, beside: Source, brought: Source | None) -> None:
        self.index: NameIndex[str] = NameIndex()
        self._places: dict[str, Source] = {}
        self._brought: set[str] = set()
        held: set[str] = set()
        for source in filter(None, (brought, beside)):
            names = [name for name in source.names if name.lower().endswith(IMAGE_ENDINGS)
                     and name not in self._places and source.place(name) not in held]
            for name in names:
                self._places[name] = source
                self.index.add(name, name)
            held.update(map(source.place, names))
            if source is brought:
                self._brought = set(names)
        self._digests: dict[str, bytes] = {}

    def is_brought(self, file: str) -> bool:
        """Whether an image is to become a task."""
        return file in self._brought

    def read(self, file: str) -> bytes:
        return self._places[file].read(file, MAX_IMAGE_BYTES)

    def digest(self, file: str) -> bytes:
        if file not in self._digests:
            self._digests[file] = hashlib.sha256(self.read(file)).digest()
        return self._digests[file]

    def measure(self, name: str) -> Size | None:
        """Return the size of the one image of that name; None when there is none, or it is damaged."""
        found = self.index.find(name).one
        try:
            return image_header(self.read(found))[:2] if found is not None else None
        except ArgusError:
            return None


@dataclass
class Account:
    """What images are left alone, and what objects lose, with the first examples of each reason."""

    _counts: Counter[str] = field(default_factory=Counter)
    _examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, reason: str, example: str, count: int = 1) -> None:
        self._counts[reason] += count
        examples = self._examples.setdefault(reason, [])
        if len(examples) < _EXAMPLES and plain(example) not in examples:
            examples.append(plain(example))

    def told(self) -> list[Told]:
        return [Told(reason=reason, count=count, examples=self._examples[reason])
                for reason, count in self._counts.most_common()]


class Project:
    """A project's tasks and labelling config, as an import needs them."""

    def __init__(self, review: Review, taken: Taken, model_version: str) -> None:
        self.review, self.taken, self.model_version = review, taken, model_version
        text = review.ls.project(review.project_id)["label_config"] or "<View/>"
        self.config: LabelConfig = read_label_config(text)
        image = image_of(self.config)
        if image is None or not self.config.labels:
            raise ArgusError("bad_label_config", f"Project {review.project_id} has no labels for regions of an image.",
                             "Add <RectangleLabels> or <BrushLabels> in the project's labelling settings.")
        self.tags, self.key = Tags(self.config, image), image.key
        self.urls = {task["id"]: url for page in listing.walk(review.ls, review.project_id, include="id,data")
                     for task in page if (url := data_value(task["data"], image.key)) is not None}
        self.names: NameIndex[int] = NameIndex()
        for task, url in self.urls.items():
            self.names.add(file_path(url), task)
        self.digests = store.digests(review.project_id)
        self._taken = self._ids([ANNOTATED] if taken == "annotations" else [of_version(model_version)])
        self._skipped = self._ids(SKIPPED) if taken == "annotations" else set()
        self._written = store.written(review.project_id, taken, model_version)

    def _ids(self, conditions: listing.Conditions) -> set[int]:
        return {task["id"] for page in listing.walk(self.review.ls, self.review.project_id, conditions,
                                                    fields="task_only") for task in page}

    def reason_against(self, task: int, digest: str) -> str:
        """Return why nothing may be written to a task, `SAME` when that was written already, or ''."""
        if task in self._taken:
            if self._written.get(task) == digest:
                return SAME
            return "its task is annotated" if self.taken == "annotations" else \
                "its task has another prediction of this model version"
        return "somebody skipped its task" if task in self._skipped else ""

    def measure(self, task: int, file: str | None, images: Images) -> Size:
        """Return the size of a task's image; of a file that came along when that is known to be the same one.

        Raises:
            ArgusError: as `ImageFetcher.fetch`, and `bad_image`.
        """
        if file is not None and task in self.digests and self.digests[task] == images.digest(file):
            return image_header(images.read(file))[:2]
        fetched = get_images().fetch(TaskImage(self.review.project_id, task, self.urls[task]))
        return image_header(fetched.data)[:2]


SAME = "same"


class Plan:
    """What is to be written. Regions are made twice, to be counted and to be written, and never all kept.

    Raises:
        ArgusError: `bad_request` as of `read_labels`; `bad_label_config`.
    """

    def __init__(self, project: Project, source: Source, images: Images) -> None:
        self.project, self.images = project, images
        self.labels: Labels = read_labels(source, project.taken, images.measure)
        self.entries: list[Entry] = []
        self._left, self._losses = Account(), Account()
        self._ways: Counter[str] = Counter()
        self._objects: Counter[str] = Counter()
        self._lacking: Counter[str] = Counter()
        self._problems = list(self.labels.problems)
        self._there = 0
        self.splits: dict[int, str] = {}  # of tasks that are written to, now or before
        matcher = Matcher(project.names, project.digests, images.index, images.digest)
        found = [self._match(matcher, image) for image in self.labels.images]
        for image, match in zip(self.labels.images, without_twins(found), strict=True):
            self._consider(image, match)

    def _match(self, matcher: Matcher, image: LabelledImage) -> Match:
        try:
            found = matcher.match(image.name, stem_only=image.stem)
            if found.task is None and found.file is not None and not self.images.is_brought(found.file):
                return Match(reason="no task has this name")
            return found
        except ArgusError as error:
            return Match(reason=error.message)

    def _consider(self, image: LabelledImage, match: Match) -> None:
        if match.task is None and match.file is None:
            self._left.add(match.reason, f"{image.name}: {match.others}" if match.others else image.name)
            return
        entry = Entry(image, match.task, match.file)
        if match.task is not None:
            self._ways[match.way] += 1
        try:
            built = self.build(entry)
        except ArgusError as error:
            self._left.add(f"its image cannot be opened: {error.code}", image.name)
            return
        reason = self.project.reason_against(match.task, built.digest) if match.task is not None else ""
        if match.task is not None and reason in ("", SAME):
            self.splits[match.task] = image.split
        if reason == SAME:
            self._there += 1
            return
        self._lacking += built.lacking
        self._problems += [Problem(image.file, where, why) for where, why in built.unfit]
        if not reason and not built.regions and (image.objects or image.unread):
            reason = "none of its objects can be imported"
        if reason:
            self._left.add(reason, image.name)
            return
        self.entries.append(entry)
        self._objects += built.objects
        for loss, count in built.losses.items():
            self._losses.add(loss, image.name, count)

    def build(self, entry: Entry) -> Built:
        """Return the regions of an entry. Raises what opening its image raises."""
        image = entry.image
        if image.size is not None and not (entry.task is None or needs_size(image)):
            size = image.size
        elif entry.task is not None:
            size = self.project.measure(entry.task, entry.file, self.images)
        else:
            assert entry.file is not None
            size = image_header(self.images.read(entry.file))[:2]
        origin: Origin = "manual" if self.project.taken == "annotations" else "prediction"
        built = build(image, self.project.tags, size, self.labels.format, origin)
        if image.size is not None and image.size != size:
            built.losses["the labels state another size than the image has; positions are kept in proportion"] += 1
        return built

    def fingerprint(self) -> str:
        """Return a digest of the labels: the same ones, imported in the same way, have the same."""
        digest = hashlib.sha256(json.dumps([self.project.taken, self.project.model_version]).encode())
        for line in _lines(self.labels.images):
            digest.update(line.encode("utf-8", "surrogatepass"))
        return digest.hexdigest()

    def answer(self) -> LabelImportPlan:
        return LabelImportPlan(
            format=self.labels.format, taken=self.project.taken, model_version=self.project.model_version,
            images=len(self.labels.images), matched=dict(self._ways),
            new_images=sum(entry.task is None for entry in self.entries), tasks=len(self.entries),
            objects=dict(self._objects), there_already=self._there, left_alone=self._left.told(),
            splits=dict(Counter(image.split for image in self.labels.images if image.split)),
            lacking={plain(label): count for label, count in self._lacking.items()}, losses=self._losses.told(),
            problems=[LabelProblem(file=plain(one.file), entry=one.entry, reason=one.reason)
                      for one in self._problems[:_PROBLEMS]], problem_count=len(self._problems))


def _lines(images: Iterable[LabelledImage]) -> Iterator[str]:
    for image in images:
        yield f"{image.name}\n"
        for one in image.objects:
            mask = hashlib.sha256(one.mask.counts.tobytes()).hexdigest() if one.mask is not None else ""
            yield f"{one.label} {one.box} {one.rings} {mask} {one.ellipse} {one.score}\n"
