"""`python -m benchmarks.clicks`: how long a person waits for a click, with the SAM 3 worker idle and during a batch.

Everything is real and at its place: Label Studio, the ML backend, the queue, the worker process, the demo's checkpoint.
A click is sent to the ML backend as Label Studio sends it, one after the other, so it waits for nobody else's.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import requests

from argus_cli.stack import Stack
from benchmarks.annotate.report import Figure
from benchmarks.annotate.world import LABELS, make_project, world

WIDTH, CLICKS, BATCH_TASKS = 1280, 30, 300
_SHORTEST_RUN = 20  # clicks during a batch, below which its percentiles say nothing

Task = dict[str, Any]


@dataclass(frozen=True)
class Latency:
    """Seconds of several clicks of one kind, in order of size."""

    seconds: tuple[float, ...]

    def at(self, share: float) -> float:
        """Return the seconds that `share` (0..1) of the clicks did not exceed."""
        return self.seconds[min(len(self.seconds) - 1, int(share * len(self.seconds)))]

    def told(self) -> str:
        return (f"p50 {1000 * self.at(0.5):.0f} ms, p95 {1000 * self.at(0.95):.0f} ms, slowest "
                f"{1000 * self.seconds[-1]:.0f} ms of {len(self.seconds)}")


def clicks(stack: Stack) -> list[Figure]:
    """Measure on a stack with Label Studio, the ML backend and the default worker; its `sam3-worker` must not run."""
    from argus.labelstudio import get_label_studio

    ls = get_label_studio()
    project, _ = make_project(CLICKS, WIDTH)
    tasks = [{"id": task["id"], "data": task["data"]} for task in ls.tasks(project, fields="task_only")]
    backend = ls.get("/api/ml/", project=project)[0]["id"]
    config = ls.project(project)["label_config"]
    spots = random.Random(0)

    def click(task: Task) -> None:
        body = {"tasks": [task], "project": f"{project}.1", "label_config": config,
                "params": {"context": {"result": [_point(spots)]}}}
        requests.post(f"{stack.settings.ml_backend_url}/predict", json=body, timeout=60).raise_for_status()

    def click_in_label_studio(task: Task) -> None:
        answer = ls.post(f"/api/ml/{backend}/interactive-annotating",
                         {"task": task["id"], "context": {"result": [_point(spots)]}})
        assert "data" in answer, answer

    stack.start("sam3-worker")
    try:
        _ready()
        click(tasks[-1])  # the first click of a worker loads the tracker
        first = _timed(click, tasks[:-1])
        idle = _timed(click, tasks[:1] * CLICKS)
        through = _timed(click_in_label_studio, tasks[:1] * CLICKS)
        busy = _during_a_batch(lambda: click(tasks[0]))
    finally:
        stack.stop("sam3-worker")
    ratio = f"p50 × {busy.at(0.5) / idle.at(0.5):.1f}, p95 × {busy.at(0.95) / idle.at(0.95):.1f}"
    return [Figure("first click on an image (it is encoded), worker idle", first.told()),
            Figure("further click on an image, worker idle", idle.told()),
            Figure("the same, asked through Label Studio", through.told()),
            Figure(f"further click during a run of {BATCH_TASKS} tasks × {len(LABELS)} labels", busy.told()),
            Figure("during a run, against idle", ratio)]


def _ready() -> None:
    """Wait until the worker has loaded its model and takes jobs."""
    from argus import queue_names
    from argus.jobs import queues

    queues.call(queue_names.SAM3_NOW, "ml_backend.sam3_worker.engine.prepare", deadline=180)


def _during_a_batch(click: Callable[[], None]) -> Latency:
    """Click at any moment of a run's chunks; a click that the run did not outlast does not count."""
    from ml_backend.runs import runs

    project, ids = make_project(BATCH_TASKS, WIDTH)
    run = runs.create_run(project, LABELS, ids)
    while runs.run_progress(run).state == "queued":
        time.sleep(0.05)
    pauses = random.Random(1)
    seconds: list[float] = []
    while len(seconds) < 2 * CLICKS:
        time.sleep(pauses.random() * 0.5)
        took = _seconds(click)
        if runs.run_progress(run).state != "running":
            break
        seconds.append(took)
    assert len(seconds) >= _SHORTEST_RUN, f"the run was over after {len(seconds)} clicks"
    return Latency(tuple(sorted(seconds)))


def _timed(click: Callable[[Task], None], tasks: Sequence[Task]) -> Latency:
    return Latency(tuple(sorted(_seconds(lambda task=task: click(task)) for task in tasks)))  # type: ignore[misc]


def _seconds(act: Callable[[], None]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _point(spots: random.Random) -> dict[str, Any]:
    return {"type": "keypoint", "from_name": "click", "to_name": "image", "original_width": WIDTH,
            "original_height": WIDTH * 9 // 16, "image_rotation": 0, "origin": "manual", "is_positive": True,
            "value": {"x": spots.uniform(5, 95), "y": spots.uniform(15, 85), "width": 0.3, "labels": []}}


def main() -> int:
    with world() as stack:
        for figure in clicks(stack):
            print(f"{figure.name}: {figure.measured}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
