"""What label files say, whatever their format: images with objects, and what could not be read. Pure.

Positions are shares of the image: x of its width from the left, y of its height from the top, 0 to 1. So no size is
needed to read them; only masks are pixels.
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from argus.labelstudio import geometry
from argus.labelstudio.geometry import Box, Ring
from search_service.label_import.coco_masks import Runs

Format = Literal["coco", "yolo", "label-studio"]
Size = tuple[int, int]  # width, height in pixels
MAX_OBJECTS, MAX_IMAGES, MAX_NUMBERS = 1_000_000, 200_000, 20_000  # the last of one outline
_CROSSING = 300  # corners of an outline whose crossings are looked at, where its area is none without
_EDGE = 1e-6  # of a side: what six digits leave of an edge of the image


class Malformed(ValueError):
    """An entry that cannot be read; its text says why, as the second half of a sentence."""


@dataclass(frozen=True, eq=False)
class LabelledObject:
    """One object.

    Attributes:
        entry: where it stands in its file: `line 3`, `annotations[17]`.
        box: upright, inside the image.
        rings: its outlines, inside the image.
        turned: whether the only outline is meant as a turned rectangle.
        mask: its pixels as run lengths, or None.
        ellipse: centre x and y, radii across and down as shares, degrees clockwise; () for none.
        score: 0-1, or None.
        crowd: COCO's `iscrowd`: many things in one shape.
        group: equal for what is one object in Label Studio; "" for an object of its own.
    """

    label: str
    entry: str
    box: Box
    rings: tuple[Ring, ...] = ()
    turned: bool = False
    mask: Runs | None = None
    ellipse: tuple[float, ...] = ()
    score: float | None = None
    crowd: bool = False
    group: str = ""


@dataclass(frozen=True)
class Problem:
    """What could not be taken over: in which file, at which entry of it ("" for all of it), and why."""

    file: str
    entry: str
    reason: str


@dataclass
class LabelledImage:
    """One image.

    Attributes:
        name: as its file names it, with folders; without extension when `stem`.
        file: that holds its labels.
        size: as stated; None when the format states none.
        unread: objects of it that could not be read.
        split: of the dataset, that it belongs to; "" for none.
    """

    name: str
    file: str
    size: Size | None = None
    stem: bool = False
    objects: list[LabelledObject] = field(default_factory=list)
    unread: int = 0
    split: str = ""


@dataclass
class Labels:
    """All that was read."""

    format: Format
    images: list[LabelledImage] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def number(value: object, what: str) -> float:
    """Return a finite number. Raises `Malformed` for anything else, truth values included."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Malformed(f"{what} is no number: {shown(value)}")
    try:
        found = float(value)
    except OverflowError:
        found = math.inf
    if not math.isfinite(found) or abs(found) > 1e9:
        raise Malformed(f"{what} is out of range: {shown(value)}")
    return found


def score_of(value: object) -> float | None:
    """Return a score, None for none. Raises `Malformed` unless it is from 0 to 1."""
    if value is None:
        return None
    found = number(value, "the score")
    if not 0 <= found <= 1:
        raise Malformed(f"the score is {found:g}, not from 0 to 1")
    return found


def box_inside(x0: float, y0: float, x1: float, y1: float) -> Box:
    """Return the part of a box inside the image. Raises `Malformed` when it has no area, or lies outside."""
    if x1 <= x0 or y1 <= y0:
        raise Malformed("the box has no area")
    inside = geometry.clip_box((x0, y0, x1, y1), 1, 1)
    if inside is None:
        raise Malformed("the box lies outside the image")
    return inside


def ring_inside(values: Sequence[object], width: float = 1.0, height: float = 1.0) -> Ring:
    """Return an outline as shares, cut at the image's edges.

    Args:
        values: x and y of each corner in turn.
        width, height: what the values are divided by.

    Raises:
        Malformed: fewer than three corners, no area, outside the image.
    """
    if len(values) > MAX_NUMBERS:
        raise Malformed(f"an outline has more than {MAX_NUMBERS:,} numbers")
    if len(values) % 2 or len(values) < 6:
        raise Malformed(f"an outline has {len(values)} numbers; it takes pairs, three at least")
    numbers = [number(value, "a corner") for value in values]
    whole = [(x / width, y / height) for x, y in zip(numbers[::2], numbers[1::2], strict=True)]
    if not _has_area(whole):
        raise Malformed("an outline has no area")
    ring = geometry.clip_ring(whole, 1, 1)
    if not _has_area(ring):
        raise Malformed("an outline lies outside the image")
    return ring


def _has_area(ring: Ring) -> bool:
    pixels = [(x * 1e4, y * 1e4) for x, y in ring]  # `has_area` counts in them
    if len(ring) <= _CROSSING:
        return geometry.has_area(pixels)
    return geometry.ring_area(pixels) > 1  # where every line crosses every other, looking for them takes without end


def box_around(rings: Sequence[Ring]) -> Box:
    """Return the upright box around outlines."""
    return geometry.ring_box(point for ring in rings for point in ring)


def span(centre: float, size: float) -> tuple[float, float]:
    """Return the two ends of what has this centre and size, both rounded to six digits.

    Rounding moves an end that lay on an edge of the image by up to 0.000001: it is put back there, and the other end
    into the middle of where it can have been, so that writing it again gives the same digits.
    """
    first, last = centre - size / 2, centre + size / 2
    low, high = abs(first) <= _EDGE, abs(last - 1) <= _EDGE
    half = 5e-7
    if low and high:
        return 0.0, 1.0
    if high:
        between = max(1 - size - half, 2 * centre - 1 - 2 * half), min(1 - size + half, 2 * centre - 1 + 2 * half)
        return (between[0] + between[1]) / 2, 1.0
    if low:
        between = max(size - half, 2 * centre - 2 * half), min(size + half, 2 * centre + 2 * half)
        return 0.0, (between[0] + between[1]) / 2
    return first, last


def shown(value: object) -> str:
    """Return a value as a sentence may quote it: short, on one line, without control characters."""
    return plain(reprlib.repr(value), 60)


def plain(text: str, most: int = 200) -> str:
    """Return a text that may be printed and stored: on one line, without control characters, cut when it is long."""
    text = "".join(sign if sign.isprintable() else "?" for sign in text[:most + 1])
    return text if len(text) <= most else f"{text[:most - 3]}..."
