"""Video → frames at exact times → Label Studio tasks that know where they came from.

Provenance goes into the task's data (`video`, `video_time`, `frame_number`, `video_id`), because Label Studio can
neither filter nor order by `meta`. The files are uploaded first without becoming tasks, and the tasks are then made
with their data: the only way that needs no storage shared with Label Studio and still keeps provenance.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from argus.db import held
from argus.errors import ArgusError
from argus.images.video_files import VIDEO_SUFFIXES
from argus.labelstudio import LabelStudio, get_label_studio, listing
from search_service.frames.batches import Batches
from search_service.frames.cutting import Cut, Cutter, cut_frames
from search_service.frames.frame_data import FrameData, frame_data
from search_service.frames.frame_rate import parse_fps
from search_service.frames.sampling import Damage
from search_service.frames.sending import BATCH_FILES, make_tasks, send_files, stem_of
from search_service.frames.video_files import is_video

log = logging.getLogger(__name__)
_FIRST_FILES = 8  # of the first batch, where somebody waits to see what comes
Progress = Callable[[float], None]
Watch = Callable[["ImportReport", Sequence[int]], None]
KnownFrames = dict[str, set[int]]


@dataclass
class ImportReport:
    """What an import did. `frames` = `imported` + `skipped` (tasks that were there already); `lost` says what was not
    readable, in sentences, and `left_out` how many of the file's frames that were."""

    video: str
    video_id: str
    project_id: int
    frames: int = 0
    imported: int = 0
    skipped: int = 0
    left_out: int = 0
    lost: list[str] = field(default_factory=list)
    seconds: float = 0.0


def import_video(path: Path | str, project_id: int, fps: float | str = 1.0, *, scene: float = 0.0,
                 ls: LabelStudio | None = None, progress: Progress | None = None,
                 known: KnownFrames | None = None, name: str = "", cut: Cutter = cut_frames,
                 watch: Watch | None = None) -> ImportReport:
    """Make a task of each frame at t = 0, 1/fps, 2/fps … of a video; frames that are tasks already are left alone.

    A video is known by the digest of its file, so an interrupted import goes on where it stopped, a second one adds
    nothing, and a higher rate adds only the frames between. Two imports of one video cannot run at the same time.

    Args:
        path: a video file.
        fps: frames per second of video, as a number or a fraction such as `1/5`.
        scene: above 0, of these frames only those that differ so much from the last one taken (0 to 1).
        progress: called with the share of the video that is done, 0 to 1.
        known: what `imported_frames` gave, when several videos are imported one after the other.
        name: of the video, if it is another than its file's.
        cut: cuts the video into frames.
        watch: called for each frame that was looked at, and with the ids of the tasks of each batch; what it raises
            ends the import.

    Raises:
        ArgusError: `bad_video` (not a video, nothing readable), `bad_request` (fps, scene; Label Studio
            takes no files for this labelling config), `unknown_project`, `conflict` (somebody imports this video just
            now).
    """
    started, path = time.monotonic(), Path(path)
    rate = parse_fps(fps)
    if not 0 <= scene <= 1:
        raise ArgusError("bad_request", f"The threshold of a scene change must be from 0 to 1, not {scene}.",
                         "0.1 is a good start; larger values take fewer frames.")
    ls = ls or get_label_studio()
    form = frame_data(ls.project(project_id)["label_config"] or "")
    report = ImportReport(name or path.name, video_digest(path), project_id)
    with _alone(project_id, report):
        done = (imported_frames(ls, project_id) if known is None else known).setdefault(report.video_id, set())
        damage = Damage()
        send, told = functools.partial(_import_batch, ls, form, report), functools.partial(_count, report, watch)
        with Batches(send, told, _FIRST_FILES if watch else BATCH_FILES) as batches:
            for one in cut(path, rate, scene, done, damage):
                report.frames += one.taken
                report.skipped += one.taken and one.jpeg is None
                batches.add(one)
                told(0, ())
                if progress and damage.duration:
                    progress(min(1.0, one.seconds / damage.duration))
            batches.rest()
    report.lost, report.left_out = damage.sentences(), damage.left_out
    report.seconds = round(time.monotonic() - started, 2)
    if progress:
        progress(1.0)
    log.info("video imported", extra={"project": project_id, "imported": report.imported, "skipped": report.skipped,
                                      "lost": report.lost, "seconds": report.seconds})
    return report


def _count(report: ImportReport, watch: Watch | None, imported: int, tasks: Sequence[int]) -> None:
    report.imported += imported
    if watch:
        watch(report, tasks)


@contextlib.contextmanager
def _alone(project_id: int, report: ImportReport) -> Iterator[None]:
    """Keep a second import of the same video out. PostgreSQL drops the lock with the connection, however this ends."""
    with held(project_id, int(report.video_id[:8], 16) - 2**31) as ours:
        if not ours:
            raise ArgusError("conflict", f"{report.video} is being imported into project {project_id} just now.",
                             "Wait for that import to end; starting again afterwards adds what is missing.")
        yield


def find_videos(paths: Sequence[Path]) -> list[Path]:
    """Return the video files among `paths` and inside its folders, each once: files as given, a folder's by name.

    Of a folder, every file is opened that FFmpeg may read as a video, whatever its name; one that is none is left out
    unless its name says that it should be one.

    Raises:
        ArgusError: `bad_video` when there is no such path, or a folder without a video.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        if path.is_dir():
            inside = sorted(file for file in path.rglob("*") if file.is_file()
                            and not any(part[0] == "." for part in file.relative_to(path).parts)
                            and (file.suffix.lower() in VIDEO_SUFFIXES  # one that is none is told
                                 or is_video(file)))
            if not inside:
                raise ArgusError("bad_video", f"The folder {path} holds no video.",
                                 "All files in it and in its subfolders were tried, except hidden ones.")
        elif path.exists():
            inside = [path]
        else:
            raise ArgusError("bad_video", f"There is no file {path}.")
        found |= {file.resolve(): file for file in inside if file.resolve() not in found}
    return list(found.values())


def video_digest(path: Path) -> str:
    """Return the first 16 hex digits of the file's sha256. Raises `bad_video` when it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:16]
    except OSError as error:
        raise ArgusError("bad_video", f"The file {path.name} cannot be read: {error.strerror}.") from error


def imported_frames(ls: LabelStudio, project_id: int) -> KnownFrames:
    """Return `video id → frame numbers` that the project has tasks of."""
    found: KnownFrames = {}
    for page in listing.walk(ls, project_id, include="id,data"):
        for task in page:
            video, number = task["data"].get("video_id"), task["data"].get("frame_number")
            if isinstance(video, str) and isinstance(number, int):
                found.setdefault(video, set()).add(number)
    return found


def _import_batch(ls: LabelStudio, form: FrameData, report: ImportReport, batch: Sequence[Cut]) -> list[int]:
    """Return the ids of the tasks that were made."""
    stem = stem_of(report.video, "video")
    names = [f"{stem}-{cut.number:08d}.jpg" for cut in batch]
    paths = send_files(ls, report.project_id, [(name, cut.jpeg or b"") for name, cut in zip(names, batch, strict=True)])
    return make_tasks(ls, report.project_id, [
        form.of(paths[name], report.video, report.video_id, cut.seconds, cut.number)
        for name, cut in zip(names, batch, strict=True)])
