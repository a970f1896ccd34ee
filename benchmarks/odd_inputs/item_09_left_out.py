"""9. What is left out is told, and shapes are kept where an area is left."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from pycocotools import mask as cocomask

from benchmarks.odd_inputs import Case, product
from benchmarks.odd_inputs.listing import SIZE, Listing, box, polygon, task

ITEMS = (9,)
Points = list[tuple[float, float]]
_CROSSING: dict[str, Points] = {
    "bow-tie": [(10, 10), (61, 60), (61, 10), (10, 60)],
    "polygon with a loop": [(100, 10), (150, 10), (150, 60), (120, 60), (120, 0), (140, 0), (140, 40), (100, 40)],
    "star drawn in one stroke": [(100, 5), (126, 86), (57, 36), (143, 36), (74, 86)],
    "figure of eight with unequal halves": [(20, 20), (120, 90), (120, 20), (60, 80)],
}


def cases(work: Path) -> Iterator[Case]:
    height, width = SIZE[1], SIZE[0]
    for instance, points in _CROSSING.items():
        coded = cocomask.frPyObjects([[side for point in points for side in point]], height, width)
        yield Case(9, "an outline that crosses itself keeps its area", instance, "pycocotools",
                   [int(cocomask.area(cocomask.merge(coded)))], "areas", [polygon(points, "a")])
    alone = {"polygon on a line": polygon([(10, 10), (50, 50), (90, 90)], "a"),
             "box without a width": box(10, "a", width=0)}
    for instance, region in alone.items():
        yield _counted("a shape without an area is told", instance, [task(1, [region, box(50, "b")])], 2)
    two = [[box(10, "a")], [box(50, "b")]]
    yield _counted("second predictions of one version are told", "a prediction for each of two boxes",
                   [task(1, [], predictions=two)], 2, "predictions")
    yield _counted("second predictions of one version are told", "three predictions, and a task with one",
                   [task(1, [], predictions=[*two, two[0]]), task(2, [], predictions=two[:1])], 4, "predictions")
    yield _counted("shapes with one id are told", "two boxes of one id", [task(1, [box(10, "a"), box(50, "a")])], 2)
    yield _counted("shapes with one id are told", "a box and a polygon of one id, another label",
                   [task(1, [box(10, "a"), polygon(_CROSSING["bow-tie"], "a", "fan"), box(50, "b")])], 3)
    for number in (150, 600):
        yield Case(9, "objects beyond the number that is kept are told", f"{number} sure objects on one image",
                   "counting", number, "detected", number)


def _counted(kind: str, instance: str, tasks: list[dict[str, Any]], shapes: int, source: str = "annotations") -> Case:
    """Return a case that counts: what is in the file and what is told make up what Label Studio has."""
    return Case(9, kind, instance, "counting", shapes, "accounted", [tasks, source])


def areas(argument: list[dict[str, Any]]) -> Any:
    """Return the areas of the objects that a COCO file holds."""
    return [annotation["area"] for annotation in _export([task(1, argument)], "annotations")[1]["annotations"]]


def accounted(argument: list[Any]) -> Any:
    """Return how many shapes are in the file or named as left out."""
    report, document = _export(*argument)
    return len(document["annotations"]) + sum(entry["count"] for entry in report["skipped"])


def detected(argument: int) -> Any:
    """Return how many of so many sure objects are kept, and said to be left out, with the settings as they come."""
    import torch

    postprocess = "ml_backend.engines.postprocess"
    settings = product("argus.settings", "Settings")(_env_file=None)
    limits = product(postprocess, "Limits")(settings.keep_threshold, settings.nms_iou, settings.max_detections)
    edges = torch.arange(argument) / argument
    boxes = torch.stack([edges, torch.zeros(argument), edges + 0.9 / argument, torch.ones(argument)], dim=1)[None]
    found = product(postprocess, "select")(torch.full((1, argument), 9.0), torch.full((1, 1), 9.0), boxes,
                                           torch.full((1, argument, 4, 4), 5.0), (8000, 60), limits)
    return len(found) + getattr(found, "left_out", 0)


def _export(tasks: list[dict[str, Any]], source: str) -> tuple[dict[str, Any], dict[str, Any]]:
    export_project = product("search_service.export", "argus.export", "export_project")
    with tempfile.TemporaryDirectory() as folder:
        report = export_project(1, "coco", Path(folder) / "out", with_images=False, source=source,
                                label_studio=cast(Any, Listing(tasks)), images=cast(Any, None))
        told = report if isinstance(report, dict) else report.model_dump()  # the baseline answers with a dict
        return told, json.loads((Path(folder) / "out" / "annotations.json").read_text(encoding="utf-8"))
