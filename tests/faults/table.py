"""What came of each fault, as the table of docs/faults.md: `ARGUS_FAULT_TABLE` names the file, else nothing is kept.

A row takes the place of the one with the same fault, so that a single fault can be tried again. Everything outside the
table is left as it is.
"""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks.pages import put_row

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
    if not file.exists():
        file.write_text(f"{BEGIN}\n{END}\n")
    put_row(file, BEGIN, END, _HEAD, f"| {fault} | {outcome} | {seconds:.0f} s |")
