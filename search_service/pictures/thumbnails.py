"""Small pictures of tasks, made from the images as our fetcher gives them, and kept on disk."""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from argus.errors import ArgusError
from argus.images.fetcher import get_images, write_whole
from argus.images.memory import fetching, get_budget, picture_part
from argus.labelstudio.task_data import TaskImage
from argus.settings import get_settings
from label_studio_config import projects

UPRIGHT = "as Chromium"  # changes when the same file comes to be opened otherwise: what was kept is made anew
MAX_FILES, TRIM_EVERY = 20_000, 500  # about 300 MB
_written = itertools.count()


def thumbnail(task_id: int, size: int) -> tuple[bytes, str]:
    """Return a JPEG whose longest side is at most `size` pixels, and a tag that changes with it.

    Raises:
        ArgusError: `unknown_task`, `busy` (too many at the same time), and whatever is wrong with the image.
    """
    task = task_image(task_id)
    tag = hashlib.sha256(f"{key(task)} {size}".encode()).hexdigest()[:32]
    path = get_settings().home / "thumbnails" / tag[:2] / f"{tag}.jpg"
    try:
        return path.read_bytes(), tag
    except OSError:
        pass
    with open_file(task) as file:
        image = picture_part(file, size)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=82)
    keep(path, buffer.getvalue())
    return buffer.getvalue(), tag


@contextlib.contextmanager
def open_file(task: TaskImage) -> Iterator[IO[bytes]]:
    """Open a task's image file, fetched if it has to be; from the cache on disk, so that its bytes take no memory while
    it waits to be decoded. Raises `busy`, and what fetching it raises."""
    images = get_images()
    with _room_for(images.cached(task)):
        data = images.fetch(task).data
        try:
            file: IO[bytes] = path.open("rb") if (path := images.cached(task)) else io.BytesIO(data)
        except FileNotFoundError:  # trimmed just now
            file = io.BytesIO(data)
        del data
    with file:
        yield file


def _room_for(cached: Path | None) -> contextlib.AbstractContextManager[None]:
    try:
        return get_budget().hold(cached.stat().st_size) if cached else fetching()
    except FileNotFoundError:
        return fetching()


def task_image(task_id: int, project_id: int | None = None) -> TaskImage:
    """Return where a task's image is. Raises `unknown_task`, and `bad_image` when the task has none."""
    image = projects.task_images([task_id]).get(task_id)
    if image is None or project_id not in (None, image.project_id):
        raise ArgusError("unknown_task", f"There is no task {task_id} here.")
    if not image.url:
        raise ArgusError("bad_image", f"The task {task_id} has no image.")
    return image


def key(image: TaskImage) -> str:
    """Return what a picture of this image is kept under: another task that names the same address finds none."""
    return f"{UPRIGHT} {image.project_id} {image.task_id} {image.url}"


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
