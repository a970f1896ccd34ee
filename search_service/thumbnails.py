"""Small pictures of tasks, made from the images as our fetcher gives them, and kept on disk."""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
from pathlib import Path

from PIL import Image

from argus.db import connect
from argus.errors import ArgusError
from argus.images import get_images, open_image, write_whole
from argus.settings import get_settings

UPRIGHT = "as Chromium"  # changes when the same file comes to be opened otherwise: what was kept is made anew
MAX_FILES, TRIM_EVERY = 20_000, 500  # about 300 MB
_written = itertools.count()


def thumbnail(task_id: int, size: int) -> tuple[bytes, str]:
    """Return a JPEG whose longest side is at most `size` pixels, and a tag that changes with it.

    Raises:
        ArgusError: `unknown_task`, and whatever is wrong with the image.
    """
    url = image_url(task_id)
    tag = hashlib.sha256(f"{UPRIGHT} {url} {size}".encode()).hexdigest()[:32]
    path = get_settings().home / "thumbnails" / tag[:2] / f"{tag}.jpg"
    try:
        return path.read_bytes(), tag
    except OSError:
        pass
    image = open_image(get_images().fetch(url).data, size)
    image.thumbnail((size, size), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=82)
    keep(path, buffer.getvalue())
    return buffer.getvalue(), tag


def original(task_id: int, project_id: int | None = None) -> bytes:
    """Return the image file of a task. Raises `unknown_task`, and whatever is wrong with the image."""
    return get_images().fetch(image_url(task_id, project_id)).data


def image_url(task_id: int, project_id: int | None = None) -> str:
    """Return the address of a task's image. Raises `unknown_task`, and `bad_image` when the task has none."""
    with connect() as connection:
        row = connection.execute("SELECT image FROM task WHERE id = %s AND project_id = coalesce(%s, project_id)",
                                 (task_id, project_id)).fetchone()
    if row is None:
        raise ArgusError("unknown_task", f"There is no task {task_id} here.")
    if not row["image"]:
        raise ArgusError("bad_image", f"The task {task_id} has no image.")
    return str(row["image"])


def keep(path: Path, data: bytes) -> None:
    """Write a picture to the cache, and now and then trim it."""
    with contextlib.suppress(OSError):  # a full disk costs the cache, not the answer
        if next(_written) % TRIM_EVERY == TRIM_EVERY - 1:
            _trim(path.parent.parent)
        write_whole(path, data)


def _trim(folder: Path) -> None:
    """Delete the oldest pictures beyond `MAX_FILES`."""
    files = sorted((path for path in folder.glob("??/*.jpg")), key=lambda path: path.stat().st_mtime)
    for path in files[:-MAX_FILES]:
        path.unlink(missing_ok=True)
