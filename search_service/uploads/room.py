"""Room for uploads: how large one may be, how much a person's may take in a project, and how much disk stays free."""

from __future__ import annotations

from argus.errors import ArgusError
from argus.home import gibibytes
from argus.settings import get_settings
from search_service.uploads import files, store

AT_ONCE = 4  # uploads of one person whose bytes are arriving
_LOOK_AGAIN = 30  # seconds


def largest() -> int:
    """Return the bytes that one file may have."""
    return get_settings().upload_max_mb * 2**20


def check_size(size: int) -> None:
    """Raise `bad_request` for an empty file, `upload_too_large` for one that is larger than any may be."""
    if size <= 0:
        raise ArgusError("bad_request", "The file is empty.", "Copy it again from where it was recorded.")
    if size > largest():
        raise ArgusError("upload_too_large", f"The file has {gibibytes(size)}; at most {gibibytes(largest())} may be "
                         "uploaded.", "Cut the video into parts, import it with `argus import-video`, or raise "
                         "ARGUS_UPLOAD_MAX_MB.", limit=largest())


def check_person(project_id: int, person_id: int | None, size: int) -> None:
    """Raise `too_many_requests` while as many of a person's uploads arrive as may, `insufficient_storage` when their
    files in the project would take more than they may."""
    taken, quota = store.taken(project_id, person_id), get_settings().upload_quota_mb * 2**20
    if taken.running >= AT_ONCE:
        raise ArgusError("too_many_requests", f"{taken.running} of your uploads have begun and are not complete.",
                         "Let them end, or cancel those that you no longer want.", retry_after=_LOOK_AGAIN,
                         limit=AT_ONCE)
    if taken.bytes + size > quota:
        raise ArgusError("insufficient_storage", f"Your uploads into this project take {gibibytes(taken.bytes)}; with "
                         f"this one they would take more than {gibibytes(quota)}.",
                         "Let imports end, remove uploads that are kept, or raise ARGUS_UPLOAD_QUOTA_MB.")


def check_disk(size: int, promised: int) -> None:
    """Raise `insufficient_storage` when less would stay free than must.

    Args:
        size: bytes that are to come.
        promised: bytes that other uploads will still send.
    """
    free, least = files.free(), get_settings().upload_free_mb * 2**20
    if free - promised - size < least:
        told = f", of which uploads under way need {gibibytes(promised)}" if promised else ""
        raise ArgusError("insufficient_storage", f"The disk has {gibibytes(free)} free{told}, and {gibibytes(least)} "
                         "must stay free.", "Make room on the disk of ARGUS_HOME. ARGUS_UPLOAD_FREE_MB says how much "
                         "must stay free.")
