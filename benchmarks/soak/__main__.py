"""`python -m benchmarks.soak --minutes 20`: all load at once on a whole stack; then memory, leaks and counts.

Ends with status 1 when memory grew, something was left behind, a part of the load ended by an error, something never
settled, or the counts of Label Studio and our database differ.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from argus_cli.stack.stack import SERVICES
from benchmarks.pages import put
from benchmarks.search.world import stack
from benchmarks.soak import report
from benchmarks.soak.counts import compare, whole
from benchmarks.soak.load import Load
from benchmarks.soak.samples import Sampler, look

CHECKPOINTS = Path(__file__).parents[2] / "demo" / "checkpoints"
LABELS = ["cpu", "fan"]
PICTURES, PATIENCE = 40, 300.0  # seconds in which everything must have settled after the load


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--page", type=Path, help="write the report into this page, between its marks")
    chosen = parser.parse_args()
    with stack(SERVICES, siglip_model=str(CHECKPOINTS / "siglip2-tiny"), sam3_model=str(CHECKPOINTS / "sam3-tiny"),
               torch_threads=1) as running:
        from argus.labelstudio import get_label_studio

        ls = get_label_studio()
        project, images = make_project()
        wrong = settle(project)
        before = look(running)
        load = Load(project, ls, images, LABELS, growing=60 * chosen.minutes * report.EARLY[0])
        sampler = Sampler(running)
        load.start()
        time.sleep(60 * chosen.minutes)
        sampler.stop()
        load.stop()
        wrong += load.broken() + settle(project)
        load.accept()
        counts, apart = compare(ls, project)
        after = look(running)
    found = report.Report(chosen.minutes, sampler.window(*report.EARLY), sampler.window(*report.LATE), before, after,
                          load.done, load.refused, str(counts), apart, wrong)
    print("\n".join(found.lines()))
    if chosen.page:
        put(chosen.page, report.BEGIN, report.END, found.lines())
    return int(not found.passed())


def make_project() -> tuple[int, list[str]]:
    """Return a connected project of `PICTURES` tasks with different pictures, and the pictures' addresses."""
    from argus.labelstudio import get_label_studio
    from benchmarks.annotate.world import picture
    from label_studio_config import projects
    from label_studio_config.connect import connect

    ls = get_label_studio()
    project = connect(ls, None, title="Soak", labels=LABELS).project_id
    assert project is not None  # only a dry run has none
    files = [(f"{i}.jpg", (f"{i}.jpg", picture(i, 640), "image/jpeg")) for i in range(PICTURES)]
    ls.request("POST", f"/api/projects/{project}/import", files=files, timeout=120)
    projects.set_threshold(project, [], 0.2)  # regions are needed, not good ones
    projects.refresh(project)
    return project, [str(task["data"]["image"]) for task in ls.tasks(project)]


def settle(project: int) -> list[str]:
    """Wait until nothing is outstanding after a full listing; return what is to be said when it never is."""
    from search_service.sync import tasks

    deadline = time.monotonic() + PATIENCE
    while True:
        tasks.sync_project(project, full=True)
        if whole(project):
            return []
        if time.monotonic() > deadline:
            return [f"images, runs or deliveries were still outstanding after {PATIENCE:g} s of rest"]
        time.sleep(2)


if __name__ == "__main__":
    sys.exit(main())
