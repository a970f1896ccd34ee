"""COCO's compressed run-length code of a mask.

Written by hand because it is all that an export needs of `pycocotools`; the tests hold it to that bit for bit. The
format is the one of `maskApi.c` (`rleEncode`, `rleToString`) of the COCO API.
"""

from __future__ import annotations

from typing import TypedDict

import numpy as np

from argus.labelstudio.brush_rle import Mask


class CocoRle(TypedDict):
    size: list[int]
    counts: str


def encode(mask: Mask) -> CocoRle:
    """Return `{"size": [H, W], "counts": text}` of a mask of shape (H, W); runs go down the columns."""
    height, width = mask.shape
    flat = np.concatenate(([False], mask.ravel(order="F"), [False]))
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    counts = np.diff(np.concatenate(([0], edges, [height * width])))
    if mask.size and mask[-1, -1]:
        counts = counts[:-1]  # the code ends with the last run: no empty one after it
    return {"size": [height, width], "counts": _to_text([int(count) for count in counts])}


def _to_text(counts: list[int]) -> str:
    """Write each count as its difference to the one two before it, five bits a character, lowest first, signed."""
    text = []
    for index, count in enumerate(counts):
        value = count - counts[index - 2] if index > 2 else count
        more = True
        while more:
            bits = value & 0x1F
            value >>= 5
            more = value != (-1 if bits & 0x10 else 0)
            text.append(chr((bits | 0x20 if more else bits) + 48))
    return "".join(text)
