"""Names, sizes and the output folder of an export."""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from urllib.parse import parse_qs, unquote, urlsplit

from argus.errors import ArgusError
from argus.images.fetcher import image_header

_UPLOAD_PREFIX = re.compile(r"[0-9a-f]{8}-(?=.)")  # Label Studio puts it before the name of an uploaded file
_EXTENSIONS = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "BMP": ".bmp", "GIF": ".gif",
               "TIFF": ".tif", "AVIF": ".avif", "JPEG2000": ".jp2", "PPM": ".ppm"}


def file_stem(url: str) -> str:
    """Return the name a person gave the file at `url`: no folders, no query, no upload prefix, no extension.

    Letters, digits, `.`, `_` and `-` stay, everything else becomes `_`; "image" when nothing is left.
    """
    parts = urlsplit(url)
    path = unquote(parse_qs(parts.query).get("d", [parts.path])[0])  # local files: /data/local-files/?d=folder/name.png
    name = PurePosixPath(path.replace("\\", "/")).name
    if parts.path.startswith("/data/upload/"):
        name = _UPLOAD_PREFIX.sub("", name)
    stem = re.sub(r"[^\w.-]+", "_", PurePosixPath(name).stem).strip("._")[:120]
    return stem or "image"


class UniqueNames:
    """Hands out file names that differ, also on file systems that ignore case."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, stem: str, extension: str, task_id: int) -> str:
        """Return `stem + extension`, or the same with the task's id in it when another task has that name.

        Two names that differ only in their extension are not enough: a label file is named after the stem.
        """
        if stem.lower() in self._taken:
            stem = f"{stem}-{task_id}"
        while stem.lower() in self._taken:
            stem += "_"
        self._taken.add(stem.lower())
        return stem + extension


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
