"""The video: the demo's held-out scenes on a belt that moves, 1080p, 25 frames a second, H.264."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

from demo.draw import Split
from demo.scenes import make_scene, render_scene

WIDTH, HEIGHT, FPS = 1920, 1080, 25
SCENES = 60  # a second each; then they come again, further along the belt
_DRAWN = 960  # pixels of width that a scene is drawn in
_STEP = 4  # pixels that the belt moves from one frame to the next


def make_video(path: Path, seconds: int) -> None:
    """Write the file. No two frames that an import at 1 frame a second takes are the same."""
    count = min(SCENES, seconds)
    scenes = [np.asarray(render_scene(make_scene(Split.HELD_OUT, number), _DRAWN)[0].resize(
        (WIDTH, HEIGHT), Image.Resampling.BICUBIC)) for number in range(count)]
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "crf": "23"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, FPS)
        for number in range(seconds * FPS):
            second, inside = divmod(number, FPS)
            lap, scene = divmod(second, count)
            moved = np.roll(scenes[scene], (lap * 7 + inside) * _STEP, axis=1)
            frame = av.VideoFrame.from_ndarray(moved, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
