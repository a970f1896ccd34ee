"""The running service: polls of a large project, and text queries while images are embedded."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from argus.labelstudio import get_label_studio
from argus.settings import get_settings
from benchmarks.search.storage import served
from benchmarks.search.world import full_size_siglip, photos, stack

QUERIES = 30  # different ones: a repeated text would come from the cache
Record = Callable[[dict[str, Any]], None]


def run(tasks: int, images: int, record: Record) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        model = full_size_siglip(folder / "siglip2-base-random")
        for number, data in enumerate(photos(images)):
            (folder / f"{number}.jpg").write_bytes(data)
        with served(folder) as origin, stack({"postgres", "valkey", "label-studio"}, siglip_model=str(model),
                                             image_origins=origin) as running:
            _polls(tasks, record)
            for name in ("ml-backend", "search-service", "siglip-worker", "worker"):
                running.start(name)
            _queries(origin, images, record)


def _polls(tasks: int, record: Record) -> None:
    from search_service.sync import tasks as sync_tasks

    ls = get_label_studio()
    project = ls.post("/api/projects/", {"title": "Large", "label_config": '<View><Image name="image" value="$image"/>'
                                         "</View>"})["id"]
    for start in range(0, tasks, 2000):
        ls.post(f"/api/projects/{project}/import", timeout=300, body=[
            {"data": {"image": f"/data/upload/{n}.jpg"}} for n in range(start, min(start + 2000, tasks))])
    figures: dict[str, Any] = {"part": "polls", "tasks": tasks}
    for name, full, times in (("first", True, 1), ("incremental", False, 10), ("reconcile", True, 2)):
        seconds = []
        for _ in range(times):
            started = time.perf_counter()
            sync_tasks.sync_project(project, full=full)
            seconds.append(time.perf_counter() - started)
        figures[name] = round(float(np.median(seconds)), 3)
    record(figures)
    ls.delete(f"/api/projects/{project}/")


def _queries(origin: str, images: int, record: Record) -> None:
    from argus.client import Argus
    from label_studio_config.connect import connect
    from search_service.sync import tasks as sync_tasks

    ls, argus = get_label_studio(), Argus(get_settings().search_service_url)
    project = connect(ls, None, title="Queries", labels=["cpu"]).project_id
    assert project is not None
    ls.post(f"/api/projects/{project}/import", [{"data": {"image": f"{origin}/{n}.jpg"}} for n in range(4)])
    argus.sync(project)
    argus.wait_until_embedded(project, 300)
    idle = _ask(argus, project, "idle")
    bulk = [{"data": {"image": f"{origin}/{n % images}.jpg?{n}"}} for n in range(4, 100 * images)]
    ls.post(f"/api/projects/{project}/import", bulk, timeout=300)
    sync_tasks.sync_project(project)
    time.sleep(5)
    before = argus.sync(project)
    busy = _ask(argus, project, "busy")
    after = argus.sync(project)
    record({"part": "queries", "idle": idle, "busy": busy, "embedded_meanwhile": after.embedded - before.embedded,
            "waiting": after.waiting})


def _ask(argus: Any, project: int, when: str) -> dict[str, float]:
    times = []
    for number in range(QUERIES):
        started = time.perf_counter()
        argus.search(project, f"{when} part number {number}")
        times.append((time.perf_counter() - started) * 1000)
    return {"p50": round(float(np.percentile(times, 50)), 1), "p95": round(float(np.percentile(times, 95)), 1)}
