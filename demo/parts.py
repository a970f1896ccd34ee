"""Six electronic parts, drawn as sprites at any size.

Lengths are in *frame widths* (0.2 = a fifth of the picture's width), so a scene is the same picture at 640 and at
1280 pixels. A part's colour covers most of it ("red fan" is meant literally); what tells the kinds apart is the
texture: a silver lid, a platter, black chips over gold contacts, blades, a round can, a banded cell.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from demo.draw import Draw
from demo.vocabulary import COLOUR_NAMES, COLOURS, LABELS, RGB

SUPERSAMPLE: Final = 2
SHADOW: Final = (0.008, 0.010, 0.010)  # offset right, offset down, blur radius: frame widths
# Long side (range, frame widths) and short side / long side.
SIZES: Final[dict[str, tuple[float, float, float]]] = {
    "cpu": (0.150, 0.200, 1.0),
    "hdd": (0.215, 0.275, 0.70),
    "ram stick": (0.250, 0.310, 0.34),
    "fan": (0.170, 0.230, 1.0),
    "capacitor": (0.125, 0.170, 1.0),
    "battery": (0.215, 0.275, 0.43),
}
TURNS: Final = {"cpu": 4, "fan": 4, "capacitor": 4, "hdd": 2, "ram stick": 2, "battery": 2}
MAX_TILT: Final = 32.0  # degrees from the belt's direction

SILVER: Final[RGB] = (198, 200, 206)
GOLD: Final[RGB] = (222, 182, 74)
COAL: Final[RGB] = (26, 26, 29)


@dataclass(frozen=True)
class Part:
    """One part as it was made: everything but where it lies.

    ``length`` is the long side in frame widths, ``angle`` in degrees counter-clockwise, ``look`` four free
    parameters in 0..1 that the drawing of each kind uses in its own way (margins, counts, shades).
    """

    label: str
    colour: str
    rgb: RGB
    length: float
    angle: float
    look: tuple[float, float, float, float]


@dataclass(frozen=True)
class Sprite:
    """A drawn part.

    ``image``: RGBA with the part's shadow below it; ``mask``: (h, w) bool, the part without its shadow.
    """

    image: Image.Image
    mask: NDArray[np.bool_]


def make_part(draw: Draw, label: str | None = None, colour: str | None = None) -> Part:
    """A part with the looks of the draw's split; label and colour are drawn too unless given."""
    label = label or draw.choice(LABELS)
    colour = colour or draw.choice(COLOUR_NAMES)
    low, high, _ = SIZES[label]
    gain = draw.param(0.86, 1.10)
    base = COLOURS[colour]
    rgb = tuple(max(0, min(255, round(c * gain + draw.param(-12, 12)))) for c in base)
    angle = draw.uniform(-MAX_TILT, MAX_TILT) + draw.integer(0, TURNS[label] - 1) * 360 / TURNS[label]
    look = (draw.param(0, 1), draw.param(0, 1), draw.param(0, 1), draw.param(0, 1))
    return Part(label, colour, (rgb[0], rgb[1], rgb[2]), draw.param(low, high), angle, look)


@lru_cache(maxsize=64)
def render_part(part: Part, frame_width: int) -> Sprite:
    """Draw a part for frames of ``frame_width`` pixels, tilted, with a soft shadow."""
    scale = frame_width * SUPERSAMPLE
    long_side = max(8, round(part.length * scale))
    flat = _draw(part, long_side, max(4, round(long_side * SIZES[part.label][2])))
    turned = flat.rotate(part.angle, expand=True, resample=Image.Resampling.BICUBIC)
    pad = math.ceil((max(SHADOW[:2]) + SHADOW[2] * 1.5) * scale)
    pad += -(turned.width + 2 * pad) % SUPERSAMPLE
    wide = (turned.width + 2 * pad + 1) // SUPERSAMPLE
    high = (turned.height + 2 * pad + 1) // SUPERSAMPLE
    canvas = Image.new("RGBA", (wide * SUPERSAMPLE, high * SUPERSAMPLE))
    canvas.paste(turned, (pad, pad))
    body = canvas.reduce(SUPERSAMPLE)
    alpha = body.getchannel("A")
    shade = ImageChops.offset(alpha, round(SHADOW[0] * frame_width), round(SHADOW[1] * frame_width))
    shade = shade.filter(ImageFilter.BoxBlur(SHADOW[2] * frame_width * 0.6)).point(lambda value: value * 0.45)
    shadow = Image.new("RGBA", body.size)
    shadow.putalpha(shade)
    return Sprite(Image.alpha_composite(shadow, body), np.asarray(alpha) > 127)


def _shade(rgb: RGB, factor: float) -> RGB:
    red, green, blue = (max(0, min(255, round(channel * factor))) for channel in rgb)
    return red, green, blue


def _draw(part: Part, w: int, h: int) -> Image.Image:
    image = Image.new("RGBA", (w, h))
    pen = ImageDraw.Draw(image)
    {
        "cpu": _cpu, "hdd": _hdd, "ram stick": _ram_stick, "fan": _fan, "capacitor": _capacitor,
        "battery": _battery,
    }[part.label](pen, w, h, part)  # fmt: skip
    return image


def _cpu(pen: ImageDraw.ImageDraw, w: int, h: int, part: Part) -> None:
    a, b, c, _ = part.look
    pen.rectangle((0, 0, w - 1, h - 1), fill=part.rgb, outline=_shade(part.rgb, 0.6), width=max(1, w // 40))
    pads = 9 + round(4 * a)
    for k in range(pads):
        at = w * (0.08 + 0.84 * (k + 0.5) / pads)
        for y in (0.035, 0.925):
            pen.rectangle((at - w * 0.018, h * y, at + w * 0.018, h * (y + 0.04)), fill=GOLD)
    m = w * (0.18 + 0.05 * b)
    lid = _shade(SILVER, 0.9 + 0.15 * c)
    pen.rounded_rectangle((m, m, w - m, h - m), radius=w * 0.07, fill=lid, outline=(120, 122, 128), width=max(1, w // 50))
    for k in range(3):
        y = h * (0.38 + 0.1 * k)
        pen.line((w * 0.32, y, w * (0.52 + 0.14 * ((a * 7 + k * 0.37) % 1)), y), fill=(84, 86, 92), width=max(1, w // 30))
    pen.polygon(((0, h - 1), (w * 0.16, h - 1), (0, h * 0.84)), fill=GOLD)


def _hdd(pen: ImageDraw.ImageDraw, w: int, h: int, part: Part) -> None:
    a, b, c, d = part.look
    edge = max(1, w // 45)
    pen.rounded_rectangle((0, 0, w - 1, h - 1), radius=w * 0.05, fill=part.rgb, outline=_shade(part.rgb, 0.55), width=edge)
    for x, y in ((0.05, 0.08), (0.95, 0.08), (0.05, 0.92), (0.95, 0.92)):
        _disc(pen, w * x, h * y, w * 0.018, (70, 70, 74))
    centre, radius = w * (0.36 + 0.03 * a), h * (0.36 + 0.04 * b)
    _disc(pen, centre, h * 0.5, radius, _shade(SILVER, 0.86 + 0.14 * c), outline=(60, 60, 66), width=edge)
    _disc(pen, centre, h * 0.5, radius * 0.62, None, outline=(150, 152, 158), width=edge)
    _disc(pen, centre, h * 0.5, radius * 0.27, (58, 58, 63))
    pen.line((w * 0.62, h * 0.86, centre + radius * 0.3, h * (0.56 + 0.08 * d)), fill=(52, 52, 56), width=max(2, w // 26))
    pen.rectangle((w * 0.72, h * 0.18, w * 0.92, h * 0.82), fill=(240, 240, 234), outline=(90, 90, 94), width=edge)
    for k in range(4):
        pen.line((w * 0.75, h * (0.3 + 0.13 * k), w * 0.89, h * (0.3 + 0.13 * k)), fill=(40, 40, 40), width=max(1, w // 50))


def _ram_stick(pen: ImageDraw.ImageDraw, w: int, h: int, part: Part) -> None:
    a, b, c, _ = part.look
    pen.rectangle((0, 0, w - 1, h - 1), fill=part.rgb, outline=_shade(part.rgb, 0.6), width=max(1, h // 24))
    chips = 4 + round(4 * a)
    step = w * 0.92 / chips
    gap = 0.14 + 0.06 * b
    for k in range(chips):
        x = w * 0.04 + k * step
        pen.rectangle((x + step * gap, h * 0.20, x + step * (1 - gap), h * (0.56 + 0.06 * c)), fill=COAL, outline=(90, 90, 94))
    pen.rectangle((w * 0.02, h * 0.80, w * 0.98, h * 0.97), fill=GOLD)
    teeth = 26
    for k in range(teeth):
        x = w * (0.03 + 0.94 * k / teeth)
        pen.line((x, h * 0.82, x, h * 0.97), fill=(120, 92, 30), width=max(1, w // 160))
    notch = w * (0.5 + 0.1 * (c - 0.5))
    pen.rectangle((notch - w * 0.012, h * 0.78, notch + w * 0.012, h), fill=_shade(part.rgb, 0.4))


def _fan(pen: ImageDraw.ImageDraw, w: int, h: int, part: Part) -> None:
    a, b, c, d = part.look
    edge = max(1, w // 45)
    pen.rounded_rectangle((0, 0, w - 1, h - 1), radius=w * 0.1, fill=part.rgb, outline=_shade(part.rgb, 0.55), width=edge)
    for x, y in ((0.085, 0.085), (0.915, 0.085), (0.085, 0.915), (0.915, 0.915)):
        _disc(pen, w * x, h * y, w * 0.032, (20, 20, 22))
    _disc(pen, w / 2, h / 2, w * 0.45, (18, 18, 21))
    blades, start = 5 + round(4 * a), 360 * b
    for k in range(blades):
        angle = start + k * 360 / blades
        box = (w * 0.065, h * 0.065, w * 0.935, h * 0.935)
        pen.pieslice(box, angle, angle + (0.58 + 0.12 * c) * 360 / blades, fill=_shade(part.rgb, 0.88))
    _disc(pen, w / 2, h / 2, w * (0.14 + 0.03 * d), (30, 30, 33), outline=(140, 140, 146), width=edge)
    _disc(pen, w / 2, h / 2, w * 0.06, SILVER)


def _capacitor(pen: ImageDraw.ImageDraw, w: int, h: int, part: Part) -> None:
    a, b, c, _ = part.look
    _disc(pen, w / 2, h / 2, w / 2 - 1, part.rgb, outline=_shade(part.rgb, 0.55), width=max(1, w // 30))
    radius = w * (0.29 + 0.04 * a)
    _disc(pen, w / 2, h / 2, radius, _shade(SILVER, 0.9 + 0.14 * b), outline=(110, 112, 118), width=max(1, w // 40))
    arms = 3 if c < 0.5 else 4
    for k in range(arms):
        angle = 2 * math.pi * k / arms
        end = (w / 2 + radius * 0.85 * math.cos(angle), h / 2 + radius * 0.85 * math.sin(angle))
        pen.line((w / 2, h / 2, *end), fill=(86, 88, 94), width=max(2, w // 16))


def _battery(pen: ImageDraw.ImageDraw, w: int, h: int, part: Part) -> None:
    a, b, c, _ = part.look
    nub = w * 0.94
    pen.rectangle((nub - w * 0.02, h * 0.3, w - 1, h * 0.7), fill=(206, 206, 210), outline=(120, 120, 124))
    pen.rounded_rectangle((0, 0, nub, h - 1), radius=h * 0.2, fill=part.rgb, outline=_shade(part.rgb, 0.55), width=max(1, h // 24))
    band = 0.60 + 0.06 * a
    pen.rectangle((w * band, 0, w * (band + 0.16 + 0.05 * b), h - 1), fill=(196, 120, 58), outline=COAL, width=max(1, h // 20))
    pen.rectangle((w * 0.05, h * 0.20, nub, h * (0.27 + 0.04 * c)), fill=_shade(part.rgb, 1.25))
    bar, x, y = max(2, h // 10), w * 0.18, h * 0.58
    pen.line((x - h * 0.16, y, x + h * 0.16, y), fill=(240, 240, 240), width=bar)
    pen.line((x, y - h * 0.16, x, y + h * 0.16), fill=(240, 240, 240), width=bar)


def _disc(
    pen: ImageDraw.ImageDraw,
    x: float,
    y: float,
    radius: float,
    fill: RGB | None,
    outline: RGB | None = None,
    width: int = 1,
) -> None:
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill, outline=outline, width=width)
