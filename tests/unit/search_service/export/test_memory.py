"""The exporter holds a page of tasks, not the project."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path
from typing import Any, cast

import pytest

from benchmarks.export import MadeUpLabelStudio
from search_service.export import export_project
from search_service.export.splitting import Unknown


def peak(folder: Path, tasks: int, format: str) -> tuple[int, int]:
    """Return bytes held at most while a project is exported, and images exported."""
    ls = MadeUpLabelStudio(tasks, 1, (64, 36))
    gc.collect()
    tracemalloc.start()
    try:
        counts = export_project(1, format, folder, with_images=False, splits={"train": 0.8, "val": 0.2},
                                label_studio=cast(Any, ls), images=cast(Any, None), memory=Unknown())
        return tracemalloc.get_traced_memory()[1], counts.images
    finally:
        tracemalloc.stop()


@pytest.mark.slow
@pytest.mark.parametrize("format", ["coco", "yolo-seg"])
def test_memory_does_not_follow_the_size_of_the_project(tmp_path: Path, format: str) -> None:
    peak(tmp_path / "warm", 100, format)
    # Twice, because CPython's table of interned strings doubles now and then, by megabytes: file names stand in it.
    small, few = min(peak(tmp_path / f"small-{turn}", 200, format) for turn in range(2))
    large, many = min(peak(tmp_path / f"large-{turn}", 1000, format) for turn in range(2))
    assert (few, many) == (200, 1000)
    assert large - small < 2.6e6  # to keep the 800 more tasks would take 3 MB
