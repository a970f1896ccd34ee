"""Recording an export as a version while it is written."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from argus import __version__
from argus.answers.export import WrittenExport
from argus.answers.versions import VersionBody, VersionCertificate, VersionConcept
from argus.errors import OUTAGES, ArgusError
from argus.settings import get_settings
from label_studio_config import projects
from label_studio_config.label_config import Concept
from label_studio_config.project_shape import ProjectShape
from label_studio_config.recipe import recipe_for
from search_service.export.files import IMAGE_SUFFIXES
from search_service.export.records import ExportImage
from search_service.export.source import Source
from search_service.export.versions import store
from search_service.export.versions.compare import row_of
from search_service.export.versions.store import ImageRow
from search_service.review.verification import certificate_store

_ROWS = 500  # images that are stored at a time
_BLOCK = 2**20  # bytes of a file that are read at a time
SUMS, BODY = "SHA256SUMS", "version.json"


@dataclass(frozen=True)
class Asked:
    """What an export was asked for, and by whom; see `argus.answers.versions.VersionBody`."""

    format: str
    source: Source = "annotations"
    masks: bool = False
    images: bool = True
    shares: Mapping[str, float] = field(default_factory=dict)
    note: str = ""
    made_by: str = ""
    licence: str = ""


class Recorder:
    """Takes in the images of an export as they are written, and adds `version.json` and `SHA256SUMS` at the end."""

    def __init__(self, project_id: int, version_id: int, number: int, asked: Asked) -> None:
        self.number = number
        self._project_id, self._id, self._asked = project_id, version_id, asked
        self._rows: list[ImageRow] = []
        self._objects: Counter[str] = Counter()
        self._places: set[str] = set()
        self._sums = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - closed by `recording`

    def add(self, task_id: int, image: ExportImage, split: str, place: str) -> None:
        """Take in an image whose file, if there is one of its own, is in the folder `place` of the export."""
        self._objects.update(item.label for item in image.objects)
        if image.digest and place:
            self._sums.write(f"{image.digest}  {place}/{image.file_name}\n")
            self._places.add(place)
        self._rows.append(row_of(task_id, image, split))
        if len(self._rows) == _ROWS:
            self._store()

    def close(self, folder: Path, said: VersionBody) -> None:
        """Store what `describe` said of the export whose files are all in `folder`."""
        self._store()
        body = said.model_dump_json(indent=1)
        (folder / BODY).write_text(body + "\n", encoding="utf-8")
        self._sums.seek(0)
        total = hashlib.sha256()
        with (folder / SUMS).open("w", encoding="utf-8") as out:
            for line in self._sums:
                out.write(line)
                total.update(line.encode())
            for path in self._others(folder):
                line = f"{_digest(path)}  {path.relative_to(folder).as_posix()}\n"
                out.write(line)
                total.update(line.encode())
        store.describe(self._id, body, total.hexdigest())

    def _others(self, folder: Path) -> Iterator[Path]:
        """Yield the files of an export but its images, of which the digests are known, and but the list itself."""
        for path in folder.rglob("*"):
            name = path.relative_to(folder)
            image = name.parent.as_posix() in self._places and path.suffix in IMAGE_SUFFIXES
            if path.is_file() and not image and name.as_posix() != SUMS:
                yield path

    def end(self, *, made: bool) -> None:
        self._sums.close()
        if made:
            store.finish(self._id)
        else:
            with contextlib.suppress(ArgusError):  # nobody is told of what was not finished
                store.delete(self._id)

    def _store(self) -> None:
        if self._rows:
            store.add(self._id, self._rows)
            self._rows = []

    def describe(self, shape: ProjectShape, written: WrittenExport) -> VersionBody:
        """Return what the version says about what it holds."""
        asked, settings, split = self._asked, get_settings(), bool(self._asked.shares)
        return VersionBody(
            version=self.number, project=self._project_id, title=shape.title, note=asked.note,
            made_at=datetime.now(UTC), made_by=asked.made_by, argus=__version__, format=asked.format,
            source=asked.source, masks=asked.masks, images_included=asked.images, shares=dict(asked.shares),
            gap=settings.split_gap_seconds if split else None,
            cosine=settings.duplicate_similarity if split else None, model_version=shape.model_version,
            concepts=_concepts(self._project_id), label_config=shape.config_digest,
            certificates=[VersionCertificate(id=one.id, sentence=one.sentence, digest=one.digest)
                          for one in certificate_store.summaries(self._project_id) if one.state == "valid"],
            images=written.images, objects=dict(self._objects), splits=written.splits, skipped=written.skipped,
            leaks=written.leaks, licence=asked.licence)


@contextmanager
def recording(project_id: int, asked: Asked, export_id: int | None = None) -> Iterator[Recorder | None]:
    """Yield what records the export that is made in this block: as a version when the block ends well, else not at
    all. None while the database is away or cannot be written to: exports are made all the same."""
    try:
        version_id, number = store.begin(project_id, export_id)
    except ArgusError as error:
        if error.code not in OUTAGES:
            raise
        yield None
        return
    recorder = Recorder(project_id, version_id, number, asked)
    try:
        yield recorder
    except BaseException:
        recorder.end(made=False)
        raise
    recorder.end(made=True)


def _concepts(project_id: int) -> list[VersionConcept]:
    """Return what the recipe asks for; nothing of a project that Argus does not know."""
    project = projects.find(project_id)
    found: tuple[Concept, ...] = recipe_for(project).concepts if project else ()
    return [VersionConcept(label=one.label, prompts=list(one.prompts), threshold=one.threshold) for one in found]


def _digest(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            found.update(block)
    return found.hexdigest()
