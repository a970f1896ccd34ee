"""Exports of a project, with a stand-in for Label Studio that answers its pages."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, cast

import pytest

from argus.answers.export import SkippedTasks, WrittenExport
from argus.answers.versions import VersionBody
from argus.errors import ArgusError
from benchmarks.odd_inputs.listing import Listing, box, task
from search_service.export import FORMATS, export_project, preview_export
from search_service.export.splitting import Unknown
from search_service.export.versions import recording


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


@pytest.mark.parametrize("wanted", [True, False])
def test_the_leak_report_is_part_of_an_export_with_splits_unless_it_is_switched_off(tmp_path: Path,
                                                                                   wanted: bool) -> None:
    tasks = [of_video(1, "a"), of_video(2, "b"), of_video(3, "b")]
    report = export(tasks, tmp_path, splits={"train": 0.6, "val": 0.4}, leak_report=wanted)
    assert (tmp_path / "out" / "leaks" / "frames.csv").is_file() is wanted
    assert (report.leaks is not None and report.leaks.checked == 1) is wanted
    assert export(tasks, tmp_path / "whole").leaks is None


@pytest.mark.parametrize("format", list(FORMATS))
def test_a_version_lists_every_file_of_every_format(tmp_path: Path, format: str,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording.store, "begin", lambda *_: (1, 3))  # there is no database
    rows: list[Any] = []
    described: list[Any] = []
    monkeypatch.setattr(recording.store, "add", lambda _, images: rows.extend(images))
    monkeypatch.setattr(recording.store, "describe", lambda *said: described.extend(said))
    monkeypatch.setattr(recording.store, "finish", described.append)
    monkeypatch.setattr(recording.certificate_store, "summaries", lambda *_: [])
    monkeypatch.setattr(recording.projects, "find", lambda *_: None)
    tasks = [of_video(1, "a"), of_video(2, "b"), of_video(3, "b")]
    with recording.recording(1, recording.Asked(format, shares={"train": 0.6, "val": 0.4}, note="new")) as version:
        report = export(tasks, tmp_path, format=format, splits={"train": 0.6, "val": 0.4}, version=version)
    assert report.version == 3 and [row.split for row in rows].count("train") == 2
    out = tmp_path / "out"
    sums = (out / "SHA256SUMS").read_bytes()
    listed = dict(line.split("  ", 1)[::-1] for line in sums.decode().splitlines())
    files = {path.relative_to(out).as_posix(): path for path in out.rglob("*") if path.is_file()}
    assert set(listed) == set(files) - {"SHA256SUMS"} and "leaks/report.json" in listed
    assert all(hashlib.sha256(files[name].read_bytes()).hexdigest() == digest for name, digest in listed.items())
    body = VersionBody.model_validate_json((out / "version.json").read_bytes())
    assert (body.version, body.note, body.splits, body.format) == (3, "new", {"train": 2, "val": 1}, format)
    assert described == [1, (out / "version.json").read_text().rstrip("\n"), hashlib.sha256(sums).hexdigest(), 1]
    assert f"Version 3, made {body.made_at:%Y-%m-%d %H:%M} UTC" in (out / "README.md").read_text("utf-8")
