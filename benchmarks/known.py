"""Projects with known predictions for benchmarks: real Label Studio, no model and no image files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from argus.db import connect as database
from argus.labelstudio import LabelStudio, brush_rle
from label_studio_config.shapes import new_label_config

VERSION = "sam3-00000bench"
_CHUNK = 100


def make_project(ls: LabelStudio, tasks: int, objects: int, size: tuple[int, int]) -> int:
    """Make a project whose tasks each carry one prediction of `objects` boxes with masks; return its id.

    Args:
        size: width and height of the frames in pixels; an object is an ellipse of about a tenth of the width.
    """
    config = new_label_config(["cpu"], masks=True)
    project: int = ls.post("/api/projects/", {"title": "Benchmark", "label_config": config})["id"]
    with database() as connection:
        connection.execute("INSERT INTO project (id, model_version) VALUES (%s, %s)", (project, VERSION))
    random = np.random.default_rng(7)
    for start in range(0, tasks, 1000):
        ls.post(f"/api/projects/{project}/import", timeout=300, body=[
            {"image": f"/data/upload/{project}/frame_{n}.jpg"} for n in range(start, min(start + 1000, tasks))])
    ids = [task["id"] for task in ls.tasks(project, fields="task_only")]
    for chunk in (ids[start:start + _CHUNK] for start in range(0, len(ids), _CHUNK)):
        ls.post(f"/api/projects/{project}/import/predictions", timeout=300, body=[
            {"task": task, "model_version": VERSION, "score": 0.95,
             "result": list(regions(random, task, objects, *size))} for task in chunk])
    rows = [(task["id"], VERSION, project, task["predictions"][0]["id"], objects) for task in ls.tasks(project)]
    with database() as connection, connection.cursor() as cursor:
        cursor.executemany("INSERT INTO task (id, project_id, image) VALUES (%s, %s, '')", [(i, project) for i in ids])
        cursor.executemany("INSERT INTO prediction (task_id, model_version, project_id, channel, state, prediction_id, "
                           "score, regions) VALUES (%s, %s, %s, 'push', 'stored', %s, 0.95, %s)", rows)
    return project


def regions(random: np.random.Generator, task: int, objects: int, width: int, height: int) -> Iterator[dict[str, Any]]:
    for number in range(objects):
        w, h = (int(v) for v in random.uniform(0.06, 0.14, 2) * width)
        x, y = int(random.integers(0, width - w)), int(random.integers(0, height - h))
        rows, columns = np.mgrid[:h, :w]
        bits = ((columns - w / 2) / (w / 2)) ** 2 + ((rows - h / 2) / (h / 2)) ** 2 <= 1
        name = f"{task:06x}{number:06x}"
        base = {"to_name": "image", "original_width": width, "original_height": height, "image_rotation": 0,
                "score": 0.95}
        yield base | {"id": f"{name}-b", "from_name": "box", "type": "rectanglelabels", "value": {
            "x": 100 * x / width, "y": 100 * y / height, "width": 100 * w / width, "height": 100 * h / height,
            "rotation": 0, "rectanglelabels": ["cpu"]}}
        yield base | {"id": f"{name}-m", "from_name": "mask", "type": "brushlabels", "value": {
            "format": "rle", "rle": brush_rle.encode(bits, x, y, width, height), "brushlabels": ["cpu"]}}
