"""How bright and how sharp an image is: measured once, where an image is decoded anyway, and kept with its task."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 320  # pixels of the longer side of what is measured: fine noise is gone, and every size is alike
_BLUR = 5  # pixels


class Measures(NamedTuple):
    """Attributes:
        brightness: 0..1, the grey value that 95 % of the pixels do not exceed: a dark frame has no light part.
        sharpness: share of the differences between neighbouring pixels that blurring takes away, 0..1. A blurred image
            loses little more; unlike the steepness of edges this is alike for full and for empty scenes.
    """

    brightness: float
    sharpness: float


def measure(image: Image.Image) -> Measures:
    """Return the measures of an image of any size and mode."""
    scale = SIDE / max(image.size)
    size = (max(2, round(image.width * scale)), max(2, round(image.height * scale)))
    small = image.convert("L").resize(size, Image.Resampling.BOX, reducing_gap=2.0)
    return measure_grey(np.asarray(small))


def measure_grey(grey: NDArray[np.uint8]) -> Measures:
    """Return the measures of a grey image that is reduced already.

    Args:
        grey: (H, W) uint8, both 2 at least.
    """
    values = np.asarray(grey / 255, np.float32)
    return Measures(round(float(np.quantile(values, 0.95)), 4), round(min(_lost(values), _lost(values.T)), 4))


def _lost(values: NDArray[np.float32]) -> float:
    """Return the share of the differences along the rows' direction that a mean over `_BLUR` pixels takes away."""
    if len(values) <= _BLUR:
        return 0.0
    summed = np.cumsum(np.pad(values, ((1, 0), (0, 0))), axis=0, dtype=np.float64)
    blurred = np.diff((summed[_BLUR:] - summed[:-_BLUR]) / _BLUR, axis=0)
    sharp = np.diff(values[_BLUR // 2:len(values) - _BLUR // 2], axis=0)
    total = float(np.abs(sharp).sum())
    return float(np.clip(np.abs(sharp) - np.abs(blurred), 0, None).sum()) / total if total > 0 else 0.0
