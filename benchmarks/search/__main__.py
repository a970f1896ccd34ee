"""`python -m benchmarks.search`: measure and write docs/benchmarks-search.md.

Each figure is appended to a file as it comes, and the page is written from that file, so that an interrupted run loses
nothing. Every part is a process of its own: what one has loaded or cached does not help the next.
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

from benchmarks.search.page import write

PARTS = ("rank", "embedding", "service")
PEERS = ("naive", "faiss-flat", "faiss-hnsw", "sqlite-vec")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search", description=__doc__)
    parser.add_argument("--parts", default=",".join(PARTS), help="of rank, embedding, service")
    parser.add_argument("--sizes", default="50000,300000", help="vectors in the store, one rank part each")
    parser.add_argument("--queries", type=int, default=60)
    parser.add_argument("--without", default="", help=f"of {', '.join(PEERS)}")
    parser.add_argument("--tasks", type=int, default=10_000, help="tasks of the polled project")
    parser.add_argument("--images", type=int, default=48, help="JPEGs of the embedding part")
    parser.add_argument("--results", type=Path, default=Path(__file__).with_name("measured.jsonl"))
    parser.add_argument("--page", type=Path, default=Path("docs/benchmarks-search.md"))
    parser.add_argument("--only", help=argparse.SUPPRESS)  # a part, run in this process
    asked = parser.parse_args()
    if asked.only:
        _run(asked)
        return
    asked.results.parent.mkdir(parents=True, exist_ok=True)
    for part in asked.parts.split(","):
        for size in asked.sizes.split(",") if part == "rank" else [""]:
            _part(part if not size else f"rank:{size}")
            write(asked.results, asked.page)


def _part(name: str) -> None:
    # One thread for numpy's own matrix products: the comparison is about one query on one core.
    env = os.environ | ({"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"} if name.startswith("rank") else {})
    subprocess.run([sys.executable, "-m", "benchmarks.search", *sys.argv[1:], "--only", name], env=env, check=False)


def _run(asked: argparse.Namespace) -> None:
    sitting = datetime.now(UTC)

    def record(figure: dict[str, Any]) -> None:
        when = {"on": f"{sitting:%Y-%m-%d}", "load": round(os.getloadavg()[1]), "sitting": f"{sitting:%Y-%m-%d %H:%M}"}
        with asked.results.open("a") as file:
            file.write(json.dumps(figure | when) + "\n")

    if asked.only.startswith("rank:"):
        from benchmarks.search import rank

        rank.run(int(asked.only[5:]), asked.queries, asked.without.split(","), record)
    elif asked.only == "embedding":
        from benchmarks.search import embedding

        embedding.run(asked.images, record)
    else:
        from benchmarks.search import service

        service.run(asked.tasks, asked.images, record)


if __name__ == "__main__":
    main()
