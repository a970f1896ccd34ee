"""Video → frames at exact times → Label Studio tasks that know where they came from.

Provenance goes into the task's data (`video`, `video_time`, `frame_number`, `video_id`), because Label Studio can
neither filter nor order by `meta`. The files are uploaded first without becoming tasks, and the tasks are then made
with their data: the only way that needs no storage shared with Label Studio and still keeps provenance.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import logging
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from argus.db import held
from argus.errors import ArgusError
from argus.labelstudio import LabelStudio, get_label_studio, listing
from argus.labelstudio.files import uploaded_at
from argus.settings import get_settings
from search_service.frames.frame_data import FrameData, frame_data
from search_service.frames.sampling import Damage, Sampled, parse_fps, sample_frames
from search_service.frames.scene_changes import SceneChanges
from search_service.frames.video_files import is_video

log = logging.getLogger(__name__)
JPEG_QUALITY = 90
BATCH_FILES, BATCH_BYTES = 50, 32 * 2**20  # Label Studio refuses more than 100 files a request
VIDEO_SUFFIXES = {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".wmv",
                  ".asf", ".flv", ".ogv", ".mxf", ".3gp", ".dav"}  # such a file in a folder is told when it is none
Progress = Callable[[float], None]
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
                 known: KnownFrames | None = None) -> ImportReport:
    """Make a task of each frame at t = 0, 1/fps, 2/fps … of a video; frames that are tasks already are left alone.

    A video is known by the digest of its file, so an interrupted import goes on where it stopped, a second one adds
    nothing, and a higher rate adds only the frames between. Two imports of one video cannot run at the same time.

    Args:
        path: a video file.
        fps: frames per second of video, as a number or a fraction such as `1/5`.
        scene: above 0, of these frames only those that differ so much from the last one taken (0 to 1).
        progress: called with the share of the video that is done, 0 to 1.
        known: what `imported_frames` gave, when several videos are imported one after the other.

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
    report = ImportReport(path.name, video_digest(path), project_id)
    with _alone(project_id, report):
        done = (imported_frames(ls, project_id) if known is None else known).setdefault(report.video_id, set())
        damage, changes = Damage(), SceneChanges(scene)
        batch: list[tuple[Sampled, bytes]] = []
        for sampled in sample_frames(path, rate, damage):
            image = sampled.image() if scene or sampled.number not in done else None
            if image and (not scene or changes.takes(image)):
                report.frames += 1
                if sampled.number in done:
                    report.skipped += 1
                else:
                    batch.append((sampled, _jpeg(image)))
            elif not scene:
                report.frames += 1
                report.skipped += 1
            if len(batch) >= BATCH_FILES or sum(len(data) for _, data in batch) >= BATCH_BYTES:
                report.imported += _import_batch(ls, project_id, form, report, batch)
                batch.clear()
            if progress and damage.duration:
                progress(min(1.0, sampled.seconds / damage.duration))
        if batch:
            report.imported += _import_batch(ls, project_id, form, report, batch)
    report.lost, report.left_out = damage.sentences(), damage.left_out
    report.seconds = round(time.monotonic() - started, 2)
    if progress:
        progress(1.0)
    log.info("video imported", extra={"project": project_id, "imported": report.imported, "skipped": report.skipped,
                                      "lost": report.lost, "seconds": report.seconds})
    return report


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
                            and (file.suffix.lower() in VIDEO_SUFFIXES or is_video(file)))
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


def _jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()


def _import_batch(ls: LabelStudio, project_id: int, form: FrameData, report: ImportReport,
                  batch: list[tuple[Sampled, bytes]]) -> int:
    stem = re.sub(r"[^A-Za-z0-9_.-]+", "_", Path(report.video).stem)[:60].strip("._") or "video"
    names = [f"{stem}-{sampled.number:08d}.jpg" for sampled, _ in batch]
    files = [(name, (name, data, "image/jpeg")) for name, (_, data) in zip(names, batch, strict=True)]
    answer = ls.request("POST", f"/api/projects/{project_id}/import", params={"commit_to_project": "false"},
                        files=files, timeout=300)
    uploaded = ls.get(f"/api/projects/{project_id}/file-uploads", ids=json.dumps(answer["file_upload_ids"]))
    site = get_settings().public_label_studio_url
    paths = {entry["file"].rsplit("/", 1)[-1].split("-", 1)[1]: uploaded_at(site, entry["file"]) for entry in uploaded}
    tasks: list[dict[str, Any]] = []
    for name, (sampled, _) in zip(names, batch, strict=True):
        if name not in paths:
            raise ArgusError("label_studio_refused", f"Label Studio did not keep the upload {name}.")
        tasks.append({"data": form.of(paths[name], report.video, report.video_id, sampled.seconds, sampled.number)})
    made = ls.post(f"/api/projects/{project_id}/import", tasks, timeout=300)
    return int(made["task_count"])
