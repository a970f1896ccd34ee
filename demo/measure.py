"""The summary of the demo, counted from Label Studio, PostgreSQL and the exported files."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from argus.db import connect
from argus.labelstudio import types
from demo.story import LABEL, LABELS, Story
from demo.truth import Region, Truth, quality


def summary(story: Story, seconds: dict[str, float]) -> dict[str, Any]:
    """Return what `summary.json` holds.

    Args:
        seconds: `install`, `start` and `main_job`, as the caller timed them.
    """
    truth = Truth(story.truth)
    tasks = list(story.ls.tasks(story.project))
    frame_of = story.frames(tasks)
    requested = set(story.requested)
    predictions = {task["id"]: task["predictions"] for task in tasks if task["id"] in requested}
    return {
        "frames": len(tasks),
        "embedded": _embedded(story.project),
        "search": {label: {"precision_at_10": _precision_at_10(story, truth, frame_of, label)} for label in LABELS},
        "run": _run(story.run),
        "predictions": sum(map(len, predictions.values())),
        "bands": _bands([p["score"] for found in predictions.values() for p in found]),
        "quality": quality([(frame_of[task], regions_of(found)) for task, found in predictions.items()], truth, LABEL),
        **_accepted(tasks), "accepted_again": story.accepted_again,
        "export": {"coco": _coco(story.folder / "export" / "coco"), "yolo": _yolo(story.folder / "export" / "yolo"),
                   "annotation_objects": _annotation_objects(tasks)},
        "seconds": seconds,
    }


def _embedded(project: int) -> int:
    with connect() as connection:
        model = connection.execute("SELECT id, dim FROM embedding_model ORDER BY id DESC LIMIT 1").fetchone()
        assert model is not None
        row = connection.execute(f"SELECT count(*) AS n FROM embedding_{int(model['dim'])} "
                                 "WHERE model_id = %s AND project_id = %s", (model["id"], project)).fetchone()
    assert row is not None
    return int(row["n"])


def _precision_at_10(story: Story, truth: Truth, frame_of: dict[int, int], label: str) -> float:
    hits = story.hits(label, 10)
    return sum(truth.shows(frame_of[hit["task"]], label) for hit in hits) / 10


def _run(run: int) -> dict[str, int]:
    with connect() as connection:
        rows = connection.execute("SELECT state FROM run_task WHERE run_id = %s", (run,)).fetchall()
    states = Counter(row["state"] for row in rows)
    return {"requested": sum(states.values()), "done": states["done"], "failed": states["failed"]}


def _bands(scores: list[float | None]) -> dict[str, int]:
    def band(score: float | None) -> str:
        if score is None:
            return "nothing_found"
        if score == 0:
            return "check_first"
        return "high" if score >= 0.9 else "medium" if score >= 0.7 else "low"

    counts = Counter(map(band, scores))
    return {name: counts[name] for name in ("high", "medium", "low", "nothing_found", "check_first")}


def regions_of(predictions: Sequence[types.Prediction] | Sequence[types.Annotation]) -> list[Region]:
    """Return the boxes of predictions, or of annotations."""
    return [Region(item["value"]["rectanglelabels"][0], _box(item), float(item.get("score") or 1))
            for prediction in predictions for item in prediction["result"] if item["type"] == "rectanglelabels"]


def _box(item: types.Region) -> tuple[float, float, float, float]:
    """Percent → pixels of the frame."""
    value, width, height = item["value"], item["original_width"] / 100, item["original_height"] / 100
    return (value["x"] * width, value["y"] * height,
            (value["x"] + value["width"]) * width, (value["y"] + value["height"]) * height)


def _annotations(tasks: list[types.Task]) -> list[types.Annotation]:
    return [annotation for task in tasks for annotation in task["annotations"]]


def _annotation_objects(tasks: list[types.Task]) -> int:
    """One object has a box; its mask is a second region of the same object and not counted."""
    return sum(item["type"] == "rectanglelabels" for a in _annotations(tasks) for item in a["result"])


def _accepted(tasks: list[types.Task]) -> dict[str, int]:
    made = [a for a in _annotations(tasks) if a.get("parent_prediction")]
    return {"accepted_tasks": len(made),
            "accepted_objects": sum(item["type"] == "rectanglelabels" for a in made for item in a["result"])}


def _coco(folder: Path) -> dict[str, int]:
    content = json.loads((folder / "annotations.json").read_text("utf-8"))
    return {"images": len(content["images"]), "objects": len(content["annotations"])}


def _yolo(folder: Path) -> dict[str, int]:
    files = list((folder / "labels").rglob("*.txt"))
    return {"images": len([f for f in (folder / "images").rglob("*") if f.is_file()]),
            "objects": sum(len(f.read_text().split("\n")) - 1 for f in files)}
