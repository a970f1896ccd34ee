"""Files and folders that only the account of this process may read: logs and exports say what is in the pictures."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import IO, BinaryIO, Literal, TextIO, overload


def make_folder(path: Path) -> None:
    """Make `path` and its missing parents; it is closed to others also when it was there before, if it is ours."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(PermissionError):
        path.chmod(0o700)


@overload
def open_file(path: Path, mode: Literal["w", "a"]) -> TextIO: ...


@overload
def open_file(path: Path, mode: Literal["wb", "ab"]) -> BinaryIO: ...


def open_file(path: Path, mode: str) -> IO[str] | IO[bytes]:
    """Open `path` as `open` does; a file that is made by it is never readable by others, whatever the umask."""
    return open(path, mode, opener=lambda name, flags: os.open(name, flags, 0o600))
