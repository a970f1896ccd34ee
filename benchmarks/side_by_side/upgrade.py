"""Fill a home with the baseline, stop it in the middle of a run, and let this build go on with it.

    python -m benchmarks.side_by_side.upgrade

Exit status 1 when something of the baseline is lost or the run does not end.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.side_by_side import work
from benchmarks.side_by_side.build import HERE, Build, baseline_tree, wait_for

TASKS = 120


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="argus-upgrade-") as folder:
        old = Build("baseline", baseline_tree(), Path(folder) / "home")
        new = Build("this build", HERE, old.home)
        try:
            old.start()
            print("baseline: commit {}, {}".format(*old.identity()), flush=True)
            number, run, before = fill(old)
            old.stop()
            new.start()
            print("this build: commit {}, {}".format(*new.identity()), flush=True)
            return compare(new, number, run, before)
        finally:
            old.stop()
            new.stop()


def fill(build: Build) -> tuple[int, int, dict[str, Any]]:
    """Make a project with all that Argus keeps, and leave a run under way; return project, run and what there is."""
    number = work.project(build, "Upgraded", work.pictures(TASKS))
    work.run(build, number, 1)
    build.call("POST", f"/projects/{number}/saved-searches", {"name": "Cpus", "q": "cpu"})
    build.call("PUT", f"/projects/{number}/recipe",
               {"concepts": [{"label": label, "prompts": [label, f"{label} 2"]} for label in work.LABELS]})
    run = int(build.call("POST", f"/projects/{number}/runs", {"all": True, "labels": work.LABELS})["id"])
    wait_for(lambda: build.call("GET", f"/runs/{run}")["done"] > 0, 300, "the run did not begin", every=0.05)
    build.label_studio("POST", f"/api/projects/{number}/import",
                       files=[("late.jpg", ("late.jpg", work.pictures(1)[0][1], "image/jpeg"))])
    before = facts(build, number)
    under_way = build.call("GET", f"/runs/{run}")
    print(f"stopped with a run at {under_way['done']} of {under_way['total']}: {before}", flush=True)
    if under_way["state"] != "running":
        raise RuntimeError("the run had ended before the stop")
    return number, run, before


def facts(build: Build, number: int) -> dict[str, Any]:
    """Return what an upgrade must keep."""
    hits = build.call("GET", f"/projects/{number}/search", q="cpu", limit=20)["hits"]
    return {"hits": [(hit["task"], round(hit["similarity"], 3)) for hit in hits],
            "saved": [one["name"] for one in build.call("GET", f"/projects/{number}/saved-searches")["saved"]],
            "runs": sorted(one["id"] for one in build.call("GET", f"/projects/{number}/runs")["runs"])}


def compare(build: Build, number: int, run: int, before: dict[str, Any]) -> int:
    """Wait for what was under way, and tell what differs."""
    wait_for(lambda: build.call("GET", f"/runs/{run}")["state"] != "running", 900, "the run did not go on", every=1)
    wait_for(lambda: build.call("GET", f"/projects/{number}")["sync"]["embedded"] >= TASKS + 1, 300,
             "the late image was not embedded", every=1)
    ended, after = build.call("GET", f"/runs/{run}"), facts(build, number)
    print(f"after: run {ended['state']}, {ended['done']} of {ended['total']}, {ended['failed']} failed; {after}")
    lost = [name for name in ("saved", "runs") if after[name] != before[name]]
    kept = {task for task, _ in before["hits"]} & {task for task, _ in after["hits"]}
    if len(kept) < len(before["hits"]) - 1:  # the late image may have taken a place
        lost.append("hits")
    print(f"Lost: {', '.join(lost) or 'nothing'}.")
    return int(bool(lost) or ended["state"] != "done" or ended["failed"] > 0)


if __name__ == "__main__":
    sys.exit(main())
