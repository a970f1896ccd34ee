"""What came of each fault, as the table of docs/faults.md: `ARGUS_FAULT_TABLE` names the file, else nothing is kept.

A row takes the place of the one with the same fault, so that a single fault can be tried again. Everything outside the
table is left as it is.
"""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks.soak.report import put

BEGIN, END = "<!-- faults: written by make test-faults -->", "<!-- end of faults -->"
_HEAD = ["| fault | what came of it | whole again after |", "|---|---|---|"]


def record(fault: str, outcome: str, seconds: float) -> None:
    """Keep one row.

    Args:
        seconds: from the fault's beginning until everything was counted whole, the rest of the load included.
    """
    if not (name := os.environ.get("ARGUS_FAULT_TABLE")):
        return
    file = Path(name)
    text = file.read_text() if file.exists() else f"{BEGIN}\n{END}\n"
    old = text.split(BEGIN)[1].split(END)[0]
    rows = {line.split(" | ")[0]: line for line in old.strip().splitlines()[2:]}
    rows[f"| {fault}"] = f"| {fault} | {outcome} | {seconds:.0f} s |"
    file.write_text(text)
    put(file, BEGIN, END, [*_HEAD, *rows.values()])
