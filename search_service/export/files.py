"""Names, sizes and the output folder of an export."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from argus.errors import ArgusError
from argus.images.fetcher import image_header
from argus.labelstudio.files import file_name

_EXTENSIONS = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "BMP": ".bmp", "GIF": ".gif",
               "TIFF": ".tif", "AVIF": ".avif", "JPEG2000": ".jp2", "PPM": ".ppm"}
IMAGE_SUFFIXES = frozenset({*_EXTENSIONS.values(), ".img"})  # of exported image files
_SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".dib", ".gif", ".tif", ".tiff", ".avif",
             ".heic", ".heif", ".jp2", ".ppm", ".pgm", ".pbm", ".pnm")
_LONGEST = 255  # bytes of a file name, on every file system that matters
_JOINERS = "\u200c\u200d"  # parts of words in Persian, Hindi and others


def file_stem(url: str) -> str:
    """Return the name that its storage has for the file at `url`, in NFC: no folders, no query, no image's extension.

    Letters with their marks, digits, `.`, `_` and `-` stay, everything else becomes `_`, or goes at either end; "image"
    when no letter or digit is left.
    """
    return clean_stem(file_name(url))


def clean_stem(name: str) -> str:
    """Return the stem that an export gives a file of this name, as of `file_stem`."""
    name = unicodedata.normalize("NFC", name)
    if (suffix := extension_in(name)) and len(name) > len(suffix):
        name = name[:-len(suffix)]
    kept = "".join(sign if _stays(sign) else " " for sign in name)
    stem = re.sub(" +", "_", kept.strip(" .").lstrip(_JOINERS))
    return stem if any(sign.isalnum() for sign in stem) else "image"


def extension_of(url: str) -> str:
    """Return the extension of an image file in the name of the file at `url`, as it stands there; "" without one."""
    return extension_in(file_name(url))


def extension_in(name: str) -> str:
    """Return the extension of an image file in a file's name, as it stands there; "" without one."""
    suffix = PurePosixPath(name).suffix
    return suffix if suffix.lower() in _SUFFIXES else ""


def _stays(sign: str) -> bool:
    return sign.isalnum() or sign in "._-" or sign in _JOINERS or unicodedata.category(sign)[0] == "M"


def _cut(text: str, most: int) -> str:
    """Return the beginning of `text` that has at most so many bytes, with no letter parted from its marks."""
    if len(text.encode()) <= most:
        return text
    kept = text.encode()[:most].decode(errors="ignore")
    if unicodedata.category(text[len(kept)])[0] == "M":
        kept = kept.rstrip("".join(sign for sign in kept if unicodedata.category(sign)[0] == "M"))[:-1]
    return kept


class UniqueNames:
    """Hands out file names that differ, also on file systems that ignore case.

    Of a name that is taken 56 bits of its digest are kept, a third of what names take. Two of 100,000 names share them
    once in ten million exports: then one has its task's id in it without need.
    """

    def __init__(self) -> None:
        self._taken: set[int] = set()

    def take(self, stem: str, extension: str, task_id: int) -> str:
        """Return `stem + extension`, or the same with the task's id in it when another task has that name; at most 255
        bytes, of which a long stem loses its end.

        Two names that differ only in their extension are not enough: a label file is named after the stem.
        """
        ending, most = "", _LONGEST - max(len(extension), len(".txt"))
        while (bits := _bits(name := _cut(stem, most - len(ending)) + ending)) in self._taken:
            ending = f"{ending}_" if ending else f"-{task_id}"
        self._taken.add(bits)
        return name + extension


def _bits(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.lower().encode(), digest_size=7).digest())


def inspect_image(data: bytes) -> tuple[int, int, str]:
    """Return (width, height, extension) of an image file, the size as Chromium shows it.

    Raises:
        ArgusError: `bad_image`.
    """
    width, height, format = image_header(data)
    return width, height, _EXTENSIONS.get(format, ".img")


@contextmanager
def output_folder(out: Path, *, overwrite: bool) -> Iterator[Path]:
    """Yield a temporary folder beside `out` that takes its place when the block ends well, and vanishes when not.

    Raises:
        ArgusError: `conflict` when `out` is a file, or a folder that is not empty and `overwrite` is false;
            `bad_request` when the folder cannot be written.
    """
    if out.exists() and not out.is_dir():
        raise ArgusError("conflict", f"{out} is a file, not a folder.", "Choose another folder with -o.")
    if out.is_dir() and any(out.iterdir()) and not overwrite:
        raise ArgusError("conflict", f"The folder {out} is not empty.", "Choose another one, or pass --overwrite.")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    except OSError as error:
        raise ArgusError("bad_request", f"The folder {out} cannot be written: {error.strerror}.",
                         "Choose a folder you may write to.") from error
    try:
        yield work
        work.chmod(0o777 & ~_umask())  # mkdtemp's folders are private; who else may read this one the person decides
        _replace(work, out)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ArgusError("insufficient_storage", f"The disk is full: the export could not be written to {out}.",
                             "Make room, or choose a folder on another disk.") from error
        raise ArgusError("bad_request", f"The export could not be written to {out}: {error.strerror or error}.",
                         "Choose a folder you may write to.") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0o077)  # it can only be read by setting it; nothing made in between is open to more
    os.umask(mask)
    return mask


def _replace(work: Path, out: Path) -> None:
    if not out.exists():
        work.rename(out)
        return
    if not any(out.iterdir()):  # somebody may stand in it: the folder itself stays
        for entry in list(work.iterdir()):
            entry.rename(out / entry.name)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{out.name}.old.", dir=out.parent))
    out.rename(old / out.name)
    work.rename(out)
    shutil.rmtree(old, ignore_errors=True)
