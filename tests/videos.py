"""Small video files as people have them: plain ones, and the odd ones that recorders and joined or cut copies make.

Frame n has a grey level of 4 n; its left top quarter is red.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray
from PIL import Image

TS_PACKET = 188
UPRIGHT = (1, 0, 0, 1)


def picture(number: int, size: tuple[int, int] = (64, 48)) -> NDArray[np.uint8]:
    """Return frame `number` as uint8 `(height, width, 3)`."""
    found = np.full((size[1], size[0], 3), 4 * number % 256, np.uint8)
    found[: size[1] // 2, : size[0] // 2] = (250, 0, 0)
    return found


def write(path: Path, count: int = 50, *, codec: str = "libx264", rate: int = 25, first: int = 0, gop: int = 10,
          form: str | None = None, size: tuple[int, int] = (64, 48), start: float = 0,
          options: dict[str, str] | None = None) -> Path:
    """Write frames `first`, `first + 1`, … as a video whose clock starts at `start` seconds."""
    with av.open(str(path), "w", format=form) as container:
        stream = container.add_stream(codec, rate=rate, options=options or {})
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = *size, "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.gop_size = gop
        for number in range(first, first + count):
            frame = av.VideoFrame.from_ndarray(picture(number, size), format="rgb24")
            if start:
                frame.pts, frame.time_base = number - first + round(start * rate), Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def joined(path: Path, parts: Sequence[Path]) -> Path:
    """Write the files one behind the other, as `cat` does."""
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def without_beginning(path: Path, source: Path, share: float, unit: int = 1) -> Path:
    """Write what is left of a file when about `share` of it, in whole units of bytes, is missing at the start."""
    content = source.read_bytes()
    path.write_bytes(content[int(len(content) * share) // unit * unit:])
    return path


def with_matrix(path: Path, source: Path, matrix: tuple[float, float, float, float]) -> Path:
    """Write an MP4 file again, shown through the display matrix a, b, c, d."""
    content = bytearray(source.read_bytes())
    at = content.index(b"tkhd") + 4 + 40  # version 0: 40 bytes from the flags to the matrix
    a, b, c, d = (round(value * 65536) for value in matrix)
    content[at:at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    return path


def with_streams(path: Path, sources: Sequence[Path], default: int | None = None, cover: bool = False) -> Path:
    """Write a file that holds the video of each source as a stream of its own, in that order.

    Args:
        default: the stream that has the default disposition; None: none has.
        cover: the first stream is an attached picture, as music and films carry one.
    """
    inputs = [av.open(str(source)) for source in sources]
    with av.open(str(path), "w") as container:
        streams = [container.add_stream_from_template(one.streams.video[0]) for one in inputs]
        for index, stream in enumerate(streams):
            stream.disposition = (av.stream.Disposition.attached_pic if cover and index == 0
                                  else av.stream.Disposition.default if index == default
                                  else av.stream.Disposition(0))
        packets = [(packet.dts * packet.time_base, index, packet) for index, one in enumerate(inputs)
                   for packet in one.demux(one.streams.video[0]) if packet.dts is not None]
        for _, index, packet in sorted(packets, key=lambda entry: entry[:2]):
            packet.stream = streams[index]
            container.mux(packet)
    for one in inputs:
        one.close()
    return path


def still(path: Path, size: tuple[int, int] = (40, 20), form: str | None = None) -> Path:
    """Write a single image."""
    buffer = io.BytesIO()
    Image.new("RGB", size, "blue").save(buffer, form or path.suffix[1:].replace("jpg", "jpeg"))
    path.write_bytes(buffer.getvalue())
    return path


def with_padding_times_removed(path: Path, source: Path) -> Path:
    """Write an MPEG-TS file again in which only the first picture says when it is shown: the rest lost their times."""
    content = bytearray(source.read_bytes())
    seen = 0
    for at in range(0, len(content), TS_PACKET):
        start = at + 4 + (1 + content[at + 4] if content[at + 3] & 0x20 else 0)
        if content[at + 1] & 0x40 and content[start:start + 3] == b"\0\0\1" and content[start + 3] & 0xF0 == 0xE0:
            seen += 1
            if seen > 1:  # the flags of PTS and DTS; what stood there becomes stuffing
                content[start + 7] &= 0x3F
                length = content[start + 8]
                content[start + 9:start + 9 + length] = b"\xff" * length
    path.write_bytes(content)
    return path
