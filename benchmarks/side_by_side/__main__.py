"""Measure a run of 300 tasks, a search, `/review` and an export of 2,000 tasks on both builds, in turn.

Ends with status 1 when one of them takes this build more than 1.05 × what it takes the baseline.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.pages import put_row
from benchmarks.side_by_side import work
from benchmarks.side_by_side.build import HERE, Build, baseline_tree
from benchmarks.side_by_side.pairs import BEGIN, END, HEAD, Pairs

PARTS: dict[str, Callable[[Build, int, int], float]] = {
    "run": work.run, "search": work.search, "review": work.review, "export": work.export}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.side_by_side", description=__doc__)
    parser.add_argument("--parts", type=_parts, default=list(PARTS), help=f"some of {','.join(PARTS)} (all)")
    parser.add_argument("--pairs", type=int, default=7, help="measurements of each build (7)")
    parser.add_argument("--tasks", type=int, default=300, help="tasks of the run, the search and the review (300)")
    parser.add_argument("--exported", type=int, default=2000, help="tasks of the export (2,000)")
    parser.add_argument("--page", type=Path, help="put a row for each part into this page, between its marks")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # an end like the others: both builds stop
    with tempfile.TemporaryDirectory(prefix="argus-side-") as folder:
        builds = [Build("baseline", baseline_tree(), Path(folder) / "baseline"),
                  Build("this build", HERE, Path(folder) / "this")]
        try:
            for build in builds:
                build.start()
            commit = tell_apart(builds)
            found = measure(builds, options)
        finally:
            for build in builds:
                build.stop()
    for pairs in found if options.page else []:
        put_row(options.page, BEGIN, END, HEAD, pairs.row(commit))
    return int(any(pairs.is_slower() for pairs in found))


def _parts(text: str) -> list[str]:
    if unknown := set(chosen := text.split(",")) - set(PARTS):
        raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))} is none of {', '.join(PARTS)}")
    return chosen


def tell_apart(builds: list[Build]) -> str:
    """Print both commits and both packages that run; end when they are the same. Return this build's commit."""
    return refuse_the_same([build.name for build in builds], [build.identity() for build in builds])


def refuse_the_same(names: Sequence[str], identities: Sequence[tuple[str, str]]) -> str:
    """Do what `tell_apart` does, with what `Build.identity` returned."""
    for name, (commit, package) in zip(names, identities, strict=True):
        print(f"{name}: commit {commit}, {package}", flush=True)
    if any(len(set(values)) < 2 for values in zip(*identities, strict=True)):
        sys.exit("Both builds are the same: there is nothing to compare.")
    return identities[1][0]


def measure(builds: list[Build], options: argparse.Namespace) -> list[Pairs]:
    """Fill both alike and measure in turn."""
    files = work.pictures(options.tasks)
    found, searched = [], list[int]()
    if set(options.parts) - {"export"}:
        searched = [work.project(build, "Run", files) for build in builds]
    for part in PARTS:
        if part not in options.parts:
            continue
        projects = searched
        if part == "export":
            projects = [work.project(build, "Export", files[:20], options.exported) for build in builds]
        elif part == "review" and "run" not in options.parts:
            for build, project in zip(builds, projects, strict=True):
                work.run(build, project, 0)  # what is reviewed must have been detected
        found.append(measure_pairs(part, builds, projects, options.pairs))
    return found


def measure_pairs(part: str, builds: list[Build], projects: list[int], count: int) -> Pairs:
    """Measure pair by pair, who begins in turn, after one unmeasured pair; print and return the figures."""
    pairs = Pairs(part)
    for turn in range(count + 1):
        taken = [0.0, 0.0]
        for side in (0, 1) if turn % 2 else (1, 0):
            taken[side] = PARTS[part](builds[side], projects[side], turn)
        if turn:
            pairs.add(taken[0], taken[1], os.getloadavg()[0])
    print(pairs, flush=True)
    return pairs


if __name__ == "__main__":
    sys.exit(main())
