"""Collect images like a folder of examples: a table of the best ones, and a view of them in Label Studio.

    python docs/examples/more_like_these.py --project 1 --examples photos/ --table similar.csv

Ranks are added up over the examples (reciprocal rank fusion), so an image that is like several of them comes first.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
from pathlib import Path

from argus.client import Argus, Hit
from argus.errors import ArgusError


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--address", default="http://127.0.0.1:8000")
    parser.add_argument("--project", type=int, required=True)
    parser.add_argument("--examples", type=Path, required=True, help="folder of JPEG and PNG files")
    parser.add_argument("--limit", type=int, default=20)
    parser.add_argument("--table", type=Path, default=Path("similar.csv"))
    asked = parser.parse_args()
    argus = Argus(asked.address, os.environ.get("ARGUS_API_TOKEN", ""))

    points: dict[int, float] = {}
    hits: dict[int, Hit] = {}
    for file in sorted(asked.examples.iterdir()):
        if file.suffix.lower() not in (".jpg", ".jpeg", ".png"):
            continue
        for rank, hit in enumerate(argus.search_image(asked.project, file, limit=5 * asked.limit)):
            points[hit.task] = points.get(hit.task, 0) + 1 / (60 + rank)
            hits[hit.task] = hit
    best = sorted(points, key=lambda task: -points[task])[:asked.limit]
    if not best:
        print(f"There are no examples in {asked.examples}.")
        return 2

    with asked.table.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["task", "points", "video", "seconds", "image"])
        for task in best:
            hit = hits[task]
            table.writerow([task, f"{points[task]:.5f}", hit.video or "", hit.video_time or "", hit.image])
    view = argus.make_view(asked.project, tasks=best, title=f"like {asked.examples.name}")
    print(f"{len(best)} images in {asked.table} and in {view.url}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ArgusError as error:
        print(f"{error.message} {error.hint}", file=sys.stderr)
        sys.exit(error.kind.exit_code)
