"""Our run-length encoder against the SDK's `mask2rle` on 1080p frames: `python benchmarks/mask_code.py`.

Prints the best CPU time of seven for each and their ratio; both give the same code, or it ends with an error.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from label_studio_sdk.converter import brush
from numpy.typing import NDArray

from argus.labelstudio.brush_rle import encode

WIDTH, HEIGHT = 1920, 1080
mask2rle: Any = brush.mask2rle


def ellipse(across: int, down: int) -> NDArray[np.bool_]:
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return np.asarray(((y - HEIGHT / 2) / down) ** 2 + ((x - WIDTH / 2) / across) ** 2 < 1)


def best(work: Callable[[], object]) -> float:
    times = []
    for _ in range(7):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times)


def main() -> None:
    masks = {"circle, 80 pixels": ellipse(40, 40), "ellipse, 800 x 500": ellipse(400, 250),
             "whole frame": np.ones((HEIGHT, WIDTH), np.bool_)}
    print(f"{'mask':<20} {'ours':>9} {'SDK':>9} {'ratio':>6}")
    for name, mask in masks.items():
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        x, y = int(columns[0]), int(rows[0])
        crop = np.ascontiguousarray(mask[y:rows[-1] + 1, x:columns[-1] + 1])
        grey = mask.astype(np.uint8) * 255
        if encode(crop, x, y, WIDTH, HEIGHT) != list(mask2rle(grey)):
            raise SystemExit(f"the codes of “{name}” differ")
        ours = best(lambda crop=crop, x=x, y=y: encode(crop, x, y, WIDTH, HEIGHT))  # type: ignore[misc]
        theirs = best(lambda grey=grey: mask2rle(grey))  # type: ignore[misc]
        print(f"{name:<20} {1000 * ours:7.2f}ms {1000 * theirs:7.2f}ms {theirs / ours:6.1f}")


if __name__ == "__main__":
    main()
