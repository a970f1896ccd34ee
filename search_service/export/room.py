"""Room for exports: how many of a project may wait, how much they may take, and how much of the disk stays free."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from argus.answers.export import Export
from argus.errors import ArgusError
from argus.home import gibibytes
from argus.settings import get_settings

KEPT = 10  # exports of a project that are no versions; older ones are deleted when a new one is asked for
_LOOK_AGAIN = 60  # seconds


def superseded(exports: Sequence[Export]) -> list[int]:
    """Return the exports of a project that make room for a new one: all but the newest that fit in its quota. Versions
    of the dataset are never among them.

    Args:
        exports: of one project, newest first; those that wait or run are counted, and never among the answer.

    Raises:
        ArgusError: `too_many_requests` when as many wait or run as may; `insufficient_storage` when versions fill the
            quota.
    """
    under_way = sum(one.state in ("queued", "running") for one in exports)
    if under_way >= (most := get_settings().export_waiting):
        raise ArgusError("too_many_requests", f"{under_way} exports of this project wait or run already.",
                         "Wait until one is done, or delete one that is not needed.", retry_after=_LOOK_AGAIN,
                         limit=most)
    gone, taken, kept = [], bytes_of_versions(exports), under_way
    if taken >= quota():
        raise ArgusError("insufficient_storage", f"The versions of this project take {gibibytes(taken)}, which is all "
                         "that its exports may take.", "Download and delete versions that need not stay, or raise "
                         "ARGUS_EXPORT_QUOTA_MB.")
    for one in exports:
        if one.state in ("queued", "running") or one.version is not None:
            continue
        taken, kept = taken + (one.bytes or 0), kept + 1
        if kept >= KEPT or taken > quota():
            gone.append(one.id)
    return gone


def bytes_of_versions(exports: Sequence[Export]) -> int:
    return sum(one.bytes or 0 for one in exports if one.version is not None)


def quota() -> int:
    """Return the bytes that the exports of one project may take."""
    return get_settings().export_quota_mb * 2**20


def check_disk(folder: Path) -> None:
    """Raise `insufficient_storage` when less of the disk is free than exports must leave."""
    free, least = shutil.disk_usage(folder).free, get_settings().export_free_mb * 2**20
    if free < least:
        raise ArgusError("insufficient_storage", f"The disk of the exports has {gibibytes(free)} free, and "
                         f"{gibibytes(least)} must stay free.", "Delete exports that are no longer needed, or make "
                         "room on the disk of ARGUS_HOME. ARGUS_EXPORT_FREE_MB says how much must stay free.")


def check_quota(size: int, versions: int = 0) -> None:
    """Raise `insufficient_storage` when an export has more bytes than versions leave of what its project may take."""
    if size + versions > quota():
        left = f", of which versions take {gibibytes(versions)}" if versions else ""
        raise ArgusError("insufficient_storage", f"The export has more than is left of {gibibytes(quota())}, which is "
                         f"all that the exports of one project may take{left}.",
                         "Delete versions, export without the images or with fewer, or raise ARGUS_EXPORT_QUOTA_MB; "
                         "`argus export` writes into any folder.")


def disk_full(error: OSError) -> ArgusError | None:
    """Return what a person is told when `error` says that the disk is full; None when it says something else."""
    if error.errno not in (errno.ENOSPC, errno.EDQUOT):
        return None
    return ArgusError("insufficient_storage", f"The export could not be written: {os.strerror(error.errno)}.",
                      "Delete exports that are no longer needed, or make room on the disk of ARGUS_HOME.")
