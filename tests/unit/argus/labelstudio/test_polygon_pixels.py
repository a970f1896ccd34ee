from __future__ import annotations

import numpy as np
import pytest
from pycocotools import mask as theirs

from argus.labelstudio import polygon_pixels


@pytest.mark.parametrize("seed", range(60))
def test_count_and_fill__are_what_pycocotools_does(seed: int) -> None:
    """Random outlines of one to three polygons, most of which cross themselves and each other."""
    random = np.random.default_rng(seed)
    for _ in range(5):
        width, height = (int(side) for side in random.integers(5, 150, 2))
        rings = [[(float(x), float(y)) for x, y in random.uniform(0, 1, (int(random.integers(3, 12)), 2))
                  * [width, height]] for _ in range(int(random.integers(1, 4)))]
        if seed % 3 == 0:
            rings = [[(round(x), round(y)) for x, y in ring] for ring in rings]
        coded = theirs.frPyObjects([[side for point in ring for side in point] for ring in rings], height, width)
        assert polygon_pixels.count(rings) == int(theirs.area(theirs.merge(coded)))
        assert (polygon_pixels.fill(rings, width, height) == theirs.decode(theirs.merge(coded))).all()


def test_count__by_hand() -> None:
    square = [(10.0, 10.0), (20.0, 10.0), (20.0, 20.0), (10.0, 20.0)]
    assert polygon_pixels.count([square]) == 100
    assert polygon_pixels.count([square, square]) == 100
    bow_tie = [(0.0, 0.0), (50.0, 50.0), (50.0, 0.0), (0.0, 50.0)]
    assert polygon_pixels.count([bow_tie]) == 1250
    assert polygon_pixels.count([[(5.0, 5.0), (9.0, 5.0), (7.0, 5.0)]]) == 0
