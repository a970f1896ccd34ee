"""What a training run took, kept beside the checkpoints for the report."""

import json
import platform
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch


@dataclass(frozen=True)
class Run:
    """Steps and wall-clock minutes of one training, the machine in words, and what else a reader should know."""

    steps: int
    minutes: float
    on: str
    remark: str = ""


def run_of(steps: int, seconds: float) -> Run:
    """The record of a run that just ended on this machine."""
    threads = torch.get_num_threads()
    return Run(steps, round(seconds / 60, 1), f"{threads} CPU thread{'s' * (threads > 1)}, {_processor()}")


def note(path: Path, **entries: Run | dict[str, Any]) -> None:
    """Add entries to a JSON file of records, keeping the others."""
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    known |= {name: asdict(entry) if isinstance(entry, Run) else entry for name, entry in entries.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
