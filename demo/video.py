"""The demo's factory-line video: ``python -m demo.video OUT.mp4 TRUTH.json``.

One continuous shot, 1280 x 720, 25 frames a second, H.264 in MP4. Everything lies on a belt that moves to the right:
a part is a place on the belt, so entering, overlapping and leaving follow from how far the belt has moved. Looks come
from the held-out split, which training never draws from. The truth goes to a file of its own.
"""

import argparse
import json
import math
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from demo.belts import ASPECT, Belt, add_rails, make_belt, render_strip
from demo.draw import Draw, Split
from demo.parts import make_part, render_part
from demo.scenes import MIN_VISIBLE, Light, Placed, SceneObject, light_field, make_light, place_parts
from demo.vocabulary import LABELS

WIDTH: Final = 1280
HEIGHT: Final = round(WIDTH * ASPECT)
FPS: Final = 25
SECONDS: Final = 150
SEED: Final = 7
SPEED: Final = 0.165  # frame widths a second, on average
MARGIN: Final = 0.25  # frame widths beyond the border within which a part may still reach into the picture
# The belt's load, repeated: (kind, length in frame widths).
SECTIONS: Final = (
    ("mixed", 4.6), ("empty", 1.9), ("no cpu", 2.6), ("mixed", 4.4), ("empty", 1.8), ("mixed", 3.4),
    ("no cpu", 2.4), ("empty", 1.7), ("mixed", 3.0),
)  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """What the video shows; ``parts`` are sorted by x, their place on the belt (it enters at 0 and runs negative)."""

    belt: Belt
    light: Light
    noise: float
    parts: tuple[Placed, ...]
    seed: int


def make_plan(seconds: float, seed: int = SEED) -> Plan:
    """The plan of a video: the same seed gives the same line, longer videos only show more of it."""
    draw = Draw(Split.HELD_OUT, f"video-{seed}")
    belt = make_belt(draw, length=6.0)
    # A whole number of pitches, so that the strip closes without a visible joint in its pattern.
    pitches = max(1, round(belt.length / belt.pitch))
    belt = Belt(**{**belt.__dict__, "pitch": belt.length / pitches})
    light = make_light(draw)
    light = Light(1.0, light.tint, light.slope, light.vignette)
    noise = draw.param(1.0, 3.0)
    parts = _load(draw, _travel(seconds) + 1)
    return Plan(belt, light, noise, tuple(sorted(parts, key=lambda placed: placed.x)), draw.integer(0, 2**31))


def parts_at(plan: Plan, time: float) -> tuple[Placed, ...]:
    """The parts that may be in the picture ``time`` seconds into the video, at their places in the picture."""
    moved = _travel(time)
    first = bisect_left(plan.parts, -moved - MARGIN, key=lambda placed: placed.x)
    last = bisect_left(plan.parts, 1 + MARGIN - moved, key=lambda placed: placed.x)
    return tuple(Placed(p.part, p.x + moved, p.y) for p in plan.parts[first:last])


def truth_at(
    plan: Plan, time: float, width: int = WIDTH, min_visible: float = MIN_VISIBLE
) -> list[SceneObject]:
    """What can be seen of the parts at a time, without drawing belt or light; ``min_visible`` as in `place_parts`."""
    canvas = Image.new("RGB", (width, round(width * ASPECT)))
    return place_parts(canvas, parts_at(plan, time), min_visible)


def render(
    video_path: Path,
    truth_path: Path,
    seconds: float = SECONDS,
    seed: int = SEED,
    progress: Callable[[float], None] | None = None,
    fps: int = FPS,
) -> None:
    """Write the video and, in a separate JSON file, the truth of one frame a second.

    ``fps`` is how many frames a second of video has: fewer are made sooner, and show the line at the same places.
    ``progress`` is called with the share that is done, 0..1, once a second of video. The same seed gives the same
    frames. Raises ``OSError`` if a file cannot be written and ``av.FFmpegError`` if this PyAV has no ``libx264``.
    """
    plan = make_plan(seconds, seed)
    painter = _Painter(plan)
    frames: dict[str, list[dict[str, Any]]] = {}
    count = round(seconds * fps)
    with av.open(str(video_path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=fps, options={"preset": "veryfast", "crf": "25"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, fps)
        for number in range(count):
            sampled = number % fps == 0
            pixels, objects = painter.paint(number / fps, with_truth=sampled)
            if sampled:
                frames[str(number)] = [_entry(item) for item in objects]
                if progress is not None:
                    progress(number / count)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    truth = {"fps": fps, "width": WIDTH, "height": HEIGHT, "frames": frames}
    truth_path.write_text(json.dumps(truth, indent=1), encoding="utf-8")
    if progress is not None:
        progress(1.0)


class _Painter:
    """Draws frames of a plan; what does not change from frame to frame is prepared once."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        strip = render_strip(plan.belt, WIDTH).copy()
        add_rails(strip, plan.belt, WIDTH)  # the same in every column, so they may travel with the belt
        self._length = strip.shape[1]
        self._strip = np.concatenate([strip, strip[:, :WIDTH]], axis=1)
        # Fixed point with 7 bits: several times faster than floats, and 255 x a gain of 2 still fits into 16 bits.
        self._gain = np.round(light_field(plan.light, WIDTH).clip(0, 2) * 128).astype(np.uint16)
        rng = np.random.default_rng(plan.seed)
        grain = rng.standard_normal((HEIGHT + 128, WIDTH + 128), dtype=np.float32) * np.float32(plan.noise)
        self._grain = np.round(grain).astype(np.int16)[..., None]

    def paint(self, time: float, with_truth: bool) -> tuple[NDArray[np.uint8], list[SceneObject]]:
        """The frame at a time, (720, 1280, 3) uint8, and its objects if asked for."""
        start = -round(_travel(time) * WIDTH) % self._length
        image = Image.fromarray(np.ascontiguousarray(self._strip[:, start : start + WIDTH]))
        parts = parts_at(self._plan, time)
        objects = place_parts(image, parts) if with_truth else []
        if not with_truth:
            for placed in parts:
                sprite = render_part(placed.part, WIDTH).image
                at = (
                    round(placed.x * WIDTH) - sprite.width // 2,
                    round(placed.y * WIDTH) - sprite.height // 2,
                )
                image.paste(sprite, at, sprite)
        image = image.point(_exposure(time))
        lit = np.asarray(image) * self._gain
        lit >>= 7
        pixels = lit.view(np.int16)  # at most 510, so the sign bit is free
        jump = np.random.default_rng([self._plan.seed, round(time * FPS)]).integers(0, 128, 2)
        grain = self._grain[jump[0] : jump[0] + HEIGHT, jump[1] : jump[1] + WIDTH]
        pixels += grain
        return np.clip(pixels, 0, 255, out=pixels).astype(np.uint8), objects


def _travel(time: float) -> float:
    """How far the belt has moved, in frame widths: it runs a little faster and slower, never back."""
    return SPEED * (time + 2.2 * math.sin(2 * math.pi * time / 47) + 0.5 * math.sin(2 * math.pi * time / 13))


def _exposure(time: float) -> list[int]:
    """The lamps: a slow swell, a dim spell now and then, and a colour that drifts; a table for ``Image.point``."""
    swell = 1 + 0.09 * math.sin(2 * math.pi * time / 37)
    dim = 1 - 0.16 / (1 + math.exp(-3 * (math.sin(2 * math.pi * (time - 40) / 61) - 0.4) * 4))
    drift = 0.035 * math.sin(2 * math.pi * time / 83)
    gains = (swell * dim * (1 + drift), swell * dim, swell * dim * (1 - drift))
    return [min(255, round(value * gain)) for gain in gains for value in range(256)]


def _load(draw: Draw, length: float) -> list[Placed]:
    """Put parts on ``length`` frame widths of belt, section by section."""
    parts: list[Placed] = []
    others = [label for label in LABELS if label != "cpu"]
    at, section, since_cpu, turn = 0.9, 0, 1.0, draw.integer(0, 4)
    while at > -length:
        kind, extent = SECTIONS[section % len(SECTIONS)]
        end, section = at - extent, section + 1
        while kind != "empty" and at > end:
            if kind == "mixed" and since_cpu > 0.6:
                label, since_cpu = "cpu", 0.0
            else:
                label, turn = others[turn % len(others)], turn + 1
            upper = draw.chance(0.5)
            y = draw.uniform(0.14, 0.24) if upper else draw.uniform(ASPECT - 0.24, ASPECT - 0.14)
            parts.append(Placed(make_part(draw, label), at, y))
            # Now and then the next part comes so close that the two overlap.
            step = draw.uniform(0.15, 0.19) if draw.chance(0.25) else draw.uniform(0.26, 0.5)
            at, since_cpu = at - step, since_cpu + step
        at = min(at, end)
    return parts


def _entry(item: SceneObject) -> dict[str, Any]:
    return {
        "label": item.label,
        "colour": item.colour,
        "box": [round(value, 1) for value in item.box],
        "visible": round(item.visible, 3),
    }


def main() -> None:
    """Render from the command line."""
    parser = argparse.ArgumentParser(description="Render the demo's factory-line video.")
    parser.add_argument("video", type=Path, help="MP4 to write")
    parser.add_argument("truth", type=Path, help="JSON to write: what each sampled frame shows")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    report = lambda share: print(f"\r{100 * share:.0f} %", end="", flush=True)  # noqa: E731
    render(options.video, options.truth, options.seconds, options.seed, report)
    print()


if __name__ == "__main__":
    main()
