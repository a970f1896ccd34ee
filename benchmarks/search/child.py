"""`python child.py FILE WAY FOLDER`: one way of searching as a process of its own, in whichever environment it needs.

It stands alone, since it runs in this build's environment, in the baseline's and in that of the peers. `WAYS[WAY]` of
FILE is a context manager that gives a `dict`: `ask(query, mode) -> row numbers`, `facts`, and `servers() -> process
ids` whose processor time counts too. The parent writes `{"query": n, "mode": …}` a line, and reads what came out.
"""

from __future__ import annotations

import contextlib
import json
import os
import runpy
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np


def main() -> None:
    file, name, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    queries = np.load(folder / "queries.npy")
    with runpy.run_path(file)["WAYS"][name](folder) as way:
        print(json.dumps(way.get("facts", {})), file=answers, flush=True)
        for line in sys.stdin:
            asked = json.loads(line)
            print(json.dumps(timed(way, queries[asked["query"]], asked["mode"])), file=answers, flush=True)


def timed(way: dict, query: np.ndarray, mode: str) -> dict:  # type: ignore[type-arg]
    """Ask once: milliseconds on the clock and of the processors, and the row numbers."""
    servers = way["servers"]() if "servers" in way else []
    processor, clock = processor_ms(servers), time.perf_counter()
    rows = way["ask"](query, mode)
    clock = (time.perf_counter() - clock) * 1000
    return {"ms": clock, "cpu": processor_ms(servers) - processor, "rows": [int(row) for row in rows]}


def processor_ms(servers: Iterable[int]) -> float:
    total = time.process_time() * 1000
    for pid in servers:
        with contextlib.suppress(OSError):  # it ended
            total += int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e6
    return total


if __name__ == "__main__":
    main()
