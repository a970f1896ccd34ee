"""Measure the search: `python -m benchmarks.search --json FILE`, all parts or some.

    10k, 50k, 300k   this build, the baseline and the peers, asked the same queries in turn
    1m               a million vectors of 768 dimensions in one process
    start            how long a worker's start and a write wait while an index is built
    embedding        the embedding pipeline beside the bare encoder
    service          polls, and text queries while images are embedded

Parts add to what was measured before: figures are kept in a file, and the page and `--json` are written from it. Every
part is a process of its own. `BASELINE_FOLDER` and `PEERS_FOLDER` say where the baseline and the peers' environment
are, or are made.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.search import figures
from benchmarks.search.ways import UNSET

RANKING = ("10k", "50k", "300k", "1m", "start")
PARTS = (*RANKING, "embedding", "service")
PAGE = Path("docs/benchmarks-search.md")


def main() -> int:
    asked = _arguments()
    if asked.only:
        _run(asked)
        return 0
    failed = []
    for part in asked.parts.split(","):
        # Nothing of the caller's changes a library's kernel, and each has one thread.
        env = os.environ if part in ("embedding", "service") else {
            name: value for name, value in os.environ.items() if not name.startswith(UNSET)} | {"OMP_NUM_THREADS": "1"}
        done = subprocess.run([sys.executable, "-m", "benchmarks.search", *sys.argv[1:], "--only", part], env=env,
                              check=False)
        failed += [part] if done.returncode else []
    parts = json.loads(asked.measured.read_text("utf-8")) if asked.measured.exists() else {}
    if asked.json:
        asked.json.write_text(json.dumps(figures.keys(parts), indent=1) + "\n", "utf-8")
    if failed:
        print(f"Not measured: {', '.join(failed)}.", file=sys.stderr)
    return int(bool(failed))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", default=",".join(RANKING), help=f"of {', '.join(PARTS)} ({','.join(RANKING)})")
    parser.add_argument("--json", type=Path, help="write the figures here, null where a part was not measured")
    parser.add_argument("--queries", type=int, default=60)
    parser.add_argument("--without-peers", action="store_true", help="measure this build, the baseline and numpy only")
    parser.add_argument("--filters-and-service", action="store_true", help="of a size, measure searches with filters "
                        "and over HTTP alone, and keep its other figures")
    parser.add_argument("--tasks", type=int, default=10_000, help="tasks of the polled project")
    parser.add_argument("--images", type=int, default=48, help="JPEGs of the embedding part")
    parser.add_argument("--measured", type=Path, default=Path(__file__).with_name("measured.json"))
    parser.add_argument("--page", type=Path, default=PAGE)
    parser.add_argument("--only", help=argparse.SUPPRESS)  # a part, run in this process
    asked = parser.parse_args()
    if unknown := set(asked.parts.split(",")) - set(PARTS):
        parser.error(f"{', '.join(sorted(unknown))} is none of {', '.join(PARTS)}")
    return asked


def _run(asked: argparse.Namespace) -> None:
    if asked.only in ("embedding", "service"):
        _run_pipeline(asked)
        return
    found = _measure(asked) | {"on": f"{datetime.now(UTC):%Y-%m-%d}"}
    if asked.filters_and_service and asked.only in figures.SIZES:
        found = figures.kept(asked.measured, asked.only) | found
    parts = figures.merge(asked.measured, asked.only, found)
    figures.write(asked.page, {name: parts[name] for name in RANKING if name in parts})


def _measure(asked: argparse.Namespace) -> dict[str, Any]:
    if asked.only == "1m":
        from benchmarks.search import million

        return million.measure(asked.queries)
    if asked.only == "start":
        from benchmarks.search import start_wait

        return start_wait.measure()
    from benchmarks.search import sizes

    if asked.filters_and_service:
        return sizes.measure_filters_and_service(figures.SIZES[asked.only], asked.queries)
    return sizes.measure(figures.SIZES[asked.only], asked.queries, not asked.without_peers)


def _run_pipeline(asked: argparse.Namespace) -> None:
    from benchmarks.search import page

    measured = asked.measured.with_name("pipeline.jsonl")
    now = datetime.now(UTC)

    def record(figure: dict[str, Any]) -> None:
        when = {"on": f"{now:%Y-%m-%d}", "load": round(os.getloadavg()[1])}
        with measured.open("a") as file:
            file.write(json.dumps(figure | when) + "\n")

    if asked.only == "embedding":
        from benchmarks.search import embedding

        embedding.run(asked.images, record)
    else:
        from benchmarks.search import service

        service.run(asked.tasks, asked.images, record)
    page.write(measured, asked.page)


if __name__ == "__main__":
    sys.exit(main())
