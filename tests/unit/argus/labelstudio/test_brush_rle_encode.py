"""Our run-length encoder against the SDK's."""

from __future__ import annotations

import numpy as np
import pytest
from label_studio_sdk.converter.brush import mask2rle
from numpy.typing import NDArray

from argus.labelstudio.brush_rle import decode, encode


def sdk(mask: NDArray[np.bool_]) -> list[int]:
    return list(mask2rle(mask.astype(np.uint8) * 255))


def whole(mask: NDArray[np.bool_]) -> list[int]:
    return encode(mask, 0, 0, mask.shape[1], mask.shape[0])


def test_encode__bit_identical_to_the_sdk__random_masks_and_their_crops() -> None:
    rng = np.random.default_rng(7)
    for _ in range(500):
        height, width = rng.integers(1, 60, 2).tolist()
        mask = rng.random((height, width)) < rng.random() ** 2
        expected = sdk(mask)
        assert whole(mask) == expected
        rows, columns = np.nonzero(mask)
        if rows.size:
            top, left = int(rows.min()), int(columns.min())
            crop = mask[top:rows.max() + 1, left:columns.max() + 1]
            assert encode(crop, left, top, width, height) == expected
        assert np.array_equal(decode(expected, width, height), mask)


# Runs of 1, 8, 16, 256 and 65,536 values are where the code changes its field; a pixel is four values.
@pytest.mark.parametrize("size", [(1, 1), (1, 2), (2, 2), (1, 4), (1, 5), (8, 8), (1, 64), (1, 65), (64, 1), (128, 128),
                                  (1, 16384), (1, 16385), (2, 16384), (181, 182)])
def test_encode__bit_identical_to_the_sdk__edge_sizes(size: tuple[int, int]) -> None:
    full, empty = np.ones(size, np.bool_), np.zeros(size, np.bool_)
    lower, right, dot = empty.copy(), empty.copy(), empty.copy()
    lower[size[0] // 2:] = True
    right[:, size[1] // 2:] = True
    dot[-1, -1] = True
    for mask in (full, empty, lower, right, dot):
        assert whole(mask) == sdk(mask)


def test_encode__bit_identical_to_the_sdk__an_object_on_a_1080p_frame() -> None:
    y, x = np.mgrid[:1080, :1920]
    mask = ((y - 540) / 250) ** 2 + ((x - 960) / 400) ** 2 < 1
    crop = np.ascontiguousarray(mask[290:791, 560:1361])
    assert encode(crop, 560, 290, 1920, 1080) == sdk(mask)
