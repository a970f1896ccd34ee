"""COCO annotations that are malformed in 20 kinds, each beside a good one; the benchmark counts with them."""

from __future__ import annotations

from typing import Any

SIZE = (640, 480)
GOOD: dict[str, Any] = {"image_id": 1, "category_id": 1, "bbox": [10, 20, 30, 40], "iscrowd": 0}
_RLE = {"size": [480, 640], "counts": [10, 20, 307170]}
KINDS: dict[str, Any] = {
    "no object": 7,
    "no image": {**GOOD, "image_id": None},
    "an image that is not there": {**GOOD, "image_id": 99},
    "no category": {key: value for key, value in GOOD.items() if key != "category_id"},
    "a category that is not there": {**GOOD, "category_id": 42},
    "no shape": {**GOOD, "bbox": None},
    "three numbers": {**GOOD, "bbox": [1, 2, 3]},
    "a number as text": {**GOOD, "bbox": [1, 2, 3, "4"]},
    "no number": {**GOOD, "bbox": [float("nan"), 2, 3, 4]},
    "infinity": {**GOOD, "bbox": [1, 2, float("inf"), 4]},
    "a negative width": {**GOOD, "bbox": [10, 20, -3, 4]},
    "no height": {**GOOD, "bbox": [10, 20, 3, 0]},
    "outside the image": {**GOOD, "bbox": [900, 900, 30, 40]},
    "half a corner": {**GOOD, "segmentation": [[1, 2, 3, 4, 5, 6, 7]]},
    "two corners": {**GOOD, "segmentation": [[1, 2, 3, 4]]},
    "corners on a line": {**GOOD, "segmentation": [[1, 1, 2, 2, 3, 3]]},
    "a mask of another size": {**GOOD, "segmentation": {**_RLE, "size": [48, 64]}},
    "runs that do not fill the image": {**GOOD, "segmentation": {**_RLE, "counts": [10, 20]}},
    "a damaged code": {**GOOD, "segmentation": {**_RLE, "counts": "\x7f~ÿ"}},
    "a score above 1": {**GOOD, "score": 1.5},
}


def dataset(copies: int) -> dict[str, Any]:
    """Return a COCO dataset with that many malformed annotations of each kind and as many good ones."""
    bad = [item for _ in range(copies) for item in KINDS.values()]
    mixed = [one for pair in zip(bad, [GOOD] * len(bad), strict=True) for one in pair]
    return {"images": [{"id": 1, "file_name": "a.jpg", "width": SIZE[0], "height": SIZE[1]}],
            "categories": [{"id": 1, "name": "cpu"}], "annotations": mixed}
