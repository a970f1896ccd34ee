"""Large images in tiles: small objects keep their pixels. A wrapper around any engine; off unless a tile size is set.

The model squashes every image to its own input size (1008 pixels), so an object of 20 pixels in a frame of 6000 is
hardly there. With tiles the engine looks at the whole image, for large objects, and at overlapping parts of it. An
object that several tiles saw is one object: what saw it whole wins over what an edge cut off, and pieces are joined.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from argus.errors import ArgusError
from label_studio_config.label_config import Concept
from ml_backend.engines.base import Detections, Exemplars, Mask, Sam3Engine, iou_with

_EDGE = 2.0  # pixels; a box that comes this close to a tile's inner edge is cut by it
_PIECE_IOU = 0.5  # pieces fit less well than whole boxes
_MOST_TILES = 400

Tile = tuple[int, int, int, int]  # x0 y0 x1 y1 in pixels


class TilingEngine:
    """See `Sam3Engine`: `detect` looks at tiles too, what a person asks with the mouse goes to the engine as it is.

    Args:
        engine: what looks.
        side: tiles are squares of this many pixels; images up to 1.5 times as large are not cut.
        overlap: share of a tile that the next one covers again, 0 to 0.5; objects smaller than that are seen whole.
        iou: above this two boxes are one object.
        most: objects kept per image and label.
    """

    images_per_step = 1  # one image may be a hundred tiles

    def __init__(self, engine: Sam3Engine, side: int, overlap: float, iou: float, most: int) -> None:
        self.engine, self.side, self.overlap, self.iou, self.most = engine, side, overlap, iou, most

    def detect(self, images: Sequence[Image.Image], concepts: Sequence[Concept]) -> list[dict[str, Detections]]:
        """Return the detections in pixels of the whole images. See `Sam3Engine.detect`."""
        return [self._detect(image, concepts) for image in images]

    def _detect(self, image: Image.Image, concepts: Sequence[Concept]) -> dict[str, Detections]:
        whole: Tile = (0, 0, image.width, image.height)
        cuts = [whole, *tiles(image.width, image.height, self.side, self.overlap)]
        step = self.engine.images_per_step  # hundreds of crops at once would be gigabytes
        found = [f for begin in range(0, len(cuts), step) for f in self.engine.detect(
            [image if cut == whole else image.crop(cut) for cut in cuts[begin:begin + step]], concepts)]
        if len(cuts) == 1:
            return found[0]
        return {c.label: self._merge([f[c.label] for f in found], cuts, image.size) for c in concepts}

    def _merge(self, found: Sequence[Detections], cuts: Sequence[Tile], size: tuple[int, int]) -> Detections:
        merged = merge([seen for f, cut in zip(found, cuts, strict=True) for seen in _seen(f, cut, size)],
                       self.iou, self.most)
        return replace(merged, left_out=merged.left_out + max(f.left_out for f in found))

    def find(self, image: Image.Image, key: str, prompts: Sequence[str], exemplars: Exemplars | None) -> Detections:
        """See `Sam3Engine.find`."""
        return self.engine.find(image, key, prompts, exemplars)

    def click(self, image: Image.Image, key: str, points: Sequence[tuple[float, float]],
              positive: Sequence[bool]) -> Detections:
        """See `Sam3Engine.click`."""
        return self.engine.click(image, key, points, positive)

    def outline(self, image: Image.Image, boxes: NDArray[np.float32]) -> list[Mask | None]:
        """See `Sam3Engine.outline`."""
        return self.engine.outline(image, boxes)

    def unread(self, prompts: Sequence[str]) -> list[str]:
        """See `Sam3Engine.unread`."""
        return self.engine.unread(prompts)

    def self_test(self) -> None:
        """See `Sam3Engine.self_test`."""
        self.engine.self_test()


def tiles(width: int, height: int, side: int, overlap: float) -> list[Tile]:
    """Return overlapping tiles that cover the image, row by row; none for an image up to 1.5 tiles large.

    Raises:
        ArgusError: `image_too_large` when there would be more than 400.
    """
    if max(width, height) <= 1.5 * side:
        return []
    rows, columns = _starts(height, side, overlap), _starts(width, side, overlap)
    if len(rows) * len(columns) > _MOST_TILES:
        raise ArgusError("image_too_large", f"An image of {width}x{height} pixels makes {len(rows) * len(columns)} "
                         f"tiles of {side}; Argus looks at {_MOST_TILES} at most.", "Set ARGUS_SAM3_TILE higher.")
    return [(x, y, min(x + side, width), min(y + side, height)) for y in rows for x in columns]


def _starts(length: int, side: int, overlap: float) -> list[int]:
    """Return where tiles begin along one axis, evenly spread; neighbours share at least `overlap` of a tile."""
    if length <= side:
        return [0]
    count = int(np.ceil((length - side) / (side * (1 - overlap)))) + 1
    return [round(start) for start in np.linspace(0, length - side, count).tolist()]


@dataclass(eq=False)
class _Seen:
    """One detection in pixels of the whole image, the tile that saw it, and whether an inner edge of it cut the box."""

    score: float
    box: NDArray[np.float32]
    mask: Mask | None
    tile: NDArray[np.float32]
    cut: bool

    def join(self, other: _Seen) -> None:
        """Take over what another tile saw of the same object. The score stays: it was the better one."""
        if self.cut and other.cut:
            self.box, self.tile = _around(self.box, other.box), _around(self.tile, other.tile)
            self.mask = _union(self.mask, other.mask)
        elif self.cut:
            self.box, self.mask, self.tile, self.cut = other.box, other.mask, other.tile, False


def _seen(found: Detections, tile: Tile, size: tuple[int, int]) -> list[_Seen]:
    x, y = tile[:2]
    edges = np.array(tile, np.float32)
    inner = np.array([tile[0] > 0, tile[1] > 0, tile[2] < size[0], tile[3] < size[1]])
    seen = []
    boxes = found.boxes + np.array([x, y, x, y], np.float32)
    for score, box, mask in zip(found.scores.tolist(), boxes, found.masks, strict=True):
        moved = Mask(mask.x + x, mask.y + y, mask.bits) if mask else None
        seen.append(_Seen(score, box, moved, edges, bool(((np.abs(box - edges) <= _EDGE) & inner).any())))
    return seen


def merge(seen: Sequence[_Seen], iou: float, most: int) -> Detections:
    """Return the objects of one label over all tiles, best first.

    Two boxes are one object when they agree where both tiles looked. The extent of one that was seen whole counts; of
    pieces, what they cover together.
    """
    kept: list[_Seen] = []
    for one in sorted(seen, key=lambda s: -s.score):
        same = next((k for k in kept if _same(k, one, iou)), None)
        if same is None:
            kept.append(one)
        else:
            same.join(one)
    once: list[_Seen] = []  # an extent that grew may cover another one by now
    for one in kept:
        if not any(_same(k, one, iou) for k in once):
            once.append(one)
    left_out = max(0, len(once) - most)
    once = once[:most]
    return Detections(np.array([k.score for k in once], np.float32),
                      np.array([k.box for k in once], np.float32).reshape(-1, 4), [k.mask for k in once], left_out)


def _same(a: _Seen, b: _Seen, iou: float) -> bool:
    zone = np.concatenate([np.maximum(a.tile[:2], b.tile[:2]), np.minimum(a.tile[2:], b.tile[2:])])
    one, other = (np.concatenate([np.maximum(s.box[:2], zone[:2]), np.minimum(s.box[2:], zone[2:])]) for s in (a, b))
    if (one[2:] <= one[:2]).any() or (other[2:] <= other[:2]).any():
        return False
    return float(iou_with(one, other[None])[0]) > (min(iou, _PIECE_IOU) if a.cut or b.cut else iou)


def _around(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.concatenate([np.minimum(a[:2], b[:2]), np.maximum(a[2:], b[2:])])


def _union(a: Mask | None, b: Mask | None) -> Mask | None:
    if a is None or b is None:
        return a or b
    x, y = min(a.x, b.x), min(a.y, b.y)
    right = max(a.x + a.bits.shape[1], b.x + b.bits.shape[1])
    lower = max(a.y + a.bits.shape[0], b.y + b.bits.shape[0])
    bits = np.zeros((lower - y, right - x), np.bool_)
    for m in (a, b):
        bits[m.y - y:m.y - y + m.bits.shape[0], m.x - x:m.x - x + m.bits.shape[1]] |= m.bits
    return Mask(x, y, bits)
