"""Video → frames as JPEG files: which of the sampled frames are taken, and which are tasks already."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Callable, Container, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from PIL import Image

from search_service.frames.sampling import Damage, Sampled, sample_frames
from search_service.frames.scene_changes import SceneChanges

JPEG_QUALITY = 90
_AHEAD = 2  # decoded frames that wait for the thread, 3 MB each at 1080p


@dataclass(frozen=True)
class Cut:
    """A sampled frame.

    Attributes:
        number, seconds: as of `Sampled`.
        taken: whether it is to be a task; of "only changes" few are.
        jpeg: the file; None unless it is taken and no task yet.
    """

    number: int
    seconds: float
    taken: bool
    jpeg: bytes | None


class Cutter(Protocol):
    """Cuts a video: here, or in a process of its own."""

    def __call__(self, path: Path, rate: Fraction, scene: float, done: Container[int],
                 damage: Damage) -> Iterator[Cut]: ...


def cut_frames(path: Path, rate: Fraction, scene: float, done: Container[int], damage: Damage,
               formats: str = "") -> Iterator[Cut]:
    """Yield every sampled frame of a video, in order.

    Args:
        rate: frames per second.
        scene: above 0, only those are taken that differ so much from the last one taken.
        done: numbers of frames that are tasks already.
        damage: is filled meanwhile.
        formats: FFmpeg's names of the only formats that may be opened, separated by commas; empty for all.

    Raises:
        ArgusError: `bad_video`.
    """
    changes = SceneChanges(scene)

    def cut(sampled: Sampled) -> Cut:
        known = sampled.number in done
        image = sampled.image() if scene or not known else None
        taken = image is None or not scene or changes.takes(image)
        return Cut(sampled.number, sampled.seconds, taken, _jpeg(image) if image and taken and not known else None)

    yield from _beside(cut, sample_frames(path, rate, damage, formats))


def _beside(act: Callable[[Sampled], Cut], frames: Iterator[Sampled]) -> Iterator[Cut]:
    """Yield `act` of each frame, in order, done in a thread while the next frames are decoded."""
    waiting: deque[Future[Cut]] = deque()
    with ThreadPoolExecutor(1, "cut") as thread:
        for frame in frames:
            waiting.append(thread.submit(act, frame))
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()
