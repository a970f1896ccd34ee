from __future__ import annotations

import numpy as np
import pytest
from pycocotools import mask as theirs

from search_service.export import coco_rle


def masks() -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    found = [np.zeros((5, 4), bool), np.ones((5, 4), bool), np.eye(7, dtype=bool), np.ones((1, 1), bool)]
    found += [rng.random((int(rng.integers(1, 60)), int(rng.integers(1, 60)))) < rng.random() for _ in range(200)]
    y, x = np.mgrid[:720, :1280]
    return [*found, np.hypot(x - 640, y - 300) < 200]


@pytest.mark.parametrize("mask", masks())
def test_encode__is_what_pycocotools_writes(mask: np.ndarray) -> None:
    ours = coco_rle.encode(mask)
    expected = theirs.encode(np.asfortranarray(mask.astype(np.uint8)))
    assert ours["counts"] == expected["counts"].decode()
    assert ours["size"] == expected["size"]
    assert np.array_equal(theirs.decode(ours), mask)
