"""Opening a video: any container that FFmpeg reads, its picture stream, and a sentence for what is no video."""

from __future__ import annotations

import contextlib
import itertools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NoReturn

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from argus.errors import ArgusError
from argus.images.files import count_pictures

_NO_VIDEO = Disposition.attached_pic | Disposition.timed_thumbnails | Disposition.still_image
_DEFAULT_PIXELS = 5_000_000  # FFmpeg takes the largest stream, and counts the default one for so many pixels more
_STILLS = ("mif1", "msf1", "heic", "heix", "avif")  # brands of HEIF and AVIF files that hold one picture
_MAY_MOVE = ("gif", "apng")
_TEXT = ("ansi", "bintext", "xbin", "idf")  # FFmpeg would draw the letters of a text file
_RAW = ("m4v", "mpegvideo", "h264", "hevc", "mjpeg")  # pictures without a container
_TS_DISCONT = 0x200  # FFmpeg's AVFMT_TS_DISCONT; PyAV's own enumeration refuses flags that it does not know
_LOOK_AHEAD = 200  # packets
_BOXES = 1000  # outer boxes of an MP4 file that are looked at
_BUFFER = 2**20  # bytes read at once
_NO_INDEX = "Copy it again from where it was recorded; a recorder can often repair a recording that was not ended."
_KNOWN = "MP4, MKV, AVI, MOV, WebM, MPEG-TS and the files of many recorders are known to work."


@contextlib.contextmanager
def opened_video(path: Path, formats: str = "") -> Iterator[tuple[InputContainer, VideoStream]]:
    """Yield a video file's container and the stream that a player shows.

    The file is the only one that is read: a playlist, or a container that names another file, opens nothing.

    Args:
        formats: FFmpeg's names of the only formats that may be opened, separated by commas; empty for all.

    Raises:
        ArgusError: `bad_video`, with what the file is instead.
    """
    with _reading(path), path.open("rb") as file:
        try:
            container = _container(file, formats)
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise _told(path) from error
        with container:
            yield container, _video_stream(container, path, formats)


def _container(file: BinaryIO, formats: str) -> InputContainer:
    # A decoder's thread that logs an error through Python waits for the interpreter's lock; PyAV frees a decoder while
    # it holds that lock, and waits for the decoder's threads: a deadlock. PyAV's default logs nothing, but importing
    # torchvision up to 0.25 turns logging on for the whole process, so it is turned off each time.
    av.logging.set_level(None)
    options = {"protocol_whitelist": "none"} | ({"format_whitelist": formats} if formats else {})
    return av.open(file, "r", options=options, buffer_size=_BUFFER, io_open=_refuse)


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if isinstance(error, av.error.FFmpegError):
            raise
        raise ArgusError("bad_video", f"The file {path.name} cannot be read: {error.strerror}.") from error


def _refuse(url: str, flags: int, options: dict[str, str]) -> NoReturn:
    raise OSError("a video names another file")


def is_video(path: Path) -> bool:
    """Whether a player would show the file as a video; nothing of it is decoded beyond what tells the format."""
    try:
        with opened_video(path):
            return True
    except ArgusError:
        return False


def clock_may_jump(container: InputContainer) -> bool:
    """Whether the container is one whose timestamps may start again or jump, as those of broadcasts do."""
    return bool(container.format.flags & _TS_DISCONT)


def has_decoding_times(container: InputContainer) -> bool:
    """Whether the container keeps no times of presentation: what stands for them is a guess, wrong where frames are
    stored in another order than they are shown (B-frames)."""
    return container.format.name == "avi"


def _video_stream(container: InputContainer, path: Path, formats: str) -> VideoStream:
    """Return the stream to show: no cover, thumbnail or single picture while there is another, then FFmpeg's choice."""
    if _is_picture(container, path):
        raise _picture(path)
    streams = [stream for stream in container.streams.video
               if stream.codec_context is None or stream.codec_context.name not in _TEXT]
    if not streams:
        raise ArgusError("bad_video", f"{path.name} contains no video, only sound.") if container.streams.audio \
            else _unknown(path)
    moving = [stream for stream in streams if not stream.disposition & _NO_VIDEO]
    if not moving:
        raise ArgusError("bad_video", f"{path.name} contains no video, only a cover picture.")
    readable = [stream for stream in moving if stream.codec_context is not None]
    if not readable:
        raise ArgusError("bad_video", f"The video of {path.name} is in a format that cannot be decoded here.")
    lasting = _lasting(path, formats) if len(readable) > 1 else set()
    best = max(readable, key=lambda stream: (
        stream.index in lasting, stream.codec_context.width * stream.codec_context.height
        + _DEFAULT_PIXELS * bool(stream.disposition & Disposition.default), -stream.index))
    best.thread_type = "AUTO"
    return best


def _lasting(path: Path, formats: str) -> set[int]:
    """Return the streams that have more than one frame; a thumbnail's has one, and few containers say so."""
    counts: Counter[int] = Counter()
    with path.open("rb") as file, _container(file, formats) as container, contextlib.suppress(av.error.FFmpegError):
        for packet in itertools.islice(container.demux(container.streams.video), _LOOK_AHEAD):
            counts[packet.stream.index] += packet.size > 0
    return {index for index, count in counts.items() if count > 1}


def _is_picture(container: InputContainer, path: Path) -> bool:
    """Whether FFmpeg opened a single image. JPEGs that were joined are of a format of their own."""
    name, brand = container.format.name, container.metadata.get("major_brand", "").strip()
    if name in _MAY_MOVE:
        return count_pictures(path) == 1
    return name in ("image2", "ico") or name.endswith("_pipe") or brand in _STILLS


def _picture(path: Path) -> ArgusError:
    return ArgusError("bad_video", f"{path.name} is an image, not a video.",
                      "Import images in Label Studio itself; they need not be cut into frames.")


def _told(path: Path) -> ArgusError:
    """Return the error that says what a file is which FFmpeg does not open."""
    if path.stat().st_size == 0:
        return ArgusError("bad_video", f"{path.name} is empty.", "Copy it again from where it was recorded.")
    if count_pictures(path):
        return _picture(path)
    boxes = _boxes(path)
    if boxes and boxes[0] in (b"ftyp", b"wide", b"mdat", b"free", b"skip") and b"moov" not in boxes:
        return ArgusError("bad_video", f"{path.name} cannot be read, its index is missing: copied incompletely?",
                          _NO_INDEX)
    if _ends_as_a_video(path):
        return ArgusError("bad_video", f"{path.name} cannot be read, its beginning is missing: copied incompletely?",
                          "Copy it again from where it was recorded.")
    return _unknown(path)


def _unknown(path: Path) -> ArgusError:
    return ArgusError("bad_video", f"{path.name} is not a video that can be read.", _KNOWN)


def _boxes(path: Path) -> list[bytes]:
    """Return the kinds of the outer boxes of an MP4 or MOV file, up to the first that is none."""
    kinds: list[bytes] = []
    with path.open("rb") as file:
        end = file.seek(0, 2)
        at = 0
        while at + 8 <= end and len(kinds) < _BOXES:
            file.seek(at)
            head = file.read(16)
            size, kind = int.from_bytes(head[:4], "big"), head[4:8]
            if size == 1:
                size = int.from_bytes(head[8:16], "big")
            if not kind.isalpha() or (size < 8 and size != 0):
                break
            kinds.append(kind)
            at = end if size == 0 else at + size
    return kinds


def lacks_beginning(container: InputContainer, path: Path) -> bool:
    """Whether FFmpeg found bare pictures in what is the rest of a container."""
    return container.format.name in _RAW and _ends_as_a_video(path)


def _ends_as_a_video(path: Path) -> bool:
    """Whether the end of the file is that of an MP4 (its index), an AVI (its index) or a Matroska file (clusters)."""
    with path.open("rb") as file:
        file.seek(max(0, file.seek(0, 2) - 4 * _BUFFER))
        end = file.read()
    return (b"moov" in end and b"mvhd" in end) or b"idx1" in end or b"\x1f\x43\xb6\x75" in end
