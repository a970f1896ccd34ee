"""Label Studio's brush masks: the run-length code of `@thi.ng/rle-pack` over RGBA bytes, as arrays.

Written by hand because the SDK's decoder turns every bit of the input into a character and walks the pixels of literal
runs in Python; this one reads fields straight from the bytes. A test holds it to the SDK's, bit for bit.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
_HEADER_BITS = 32 + 5 + 4 * 4  # number of values, word size, four length sizes


def decode(rle: Sequence[int], width: int, height: int) -> Mask:
    """Return the mask that `value.rle` of a brush region holds.

    Args:
        rle: bytes as integers 0-255. The coded values are RGBA; a pixel belongs to the mask when its alpha is not 0.
        width, height: `original_width` and `original_height` of the region, in pixels.

    Returns:
        bool array of shape (H, W).

    Raises:
        ValueError: the code is damaged, or it is for an image of another size.
    """
    data = bytes(rle)
    if len(data) * 8 < _HEADER_BITS:
        raise ValueError("the mask's code is too short")
    bits = _Bits(data)
    count, word = bits.read(32), bits.read(5) + 1
    sizes = [bits.read(4) + 1 for _ in range(4)]
    if count != 4 * width * height or word != 8:
        raise ValueError(f"the mask's code holds {count} values of {word} bits, not the RGBA of {width}x{height}")
    mask = np.zeros(width * height, np.bool_)  # of every four values the last one counts: one byte a pixel, not five
    at = 0
    while at < count:
        run = bits.read(1)
        end = at + 1 + bits.read(sizes[bits.read(2)])
        if end > count:
            raise ValueError("a run of the mask's code goes past the image")
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
            raise ValueError("the mask's code ends early")
        first, last = self.at >> 3, (end + 7) >> 3
        word = int.from_bytes(self.data[first:last], "big") >> (last * 8 - end)
        self.at = end
        return word & ((1 << size) - 1)
