"""Regions as the page draws them: fractions of the image, masks as small pictures."""

from __future__ import annotations

import base64
import io
import tracemalloc
from typing import Any

import numpy as np
import pytest
from PIL import Image

from argus.labelstudio.brush_rle import encode
from search_service.pictures.task_details import MASK_SIDE, encode_mask, objects


def alpha(png: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).getchannel("A"))


def rectangle(label: str = "cpu", **more: object) -> dict[str, object]:
    return {"id": "0123456789ab-b", "type": "rectanglelabels", "original_width": 200, "original_height": 100,
            "value": {"x": 10, "y": 20, "width": 30, "height": 40, "rotation": 0, "rectanglelabels": [label]}} | more


def test_objects__positions_are_fractions_of_the_sides() -> None:
    (found,) = objects([rectangle(score=0.87654)], ["cpu"])
    assert found.box == pytest.approx([0.1, 0.2, 0.4, 0.6])
    assert (found.label, found.score, found.mask) == ("cpu", 0.8765, None)


def test_objects__a_label_that_the_project_lost_and_an_empty_result_give_nothing() -> None:
    assert objects([rectangle("gone")], ["cpu"]) == []
    assert objects([], ["cpu"]) == []


def test_encode_mask__is_the_part_inside_the_box() -> None:
    mask = np.zeros((100, 200), bool)
    mask[20:60, 20:50] = True
    png = encode_mask(mask, (20, 20, 80, 60))
    assert png is not None
    shown = alpha(png)
    assert shown.shape == (40, 60)
    assert shown[:, :30].all() and not shown[:, 30:].any()


def test_encode_mask__is_never_larger_than_a_screen_needs_and_none_for_nothing() -> None:
    png = encode_mask(np.ones((3000, 4000), bool), (0, 0, 4000, 3000))
    assert png is not None
    assert max(alpha(png).shape) == MASK_SIDE
    assert encode_mask(np.ones((10, 10), bool), (5, 5, 5, 5)) is None


def brush(width: int, height: int, label: str = "cpu") -> dict[str, Any]:
    part = np.ones((height // 4, width // 4), bool)
    code = encode(part, width // 4, height // 4, width, height)
    return {"id": "m", "type": "brushlabels", "original_width": width, "original_height": height,
            "value": {"format": "rle", "rle": code, "brushlabels": [label]}}


def test_objects__masks_of_a_large_image_take_a_bit_a_pixel_each() -> None:
    regions = [brush(4000, 3000) | {"id": f"m{n}"} for n in range(20)]
    tracemalloc.start()
    try:
        found = objects(regions, ["cpu"])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(found) == 20 and found[0].mask == found[19].mask and found[0].box == [0.25, 0.25, 0.5, 0.5]
    assert peak < 12_000_000 * (24 + 20) / 8 + 2**24  # as was said beforehand


def test_objects__a_mask_for_a_larger_image_than_there_may_be_is_left_out() -> None:
    small = brush(40, 30)
    assert len(objects([small], ["cpu"])) == 1
    huge = small | {"original_width": 30_000, "original_height": 30_000}
    tracemalloc.start()
    try:
        assert objects([huge], ["cpu"]) == []
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()
