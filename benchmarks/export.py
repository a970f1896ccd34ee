"""Export of a large project: time and memory, on tasks made up page by page.

    python -m benchmarks.export --tasks 100000

What stands in for Label Studio here is `MadeUpLabelStudio`: it answers the pages that the exporter asks for with tasks
of random boxes and masks, so that only the exporter holds memory. Everything after the answer is the product's own.
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any, cast

import numpy as np

from argus.images.fetcher import ImageFetcher
from argus.labelstudio import LabelStudio
from benchmarks.known import regions
from benchmarks.peak import peak_mb
from label_studio_config.shapes import new_label_config
from search_service.export import FORMATS, export_project
from search_service.export.splitting import Unknown

_KINDS = 50  # different frames, used in turn


class MadeUpLabelStudio:
    """Answers the exporter's requests for a project of `tasks` annotated frames, 50 to a video."""

    def __init__(self, tasks: int, objects: int, size: tuple[int, int]) -> None:
        self.tasks, random = tasks, np.random.default_rng(7)
        self._frames = [json.dumps(list(regions(random, n, objects, *size))) for n in range(_KINDS)]

    def project(self, project_id: int) -> dict[str, Any]:
        return {"id": project_id, "title": "Made up", "task_number": self.tasks,
                "label_config": new_label_config(["cpu"], masks=True)}

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        last = next((item["value"] for item in json.loads(params["query"])["filters"]["items"]
                     if item["filter"] == "filter:tasks:id"), 0)
        ids = range(last + 1, min(last + params["page_size"], self.tasks) + 1)
        full = params["fields"] == "all"
        return {"total": self.tasks, "tasks": [self._task(number, full) for number in ids]}

    def _task(self, number: int, full: bool) -> dict[str, Any]:
        data = {"image": f"/data/upload/1/frame_{number:06}.jpg", "video": f"line-{number // 50}.mp4",
                "video_time": float(number % 50)}
        if not full:
            return {"id": number, "data": data}
        annotation = {"id": number, "result": json.loads(self._frames[number % _KINDS]), "updated_at": "2026-01-01",
                      "was_cancelled": False, "completed_by": 1}
        return {"id": number, "data": data, "annotations": [annotation], "predictions": [copy.deepcopy(annotation)]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--objects", type=int, default=3, help="boxes with masks on a frame")
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--format", default="coco", choices=list(FORMATS))
    parser.add_argument("--splits", action="store_true", help="train and val, by video")
    asked = parser.parse_args()
    width, height = (int(side) for side in asked.size.split("x"))
    ls = MadeUpLabelStudio(asked.tasks, asked.objects, (width, height))
    folder = Path(tempfile.mkdtemp(prefix="argus-export-"))
    at_start, began = peak_mb(), time.monotonic()

    def show(done: int) -> None:
        if not done % max(1, asked.tasks // 10):
            print(f"{done} of {asked.tasks}: peak memory {peak_mb():.0f} MB, {time.monotonic() - began:.0f} s",
                  flush=True)

    try:
        counts = export_project(1, asked.format, folder / "out", with_images=False, progress=show,
                                splits={"train": 0.8, "val": 0.2} if asked.splits else None,
                                label_studio=cast(LabelStudio, ls), images=cast(ImageFetcher, None),
                                memory=Unknown())
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    seconds = time.monotonic() - began
    print(json.dumps({"format": asked.format, "images": counts.images, "objects": counts.objects,
                      "seconds": round(seconds), "tasks_a_second": round(asked.tasks / seconds),
                      "peak_mb": round(peak_mb(), 1), "peak_mb_before": round(at_start),
                      "written_mb": round(size / 2**20), "load": round(os.getloadavg()[0], 1)}))



if __name__ == "__main__":
    main()
