"""Export of 100,000 tasks beside 10,000 and beside an earlier build: memory and time, on made-up tasks.

Each export is a process of its own, `python -m benchmarks.export`. Time is that of the processor, which other work on
the machine changes little. The earlier build is the baseline's commit, run on this build's packages; which of the two
begins changes from pair to pair.
"""

from __future__ import annotations

import io
import json
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

KEYS = ("export_rss_ratio_100k", "export_time_ratio_before", "export_time_ratio_linear", "export_seconds_100k",
        "export_peak_mb_100k")
BASELINE = "877f1d896c13da13484c19630c2c8559127273ea"  # as in scripts/baseline.sh
_SIZE = "640x360"
_SMALL, _LARGE, _PAIRED, _PAIRS = 10_000, 100_000, 4000, 3
_HERE = Path(__file__).resolve().parents[2]


class Cost(NamedTuple):
    """What an export took: processor seconds, and MiB at most."""

    seconds: float
    megabytes: float


def measure() -> Mapping[str, float]:
    with tempfile.TemporaryDirectory(prefix="argus-earlier-") as folder:
        before = _earlier(Path(folder))
        ratios = []
        for pair in range(_PAIRS):
            order = (_HERE, before) if pair % 2 else (before, _HERE)
            took = {tree: export(tree, _PAIRED).seconds for tree in order}
            ratios.append(took[_HERE] / took[before])
    small, large = export(_HERE, _SMALL), export(_HERE, _LARGE)
    return {"export_rss_ratio_100k": round(large.megabytes / small.megabytes, 3),
            "export_time_ratio_before": round(statistics.median(ratios), 3),
            "export_time_ratio_linear": round(large.seconds / _LARGE / (small.seconds / _SMALL), 3),
            "export_seconds_100k": round(large.seconds), "export_peak_mb_100k": round(large.megabytes)}


def export(tree: Path, tasks: int) -> Cost:
    """Export so many tasks with the code of a tree. Raises `RuntimeError` with the end of its output when it fails."""
    home = {name: value for name, value in os.environ.items() if not name.startswith("ARGUS_")}
    with tempfile.TemporaryDirectory(prefix="argus-home-") as folder, tempfile.TemporaryFile("w+") as said:
        child = subprocess.Popen([sys.executable, "-m", "benchmarks.export", "--tasks", str(tasks), "--size", _SIZE],
                                 cwd=tree, env=home | {"ARGUS_HOME": folder}, stdout=said, stderr=said)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read()
        if child.returncode:
            raise RuntimeError(f"{tasks} tasks in {tree}: {text[-2000:]}")
    return Cost(used.ru_utime + used.ru_stime, json.loads(text.splitlines()[-1])["peak_mb"])


def _earlier(folder: Path) -> Path:
    """Put the files of the earlier build into a folder, and return it."""
    packed = subprocess.run(["git", "-C", str(_HERE), "archive", BASELINE], capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    return folder
