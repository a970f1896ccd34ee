"""Label Studio's run-length code for brush regions (`@thi.ng/rle-pack` over RGBA bytes): encoder and decoder.

Both are our own, and tests hold them to the SDK's, bit for bit. The SDK's `mask2rle` builds a string of bits over four
channels of the whole frame; ours works on the runs of the mask's crop, so its cost follows the object
(`benchmarks/mask_code.py` compares them at 1080p). The SDK's decoder turns every bit of the input into a character and
walks the pixels of literal runs in Python; ours reads fields straight from the bytes.

The code: 32 bits number of values (4 × pixels), 5 bits word size - 1, four times 4 bits of field width - 1 (3, 4, 8,
16); then per run 1 bit "repeated", 2 bits choice of field, the length - 1 in that field, 8 bits of value. The number of
values after a 0 bit is a length too, with that many literal values.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
_HEADER_BITS = 32 + 5 + 4 * 4  # number of values, word size, four length sizes
_WIDTHS = (3, 4, 8, 16)
_LONGEST = 2**16


def decode(rle: Sequence[int], width: int, height: int) -> Mask:
    """Return the mask that `value.rle` of a brush region holds.

    Args:
        rle: bytes as integers 0-255. The coded values are RGBA; a pixel belongs to the mask when its alpha is not 0.
        width, height: `original_width` and `original_height` of the region, in pixels.

    Returns:
        bool array of shape (H, W).

    Raises:
        ValueError: the code is damaged or no list, or it is for an image of another size.
    """
    if not isinstance(rle, list | tuple):  # of a number, `bytes` would make as many zeros
        raise ValueError("the mask's RLE is no list of numbers")
    try:
        data = bytes(rle)
    except (TypeError, OverflowError) as error:
        raise ValueError("the mask's RLE is no list of bytes") from error
    if len(data) * 8 < _HEADER_BITS:
        raise ValueError("the mask's RLE is too short")
    bits = _Bits(data)
    count, word = bits.read(32), bits.read(5) + 1
    sizes = [bits.read(4) + 1 for _ in range(4)]
    if count != 4 * width * height or word != 8:
        raise ValueError(f"the mask's RLE holds {count} values of {word} bits, not the RGBA of {width}x{height}")
    mask = np.zeros(width * height, np.bool_)  # of every four values the last one counts: one byte a pixel, not five
    at = 0
    while at < count:
        run = bits.read(1)
        end = at + 1 + bits.read(sizes[bits.read(2)])
        if end > count:
            raise ValueError("a run of the mask's RLE goes past the image")
        if run:
            mask[at // 4:end // 4] = bits.read(8) > 0
        else:
            values = np.frombuffer(bits.read(8 * (end - at)).to_bytes(end - at, "big"), np.uint8)
            mask[at // 4:end // 4] = values[at // 4 * 4 + 3 - at::4] > 0
        at = end
    return mask.reshape(height, width)


class _Bits:
    """A reader of big-endian bit fields."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def read(self, size: int) -> int:
        """Return the next `size` bits as a number; past the end it is a ValueError."""
        end = self.at + size
        if end > len(self.data) * 8:
            raise ValueError("the mask's RLE ends early")
        first, last = self.at >> 3, (end + 7) >> 3
        word = int.from_bytes(self.data[first:last], "big") >> (last * 8 - end)
        self.at = end
        return word & ((1 << size) - 1)


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
