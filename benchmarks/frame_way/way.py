"""The way itself, on one build: a project, the import, the search's vectors, a run, and what it predicted."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.side_by_side.build import Build, wait_for

LABELS = ["cpu", "fan", "screw"]
Regions = dict[int, list[dict[str, Any]]]
_PATIENCE = 3600
_UNDER_WAY = ("queued", "running")


@dataclass(frozen=True)
class Way:
    """Unix times at which the steps of the way began, and what came of it.

    Attributes:
        began, imported, embedded, done: the import's begin and end, the last vector, the last stored prediction.
        regions: of the frame with this number, its prediction.
    """

    began: float
    imported: float
    embedded: float
    done: float
    regions: Regions


def go(build: Build, video: Path, frames: int) -> Way:
    """Bring every frame of the video, one a second, to its prediction."""
    project = int(build.call("POST", "/label-studio/connect", build.new_project("Way", LABELS))["project_id"])
    began = time.time()
    build.argus("import-video", str(video), "--project", str(project), "--json")
    imported = time.time()
    wait_for(lambda: build.call("GET", f"/projects/{project}")["sync"]["embedded"] >= frames, _PATIENCE,
             f"{build.name} did not embed {frames} frames")
    embedded = time.time()
    run = build.call("POST", f"/projects/{project}/runs", {"all": True, "labels": LABELS})["id"]
    wait_for(lambda: build.call("GET", f"/runs/{run}")["state"] not in _UNDER_WAY, _PATIENCE, "the run did not end")
    done = time.time()
    ended = build.call("GET", f"/runs/{run}")
    if ended["state"] != "done" or ended["done"] != frames:
        raise RuntimeError(f"{build.name}: the run ended as {ended}")
    time.sleep(1.0)  # the last calls are written down
    return Way(began, imported, embedded, done, predictions(build, project))


def predictions(build: Build, project: int) -> Regions:
    """Return the regions of every prediction by the frame's number, in one order, without what names the build."""
    found: Regions = {}
    for page in range(1, 10_000):
        listed = build.label_studio("GET", "/api/tasks/", params={
            "project": project, "page": page, "page_size": 100, "fields": "all"})
        for task in listed["tasks"]:
            regions = [region for one in task["predictions"] for region in one["result"]]
            found[task["data"]["frame_number"]] = sorted(regions, key=lambda one: str(one["id"]))
        if page * 100 >= listed["total"]:
            return found
    raise RuntimeError("the project has no end")
