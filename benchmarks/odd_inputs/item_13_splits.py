"""13. A split that comes out empty is refused; no set of images goes by two names."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from benchmarks.odd_inputs import Case, product
from benchmarks.odd_inputs.listing import Listing, box, task

ITEMS = (13,)
_RULE = "Ultralytics: train and val are required keys, a set that is not there has no value"


def cases(work: Path) -> Iterator[Case]:
    for instance, videos, shares in (
            ("two videos of 600 frames, 0.8 and 0.2", {"a": 600, "b": 600}, {"train": 0.8, "val": 0.2}),
            ("one video, halves", {"a": 40}, {"train": 0.5, "val": 0.5}),
            ("three splits of two videos", {"a": 30, "b": 30}, {"train": 0.6, "val": 0.2, "test": 0.2})):
        refused = "refused: shares_not_met" if instance.startswith("two") else "refused: nothing_selected"
        yield Case(13, "a split that would be empty is refused", instance, "the promise", refused, "split",
                   [videos, shares])
    yield Case(13, "splits that get something are written", "three videos, 0.7 and 0.3", "the promise",
               {"train": 20, "val": 10}, "split", [{"a": 10, "b": 10, "c": 10}, {"train": 0.7, "val": 0.3}])
    for format in ("yolo", "yolo-seg"):
        yield Case(13, "training images are not named as validation", f"{format} without splits", _RULE,
                   {"train": "images", "val": None}, "sets", [format, {}])
    yield Case(13, "training images are not named as validation", "yolo, train and test", _RULE,
               {"train": "images/train", "test": "images/test", "val": None}, "sets",
               ["yolo", {"train": 0.5, "test": 0.5}])


def split(argument: list[Any]) -> Any:
    """Return images by split."""
    videos, shares = argument
    frames = [video for video, number in videos.items() for _ in range(number)]
    with tempfile.TemporaryDirectory() as folder:
        report = _export(Path(folder) / "out", "coco", shares, frames)
        return report["splits"] if isinstance(report, dict) else report.splits  # the baseline answers with a dict


def sets(argument: list[Any]) -> Any:
    """Return what `data.yaml` names."""
    format, shares = argument
    with tempfile.TemporaryDirectory() as folder:
        _export(Path(folder) / "out", format, shares or None, ["a", "b"])
        content = product("yaml", "safe_load")((Path(folder) / "out" / "data.yaml").read_text(encoding="utf-8"))
    return {name: value for name, value in content.items() if name not in ("nc", "names")}


def _export(folder: Path, format: str, shares: Any, frames: list[str]) -> Any:
    tasks = [task(number, [box(10, "a")], video=video) for number, video in enumerate(frames, 1)]
    return product("search_service.export", "argus.export", "export_project")(
        1, format, folder, with_images=False, splits=shares, label_studio=cast(Any, Listing(tasks)),
        images=cast(Any, None), **_unknown())


def _unknown() -> dict[str, Any]:
    """Return what keeps an export from the database; the baseline knows no such thing."""
    try:
        return {"memory": product("search_service.export.splitting", "Unknown")()}
    except ImportError:
        return {}
