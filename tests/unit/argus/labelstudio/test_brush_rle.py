"""Our run-length code of masks against the SDK's."""

from __future__ import annotations

import numpy as np
import pytest
from label_studio_sdk.converter import brush
from numpy.typing import NDArray

from argus.labelstudio import brush_rle


@pytest.mark.parametrize(("height", "width", "share"), [(1, 1, 1.0), (3, 5, 0.5), (64, 48, 0.0), (64, 48, 1.0),
                                                        (37, 61, 0.1), (120, 200, 0.9), (300, 300, 1.0)])
def test_decode__is_the_mask_that_the_sdk_encoded(height: int, width: int, share: float) -> None:
    mask = np.random.default_rng(height * width).random((height, width)) < share
    code = brush.mask2rle((mask * 255).astype(np.uint8))
    assert np.array_equal(brush_rle.decode(code, width, height), mask)


def test_decode__agrees_with_the_sdk_on_blobs_and_soft_edges() -> None:
    rng = np.random.default_rng(7)
    for _ in range(20):
        y, x = np.mgrid[:90, :140]
        alpha = np.zeros((90, 140), np.uint8)
        for _ in range(3):
            distance = np.hypot(x - rng.integers(140), y - rng.integers(90))
            alpha = np.maximum(alpha, np.clip(255 - distance * rng.integers(4, 20), 0, 255).astype(np.uint8))
        rgba = np.dstack([alpha, alpha, alpha, alpha])
        code = brush.encode_rle(rgba.ravel())
        theirs = brush.decode_rle(code).reshape(90, 140, 4)[:, :, 3] > 0
        assert theirs.any() and not theirs.all()
        assert np.array_equal(brush_rle.decode(code, 140, 90), theirs)


def literal_code(alphas: list[int]) -> list[int]:
    """Return the code of a one-row image as Label Studio's own brush writes short stretches: without runs."""
    values = [byte for alpha in alphas for byte in (0, 0, 0, alpha)]
    bits = f"{len(values):032b}" + f"{7:05b}" + "".join(f"{size - 1:04b}" for size in (3, 4, 8, 16))
    bits += "0" + "10" + f"{len(values) - 1:08b}" + "".join(f"{value:08b}" for value in values)
    bits += "0" * (-len(bits) % 8)
    return [int(bits[at:at + 8], 2) for at in range(0, len(bits), 8)]


def test_decode__literal_stretches() -> None:
    assert brush_rle.decode(literal_code([0, 255, 3, 0]), 4, 1).tolist() == [[False, True, True, False]]


@pytest.mark.parametrize("damage", ["size", "cut", "empty", "run"])
def test_decode__damaged_code_is_a_value_error(damage: str) -> None:
    code = brush.mask2rle(np.full((10, 10), 255, np.uint8))
    width = 11 if damage == "size" else 10
    if damage == "cut":
        code = code[:-2]
    elif damage == "empty":
        code = []
    elif damage == "run":
        code = [0, 0, 0, 4, *code[4:]]  # says one pixel, and goes on past it
        width = 1
    with pytest.raises(ValueError, match="RLE"):
        brush_rle.decode(code, width, 1 if damage == "run" else 10)


def sdk(mask: NDArray[np.bool_]) -> list[int]:
    return list(brush.mask2rle(mask.astype(np.uint8) * 255))


def whole(mask: NDArray[np.bool_]) -> list[int]:
    return brush_rle.encode(mask, 0, 0, mask.shape[1], mask.shape[0])


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
            assert brush_rle.encode(crop, left, top, width, height) == expected
        assert np.array_equal(brush_rle.decode(expected, width, height), mask)


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
    assert brush_rle.encode(crop, 560, 290, 1920, 1080) == sdk(mask)
