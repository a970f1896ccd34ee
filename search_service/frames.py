"""Video → frames at exact times → Label Studio tasks that know where they came from.

Provenance goes into the task's data (`video`, `video_time`, `frame_number`, `video_id`), because Label Studio can
neither filter nor order by `meta`. The files are uploaded first without becoming tasks, and the tasks are then made
with their data: the only way that needs no storage shared with Label Studio and still keeps provenance.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import math
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from argus.errors import ArgusError
from argus.labelstudio import LabelStudio, get_label_studio
from search_service.sync import all_tasks, image_key

log = logging.getLogger(__name__)
JPEG_QUALITY = 90
BATCH_FILES, BATCH_BYTES = 50, 32 * 2**20  # Label Studio refuses more than 100 files a request
MAX_FPS = 240
# Containers that hold pictures themselves. Playlists and text formats, which FFmpeg opens too, can name other files.
_FORMATS = ("mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,mpegvideo,flv,asf,ogg,h264,hevc,av1,ivf,obu,m4v,"
            "mjpeg,mxf,nut,dv,gif,wtv,rm,yuv4mpegpipe")
Progress = Callable[[float], None]


@dataclass(frozen=True)
class Sampled:
    """A frame of a video: `number` counts frames from 0 in order of presentation, `seconds` from the first frame."""

    number: int
    seconds: float
    frame: VideoFrame
    rotation: int
    aspect: Fraction

    def image(self) -> Image.Image:
        """Return the frame as a person sees it: square pixels, turned as the file says."""
        image: Image.Image = self.frame.to_image()  # type: ignore[no-untyped-call]
        if self.aspect not in (0, 1):
            image = image.resize((max(1, round(image.width * self.aspect)), image.height))
        return image.rotate(self.rotation, expand=True) if self.rotation % 360 else image


@dataclass
class Damage:
    """What could not be read of a video."""

    packets: int = 0
    reached: float = 0.0  # seconds up to the end of the last frame
    duration: float | None = None  # what the file promises

    def sentences(self) -> list[str]:
        said = [f"{self.packets} damaged packet{'s' * (self.packets != 1)} left out"] if self.packets else []
        if self.duration and self.reached < self.duration - max(1.0, self.duration * 0.01):
            said.append(f"readable only up to {self.reached:.1f} s of {self.duration:.1f} s")
        return said


@dataclass
class ImportReport:
    """What an import did. `frames` = `imported` + `skipped` (tasks that were there already); `lost` says what was not
    readable, in sentences."""

    video: str
    video_id: str
    project_id: int
    frames: int = 0
    imported: int = 0
    skipped: int = 0
    lost: list[str] = field(default_factory=list)
    seconds: float = 0.0


def import_video(path: Path | str, project_id: int, fps: float | str = 1.0, *, ls: LabelStudio | None = None,
                 progress: Progress | None = None) -> ImportReport:
    """Make a task of each frame at t = 0, 1/fps, 2/fps … of a video; frames that are tasks already are left alone.

    A video is known by the digest of its file, so an interrupted import goes on where it stopped, a second one adds
    nothing, and a higher rate adds only the frames between.

    Args:
        path: a video file.
        fps: frames per second of video, as a number or a fraction such as `1/5`.
        progress: called with the share of the video that is done, 0 to 1.

    Raises:
        ArgusError: `bad_video` (not a video, nothing readable), `bad_request` (fps), `unknown_project`.
    """
    started, path = time.monotonic(), Path(path)
    rate = parse_fps(fps)
    ls = ls or get_label_studio()
    key = image_key(ls.project(project_id)["label_config"])
    report = ImportReport(path.name, video_digest(path), project_id)
    known = imported_frames(ls, project_id, report.video_id)
    damage = Damage()
    batch: list[tuple[Sampled, bytes]] = []
    for sampled in sample_frames(path, rate, damage):
        report.frames += 1
        if sampled.number in known:
            report.skipped += 1
        else:
            batch.append((sampled, _jpeg(sampled.image())))
        if len(batch) >= BATCH_FILES or sum(len(data) for _, data in batch) >= BATCH_BYTES:
            report.imported += _import_batch(ls, project_id, key, report, batch)
            batch.clear()
        if progress and damage.duration:
            progress(min(1.0, sampled.seconds / damage.duration))
    if batch:
        report.imported += _import_batch(ls, project_id, key, report, batch)
    report.lost, report.seconds = damage.sentences(), round(time.monotonic() - started, 2)
    if progress:
        progress(1.0)
    log.info("video imported", extra={"project": project_id, "imported": report.imported, "skipped": report.skipped,
                                      "lost": report.lost, "seconds": report.seconds})
    return report


def parse_fps(fps: float | str) -> Fraction:
    """Return the rate as a fraction. Raises `bad_request` unless it lies above 0 and up to 240."""
    try:
        rate = Fraction(str(fps).strip())
    except (ValueError, ZeroDivisionError) as error:
        raise ArgusError("bad_request", f"“{fps}” is no frame rate.",
                         "Give a number or a fraction, like 1, 0.5 or 1/5.") from error
    if not 0 < rate <= MAX_FPS:
        raise ArgusError("bad_request", f"The frame rate must lie above 0 and up to {MAX_FPS}, not {fps}.")
    return rate


def video_digest(path: Path) -> str:
    """Return the first 16 hex digits of the file's sha256. Raises `bad_video` when it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:16]
    except OSError as error:
        raise ArgusError("bad_video", f"The file {path.name} cannot be read: {error.strerror}.") from error


def imported_frames(ls: LabelStudio, project_id: int, video_id: str) -> set[int]:
    """Return the frame numbers of this video that the project has tasks of."""
    return {task["data"]["frame_number"] for page in all_tasks(ls, project_id) for task in page
            if task["data"].get("video_id") == video_id and isinstance(task["data"].get("frame_number"), int)}


def sample_frames(path: Path, rate: Fraction, damage: Damage | None = None) -> Iterator[Sampled]:
    """Yield, for each t = 0, 1/rate, …, the frame whose presentation covers t; a frame that covers several, once.

    Args:
        damage: is filled while the generator runs.

    Raises:
        ArgusError: `bad_video` when the file is no video or not one frame of it is readable.
    """
    damage = damage if damage is not None else Damage()
    step, wanted, count = 1 / rate, Fraction(0), 0
    held: tuple[Fraction, int, VideoFrame] | None = None
    end = Fraction(0)
    with _open(path) as container:
        stream = _video_stream(container, path)
        damage.duration = _duration(container, stream)
        for at, number, frame in _frames(container, stream, damage):
            if held and wanted < at:
                yield _sampled(held, stream)
                count += 1
                wanted = step * math.ceil(at / step)
            held = (at, number, frame)
            end = max(end, at + _length(frame, stream))
            damage.reached = float(end)
        if held and wanted < end:
            yield _sampled(held, stream)
            count += 1
    if not count:
        raise ArgusError("bad_video", f"Not one frame of {path.name} could be read.", "Does a video player show it?")


def _open(path: Path) -> InputContainer:
    try:
        return av.open(str(path), options={"format_whitelist": _FORMATS, "protocol_whitelist": "file"})
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise ArgusError("bad_video", f"{path.name} is not a video that can be read.",
                         "MP4, MKV, AVI, MOV, WebM and MPEG-TS files are known to work.") from error


def _video_stream(container: InputContainer, path: Path) -> VideoStream:
    if not container.streams.video:
        raise ArgusError("bad_video", f"{path.name} holds no video stream.")
    stream = container.streams.video[0]
    stream.thread_type = "AUTO"
    return stream


def _duration(container: InputContainer, stream: VideoStream) -> float | None:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else None


def _frames(container: InputContainer, stream: VideoStream,
            damage: Damage) -> Iterator[tuple[Fraction, int, VideoFrame]]:
    """Yield `(seconds since the first frame, number, frame)` of every readable frame, in order of presentation."""
    start: Fraction | None = None
    last, number = Fraction(-1), -1
    for frame in _decoded(container, stream, damage):
        number += 1
        if frame.pts is None:
            at = last + _length(frame, stream) if number else Fraction(0)
        else:
            at = frame.pts * (frame.time_base or stream.time_base or Fraction(1, 25))
            start = at if start is None else start
            at -= start
        if at > last:  # a damaged file may go back in time
            last = at
            yield at, number, frame


def _decoded(container: InputContainer, stream: VideoStream, damage: Damage) -> Iterator[VideoFrame]:
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except av.error.FFmpegError:
            damage.packets += 1
            return
        try:
            for frame in packet.decode():
                if isinstance(frame, VideoFrame):
                    damage.packets += bool(frame.is_corrupt)
                    yield frame
        except av.error.EOFError:
            return
        except av.error.FFmpegError:
            damage.packets += 1


def _length(frame: VideoFrame, stream: VideoStream) -> Fraction:
    if frame.duration and frame.time_base:
        return Fraction(frame.duration * frame.time_base)
    return Fraction(1, 1) / (stream.average_rate or stream.guessed_rate or 25)


def _sampled(held: tuple[Fraction, int, VideoFrame], stream: VideoStream) -> Sampled:
    at, number, frame = held
    return Sampled(number, float(at), frame, frame.rotation, Fraction(stream.sample_aspect_ratio or 1))


def _jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()


def _import_batch(ls: LabelStudio, project_id: int, key: str, report: ImportReport,
                  batch: list[tuple[Sampled, bytes]]) -> int:
    stem = re.sub(r"[^A-Za-z0-9_.-]+", "_", Path(report.video).stem)[:60].strip("._") or "video"
    names = [f"{stem}-{sampled.number:08d}.jpg" for sampled, _ in batch]
    files = [(name, (name, data, "image/jpeg")) for name, (_, data) in zip(names, batch, strict=True)]
    answer = ls.request("POST", f"/api/projects/{project_id}/import", params={"commit_to_project": "false"},
                        files=files, timeout=300)
    uploaded = ls.get(f"/api/projects/{project_id}/file-uploads", ids=json.dumps(answer["file_upload_ids"]))
    paths = {entry["file"].rsplit("/", 1)[-1].split("-", 1)[1]: f"/data/{entry['file']}" for entry in uploaded}
    tasks: list[dict[str, Any]] = []
    for name, (sampled, _) in zip(names, batch, strict=True):
        if name not in paths:
            raise ArgusError("label_studio_refused", f"Label Studio did not keep the upload {name}.")
        tasks.append({"data": {key: paths[name], "video": report.video, "video_time": sampled.seconds,
                               "frame_number": sampled.number, "video_id": report.video_id}})
    made = ls.post(f"/api/projects/{project_id}/import", tasks, timeout=300)
    return int(made["task_count"])
