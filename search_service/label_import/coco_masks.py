"""COCO's run-length codes of masks, compressed (text) and plain (a list of counts), read without decoding pixels.

By hand for the reason of `search_service.export.coco_rle`, and held to pycocotools by a test.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from argus.labelstudio.brush_rle import Mask

_MOST_RUNS = 5_000_000
_MOST_PIXELS = 2**28  # a larger image than Argus opens anywhere


@dataclass(frozen=True, eq=False)
class Runs:
    """A mask: lengths of runs outside and inside by turns, down the columns, the first one outside."""

    width: int
    height: int
    counts: NDArray[np.int64]

    def mask(self) -> Mask:
        """Return its pixels, bool (H, W)."""
        inside = np.zeros(len(self.counts), np.bool_)
        inside[1::2] = True
        return np.repeat(inside, self.counts).reshape(self.width, self.height).T

    def box(self) -> tuple[int, int, int, int] | None:
        """Return the box of whole pixels around what is inside, None when nothing is."""
        ends = np.cumsum(self.counts)
        starts, ends = (ends - self.counts)[1::2], ends[1::2]
        starts, ends = starts[ends > starts], ends[ends > starts]
        if not len(starts):
            return None
        whole = (starts // self.height != (ends - 1) // self.height).any()  # a run goes on in the next column
        top, bottom = (0, self.height) if whole else (int((starts % self.height).min()),
                                                      int(((ends - 1) % self.height).max()) + 1)
        return int(starts[0] // self.height), top, int((ends[-1] - 1) // self.height) + 1, bottom

    @property
    def area(self) -> int:
        """Pixels inside."""
        return int(self.counts[1::2].sum())


def read(code: Mapping[str, object]) -> Runs:
    """Read `{"size": [H, W], "counts": text or list}`.

    Raises:
        ValueError: it is damaged, too large, or its runs do not fill the image.
    """
    size, counts = code.get("size"), code.get("counts")
    if not (isinstance(size, Sequence) and len(size) == 2 and all(type(side) is int and side > 0 for side in size)):
        raise ValueError("the mask has no size of two whole numbers")
    height, width = size
    if height * width > _MOST_PIXELS:
        raise ValueError(f"the mask has {width} × {height} pixels")
    if isinstance(counts, str):
        runs = _from_text(counts)
    elif isinstance(counts, list) and all(type(count) is int and 0 <= count <= _MOST_PIXELS for count in counts):
        runs = np.array(counts, np.int64)
    else:
        raise ValueError("the mask's counts are neither text nor whole numbers")
    if len(runs) > _MOST_RUNS or (runs < 0).any() or (runs > _MOST_PIXELS).any() or int(runs.sum()) != height * width:
        raise ValueError(f"the mask's runs do not fill {width} × {height} pixels")
    return Runs(width, height, runs)


def from_mask(mask: Mask) -> Runs:
    """Return a mask of shape (H, W) as runs."""
    height, width = mask.shape
    flat = np.concatenate(([False], mask.ravel(order="F"), [False]))
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    return Runs(width, height, np.diff(np.concatenate(([0], edges, [height * width]))).astype(np.int64))


def _from_text(text: str) -> NDArray[np.int64]:
    counts: list[int] = []
    value = shift = 0
    if len(text) > _MOST_RUNS:
        raise ValueError("the mask's counts are too long")
    for sign in text:
        bits = ord(sign) - 48
        if not 0 <= bits < 64 or shift > 30:
            raise ValueError("the mask's counts hold a sign that stands for nothing")
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits & 0x20:
            continue
        if bits & 0x10:
            value -= 1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
        value = shift = 0
    if shift:
        raise ValueError("the mask's counts end early")
    return np.array(counts, np.int64)
