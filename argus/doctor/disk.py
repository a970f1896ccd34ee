"""The disk that a process of Argus writes to."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from argus.doctor import finding
from argus.doctor.finding import Finding, gibibytes


@dataclass(frozen=True)
class Disk:
    """Bytes that are free, and whether this process may write."""

    free: int
    writable: bool


def look(home: Path) -> Disk:
    """Return how the disk stands that holds `home`, or will hold it once it is made."""
    place = next(folder for folder in (home, *home.absolute().parents) if folder.exists())
    return Disk(shutil.disk_usage(place).free, os.access(place, os.W_OK))


def check(home: Path) -> Iterator[Finding]:
    disk = look(home)
    detail = f"{gibibytes(disk.free)} free for {home}"
    if disk.free < finding.MIN_FREE:
        yield Finding("disk", "problem", detail, "Make room, or set ARGUS_HOME to a folder on a larger disk.")
    elif not disk.writable:
        yield Finding("disk", "problem", f"{home} cannot be written.", "Set ARGUS_HOME to a folder of your own.")
    else:
        yield Finding("disk", "ok", detail)
