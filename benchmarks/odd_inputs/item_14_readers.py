"""14. What we write opens for what it says: a COCO file in pycocotools, for boxes and for shapes."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from benchmarks.odd_inputs import Case, product
from benchmarks.odd_inputs.listing import Listing, box, polygon, task

ITEMS = (14,)
_TRIANGLE = [(100.0, 10.0), (150.0, 10.0), (150.0, 60.0)]


def cases(work: Path) -> Iterator[Case]:
    inputs = {
        "boxes alone": [box(10, "a"), box(50, "b", "fan")],
        "boxes and polygons": [box(10, "a"), polygon(_TRIANGLE, "b"), box(70, "c", "fan")],
        "a box that the image's edge cuts among polygons": [polygon(_TRIANGLE, "a"), box(95, "b")],
    }
    for instance, result in inputs.items():
        for format in ("coco", "coco-polygons"):
            for kind in ("bbox", "segm"):
                yield Case(14, f"a COCO file evaluates for {kind}", f"{format}, {instance}", "pycocotools", 1.0,
                           "precision", [format, kind, result], tolerance=1e-9)
    yield Case(14, "an upright box has the shape of its corners", "box of 40 × 20 pixels", "pycocotools", [800],
               "pixels", [box(10, "a")])


def precision(argument: list[Any]) -> Any:
    """Return the average precision of a file held against itself."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    format, kind, result = argument
    with _written(format, result) as file:
        truth = COCO(str(file))
    found = [{"image_id": annotation["image_id"], "category_id": annotation["category_id"], "score": 1.0,
              **({"segmentation": truth.annToRLE(annotation)} if kind == "segm" else {"bbox": annotation["bbox"]})}
             for annotation in truth.anns.values()]
    evaluation = COCOeval(truth, truth.loadRes(found), kind)
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return float(evaluation.stats[0])


def pixels(argument: list[Any]) -> Any:
    """Return how many pixels pycocotools draws of each object."""
    from pycocotools.coco import COCO

    with _written("coco", argument) as file:
        coco = COCO(str(file))
    return [int(coco.annToMask(annotation).sum()) for annotation in coco.anns.values()]


@contextlib.contextmanager
def _written(format: str, result: list[dict[str, Any]]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        product("search_service.export", "argus.export", "export_project")(
            1, format, Path(folder) / "out", with_images=False, label_studio=cast(Any, Listing([task(1, result)])),
            images=cast(Any, None))
        file = Path(folder) / "out" / "annotations.json"
        assert json.loads(file.read_text(encoding="utf-8"))["annotations"]
        yield file
