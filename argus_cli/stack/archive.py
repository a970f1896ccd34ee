"""The tar of a backup: written so that it can always be unpacked again, and unpacked without trusting what it says.

Every member is judged here: the filters of `tarfile` came with Python 3.11.4, and let through links that only lead out
of the folder together.
"""

from __future__ import annotations

import contextlib
import os
import posixpath
import re
import shutil
import stat
import tarfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from argus.errors import ArgusError

_PLAIN = re.compile(r"manifest\.json|label-studio\.token|[\w-]+\.dump")  # what lies beside the folders
_LONGEST_NAME = 255  # bytes


@dataclass(frozen=True)
class Entry:
    """Something to put into an archive: its name there, where it lies, and where it leads if it stays a link."""

    name: str
    path: Path
    link: str = ""


def entries(folder: Path, name: str) -> Iterator[Entry]:
    """Yield everything below `folder`, itself first, each folder before what it holds.

    A link that stays within `folder` stays one, made relative. What another link leads to is taken in its place: it is
    what Label Studio shows, and elsewhere the link would lead nowhere. Sockets and devices are left out.

    Raises:
        ArgusError: `bad_request`: a link leads nowhere, or into a folder that holds it.
    """
    yield from _below(folder.resolve(), name, _Top(folder.resolve(), name), ())


@dataclass(frozen=True)
class _Top:
    path: Path
    name: str


def _below(path: Path, name: str, top: _Top, above: tuple[tuple[int, int], ...]) -> Iterator[Entry]:
    try:
        if path.is_symlink():
            target = Path(os.path.realpath(path))
            if target.is_relative_to(top.path):
                there = posixpath.join(top.name, *target.relative_to(top.path).parts)
                yield Entry(name, path, posixpath.relpath(there, posixpath.dirname(name)))
                return
            if not target.exists():
                raise ArgusError("bad_request", f"{path} is a link to {target}, which does not exist.",
                                 "Remove the link, or restore its target.")
        status = path.stat()
    except FileNotFoundError:
        return  # deleted meanwhile
    if stat.S_ISREG(status.st_mode):
        yield Entry(name, path)
    elif stat.S_ISDIR(status.st_mode):
        here = (status.st_dev, status.st_ino)
        if here in above:
            raise ArgusError("bad_request", f"{path} links to a folder that contains it.", "Remove the link.")
        yield Entry(name, path)
        for child in sorted(os.listdir(path)):
            yield from _below(path / child, f"{name}/{child}", top, (*above, here))


def add(archive: tarfile.TarFile, entry: Entry) -> None:
    """Write one entry; a file that was deleted meanwhile is left out."""
    info = tarfile.TarInfo(entry.name)
    if entry.link:
        info.type, info.linkname = tarfile.SYMTYPE, entry.link
        archive.addfile(info)
        return
    with contextlib.suppress(FileNotFoundError):
        status = entry.path.stat()
        info.mode, info.mtime = stat.S_IMODE(status.st_mode) & 0o777, int(status.st_mtime)
        if stat.S_ISDIR(status.st_mode):
            info.type = tarfile.DIRTYPE
            archive.addfile(info)
            return
        with entry.path.open("rb") as stream:
            info.size = os.fstat(stream.fileno()).st_size
            archive.addfile(info, stream)


def unpack(file: Path, folder: Path, tops: Collection[str]) -> None:
    """Unpack `file` into the empty `folder`, after every member was judged.

    Args:
        tops: the folders that may be in it.

    Raises:
        ArgusError: `bad_request`: no tar, cut off, or with a member that no backup of ours has; the disk is too full.
    """
    try:
        with tarfile.open(file, "r:") as archive:
            members = list(_judged(archive, file.stat().st_size, tops))
            _check_room(folder, sum(member.size for member in members), file)
            for member in sorted(members, key=tarfile.TarInfo.issym):  # links last: nothing is written through one
                _write(archive, member, folder)
    except (tarfile.TarError, EOFError, ValueError, OverflowError) as error:
        raise ArgusError("bad_request", f"{file} is not a backup of Argus, or it is damaged: {error}",
                         "Nothing was changed.") from error
    except OSError as error:
        raise ArgusError("bad_request", f"{file} could not be unpacked: {error.strerror or error}.",
                         "Nothing was changed.") from error


def _judged(archive: tarfile.TarFile, size: int, tops: Collection[str]) -> Iterator[tarfile.TarInfo]:
    """Yield each member once it was found to be one that `add` writes, or wrote in older versions."""
    known: dict[str, str] = {}  # what each name is, also of folders that are only implied: "file", "folder" or "link"
    for member in archive:
        name, kind, parts = member.name, _kind(member), member.name.split("/")
        if not _may_be_called(parts, kind, tops):
            raise ValueError(f"{name!r} does not belong in a backup.")
        for count in range(1, len(parts)):
            if known.setdefault("/".join(parts[:count]), "folder") != "folder":
                raise ValueError(f"{name!r} lies in something that is not a folder.")
        if member.islnk() and known.get(member.linkname) != "file":
            raise ValueError(f"{name!r} links to a file that is missing.")
        if name in known and not kind == known[name] == "folder":
            raise ValueError(f"{name!r} is there twice.")
        known[name] = kind
        if kind == "link" and not _stays(name, member.linkname):
            raise ValueError(f"{name!r} points outside the archive.")
        if member.isreg() and member.offset_data + member.size > size:
            raise ValueError("it is cut off.")
        yield member


def _kind(member: tarfile.TarInfo) -> str:
    if member.isdir():
        return "folder"
    if member.issym():
        return "link"
    if (member.isreg() and not member.issparse()) or member.islnk():
        return "file"
    raise ValueError(f"{member.name!r} is neither a file, a folder nor a link.")


def _may_be_called(parts: list[str], kind: str, tops: Collection[str]) -> bool:
    if any(part in ("", ".", "..") or "\0" in part or len(os.fsencode(part)) > _LONGEST_NAME for part in parts):
        return False
    if len(parts) == 1 and kind == "file":
        return bool(_PLAIN.fullmatch(parts[0]))
    return parts[0] in tops and (len(parts) > 1 or kind == "folder")


def _stays(name: str, target: str) -> bool:
    """Tell whether a link named `name` leads to something in its own top folder. `..` may stand in front only: behind a
    name it would be counted from where that name, which may be a link itself, leads to."""
    parts = [] if target == "." else target.split("/")
    up = next((count for count, part in enumerate(parts) if part != ".."), len(parts))
    return up < name.count("/") and not any(part in ("", ".", "..") or "\0" in part for part in parts[up:])


def _check_room(folder: Path, needed: int, file: Path) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise ArgusError("bad_request", f"{file} unpacks to {needed / 2**20:.0f} MiB, and there are only "
                         f"{free / 2**20:.0f} MiB free at {folder}.", "Nothing was changed.")


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    path = folder / member.name
    if member.isdir():
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(member.mode & 0o777 | 0o700)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if member.issym():
        path.symlink_to(member.linkname)
        return
    source = (folder / member.linkname).open("rb") if member.islnk() else archive.extractfile(member)
    assert source is not None
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)  # the token among them
    with source, open(handle, "wb") as target:
        shutil.copyfileobj(source, target, 2**20)
        os.fchmod(handle, member.mode & 0o777 | 0o600)
    os.utime(path, (member.mtime, member.mtime))
