"""Label Studio's run-length code for brush regions: our own encoder. `argus.rle` decodes.

Why our own: the SDK's `mask2rle` builds a string of bits over four channels of the whole frame. This one works on the
runs of the mask's crop, so its cost follows the object: `benchmarks/mask_code.py` compares them at 1080p. A test holds
it bit-identical to the SDK's.

The code (thi.ng/rle-pack): 32 bits number of values (4 × pixels), 5 bits word size - 1, four times 4 bits of field
width - 1 (3, 4, 8, 16); then per run 1 bit "repeated", 2 bits choice of field, the length - 1 in that field, 8 bits of
value. The number of values after a 0 bit is a length too, with that many literal values.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_WIDTHS = (3, 4, 8, 16)
_HEADER_BITS = 32 + 5 + 4 * 4
_LONGEST = 2**16


def encode(bits: NDArray[np.bool_], x: int, y: int, width: int, height: int) -> list[int]:
    """Return the run-length code of an image of `width` × `height` that holds `bits` at column `x`, row `y`.

    Args:
        bits: bool (h, w), inside the image.

    Returns:
        Bytes as a list of int, as Label Studio's `value.rle`; equal to the SDK's `mask2rle` of the 0/255 image.
    """
    starts, ends = _runs(bits, x, y, width)
    edges = np.empty(2 * len(starts) + 2, np.int64)
    edges[0], edges[-1] = 0, width * height
    edges[1:-1:2], edges[2:-1:2] = starts, ends
    lengths = np.diff(edges) * 4
    values = np.zeros(len(lengths), np.int64)
    values[1::2] = 255
    filled = lengths > 0  # the image may begin or end inside an object
    return _pack(lengths[filled], values[filled], width * height * 4)


def _runs(bits: NDArray[np.bool_], x: int, y: int, width: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where runs of True start and end (exclusive) in the flattened image."""
    pitch = bits.shape[1] + 1  # one empty column, so that no run crosses from a row of the crop into the next
    framed = np.zeros(bits.shape[0] * pitch + 1, np.bool_)
    framed[1:].reshape(-1, pitch)[:, :-1] = bits
    edges = np.flatnonzero(framed[1:] != framed[:-1])
    flat = (edges // pitch + y) * width + edges % pitch + x
    starts, ends = flat[0::2], flat[1::2]
    joined = np.flatnonzero(ends[:-1] == starts[1:])  # a run that reaches the right edge goes on in the next row
    return np.delete(starts, joined + 1), np.delete(ends, joined)


def _pack(lengths: NDArray[np.int64], values: NDArray[np.int64], total: int) -> list[int]:
    pieces = (lengths - 1) // _LONGEST + 1
    part = np.full(int(pieces.sum()), _LONGEST, np.int64)
    part[np.cumsum(pieces) - 1] = lengths - (pieces - 1) * _LONGEST
    values, whole = np.repeat(values, pieces), np.repeat(lengths, pieces)
    # The SDK picks the field by the length of the whole run, so the short tail of a long run uses the widest field.
    field = np.searchsorted([8, 16, 256], whole, side="left")
    size = np.array(_WIDTHS)[field]
    words = (((((whole > 1).astype(np.int64) << 2) | field) << size | (part - 1)) << 8) | values
    sizes = size + 11
    begin = np.cumsum(sizes) - sizes + _HEADER_BITS
    used = _HEADER_BITS + int(sizes.sum())
    out = np.zeros((used + 8 - used % 8) // 8 + 8, np.float64)
    # A word has at most 27 bits, so with its offset in the first byte it touches five; words never share a bit, so
    # adding is the same as or-ing.
    shifted = words << (40 - sizes - begin % 8)
    for k in range(5):
        out += np.bincount(begin // 8 + k, (shifted >> (32 - 8 * k)) & 255, minlength=len(out))
    code = out[:-8].astype(np.uint8)
    header = total << 24 | 7 << 19 | 2 << 15 | 3 << 11 | 7 << 7 | 15 << 3
    code[:7] |= np.frombuffer(header.to_bytes(7, "big"), np.uint8)
    return list(code.tolist())
