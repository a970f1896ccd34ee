"""Find a part, label it, accept what is sure, and save the dataset.

    python docs/examples/find_and_label.py --project 1 --query cpu --label cpu --output cpu.zip

What is unsure stays for a person: the last line says how many tasks, and where.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from argus.client import Argus, Run
from argus.errors import ArgusError


def show(run: Run) -> None:
    print(f"  {run.done + run.failed} of {run.requested} tasks", file=sys.stderr)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--address", default="http://127.0.0.1:8000")
    parser.add_argument("--project", type=int, required=True)
    parser.add_argument("--query", required=True)
    parser.add_argument("--label", required=True)
    parser.add_argument("--limit", type=int, default=50)
    parser.add_argument("--sure", type=float, default=0.9, help="accept from this score on")
    parser.add_argument("--output", type=Path, default=Path("dataset.zip"))
    asked = parser.parse_args()
    argus = Argus(asked.address, os.environ.get("ARGUS_API_TOKEN", ""))

    found = argus.search(asked.project, asked.query, asked.limit).relevant()
    if not found:
        print(f"No image shows “{asked.query}”.")
        return 0
    view = argus.make_view(asked.project, tasks=[hit.task for hit in found], title=asked.query)
    print(f"{len(found)} images found: {view.url}")

    run = argus.start_run(asked.project, [asked.label], tasks=[hit.task for hit in found])
    run = argus.wait_for_run(run.id, progress=show)
    print(f"{run.done} tasks have predictions, {run.failed} failed")

    accepted = argus.accept(asked.project, asked.sure)
    argus.export(asked.project, asked.output, "coco")
    print(f"{accepted.accepted_tasks} tasks accepted; dataset: {asked.output}")
    print(f"the others wait for a person in {argus.project(asked.project).label_studio}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ArgusError as error:
        print(f"{error.message} {error.hint}", file=sys.stderr)
        sys.exit(error.kind.exit_code)
