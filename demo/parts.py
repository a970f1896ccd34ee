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
    pads = 6 + round(2 * a)
    half, deep = w * 0.030, w * 0.10
    for k in range(pads):
        at = w * (0.08 + 0.84 * (k + 0.5) / pads)
        for edge in (w * 0.03, w * 0.97 - deep):
            pen.rectangle((at - half, edge, at + half, edge + deep), fill=GOLD)
            pen.rectangle((edge, at - half, edge + deep, at + half), fill=GOLD)
    m = w * (0.25 + 0.04 * b)
    lid = _shade(SILVER, 0.95 + 0.15 * c)
    pen.rounded_rectangle((m, m, w - m, h - m), radius=w * 0.05, fill=lid, outline=(90, 92, 98), width=max(1, w // 40))
    for k in range(3):
        y, end = h * (0.41 + 0.09 * k), w * (0.52 + 0.12 * ((a * 7 + k * 0.37) % 1))
        pen.line((w * 0.36, y, end, y), fill=(84, 86, 92), width=max(1, w // 30))


def _hdd(pen: ImageDraw.ImageDraw, w: int, h: int, part: Part) -> None:
    a, b, c, d = part.look
    edge, dark = max(1, w // 45), _shade(part.rgb, 0.55)
    pen.rounded_rectangle((0, 0, w - 1, h - 1), radius=w * 0.05, fill=part.rgb, outline=dark, width=edge)
    centre, radius = w * (0.35 + 0.03 * a), h * (0.37 + 0.03 * b)
    platter = _shade((56, 58, 66), 0.9 + 0.3 * c)
    _disc(pen, centre, h * 0.5, radius, platter, outline=(205, 207, 212), width=edge)
    _disc(pen, centre, h * 0.5, radius * 0.66, None, outline=(112, 114, 122), width=edge)
    _disc(pen, centre, h * 0.5, radius * 0.26, SILVER)
    pen.line((w * 0.62, h * 0.86, centre + radius * 0.3, h * (0.56 + 0.08 * d)), fill=SILVER, width=max(2, w // 26))
    pen.rectangle((w * 0.72, h * 0.14, w * 0.93, h * 0.86), fill=(244, 244, 240), outline=(70, 70, 74), width=edge)
    for k in range(3):
        y = h * (0.32 + 0.18 * k)
        pen.line((w * 0.75, y, w * 0.90, y), fill=(120, 120, 126), width=max(1, w // 60))


def _ram_stick(pen: ImageDraw.ImageDraw, w: int, h: int, part: Part) -> None:
    a, b, c, _ = part.look
    pen.rectangle((0, 0, w - 1, h - 1), fill=part.rgb, outline=_shade(part.rgb, 0.6), width=max(1, h // 24))
    chips = 4 + round(4 * a)
    step = w * 0.92 / chips
    gap = 0.14 + 0.06 * b
    for k in range(chips):
        x = w * 0.04 + k * step
        pen.rectangle(
            (x + step * gap, h * 0.20, x + step * (1 - gap), h * (0.56 + 0.06 * c)),
            fill=COAL,
            outline=(90, 90, 94),
        )
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
    pen.rounded_rectangle(
        (0, 0, w - 1, h - 1), radius=w * 0.1, fill=part.rgb, outline=_shade(part.rgb, 0.55), width=edge
    )
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
    dark = _shade(part.rgb, 0.5)
    _disc(pen, w / 2, h / 2, w / 2 - 1, part.rgb, outline=dark, width=max(1, w // 25))
    stripe = 62 + 16 * a  # degrees; the printed side that marks the negative lead
    colour = (236, 236, 232) if part.colour != "white" else (96, 98, 104)
    box = (w * 0.05, h * 0.05, w * 0.95, h * 0.95)
    pen.chord(box, 180 - stripe, 180 + stripe, fill=colour)
    arms, reach = (3 if c < 0.5 else 4), w * (0.22 + 0.05 * b)
    for k in range(arms):
        angle = 2 * math.pi * k / arms
        x, y = w * 0.56, h / 2
        pen.line((x, y, x + reach * math.cos(angle), y + reach * math.sin(angle)), fill=dark, width=max(2, w // 22))


def _battery(pen: ImageDraw.ImageDraw, w: int, h: int, part: Part) -> None:
    a, b, c, _ = part.look
    nub, edge = w * 0.94, max(1, h // 24)
    pen.rectangle((nub - w * 0.02, h * 0.28, w - 1, h * 0.72), fill=(206, 206, 210), outline=(120, 120, 124))
    pen.rounded_rectangle((0, 0, nub, h - 1), radius=h * 0.2, fill=part.rgb, outline=_shade(part.rgb, 0.55), width=edge)
    band = w * (0.52 + 0.04 * a)
    cap = band + w * (0.20 + 0.04 * b)
    pen.rectangle((band, 0, cap, h - 1), fill=(204, 118, 48))
    pen.rectangle((cap, 0, nub - w * 0.02, h - 1), fill=COAL)
    pen.rectangle((w * 0.05, h * 0.18, band, h * (0.25 + 0.04 * c)), fill=_shade(part.rgb, 1.25))
    bar, x, y = max(2, h // 9), w * 0.24, h * 0.56
    sign = (244, 244, 244) if part.colour != "white" else (60, 60, 64)
    pen.line((x - h * 0.2, y, x + h * 0.2, y), fill=sign, width=bar)
    pen.line((x, y - h * 0.2, x, y + h * 0.2), fill=sign, width=bar)


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
