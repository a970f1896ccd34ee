"""How long Review's three requests take at 5,000 predicted tasks, as a share of what they take the baseline.

Both builds are whole stacks with the same images and their own predictions of them, asked in turn. The figure is the
largest of the three ratios of medians. The predictions are made by the demo's model: some 20 minutes on two cores.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.side_by_side import work
from benchmarks.side_by_side.__main__ import tell_apart
from benchmarks.side_by_side.build import HERE, Build, baseline_tree, wait_for

KEYS = ("review_p50_ratio",)
TASKS, PICTURES, PAIRS = 5000, 100, 15
ASKED: dict[str, dict[str, Any]] = {
    "review": {}, "review/histogram": {}, "review/objects": {"band": "medium", "limit": 60}}


def measure() -> Mapping[str, float]:
    return {"review_p50_ratio": ratio_at(TASKS)}


def ratio_at(tasks: int) -> float:
    """Return the largest ratio at so many predicted tasks, and print the medians."""
    with tempfile.TemporaryDirectory(prefix="argus-review-") as folder:
        builds = [Build("baseline", baseline_tree(), Path(folder) / "baseline"),
                  Build("this build", HERE, Path(folder) / "this")]
        try:
            projects = []
            for build in builds:  # one after the other: each has the machine for its run
                build.start()
                projects.append(_predicted(build, tasks))
            tell_apart(builds)
            taken = {path: _in_turn(builds, projects, path) for path in ASKED}
        finally:
            for build in builds:
                build.stop()
    ratios = []
    for path, (before, after) in taken.items():
        ratios.append(statistics.median(after) / statistics.median(before))
        print(f"{path}: baseline {1000 * statistics.median(before):.0f} ms, this build "
              f"{1000 * statistics.median(after):.0f} ms (up to {1000 * max(after):.0f}), ratio {ratios[-1]:.3f}, "
              f"{tasks} tasks, load {os.getloadavg()[0]:.1f}", flush=True)
    return round(max(ratios), 4)


def _predicted(build: Build, tasks: int) -> int:
    """Make a project of so many tasks, let the model predict all of them, and return its number."""
    number = work.project(build, "Review", work.pictures(min(PICTURES, tasks)))
    listed = build.label_studio("GET", "/api/tasks/", params={"project": number, "page_size": PICTURES})["tasks"]
    images = [task["data"]["image"] for task in listed]
    rest = [{"image": images[n % len(images)]} for n in range(tasks - len(images))]
    for start in range(0, len(rest), 500):
        build.label_studio("POST", f"/api/projects/{number}/import", json=rest[start:start + 500])
    wait_for(lambda: build.call("GET", f"/projects/{number}")["sync"]["seen"] >= tasks, 3600,
             f"{build.name} did not list {tasks} tasks", every=1)
    work.run(build, number, 1)
    return number


def _in_turn(builds: list[Build], projects: list[int], path: str) -> tuple[list[float], list[float]]:
    """Return the seconds of each request on both builds, who begins in turn, after one unmeasured pair."""
    taken: tuple[list[float], list[float]] = ([], [])
    for turn in range(PAIRS + 1):
        for side in (0, 1) if turn % 2 else (1, 0):
            began = time.perf_counter()
            builds[side].call("GET", f"/projects/{projects[side]}/{path}", **ASKED[path])
            if turn:
                taken[side].append(time.perf_counter() - began)
    return taken
