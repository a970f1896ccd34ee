"""4. Of a video, what ffmpeg shows is imported; what is no video is told as what it is."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.odd_inputs import Case, product

ITEMS = (4,)
RATE = "2"
GRID = 4  # a picture is compared as its mean grey in 4 × 4 fields
TOLERANCE = 12
_MIRRORS = {"mirrored left to right": (-1, 0, 0, 1), "mirrored top to bottom": (1, 0, 0, -1),
            "turned and mirrored": (0, 1, 1, 0), "turned the other way and mirrored": (0, -1, -1, 0),
            "turned by 90°": (0, 1, -1, 0)}


def cases(work: Path) -> Iterator[Case]:
    from tests import videos

    version = subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True, check=True).stdout.split()[2]
    for kind, instance, path in _shown(videos, work):
        yield Case(4, kind, instance, f"ffmpeg {version}", _ffmpeg(path), "pictures", str(path), TOLERANCE)
    for instance, path, sentence in _not_shown(videos, work):
        yield Case(4, "what is no video is told as what it is", instance, f"ffmpeg {version}", sentence(path), "told",
                   str(path))


def _shown(videos: Any, work: Path) -> Iterator[tuple[str, str, Path]]:
    plain, large = videos.write(work / "plain.mp4"), videos.write(work / "large.mp4", first=20, size=(128, 96))
    thumb = videos.write(work / "thumb.mkv", 1, codec="mjpeg", size=(256, 256))
    right = "the stream that is the video"
    yield right, "a thumbnail comes first", videos.with_streams(work / "thumb_first.mkv", [thumb, plain], 1)
    yield right, "the default stream is the second", videos.with_streams(work / "second.mkv", [large, plain], 1)
    yield right, "no default stream", videos.with_streams(work / "none.mkv", [plain, large])
    for name, matrix in _MIRRORS.items():
        yield "the whole display matrix", name, videos.with_matrix(work / f"{name[:24]}.mp4", plain, matrix)
    first, second = (videos.write(work / f"{n}.ts", form="mpegts", first=50 * n) for n in range(2))
    late = videos.write(work / "late.ts", form="mpegts", first=50, start=3600)
    clock = "a clock that starts again"
    yield clock, "two recordings joined", videos.joined(work / "joined.ts", [first, second])
    yield clock, "three recordings joined", videos.joined(work / "three.ts", [first, second, first])
    yield clock, "joined with one of an hour later", videos.joined(work / "hour.ts", [first, late])
    container = "any container"
    yield container, "SWF", videos.write(work / "camera.swf", codec="flv")
    yield container, "MPEG-TS under another name", videos.write(work / "x.ts", form="mpegts").rename(work / "x.0001")
    yield container, "NUT", videos.write(work / "a.nut")
    yield "frames without own times", "raw H.264", videos.write(work / "raw.h264", form="h264")
    for count in (2, 3):
        yield "frames without own times", f"AVI with {count} B-frames in a row", videos.write(
            work / f"b{count}.avi", options={"bf": str(count), "b_strategy": "0"})


def _not_shown(videos: Any, work: Path) -> Iterator[tuple[str, Path, Callable[[Path], str]]]:
    empty, cut, head = work / "zero.mp4", work / "cut.mp4", work / "head.mp4"
    empty.touch()
    whole = videos.write(work / "whole.mp4", 100)
    cut.write_bytes(whole.read_bytes()[:whole.stat().st_size // 2])
    videos.without_beginning(head, whole, 0.3)
    yield "an empty file", empty, lambda path: "is empty" if path.stat().st_size == 0 else "?"
    yield "an MP4 that was cut off", cut, lambda path: (
        "index is missing" if "moov atom not found" in _said(path) else "?")
    yield "an MP4 without its beginning", head, lambda path: (
        "beginning is missing" if "Invalid data" in _said(path) and b"moov" in path.read_bytes() else "?")
    yield "a PNG", videos.still(work / "photo.png"), lambda path: (
        "is an image" if "png_pipe" in _said(path) else "?")


def _ffmpeg(path: Path) -> list[Any]:
    """Return what ffmpeg shows at each t = 0, 1/rate, … from the first frame: size and grey of each picture."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["ffmpeg", "-v", "error", "-i", f"file:{path}", "-vf", "setpts=PTS-STARTPTS,"
                        f"fps={RATE}:round=up", f"{folder}/%05d.png"], check=True)
        return [_grey(Image.open(file)) for file in sorted(Path(folder).iterdir())]


def _said(path: Path) -> str:
    done = subprocess.run(["ffmpeg", "-hide_banner", "-i", f"file:{path}"], capture_output=True, text=True, check=False)
    return done.stderr


def _grey(image: Image.Image) -> list[Any]:
    small: Sequence[int] = np.asarray(image.convert("L").resize((GRID, GRID), Image.Resampling.BOX)).flatten().tolist()
    return [list(image.size), list(small)]


def pictures(argument: str) -> Any:
    """Return the frames that an import would take, as `_ffmpeg` does."""
    sample_frames = product("search_service.frames.sampling", "search_service.sampling", "sample_frames")
    return [_grey(frame.image()) for frame in sample_frames(Path(argument), Fraction(RATE))]


def told(argument: str) -> Any:
    """Return which of the sentences is said of a file."""
    try:
        pictures(argument)
    except Exception as error:
        said = [words for words in ("is empty", "index is missing", "beginning is missing", "is an image")
                if words in str(error)]
        return said[0] if said else str(error)
    return "taken for a video"
