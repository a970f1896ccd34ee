"""Fill a home with the baseline, stop it in the middle of a run, and let this build go on with it.

    python -m benchmarks.side_by_side.upgrade

Ends with status 1 when something that the baseline kept is lost or there twice, or when what was under way does not
end.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.side_by_side import work
from benchmarks.side_by_side.build import HERE, Build, baseline_tree, wait_for

TASKS, ACCEPTED = 120, 10
Facts = dict[str, Any]


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="argus-upgrade-") as folder:
        old = Build("baseline", baseline_tree(), Path(folder) / "home")
        new = Build("this build", HERE, old.home)
        try:
            old.start()
            print("baseline: commit {}, {}".format(*old.identity()), flush=True)
            project = fill(old)
            run, export, before = leave_under_way(old, project)
            old.stop()
            new.start()
            print("this build: commit {}, {}".format(*new.identity()), flush=True)
            wrong = go_on(new, project, run, export) + compare(before, facts(new, project))
        finally:
            old.stop()
            new.stop()
    print("\n".join(wrong) or "Nothing was lost, and nothing is there twice.")
    return int(bool(wrong))


def fill(build: Build) -> int:
    """Make a project with all that Argus keeps; return its number."""
    project = work.project(build, "Upgraded", work.pictures(TASKS))
    path = f"/projects/{project}"
    work.run(build, project, 1)
    hits = build.call("GET", f"{path}/search", q="cpu", limit=ACCEPTED + 1)["hits"]
    build.call("POST", f"{path}/judgements", {"query": "cpu", "task": hits[0]["task"], "relevant": True})
    build.call("POST", f"{path}/saved-searches", {"name": "Cpus", "ask": {"text": "cpu"}, "keep_view": True})
    build.call("PUT", f"{path}/review/bands", {"high": 0.8, "medium": 0.5})
    build.call("POST", f"{path}/review/accept", {"task_ids": [hit["task"] for hit in hits[:ACCEPTED]]})
    build.call("POST", f"{path}/review/set-aside", {"task": hits[ACCEPTED]["task"], "verdict": "fix"})
    return project


def leave_under_way(build: Build, project: int) -> tuple[int, int, Facts]:
    """Begin a run, an export and an upload; return run, export and what there is besides, once the run is under way."""
    path = f"/projects/{project}"
    build.call("PUT", f"{path}/recipe",
               {"concepts": [{"label": label, "prompts": [label, f"{label} 2"]} for label in work.LABELS]})
    run = int(build.call("POST", f"{path}/runs", {"all": True, "labels": work.LABELS})["id"])
    wait_for(lambda: build.call("GET", f"/runs/{run}")["done"] > 0, 300, "the run did not begin", every=0.05)
    before = facts(build, project)
    build.label_studio("POST", f"/api{path}/import",
                       files=[("late.jpg", ("late.jpg", work.pictures(1)[0][1], "image/jpeg"))])
    export = int(build.call("POST", f"{path}/exports", {"format": "coco"})["id"])
    under_way = build.call("GET", f"/runs/{run}")
    print(f"stopped with the run at {under_way['done']} of {under_way['requested']}, the export "
          f"{build.call('GET', f'/exports/{export}')['state']}", flush=True)
    if under_way["state"] != "running":
        raise RuntimeError("the run had ended before the stop")
    return run, export, before


def facts(build: Build, project: int) -> Facts:
    """Return what an upgrade must keep, by its name."""
    path = f"/projects/{project}"
    tasks = _tasks(build, project)
    return {
        "saved searches": [(one["id"], one["name"], one["query"], len(one["views"]))
                           for one in build.call("GET", f"{path}/saved-searches")["saved_searches"]],
        "thumbs": build.call("GET", f"{path}/judgements")["judgements"],
        "searches": sorted(one["query"] for one in build.call("GET", f"{path}/searches")["searches"]),
        "runs": sorted((one["id"], one["requested"]) for one in build.call("GET", f"{path}/runs")["runs"]),
        "prompts": {one["label"]: one["prompts"] for one in build.call("GET", f"{path}/recipe")["concepts"]},
        "band edges": build.call("GET", f"{path}/review")["edges"],
        "acceptances": sorted((one["id"], one["accepted"])
                              for one in build.call("GET", f"{path}/review/acceptances")["acceptances"]),
        "annotations": {task["id"]: len(task["annotations"]) for task in tasks if task["annotations"]},
        # A title of this build says in brackets how the view is ordered.
        "views": sorted((view["id"], view["data"]["title"].split(" (")[0])
                        for view in build.label_studio("GET", "/api/dm/views", params={"project": project})),
    }


def _tasks(build: Build, project: int) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = build.label_studio(
        "GET", "/api/tasks/", params={"project": project, "page_size": 2 * TASKS, "fields": "all"})["tasks"]
    return listed


def go_on(build: Build, project: int, run: int, export: int) -> list[str]:
    """Wait for what was under way; return what went wrong."""
    wait_for(lambda: build.call("GET", f"/runs/{run}")["state"] not in work.UNDER_WAY, 900, "the run did not go on", 1)
    wait_for(lambda: build.call("GET", f"/projects/{project}")["sync"]["embedded"] > TASKS, 300,
             "the late image was not embedded", 1)
    wait_for(lambda: build.call("GET", f"/exports/{export}")["state"] in ("done", "failed"), 300,
             "the export did not end", 1)
    ended, made = build.call("GET", f"/runs/{run}"), build.call("GET", f"/exports/{export}")
    print(f"after: run {ended['state']}, {ended['done']} of {ended['requested']} done, {ended['failed']} failed; "
          f"export {made['state']}", flush=True)
    wrong = [f"the run ended as {ended}"] * (ended["state"] != "done" or ended["done"] != ended["requested"])
    wrong += [f"the export ended as {made}"] * (made["state"] != "done")
    predicted = {task["id"]: Counter(one["model_version"] for one in task["predictions"])
                 for task in _tasks(build, project)}
    without = [task for task, versions in predicted.items() if not versions]
    twice = [task for task, versions in predicted.items() if any(count > 1 for count in versions.values())]
    if len(without) != 1:  # the late image's
        wrong.append(f"tasks without a prediction: {without}")
    return wrong + [f"tasks with a prediction twice: {twice}"] * bool(twice)


def compare(before: Facts, after: Facts) -> list[str]:
    """Return what is not as it was, in words."""
    return [f"{name}: {value} before, {after[name]} after" for name, value in before.items() if after[name] != value]


if __name__ == "__main__":
    sys.exit(main())
