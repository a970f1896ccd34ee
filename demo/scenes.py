"""A factory line seen from above: one still frame and the truth about it.

``make_scene`` draws what lies where, ``render_scene`` turns that into pixels at any width. The truth speaks of what
can be seen: an object's box is the bounding box of its *visible* mask, cut at the border of the frame and by parts
that lie on top of it.
"""

import io
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from demo.belts import ASPECT, Belt, add_rails, make_belt, render_strip
from demo.draw import Draw, Split
from demo.parts import SIZES, Part, make_part, render_part

Box = tuple[float, float, float, float]

MIN_VISIBLE: Final = 0.4  # an object that shows less of itself than this is not part of the truth
COUNT_WEIGHTS: Final = (0.17, 0.20, 0.24, 0.20, 0.12, 0.07)  # of scenes with 0..5 parts
MAX_OVERLAP: Final = 0.22  # of the smaller part's bounding box


@dataclass(frozen=True)
class Placed:
    """A part and the centre of it, in frame widths from the top left corner."""

    part: Part
    x: float
    y: float


@dataclass(frozen=True)
class Light:
    """Gain of the picture: overall, per channel, slope over the frame, and darkening of the corners."""

    exposure: float
    tint: tuple[float, float, float]
    slope: tuple[float, float]
    vignette: float


@dataclass(frozen=True)
class Camera:
    """What the camera adds: noise (grey levels), blur (thousandths of the width), JPEG quality."""

    noise: float
    blur: float
    quality: int


@dataclass(frozen=True)
class Scene:
    """Everything a still frame is made of; later parts lie on top of earlier ones."""

    belt: Belt
    parts: tuple[Placed, ...]
    light: Light
    camera: Camera
    seed: int


@dataclass(frozen=True)
class SceneObject:
    """One object of the truth.

    ``box``: xyxy in pixels, right and bottom edge exclusive; ``mask``: (height, width) bool; ``visible``: seen area
    divided by the area of the whole part (0..1).
    """

    label: str
    colour: str
    box: Box
    visible: float
    mask: NDArray[np.bool_]


def make_scene(split: Split, seed: str | int) -> Scene:
    """The scene of a seed; different splits share no looks and no belts."""
    draw = Draw(split, f"scene-{seed}")
    belt = make_belt(draw)
    light = make_light(draw)
    camera = Camera(draw.param(1.0, 6.0), draw.param(0.0, 1.0), round(draw.param(40, 92)))
    placed: list[Placed] = []
    for _ in range(draw.weighted(COUNT_WEIGHTS)):
        part = _another_part(draw, [other.part for other in placed])
        spot = _free_spot(draw, part, placed)
        if spot is not None:
            placed.append(spot)
    return Scene(belt, tuple(placed), light, camera, draw.integer(0, 2**31))


def make_light(draw: Draw) -> Light:
    """A light with the parameters of the draw's split."""
    warm = draw.param(-0.06, 0.06)
    return Light(
        exposure=draw.param(0.74, 1.22),
        tint=(1 + warm, 1.0, 1 - warm),
        slope=(draw.param(-0.24, 0.24), draw.param(-0.2, 0.2)),
        vignette=draw.param(0.0, 0.25),
    )


def render_scene(scene: Scene, width: int) -> tuple[Image.Image, list[SceneObject]]:
    """Draw the scene as an RGB image of ``width`` x ``width * 9 / 16`` pixels, with its truth."""
    frame = render_strip(scene.belt, width).copy()
    add_rails(frame, scene.belt, width)
    image = Image.fromarray(frame)
    objects = place_parts(image, scene.parts)
    pixels = np.asarray(image, np.float32) * light_field(scene.light, width)
    rng = np.random.default_rng(scene.seed)
    pixels += rng.standard_normal((*pixels.shape[:2], 1), dtype=np.float32) * np.float32(scene.camera.noise)
    image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    if scene.camera.blur > 0.3:
        image = image.filter(ImageFilter.GaussianBlur(scene.camera.blur * width / 1000))
    return _jpeg(image, scene.camera.quality), objects


def place_parts(
    image: Image.Image, parts: tuple[Placed, ...], min_visible: float = MIN_VISIBLE
) -> list[SceneObject]:
    """Paste the parts on the image, in place, and return those of which at least ``min_visible`` (0..1) can be seen."""
    width, height = image.size
    found: list[tuple[Part, NDArray[np.bool_], int]] = []
    for placed in parts:
        sprite = render_part(placed.part, width)
        left = round(placed.x * width) - sprite.image.width // 2
        top = round(placed.y * width) - sprite.image.height // 2
        image.paste(sprite.image, (left, top), sprite.image)
        mask: NDArray[np.bool_] = np.zeros((height, width), bool)
        x0, y0 = max(0, left), max(0, top)
        x1, y1 = min(width, left + sprite.image.width), min(height, top + sprite.image.height)
        if x0 < x1 and y0 < y1:
            mask[y0:y1, x0:x1] = sprite.mask[y0 - top : y1 - top, x0 - left : x1 - left]
        for _, hidden, _ in found:
            hidden[mask] = False
        found.append((placed.part, mask, int(sprite.mask.sum())))
    objects = []
    for part, mask, whole in found:
        visible = float(mask.sum()) / whole
        if visible >= min_visible:
            objects.append(SceneObject(part.label, part.colour, bounding_box(mask), visible, mask))
    return objects


def bounding_box(mask: NDArray[np.bool_]) -> Box:
    """The xyxy box of a mask that is not empty, in pixels, right and bottom edge exclusive."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


def light_field(light: Light, width: int) -> NDArray[np.float32]:
    """Gain of every pixel and channel, (height, width, 3) float32."""
    height = round(width * ASPECT)
    x = np.linspace(-1, 1, width, dtype=np.float32)[None]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    field = 1 + light.slope[0] * x + light.slope[1] * y - light.vignette * (x * x + y * y) / 2
    tint = np.asarray(light.tint, np.float32) * np.float32(light.exposure)
    return (field[..., None] * tint).astype(np.float32)


def _another_part(draw: Draw, others: list[Part]) -> Part:
    """A part that often shares its kind or its colour with one already there: such scenes teach most."""
    label = draw.choice(others).label if others and draw.chance(0.2) else None
    colour = draw.choice(others).colour if others and draw.chance(0.3) else None
    return make_part(draw, label, colour)


def _free_spot(draw: Draw, part: Part, others: list[Placed]) -> Placed | None:
    """A place where the part covers little of the others, often cut by the border; None if there is none."""
    for _ in range(20):
        if draw.chance(0.25):
            x = draw.choice((draw.uniform(-0.03, 0.1), draw.uniform(0.9, 1.03)))
        else:
            x = draw.uniform(0.08, 0.92)
        spot = Placed(part, x, draw.uniform(0.085, ASPECT - 0.085))
        if all(_overlap(spot, other) <= MAX_OVERLAP for other in others):
            return spot
    return None


def _half_extent(part: Part) -> tuple[float, float]:
    """Half width and half height of the tilted part's bounding box, in frame widths."""
    turn = np.deg2rad(part.angle)
    cos, sin = abs(float(np.cos(turn))), abs(float(np.sin(turn)))
    short = part.length * SIZES[part.label][2]
    return (part.length * cos + short * sin) / 2, (part.length * sin + short * cos) / 2


def _overlap(a: Placed, b: Placed) -> float:
    """Shared area of the two bounding boxes divided by the smaller one's area."""
    (aw, ah), (bw, bh) = _half_extent(a.part), _half_extent(b.part)
    wide = min(a.x + aw, b.x + bw) - max(a.x - aw, b.x - bw)
    high = min(a.y + ah, b.y + bh) - max(a.y - ah, b.y - bh)
    return max(0.0, wide) * max(0.0, high) / (4 * min(aw * ah, bw * bh))


def _jpeg(image: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(io.BytesIO(buffer.getvalue())).convert("RGB")
