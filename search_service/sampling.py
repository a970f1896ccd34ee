"""Video → frames at exact times, with PyAV: constant or variable rate, turned, damaged, cut short."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from argus.errors import ArgusError

MAX_FPS = 240
# Containers that hold pictures themselves. Playlists and text formats, which FFmpeg opens too, can name other files.
_FORMATS = ("mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,mpegvideo,flv,asf,ogg,h264,hevc,av1,ivf,obu,m4v,"
            "mjpeg,mxf,nut,dv,gif,wtv,rm,yuv4mpegpipe")


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
