"""Figures, kept from one run to the next, and the table in the documentation."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

TABLE = Path("docs/benchmarks-annotate.md")

_HEAD = """# What auto-annotation costs

Written by `make bench-annotate`. A ratio compares two things measured in one run on one machine; other machines, and
busier ones, give other seconds: the load shown is that of the last five minutes, and more than the cores means that the
servers had to wait for their turn. "The loop" is what existing SAM backends for Label Studio do: one task and one label
at a time, and for each the image is fetched, decoded, encoded by the model and looked at; its masks are encoded by
Label Studio's SDK.

| figure | measured | goal | met | on |
|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Figure:
    """One line of the table. `met` is None where there is no goal."""

    name: str
    measured: str
    goal: str = ""
    met: bool | None = None
    on: str = ""

    def line(self) -> str:
        met = "" if self.met is None else "yes" if self.met else "**no**"
        return f"| {self.name} | {self.measured} | {self.goal} | {met} | {self.on} |"


def machine() -> str:
    """Return processor, load and day, as the table's last column says them: on a busy machine seconds mean little."""
    names = [line.split(":", 1)[1].strip() for line in _cpuinfo() if line.startswith("model name")]
    name = names[0] if names else platform.processor() or platform.machine()
    cores, load = len(os.sched_getaffinity(0)), os.getloadavg()[1]
    return f"{name}, {cores} cores, load {load:.0f}, {datetime.now(UTC):%Y-%m-%d}"


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


def keep(store: Path, section: str, figures: Sequence[Figure]) -> dict[str, list[Figure]]:
    """Put a section's figures in place of its older ones; return all sections."""
    kept = json.loads(store.read_text()) if store.exists() else {}
    kept[section] = [asdict(figure) for figure in figures]
    store.parent.mkdir(parents=True, exist_ok=True)
    store.write_text(json.dumps(kept, indent=1))
    return {name: [Figure(**figure) for figure in lines] for name, lines in kept.items()}


def write_table(sections: dict[str, list[Figure]], order: Sequence[str], table: Path = TABLE) -> None:
    """Write the page with every figure that is known, in the order of the sections."""
    lines = [figure.line() for name in order for figure in sections.get(name, [])]
    table.write_text(_HEAD + "\n".join(lines) + "\n")
