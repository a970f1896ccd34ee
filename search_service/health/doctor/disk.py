"""The disk that a process of Argus writes to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from argus.home import gibibytes
from argus.jobs.self_check import look
from search_service.health.doctor import finding
from search_service.health.doctor.finding import Finding


def check(home: Path) -> Iterator[Finding]:
    disk = look(home)
    detail = f"{gibibytes(disk.free)} free for {home}"
    if disk.free < finding.MIN_FREE:
        yield Finding("disk", "problem", detail, "Make room, or set ARGUS_HOME to a folder on a larger disk.")
    elif not disk.writable:
        yield Finding("disk", "problem", f"{home} cannot be written.", "Set ARGUS_HOME to a folder of your own.")
    else:
        yield Finding("disk", "ok", detail)
