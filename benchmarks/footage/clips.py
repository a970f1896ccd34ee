"""The video files that imports are measured on, made by PyAV."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from demo.draw import Split
from demo.scenes import make_scene, render_scene


def make_clip(path: Path, seconds: int, *, size: tuple[int, int], fps: int, codec: str, form: str) -> None:
    """Write scenes of the demo that each move along for two seconds.

    Args:
        size: width and height in pixels, 4:3 or 16:9.
        form: FFmpeg's name of the container.
    """
    width, height = size
    each, scenes = 2 * fps, min(seconds // 2, 40)
    drawn = [np.asarray(render_scene(make_scene(Split.HELD_OUT, f"clip {number}"), width)[0].resize(size))
             for number in range(scenes)]
    with av.open(str(path), "w", format=form) as container:
        stream = container.add_stream(codec, rate=fps)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = width, height, "yuv420p", 4_000_000
        for number in range(seconds * fps):
            scene, inside = divmod(number, each)
            frame = av.VideoFrame.from_ndarray(np.roll(drawn[scene % scenes], inside * 4, axis=1), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
