"""How much memory a process has had at most."""

from __future__ import annotations

import os
from pathlib import Path


def peak_mb(pid: int | None = None) -> float:
    """Return the largest resident size in MiB of a process, this one's without a number (Linux).

    Not `ru_maxrss`, which a process keeps through fork and exec: the child of a large parent seems large from its first
    moment on.
    """
    status = Path(f"/proc/{pid or os.getpid()}/status").read_text("ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024
