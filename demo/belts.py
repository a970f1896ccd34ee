"""The conveyor below the parts: tone, pattern, rails, wear and litter.

A belt is a strip of ``length`` frame widths. A still scene shows the whole strip (length 1); the video moves a longer
strip past the camera. Belts run from left to right; the rails above and below stand still.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from demo.draw import Draw, Split
from demo.vocabulary import RGB

ASPECT: Final = 9 / 16  # frame height / frame width
PATTERNS: Final[dict[Split, tuple[str, ...]]] = {
    Split.TRAIN: ("plain", "slats", "ribs", "dots", "grid"),
    Split.VALIDATION: ("plain", "waves"),
    Split.HELD_OUT: ("chevrons", "rollers"),
}


@dataclass(frozen=True)
class Litter:
    """A small thing on the belt that is no part: ``x``, ``y``, ``size`` in frame widths, ``angle`` in degrees."""

    kind: str
    x: float
    y: float
    size: float
    angle: float
    tone: int


@dataclass(frozen=True)
class Belt:
    """How a belt looks; ``pitch`` and ``rail`` in frame widths, ``wear`` as standard deviation of grey levels."""

    seed: int
    tone: RGB
    pattern: str
    pitch: float
    contrast: float
    wear: float
    rail: float
    rail_tone: RGB
    length: float
    litter: tuple[Litter, ...]


def make_belt(draw: Draw, length: float = 1.0) -> Belt:
    """A belt with the looks of the draw's split."""
    grey = draw.param(72, 138)
    tint = (draw.param(-13, 13), draw.param(-9, 9), draw.param(-13, 13))
    rail = draw.param(48, 150)
    count = round(length * draw.choice((0, 0, 1, 2, 4, 6)))
    litter = tuple(
        Litter(
            kind=draw.choice(("screw", "washer", "tape", "wire")),
            x=draw.uniform(0, length),
            y=draw.uniform(0.05, ASPECT - 0.05),
            size=draw.param(0.010, 0.034),
            angle=draw.uniform(0, 360),
            tone=round(draw.param(30, 230)),
        )
        for _ in range(count)
    )
    return Belt(
        seed=draw.integer(0, 2**31),
        tone=_rgb(grey + tint[0], grey + tint[1], grey + tint[2]),
        pattern=draw.choice(PATTERNS[draw.split]),
        pitch=draw.param(0.045, 0.15),
        contrast=draw.param(6, 24),
        wear=draw.param(1.5, 6),
        rail=draw.param(0.018, 0.05),
        rail_tone=_rgb(rail, rail + 2, rail + draw.param(2, 14)),
        length=length,
        litter=litter,
    )


def render_strip(belt: Belt, frame_width: int) -> NDArray[np.uint8]:
    """The moving part of the belt, (height, length, 3) uint8."""
    width, height = round(belt.length * frame_width), round(ASPECT * frame_width)
    rng = np.random.default_rng(belt.seed)
    relief = _pattern(belt, frame_width, width, height) * np.float32(belt.contrast)
    coarse = rng.standard_normal((height // 24 + 2, width // 24 + 2), dtype=np.float32)
    stains = Image.fromarray(coarse).resize((width, height), Image.Resampling.BILINEAR)
    relief = relief + np.asarray(stains) * np.float32(belt.wear)
    strip = np.asarray(belt.tone, np.float32) + relief[..., None]
    image = Image.fromarray(strip.clip(0, 255).astype(np.uint8))
    for item in belt.litter:
        _draw_litter(image, item, frame_width)
    return np.asarray(image)


def add_rails(strip: NDArray[np.uint8], belt: Belt, frame_width: int) -> None:
    """Draw the rails over the top and bottom rows of a (height, any length, 3) strip, in place."""
    height = strip.shape[0]
    rail = max(2, round(belt.rail * frame_width))
    shade = np.linspace(1.12, 0.78, rail, dtype=np.float32)[:, None, None]
    rows = (shade * np.asarray(belt.rail_tone, np.float32)).clip(0, 255).astype(np.uint8)
    strip[:rail] = rows
    strip[height - rail :] = rows


def _rgb(red: float, green: float, blue: float) -> RGB:
    return round(red), round(green), round(blue)


def _pattern(belt: Belt, frame_width: int, width: int, height: int) -> NDArray[np.float32]:
    """(height, width) float32 in about -1..1, from the belt's pattern; x and y in pitches."""
    x = np.arange(width, dtype=np.float32)[None] / np.float32(belt.pitch * frame_width)
    y = np.arange(height, dtype=np.float32)[:, None] / np.float32(belt.pitch * frame_width)
    pattern: NDArray[np.float32]
    match belt.pattern:
        case "slats":
            pattern = np.where(x % 1 < 0.07, -1.0, 0.12).astype(np.float32) + 0 * y
        case "ribs":
            pattern = np.where((x + y) % 1 < 0.16, 0.6, -0.1).astype(np.float32)
        case "dots":
            pattern = np.where((x * 2 % 1 - 0.5) ** 2 + (y * 2 % 1 - 0.5) ** 2 < 0.06, -0.9, 0.1).astype(np.float32)
        case "grid":
            pattern = np.where((x % 1 < 0.06) | (y % 1 < 0.06), -0.8, 0.08).astype(np.float32)
        case "waves":
            pattern = 0.5 * np.sin(2 * np.pi * (x + 0.2 * np.sin(np.pi * y)))
        case "chevrons":
            middle = np.abs(y - y[-1] / 2)
            pattern = np.where((x + middle) % 1 < 0.15, -0.7, 0.1).astype(np.float32)
        case "rollers":
            pattern = 0.7 * np.cos(2 * np.pi * x) + 0 * y
        case _:
            pattern = np.zeros((height, width), np.float32)
    return pattern.astype(np.float32)


def _draw_litter(image: Image.Image, item: Litter, frame_width: int) -> None:
    size = max(3, round(item.size * frame_width))
    tone = (item.tone, item.tone, min(255, item.tone + 8), 255)
    sprite = Image.new("RGBA", (2 * size, 2 * size))
    pen = ImageDraw.Draw(sprite)
    match item.kind:
        case "screw":
            pen.rectangle((size * 0.2, size * 0.85, size * 1.8, size * 1.15), fill=tone)
            pen.rectangle((size * 0.1, size * 0.65, size * 0.45, size * 1.35), fill=tone)
        case "washer":
            pen.ellipse((size * 0.5, size * 0.5, size * 1.5, size * 1.5), outline=tone, width=max(1, size // 5))
        case "tape":
            pen.rectangle((size * 0.2, size * 0.6, size * 1.8, size * 1.4), fill=(item.tone, item.tone, 150, 150))
        case _:
            pen.arc((size * 0.1, size * 0.1, size * 1.9, size * 1.9), 20, 250, fill=tone, width=max(1, size // 7))
    sprite = sprite.rotate(item.angle, resample=Image.Resampling.BILINEAR)
    at = (round(item.x * frame_width) - size, round(item.y * frame_width) - size)
    image.paste(sprite, at, sprite)
