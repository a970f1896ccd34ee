"""Shapes of exported objects, in pixels of the image as a person sees it; all functions are pure.

Label Studio stores positions in percent of the image's width and height, from its top left corner. An exported point is
`(x, y)` with x growing to the right and y downwards, and a box is `(x0, y0, x1, y1)`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from argus.labelstudio import polygon_pixels
from argus.labelstudio.brush_rle import Mask
from argus.labelstudio.types import RegionValue

if TYPE_CHECKING:  # loaded by the functions that need it, with its library of 4 MB: most processes call none of them
    from shapely import Polygon

Point = tuple[float, float]
Box = tuple[float, float, float, float]
Ring = list[Point]

_ELLIPSE_POINTS = 64
_KEPT_IOU = 0.99
_NOTHING = 1e-6  # square pixels: what rounding leaves of a line


def rectangle_ring(value: RegionValue, width: int, height: int) -> Ring:
    """Return the four corners of a rectangle region, clockwise from the one at (x, y).

    A rotated rectangle turns around that corner, clockwise, by `rotation` degrees, in pixels (not in percent: on an
    image that is not square the two differ).
    """
    x, y = value["x"] * width / 100, value["y"] * height / 100
    w, h = value["width"] * width / 100, value["height"] * height / 100
    angle = math.radians(value.get("rotation") or 0)
    cos, sin = math.cos(angle), math.sin(angle)
    return [(x + dx * cos - dy * sin, y + dx * sin + dy * cos) for dx, dy in ((0, 0), (w, 0), (w, h), (0, h))]


def polygon_ring(value: RegionValue, width: int, height: int) -> Ring:
    """Return the corners of a polygon region."""
    return [(x * width / 100, y * height / 100) for x, y in value["points"]]


def ellipse_ring(value: RegionValue, width: int, height: int) -> Ring:
    """Return an ellipse region (centre, two radii, rotation around the centre) as a polygon of 64 corners."""
    cx, cy = value["x"] * width / 100, value["y"] * height / 100
    rx, ry = value["radiusX"] * width / 100, value["radiusY"] * height / 100
    angle = math.radians(value.get("rotation") or 0)
    cos, sin = math.cos(angle), math.sin(angle)
    ring = []
    for step in range(_ELLIPSE_POINTS):
        turn = 2 * math.pi * step / _ELLIPSE_POINTS
        dx, dy = rx * math.cos(turn), ry * math.sin(turn)
        ring.append((cx + dx * cos - dy * sin, cy + dx * sin + dy * cos))
    return ring


def box_ring(box: Box) -> Ring:
    """Return the corners of an upright box, clockwise from the upper left one."""
    x0, y0, x1, y1 = box
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]


def ring_box(ring: Iterable[Point]) -> Box:
    """Return the smallest upright box around the points."""
    xs, ys = zip(*ring, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def mask_box(mask: Mask) -> Box | None:
    """Return the box of whole pixels around a mask of shape (H, W); None for an empty mask."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return None
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


def clip_box(box: Box, width: int, height: int) -> Box | None:
    """Return the part of the box inside the image; None when nothing of it is."""
    x0, y0 = max(0.0, box[0]), max(0.0, box[1])
    x1, y1 = min(float(width), box[2]), min(float(height), box[3])
    return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None


def box_iou(a: Box, b: Box) -> float:
    """Return the intersection over union of two boxes, 0-1."""
    w = min(a[2], b[2]) - max(a[0], b[0])
    h = min(a[3], b[3]) - max(a[1], b[1])
    if w <= 0 or h <= 0:
        return 0.0
    area = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return w * h / (area - w * h)


def clip_ring(ring: Ring, width: int, height: int) -> Ring:
    """Return the polygon cut at the image's edges (Sutherland-Hodgman, Communications of the ACM 17(1), 1974).

    Fewer than three points are left when the polygon lies outside.
    """
    for axis, edge, sign in ((0, 0.0, 1), (0, float(width), -1), (1, 0.0, 1), (1, float(height), -1)):
        ring = _cut(ring, axis, edge, sign)
    return ring


def _cut(ring: Ring, axis: int, edge: float, sign: int) -> Ring:
    kept: Ring = []
    for before, point in zip(ring[-1:] + ring[:-1], ring, strict=True):
        inside, was_inside = sign * (point[axis] - edge) >= 0, sign * (before[axis] - edge) >= 0
        if inside != was_inside:
            share = (edge - before[axis]) / (point[axis] - before[axis])
            other = before[1 - axis] + share * (point[1 - axis] - before[1 - axis])
            kept.append((edge, other) if axis == 0 else (other, edge))
        if inside:
            kept.append(point)
    return kept


def ring_area(ring: Sequence[Point]) -> float:
    """Return the area inside a polygon that does not cross itself (the shoelace formula)."""
    pairs = zip(ring, [*ring[1:], *ring[:1]], strict=True)
    return abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairs)) / 2


def has_area(ring: Sequence[Point]) -> bool:
    """Whether a polygon encloses anything; the halves of one that crosses itself do not make up for each other."""
    if len(ring) < 3:
        return False
    if ring_area(ring) > _NOTHING:
        return True
    import shapely

    return bool(shapely.make_valid(shapely.Polygon(ring)).area > _NOTHING)


def rings_area(rings: Sequence[Ring]) -> float:
    """Return the area inside an object's polygons: exact, or where lines cross the number of pixels inside.

    Pixels are counted as pycocotools counts them: inside is what an odd number of an outline's lines encloses, and what
    lies in two of the object's polygons counts once.
    """
    import shapely

    shapes, areas = [shapely.Polygon(ring) for ring in rings], [ring_area(ring) for ring in rings]
    if all(shape.is_valid for shape in shapes) and shapely.union_all(shapes).area >= sum(areas) * (1 - 1e-9):
        return sum(areas)
    return float(polygon_pixels.count(rings))


def mask_polygons(mask: Mask, tolerance: float = 0.5) -> list[Polygon]:
    """Return the parts of a mask of shape (H, W), holes included, the largest first, in pixels.

    Outlines are simplified by `tolerance` pixels where that keeps an IoU of 0.99 with the part; a part that it would
    change more keeps the exact outline of its pixels.
    """
    import shapely

    if (box := mask_box(mask)) is None:
        return []
    x0, y0, x1, y1 = (int(side) for side in box)
    framed = np.zeros((y1 - y0, x1 - x0 + 2), np.int8)
    framed[:, 1:-1] = mask[y0:y1, x0:x1]
    step = np.diff(framed, axis=1)
    rows, starts = np.nonzero(step == 1)  # a box for each run of a row
    ends = np.nonzero(step == -1)[1]
    shape = shapely.union_all(shapely.box(starts + x0, rows + y0, ends + x0, rows + y0 + 1))
    parts = [part for part in getattr(shape, "geoms", [shape]) if isinstance(part, shapely.Polygon)]
    return [_simplify(part, tolerance) for part in sorted(parts, key=lambda part: -part.area)]


def _simplify(part: Polygon, tolerance: float) -> Polygon:
    import shapely

    exact = shapely.simplify(part, 0)  # drops points on a straight line
    simple = part.simplify(tolerance)
    if isinstance(simple, shapely.Polygon) and simple.is_valid and not simple.is_empty \
            and simple.intersection(part).area >= _KEPT_IOU * simple.union(part).area:
        return simple
    return exact if isinstance(exact, shapely.Polygon) else part


def rings_without_holes(polygon: Polygon) -> list[Ring]:
    """Return outlines that together fill the polygon and have no holes.

    A format whose polygons are single rings says a hole by none of them covering it: the polygon is cut upright through
    the middle of each hole, at a whole pixel.
    """
    import shapely

    if not polygon.interiors:
        return [_points(polygon.exterior.coords)]
    x0, y0, x1, y1 = polygon.bounds
    left, _, right, _ = polygon.interiors[0].bounds
    middle = float(round((left + right) / 2))
    if not left < middle < right:
        middle = (left + right) / 2
    halves = [polygon.intersection(shapely.box(*side)) for side in ((x0, y0, middle, y1), (middle, y0, x1, y1))]
    parts = [part for half in halves for part in getattr(half, "geoms", [half])]
    return [ring for part in parts if isinstance(part, shapely.Polygon) and part.area
            for ring in rings_without_holes(part)]


def oriented_box(rings: Sequence[Ring]) -> Ring:
    """Return the four corners of the smallest rectangle, turned as needed, around all rings.

    The corners of a turned rectangle come back as they are, but for the one with which it begins.
    """
    import shapely

    found = shapely.minimum_rotated_rectangle(shapely.MultiPoint([point for ring in rings for point in ring]))
    return _points(found.exterior.coords) if isinstance(found, shapely.Polygon) else box_ring(found.bounds)


def one_ring(rings: Sequence[Ring]) -> Ring:
    """Return a single outline that goes through all rings: to the nearest point of the next one, around it, and back.

    The way there and the way back are the same line, so they enclose nothing; a ring inside another one becomes a hole
    where outlines are filled by the even-odd rule. Ultralytics joins the parts of a COCO object in the same manner.
    """
    joined = list(rings[0])
    for ring in rings[1:]:
        here, there = np.array(joined), np.array(ring)
        distance = ((here[:, None] - there[None]) ** 2).sum(-1)
        i, j = (int(k) for k in np.unravel_index(int(distance.argmin()), distance.shape))
        joined = [*joined[:i + 1], *ring[j:], *ring[:j + 1], *joined[i:]]
    return joined


def polygon_rings(polygon: Polygon) -> list[Ring]:
    """Return the outline of a polygon and then those of its holes, none closed."""
    return [_points(ring.coords) for ring in (polygon.exterior, *polygon.interiors)]


def _points(coordinates: Iterable[Sequence[float]]) -> Ring:
    return [(float(point[0]), float(point[1])) for point in coordinates][:-1]
