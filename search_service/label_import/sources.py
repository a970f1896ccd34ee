"""Where label files and images are read from: a file, a folder or a ZIP. Nothing is unpacked, no link is followed, and
nothing outside of what was given is opened.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Protocol

from argus.errors import ArgusError
from argus.labelstudio.task_data import storable
from search_service.label_import.found import plain, shown

MAX_FILES, MAX_BYTES = 500_000, 64 * 2**30
MAX_FOLD, _SMALL = 100, 2**20  # how much larger than packed; a file below the second number may be packed better
_FLAG_ENCRYPTED = 0x1


class Source(Protocol):
    """Files by name: relative, with `/`, in their order; `left_out` says which were not taken, and why."""

    names: list[str]
    left_out: list[tuple[str, str]]

    def read(self, name: str, most: int) -> bytes:
        """Return a file's bytes. Raises `bad_request` when it has more than `most`, or cannot be read."""
        ...

    def place(self, name: str) -> str:
        """Return where a file lies: the same for one file, from wherever it is named."""
        ...


class Folder:
    """The files of a folder and its subfolders, hidden ones left out."""

    def __init__(self, path: Path) -> None:
        self._root = path
        self.left_out: list[tuple[str, str]] = []
        self.names = sorted(self._walk(path))

    def _walk(self, root: Path) -> Iterator[str]:
        count = 0
        for place, folders, files in os.walk(root, followlinks=False):
            base = Path(place)
            folders[:] = [name for name in folders if not name.startswith(".") and storable(name)
                          and self._is_own(base / name)]
            for name in files:
                if name.startswith(".") or not self._is_own(base / name):
                    continue
                if not storable(name):
                    self.left_out.append((plain(name), "left out: its name is no text"))
                    continue
                count += 1
                if count > MAX_FILES:
                    raise ArgusError("bad_request", f"The folder {root} has more than {MAX_FILES:,} files.")
                yield (base / name).relative_to(root).as_posix()

    def _is_own(self, path: Path) -> bool:
        try:
            mode = path.lstat().st_mode
        except OSError:
            return False
        if stat.S_ISDIR(mode) or stat.S_ISREG(mode):
            return True
        kind = "a link" if stat.S_ISLNK(mode) else "no file"
        self.left_out.append((plain(path.relative_to(self._root).as_posix()), f"left out: it is {kind}"))
        return False

    def read(self, name: str, most: int) -> bytes:
        return _read(self._root / name, name, most)

    def place(self, name: str) -> str:
        return str(self._root / name)


class OneFile:
    """A single file, under the name that its owner calls it."""

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        self.names, self.left_out = [name], list[tuple[str, str]]()

    def read(self, name: str, most: int) -> bytes:
        return _read(self._path, name, most)

    def place(self, name: str) -> str:
        return str(self._path)


def _read(path: Path, name: str, most: int) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:
            data = file.read(most + 1)
    except OSError as error:
        raise ArgusError("bad_request", f"The file {shown(name)} cannot be read: {error.strerror}.") from error
    if len(data) > most:
        raise _too_large(name, most)
    return data


class Archive:
    """The files of a ZIP. Raises `bad_request` when one member is what no honest archive has: see `_refuse`."""

    def __init__(self, path: Path, called: str) -> None:
        self._path = path
        self.left_out: list[tuple[str, str]] = []
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise ArgusError("bad_request", f"{called} is no ZIP that can be read.") from error
        with contextlib.ExitStack() as stack:
            stack.callback(self._zip.close)
            self._members = self._checked(path.stat().st_size, called)
            stack.pop_all()
        self.names = sorted(name for name in self._members if not any(
            part.startswith(".") or part == "__MACOSX" for part in PurePosixPath(name).parts))

    def _checked(self, packed: int, called: str) -> dict[str, zipfile.ZipInfo]:
        members: dict[str, zipfile.ZipInfo] = {}
        total = 0
        for info in self._zip.infolist():
            if len(members) > MAX_FILES:
                raise ArgusError("bad_request", f"{called} has more than {MAX_FILES:,} files.")
            if (reason := _reason_against(info)) or info.filename in members:
                raise ArgusError("bad_request", f"{called} is refused: its member {shown(info.filename)} "
                                 f"{reason or 'is there twice'}.", "Pack the files again, or give the folder.")
            total += info.file_size
            if not info.is_dir():
                members[info.filename] = info
        if total > MAX_BYTES or total > max(_SMALL, MAX_FOLD * packed):
            raise ArgusError("bad_request", f"{called} is refused: unpacked it has {total:,} bytes.",
                             f"An archive may grow {MAX_FOLD}-fold, to {MAX_BYTES // 2**30} GiB.")
        return members

    def read(self, name: str, most: int) -> bytes:
        info = self._members[name]
        if info.file_size > most:
            raise _too_large(name, most)
        try:
            with self._zip.open(info) as file:
                return file.read(most)
        except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
            raise ArgusError("bad_request", f"The member {shown(name)} of the ZIP is damaged.") from error
        except Exception as error:  # whatever the decompressor raises: zlib.error, lzma.LZMAError
            raise ArgusError("bad_request", f"The member {shown(name)} of the ZIP cannot be unpacked.") from error

    def place(self, name: str) -> str:
        return f"{self._path}!{name}"


def _reason_against(info: zipfile.ZipInfo) -> str:
    name, mode = info.filename, info.external_attr >> 16
    if "\\" in name or "\0" in name or name.startswith("/") or re.match(r"[A-Za-z]:", name):
        return "has an absolute path or a backslash"
    if ".." in name.split("/") or any(ord(sign) < 32 for sign in name):
        return "leads out of its folder"
    if mode and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_IFMT(mode) == 0):
        return "is a link"
    if info.flag_bits & _FLAG_ENCRYPTED:
        return "is encrypted"
    if info.file_size > max(_SMALL, MAX_FOLD * info.compress_size):
        return f"is more than {MAX_FOLD} times as large as packed"
    return ""


def _too_large(name: str, most: int) -> ArgusError:
    return ArgusError("bad_request", f"The file {shown(name)} has more than {most / 2**20:.0f} MiB.")


def open_source(path: Path, name: str = "") -> Source:
    """Return the files at a path: a folder's, a ZIP's, or the one file. Raises `bad_request` when there is none.

    Args:
        name: of the file, where its owner calls it otherwise than it is called here.
    """
    path = path.resolve()  # a link that somebody names is meant
    if not path.exists():
        raise ArgusError("bad_request", f"There is no file or folder {path}.")
    if not path.is_dir() and not path.is_file():
        raise ArgusError("bad_request", f"{path} is neither a file nor a folder.")
    if path.is_dir():
        return Folder(path)
    called = name or path.name
    return Archive(path, called) if called.lower().endswith(".zip") or _is_zip(path) else OneFile(path, called)


def _is_zip(path: Path) -> bool:
    with contextlib.suppress(OSError), path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"
    return False
