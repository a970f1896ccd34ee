"""Exports of a project, with a stand-in for Label Studio that answers its pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from argus.answers.export import SkippedTasks, WrittenExport
from argus.errors import ArgusError
from benchmarks.odd_inputs.listing import Listing, box, task
from search_service.export import export_project, preview_export
from search_service.export.splitting import Unknown


def with_predictions(number: int, predictions: int) -> dict[str, Any]:
    made = task(number, [box(10, "r")], predictions=[[box(10 + 30 * k, f"p{k}")] for k in range(predictions)])
    made["predictions"].append({"id": 9000 + number, "model_version": "another", "result": [box(50, "o")]})
    return made


def of_video(number: int, video: str, **options: Any) -> dict[str, Any]:
    return task(number, [box(10, "r")], video=video, **options)


def export(tasks: list[dict[str, Any]], folder: Path, **options: Any) -> WrittenExport:
    return export_project(1, options.pop("format", "coco"), folder / "out", with_images=False,
                          label_studio=cast(Any, Listing(tasks)), images=cast(Any, None), memory=Unknown(), **options)


@pytest.mark.parametrize("predictions", [2, 3])
def test_second_predictions_of_one_version_are_told(tmp_path: Path, predictions: int) -> None:
    report = export([with_predictions(1, predictions), with_predictions(2, 1)], tmp_path, source="predictions")
    assert report.objects == 2
    assert report.skipped == [SkippedTasks(
        reason="older prediction of a task that has several of this model version", count=predictions - 1, tasks=[1])]


def test_shapes_with_one_id_are_told(tmp_path: Path) -> None:
    both = task(1, [box(10, "r"), box(50, "r"), box(70, "s")])
    report = export([both], tmp_path)
    assert report.objects == 2
    assert report.skipped == [SkippedTasks(
        reason="another shape with the id of a region before it", count=1, tasks=[1])]
    assert preview_export(1, label_studio=cast(Any, Listing([both]))).objects == {"cpu": 2, "fan": 0}


@pytest.mark.parametrize("format", ["coco", "yolo"])
def test_shares_that_cannot_be_met_are_refused(tmp_path: Path, format: str) -> None:
    tasks = [of_video(number, "ab"[number % 2]) for number in range(1, 1201)]  # without times: whole videos
    with pytest.raises(ArgusError, match="cannot be met") as caught:
        export(tasks, tmp_path, splits={"train": 0.8, "val": 0.2}, format=format)
    assert caught.value.code == "shares_not_met"
    assert caught.value.details["nearest"] == {"train": 0.5, "val": 0.5}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("videos", "shares", "empty"), [
    (["a"] * 10, {"train": 0.5, "val": 0.5}, "val"),
    (["a", "b"], {"train": 0.6, "val": 0.2, "test": 0.2}, "test"),
])
@pytest.mark.parametrize("format", ["coco", "yolo"])
def test_a_split_that_would_be_empty_is_refused(tmp_path: Path, format: str, videos: list[str],
                                                shares: dict[str, float], empty: str) -> None:
    tasks = [of_video(number, video) for number, video in enumerate(videos, 1)]
    with pytest.raises(ArgusError) as caught:
        export(tasks, tmp_path, splits=shares, format=format)
    assert caught.value.code == "nothing_selected"
    assert f"split {empty} would be empty" in caught.value.message
    assert "without splits" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_split_of_which_nothing_can_be_read_is_refused(tmp_path: Path) -> None:
    tasks = [of_video(1, "a"), of_video(2, "b", image="")]
    with pytest.raises(ArgusError, match="split val would be empty.*bad_image"):
        export(tasks, tmp_path, splits={"train": 0.5, "val": 0.5})
    assert list(tmp_path.iterdir()) == []


def test_splits_that_all_get_something_are_written(tmp_path: Path) -> None:
    report = export([of_video(1, "a"), of_video(2, "b"), of_video(3, "b")], tmp_path, splits={"train": 0.6, "val": 0.4})
    assert report.splits == {"train": 2, "val": 1}
