"""Where the bytes of uploads lie: a folder closed to others, names of our own making, never one from outside."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from argus import private_files
from argus.errors import ArgusError
from argus.settings import get_settings

_PIECE = 64 * 2**10  # bytes in memory at once
_NAME = re.compile(r"[0-9a-f]{32}")


def folder() -> Path:
    """Return the folder of uploads, made if it is not there."""
    found = get_settings().home / "uploads"
    private_files.make_folder(found)
    return found


def path_of(file: str) -> Path:
    """Return where a file lies. `ValueError` for a name that is not one of ours."""
    if not _NAME.fullmatch(file):
        raise ValueError(file)
    return folder() / file


def create() -> str:
    """Make an empty file and return its name."""
    name = secrets.token_hex(16)
    os.close(os.open(path_of(name), os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600))
    return name


def remove(file: str) -> None:
    path_of(file).unlink(missing_ok=True)


def stored(file: str) -> int:
    """Return how many bytes a file has; 0 when it is gone."""
    try:
        return path_of(file).stat().st_size
    except FileNotFoundError:
        return 0


@contextlib.contextmanager
def writing(file: str) -> Iterator[int]:
    """Yield a descriptor for writing that nobody else has meanwhile.

    Raises:
        ArgusError: `conflict` while another request writes; `not_found` when the file is gone.
    """
    try:
        descriptor = os.open(path_of(file), os.O_WRONLY | os.O_NOFOLLOW)
    except FileNotFoundError as error:
        raise ArgusError("not_found", "The file of this upload is gone.", "Upload it again.") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield descriptor
    except BlockingIOError as error:
        raise ArgusError("conflict", "Another request writes to this upload just now.",
                         "Ask how much has arrived, and go on from there.") from error
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def replacing(file: str) -> Iterator[BinaryIO]:
    """Yield a new file of this name for writing, in place of what there was.

    Raises:
        ArgusError: `insufficient_storage` when the disk is full; nothing is kept then.
    """
    remove(file)
    descriptor = os.open(path_of(file), os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            yield opened
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        remove(file)
        raise _full(error) from error


def append(descriptor: int, start: int, source: BinaryIO, length: int) -> int:
    """Write up to `length` bytes at `start`, in place of whatever lies behind it, and see them safe on the disk.

    Returns:
        How many bytes came; fewer when the caller stopped.

    Raises:
        ArgusError: `insufficient_storage` when the disk is full; nothing is kept then.
    """
    os.ftruncate(descriptor, start)
    os.lseek(descriptor, start, os.SEEK_SET)
    came = 0
    try:
        while came < length and (piece := source.read(min(_PIECE, length - came))):
            came += len(piece)
            while piece:
                piece = piece[os.write(descriptor, piece):]
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        os.ftruncate(descriptor, start)
        raise _full(error) from error
    return came


def _full(error: OSError) -> ArgusError:
    return ArgusError("insufficient_storage", f"The file could not be stored: {os.strerror(error.errno or 0)}.",
                      "Make room on the disk of ARGUS_HOME; the upload goes on from where it is.")


def free() -> int:
    """Return the free bytes of the disk."""
    return shutil.disk_usage(folder()).free


def nobodys(known: set[str], seconds: float) -> list[str]:
    """Return files older than `seconds` that are not among the known ones."""
    found, now = [], time.time()
    for path in folder().iterdir():
        with contextlib.suppress(FileNotFoundError):
            if _NAME.fullmatch(path.name) and path.name not in known and now - path.lstat().st_mtime > seconds:
                found.append(path.name)
    return found
