"""Regions as the page draws them: fractions of the image, masks as small pictures."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from search_service.task_facts import MASK_SIDE, encode_mask, objects


def alpha(png: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).getchannel("A"))


def rectangle(label: str = "cpu", **more: object) -> dict[str, object]:
    return {"id": "0123456789ab-b", "type": "rectanglelabels", "original_width": 200, "original_height": 100,
            "value": {"x": 10, "y": 20, "width": 30, "height": 40, "rotation": 0, "rectanglelabels": [label]}} | more


def test_objects__positions_are_fractions_of_the_sides() -> None:
    (found,) = objects([rectangle(score=0.87654)], ["cpu"])
    assert found["box"] == pytest.approx([0.1, 0.2, 0.4, 0.6])
    assert (found["label"], found["score"], found["mask"]) == ("cpu", 0.8765, None)


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
