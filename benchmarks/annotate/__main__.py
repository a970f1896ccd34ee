"""`python -m benchmarks.annotate [SECTION …]`: measure, and write the table of docs/benchmarks-annotate.md.

Without a section everything is measured; a section measured alone leaves the other lines of the table as they were.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from argus_cli.stack import Stack
from benchmarks.annotate import figures
from benchmarks.annotate.full_size import full_size
from benchmarks.annotate.report import TABLE, Figure, keep, machine, write_table
from benchmarks.annotate.world import world
from benchmarks.clicks import clicks

ON_SERVERS: dict[str, Callable[[Stack], list[Figure]]] = {
    "encodes": figures.encodes, "end-to-end": figures.end_to_end, "overhead": figures.overhead, "push": figures.push,
    "health": figures.health, "clicks": clicks}
ALONE: dict[str, Callable[[], list[Figure]]] = {"full-size": full_size, "rle": figures.rle}
ORDER = ("encodes", "full-size", "end-to-end", "overhead", "push", "rle", "health", "clicks")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.annotate", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"out of {', '.join(ORDER)}; without any: all")
    parser.add_argument("--store", type=Path, default=Path(__file__).with_name("measured.json"),
                        help="where figures are kept from one run to the next")
    chosen = parser.parse_args()
    # A thread of torch that waits for another must not count as processor time; read when torch is first imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if unknown := set(chosen.sections) - set(ORDER):
        parser.error(f"unknown section: {', '.join(sorted(unknown))}")
    wanted = [name for name in ORDER if name in (chosen.sections or ORDER)]

    def measure(name: str, work: Callable[[], list[Figure]]) -> None:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        found = [replace(figure, on=machine()) for figure in work()]
        write_table(keep(chosen.store, name, found), ORDER)
        for figure in found:
            print(figure.line(), flush=True)

    for name in wanted:
        if name in ALONE:
            measure(name, ALONE[name])
    if on_servers := [name for name in wanted if name in ON_SERVERS]:
        with world() as stack:
            for name in on_servers:
                measure(name, lambda name=name: ON_SERVERS[name](stack))  # type: ignore[misc]
    print(f"The table is in {TABLE}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
