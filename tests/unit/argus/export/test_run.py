"""Exports of a project, with a stand-in for Label Studio that answers its pages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest

from argus.errors import ArgusError
from argus.export import export_project, preview_export

VERSION = "sam3-1"


class FakeLabelStudio:
    """Answers the exporter's requests from a list of tasks."""

    def __init__(self, tasks: list[dict[str, Any]]) -> None:
        self.tasks = tasks

    def project(self, project_id: int) -> dict[str, Any]:
        box = {"type": "RectangleLabels", "inputs": [{"type": "Image", "value": "image"}], "labels": ["cpu"]}
        return {"title": "Made up", "parsed_label_config": {"box": box}, "model_version": VERSION,
                "task_number": len(self.tasks)}

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        last = next((item["value"] for item in json.loads(params["query"])["filters"]["items"]
                     if item["filter"] == "filter:tasks:id"), 0)
        return {"total": len(self.tasks), "tasks": json.loads(json.dumps([t for t in self.tasks if t["id"] > last]))}


def box(x: float, id: str) -> dict[str, Any]:
    return {"id": id, "type": "rectanglelabels", "original_width": 100, "original_height": 100, "value": {
        "x": x, "y": 10, "width": 20, "height": 20, "rectanglelabels": ["cpu"]}}


def task(number: int, video: str = "", predictions: int = 0, image: str = "/data/upload/1/a.jpg") -> dict[str, Any]:
    annotation = {"id": number, "result": [box(10, "r")], "updated_at": "2026-01-01", "was_cancelled": False}
    found = [{"id": 10 * number + k, "model_version": VERSION, "result": [box(10 + 30 * k, f"p{k}")]}
             for k in range(predictions)]
    other = {"id": 9000 + number, "model_version": "another", "result": [box(50, "o")]}
    return {"id": number, "data": {"image": image, **({"video": video} if video else {})},
            "annotations": [annotation], "predictions": [*found, other]}


def export(tasks: list[dict[str, Any]], folder: Path, **options: Any) -> dict[str, Any]:
    return export_project(1, options.pop("format", "coco"), folder / "out", with_images=False,
                          label_studio=cast(Any, FakeLabelStudio(tasks)), images=cast(Any, None), **options)


@pytest.mark.parametrize("predictions", [2, 3])
def test_second_predictions_of_one_version_are_told(tmp_path: Path, predictions: int) -> None:
    report = export([task(1, predictions=predictions), task(2, predictions=1)], tmp_path, source="predictions")
    assert report["objects"] == 2
    assert report["skipped"] == [{"reason": "older prediction of a task that has several of this model version",
                                  "count": predictions - 1, "tasks": [1]}]


def test_shapes_with_one_id_are_told(tmp_path: Path) -> None:
    both = task(1)
    both["annotations"][0]["result"] = [box(10, "r"), box(50, "r"), box(70, "s")]
    report = export([both], tmp_path)
    assert report["objects"] == 2
    assert report["skipped"] == [{"reason": "another shape with the id of a region before it", "count": 1,
                                  "tasks": [1]}]
    assert preview_export(1, label_studio=cast(Any, FakeLabelStudio([both])))["objects"] == {"cpu": 2}


@pytest.mark.parametrize(("videos", "shares", "empty"), [
    (["a"] * 600 + ["b"] * 600, {"train": 0.8, "val": 0.2}, "val"),  # whole videos: both are train
    (["a"] * 10, {"train": 0.5, "val": 0.5}, "val"),
    (["a", "b"], {"train": 0.6, "val": 0.2, "test": 0.2}, "test"),
])
@pytest.mark.parametrize("format", ["coco", "yolo"])
def test_a_split_that_would_be_empty_is_refused(tmp_path: Path, format: str, videos: list[str],
                                                shares: dict[str, float], empty: str) -> None:
    tasks = [task(number, video) for number, video in enumerate(videos, 1)]
    with pytest.raises(ArgusError) as caught:
        export(tasks, tmp_path, splits=shares, format=format)
    assert caught.value.code == "nothing_selected"
    assert f"split {empty} would be empty" in caught.value.message
    assert "without splits" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_split_of_which_nothing_can_be_read_is_refused(tmp_path: Path) -> None:
    tasks = [task(1, "a"), task(2, "b", image="")]
    with pytest.raises(ArgusError, match="split val would be empty.*bad_image"):
        export(tasks, tmp_path, splits={"train": 0.5, "val": 0.5})
    assert list(tmp_path.iterdir()) == []


def test_splits_that_all_get_something_are_written(tmp_path: Path) -> None:
    report = export([task(1, "a"), task(2, "b"), task(3, "b")], tmp_path, splits={"train": 0.6, "val": 0.4})
    assert report["splits"] == {"train": 2, "val": 1}
