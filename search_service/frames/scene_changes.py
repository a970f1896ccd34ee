"""Which sampled frames of a video show something new: a difference detector of its own, on thumbnails.

Every frame is compared with the last one that was *taken*, not with its neighbour: a cut is found at once, and a slow
change once it has added up.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

COLUMNS, ROWS = 32, 18  # cells of the thumbnail: a thing of a thirtieth of the picture still moves a cell
Cells = NDArray[np.float32]


def cells(image: Image.Image) -> Cells:
    """Return the mean colours of 18 × 32 cells, float32 `(18, 32, 3)`, 0 to 1, less the picture's mean colour.

    Without the mean, a lamp that flickers or an exposure that adapts is no change of scene.
    """
    small = image.convert("RGB").resize((COLUMNS, ROWS), Image.Resampling.BOX)
    found = np.asarray(small, np.float32) / 255
    centred: Cells = found - found.mean(axis=(0, 1))
    return centred


def difference(first: Cells, second: Cells) -> float:
    """Return how much two pictures differ, 0 to about 1: the mean of the tenth of the cells that differ most.

    The mean of all cells would hide a part that comes into view on a still background.
    """
    each = np.abs(first - second).max(axis=2).ravel()
    count = max(1, each.size // 10)
    return float(np.partition(each, -count)[-count:].mean())


class SceneChanges:
    """Says of one frame after the other whether it is to be taken. The first one always is.

    Args:
        threshold: the least difference from the last frame taken, above 0 and up to 1.
    """

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._last: Cells | None = None

    def takes(self, image: Image.Image) -> bool:
        now = cells(image)
        if self._last is not None and difference(self._last, now) < self._threshold:
            return False
        self._last = now
        return True
