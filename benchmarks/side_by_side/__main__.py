"""Measure a run of 300 tasks, a search, `/review` and an export of 2,000 tasks on both builds, in turn."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.side_by_side import work
from benchmarks.side_by_side.build import HERE, Build, baseline_tree

LIMIT = 1.05
Measure = Callable[[Build, int, int], float]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.side_by_side", description=__doc__)
    parser.add_argument("--pairs", type=int, default=7, help="measurements of each build (7)")
    parser.add_argument("--tasks", type=int, default=300, help="tasks of the run (300)")
    parser.add_argument("--exported", type=int, default=2000, help="tasks of the export (2,000)")
    parser.add_argument("--only", choices=["run", "search", "review", "export"], action="append", default=[])
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="argus-side-") as folder:
        builds = [Build("baseline", baseline_tree(), Path(folder) / "baseline"),
                  Build("this build", HERE, Path(folder) / "this")]
        try:
            for build in builds:
                build.start()
            tell_apart(builds)
            rows = measure(builds, options)
        finally:
            for build in builds:
                build.stop()
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    return int(any(float(str(row["ratio"])) > LIMIT for row in rows))


def tell_apart(builds: list[Build]) -> None:
    """Print both commits and both packages that run; end when they are the same."""
    identities = [build.identity() for build in builds]
    for build, (commit, package) in zip(builds, identities, strict=True):
        print(f"{build.name}: commit {commit}, {package}", flush=True)
    if len({package for _, package in identities}) < 2 or len({commit for commit, _ in identities}) < 2:
        sys.exit("Both builds are the same: there is nothing to compare.")


def measure(builds: list[Build], options: argparse.Namespace) -> list[dict[str, object]]:
    """Fill both alike, measure in turn and print a row for each measure."""
    files = work.pictures(options.tasks)
    wanted = options.only or ["run", "search", "review", "export"]
    of_run = [work.project(build, "Run", files) for build in builds]
    of_export = [work.project(build, "Export", files[:20], options.exported) if "export" in wanted else 0
                 for build in builds]
    measures: dict[str, tuple[Measure, list[int]]] = {
        "run": (work.run, of_run), "search": (work.search, of_run), "review": (work.review, of_run),
        "export": (work.export, of_export)}
    if "review" in wanted and "run" not in wanted:
        wanted = ["run", *wanted]  # what is reviewed must have been detected
    return [row(name, builds, *measures[name], options.pairs) for name in measures if name in wanted]


def row(name: str, builds: list[Build], of: Measure, projects: list[int], pairs: int) -> dict[str, object]:
    """Measure pair by pair, who begins in turn, after one unmeasured pair; print and return the figures."""
    seconds: list[list[float]] = [[], []]
    for turn in range(pairs + 1):
        for side in (0, 1) if turn % 2 else (1, 0):
            taken = of(builds[side], projects[side], turn)
            if turn:
                seconds[side].append(taken)
    ratios = [after / before for before, after in zip(*seconds, strict=True)]
    before, after = (statistics.median(values) for values in seconds)
    ratio = statistics.median(ratios)
    print(f"{name}: baseline {before:.3f} s ({min(seconds[0]):.3f}-{max(seconds[0]):.3f}), this build {after:.3f} s "
          f"({min(seconds[1]):.3f}-{max(seconds[1]):.3f}), ratio {ratio:.3f} ({min(ratios):.2f}-{max(ratios):.2f}), "
          f"{pairs} pairs, load {os.getloadavg()[0]:.1f}{'' if ratio <= LIMIT else '  SLOWER'}", flush=True)
    return {"measure": name, "baseline": seconds[0], "this": seconds[1], "ratio": round(ratio, 3), "pairs": pairs,
            "load": round(os.getloadavg()[0], 1)}


if __name__ == "__main__":
    sys.exit(main())
