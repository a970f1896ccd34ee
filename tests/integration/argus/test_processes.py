"""What the processes weigh and load."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.integration

WITHOUT_TORCH = ["ml-backend", "search-service", "worker", "export-worker"]


def family(pid: int) -> list[int]:
    """Return `pid` and its descendants."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(found for child in children for found in family(int(child)))]


def resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="only Linux tells what a process has loaded")
@pytest.mark.parametrize("name", WITHOUT_TORCH)
def test_web_processes_and_the_default_worker_are_light(stack: Any, name: str) -> None:
    for pid in family(stack.pid(name)):
        assert "libtorch" not in Path(f"/proc/{pid}/maps").read_text()
        assert resident_mb(pid) < 200


@pytest.mark.parametrize("module", ["ml_backend.protocol.app", "search_service.api.app", "search_service.periodic",
                                    "argus.jobs.worker", "argus_cli.main", "ml_backend.predictions.jobs"])
def test_they_import_where_torch_is_not_installed(module: str) -> None:
    """Blocks what only the models' lock installs, as if it were missing."""
    code = ("import sys; sys.modules.update(dict.fromkeys(['torch', 'torchvision', 'transformers', 'scipy']));"
            f"import {module}")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0, done.stderr
