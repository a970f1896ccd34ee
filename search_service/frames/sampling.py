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
from search_service.frames.display_matrix import as_shown
from search_service.frames.video_clock import VideoClock
from search_service.frames.video_files import clock_may_jump, has_decoding_times, lacks_beginning, opened_video


@dataclass(frozen=True)
class Sampled:
    """A frame of a video: `number` counts frames from 0 in order of presentation, `seconds` from the first frame."""

    number: int
    seconds: float
    frame: VideoFrame
    aspect: Fraction

    def image(self) -> Image.Image:
        """Return the frame as a person sees it: square pixels, turned and mirrored as the file says."""
        image: Image.Image = self.frame.to_image()  # type: ignore[no-untyped-call]
        if self.aspect not in (0, 1):
            image = image.resize((max(1, round(image.width * self.aspect)), image.height))
        return as_shown(image, self.frame)


@dataclass
class Damage:
    """What could not be read of a video."""

    packets: int = 0
    headless: int = 0  # packets that cannot be shown because the file begins in the middle of a recording
    missing: float = 0.0  # seconds that those took
    beheaded: bool = False  # the container's own beginning is missing
    skipped: float = 0.0  # seconds of the file's clock without a frame: `missing`, and where the clock jumped
    reached: float = 0.0  # seconds up to the end of the last frame
    duration: float | None = None  # what the file promises

    @property
    def left_out(self) -> int:
        """How many frames of the file could not be shown, or not whole: a damaged packet counts as one."""
        return self.packets + self.headless

    def sentences(self) -> list[str]:
        said = []
        if self.beheaded:
            said.append("its beginning is missing: times are counted from the first frame that is left")
        if self.headless:
            said.append(f"its beginning is missing: the first {_count(self.headless, 'frame')} ({self.missing:.1f} s) "
                        "cannot be shown without what came before")
        if self.packets:
            said.append(f"{_count(self.packets, 'damaged packet')} left out")
        if self.duration and self.reached + self.skipped < self.duration - max(1.0, self.duration * 0.01):
            said.append(f"readable only up to {self.reached:.1f} s of {self.duration:.1f} s")
        return said


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'s' * (number != 1)}"


def sample_frames(path: Path, rate: Fraction, damage: Damage | None = None, formats: str = "") -> Iterator[Sampled]:
    """Yield, for each t = 0, 1/rate, …, the frame whose presentation covers t; a frame that covers several, once.

    Args:
        damage: is filled while the generator runs.
        formats: as of `opened_video`.

    Raises:
        ArgusError: `bad_video` when the file is no video or not one frame of it is readable.
    """
    damage = damage if damage is not None else Damage()
    step, wanted, count = 1 / rate, Fraction(0), 0
    held: tuple[Fraction, int, VideoFrame] | None = None
    end = Fraction(0)
    with opened_video(path, formats) as (container, stream):
        damage.duration, damage.beheaded = _duration(container, stream), lacks_beginning(container, path)
        clock = VideoClock(stream, clock_may_jump(container), has_decoding_times(container))
        for at, number, frame in _frames(container, stream, clock, damage):
            if held and wanted < at:
                yield _sampled(held, stream)
                count += 1
                wanted = step * math.ceil(at / step)
            held = (at, number, frame)
            end = max(end, at + clock.length(frame))
            damage.reached, damage.skipped = float(end), damage.missing + float(clock.closed)
        if held and wanted < end:
            yield _sampled(held, stream)
            count += 1
    if not count:
        raise ArgusError("bad_video", f"No frame of {path.name} could be read.", "Does a video player play it?")


def _duration(container: InputContainer, stream: VideoStream) -> float | None:
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else None


def _frames(container: InputContainer, stream: VideoStream, clock: VideoClock,
            damage: Damage) -> Iterator[tuple[Fraction, int, VideoFrame]]:
    """Yield `(seconds since the first frame, number, frame)` of every readable frame, in order of presentation."""
    for number, frame in enumerate(_decoded(container, stream, damage)):
        yield clock.time(frame), number, frame


def _decoded(container: InputContainer, stream: VideoStream, damage: Damage) -> Iterator[VideoFrame]:
    packets = container.demux(stream)
    before: list[int] | None = []  # times of presentation of the packets before the first frame
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except av.error.FFmpegError:
            damage.packets += 1
            return
        if before is not None and packet.pts is not None and not packet.is_discard:
            before.append(packet.pts)
        try:
            for frame in packet.decode():
                if isinstance(frame, VideoFrame):
                    if before is not None:
                        _note_headless(before, frame, damage)
                        before = None
                    damage.packets += bool(frame.is_corrupt)
                    yield frame
        except av.error.EOFError:
            return
        except av.error.FFmpegError:
            damage.packets += before is None


def _note_headless(before: list[int], first: VideoFrame, damage: Damage) -> None:
    """Count the packets whose pictures would have come before the first one that could be decoded."""
    if first.pts is not None and (lost := [pts for pts in before if pts < first.pts]):
        damage.headless = len(lost)
        damage.missing = float((first.pts - min(lost)) * (first.time_base or 0))


def _sampled(held: tuple[Fraction, int, VideoFrame], stream: VideoStream) -> Sampled:
    at, number, frame = held
    return Sampled(number, float(at), frame, Fraction(stream.sample_aspect_ratio or 1))
