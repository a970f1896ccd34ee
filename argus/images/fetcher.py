"""The only code that opens a task's image: a cache on disk before `argus.images.requests`, and decoding."""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import logging
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

from PIL import Image

from argus import metrics
from argus.errors import ArgusError
from argus.images import files as images_files
from argus.images.requests import ImageRequests
from argus.labelstudio.client import LabelStudio, get_label_studio
from argus.labelstudio.task_data import TaskImage
from argus.settings import Settings, get_settings

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FetchedImage:
    """The bytes of an image file and their sha256 digest (32 bytes)."""

    data: bytes
    sha256: bytes


class ImageFetcher:
    """Fetches images of tasks into a bounded cache on disk.

    Args:
        label_studio: gives the address relative URLs belong to, and the token for that origin.
        cache_bytes: the cache is trimmed, oldest first, when it has grown past this.

    Raises:
        ArgusError: `bad_setting` when a setting that should be an address is none.
    """

    def __init__(self, label_studio: LabelStudio, settings: Settings, cache_bytes: int = 2 * 2**30) -> None:
        self._requests, self._cache_bytes = ImageRequests(label_studio, settings), cache_bytes
        self._cache = settings.home / "images"
        self._written = 0

    def fetch(self, image: TaskImage) -> FetchedImage:
        """Return the image of a task, from the cache when it is there.

        Raises:
            ArgusError: `image_unreachable` (no answer, or an HTTP error), `label_studio_unreachable` (it is Label
                Studio itself that does not answer), `image_forbidden` (an origin or address that is not allowed, a file
                of Label Studio that is not the task's own, or a 401 or 403), `image_too_large` (more than
                `max_image_bytes`).
        """
        path = self._path(image)
        try:
            data = path.read_bytes()
            os.utime(path)  # recently used ones are trimmed last
            metrics.IMAGES.labels("cache").inc()
        except OSError:
            try:
                data = self.download(image)
            except ArgusError:
                metrics.IMAGES.labels("failed").inc()
                raise
            metrics.IMAGES.labels("fetched").inc()
            self._store(path, data)
        return FetchedImage(data, hashlib.sha256(data).digest())

    def download(self, image: TaskImage) -> bytes:
        """Return the image file of a task, past the cache and without filling it. Raises as `fetch`."""
        return self._requests.get(image)

    def save(self, image: TaskImage, file: BinaryIO, limit: int, going_on: Callable[[int], None]) -> int:
        """Write the file of a task, of up to `limit` bytes, past the cache; return its bytes.

        Args:
            going_on: called with the bytes that have come; what it raises ends the download.

        Raises:
            ArgusError: as `fetch`.
        """
        return self._requests.save(image, file, limit, going_on)

    def forget(self, image: TaskImage) -> None:
        """Drop the image from the cache: its task changed."""
        self._path(image).unlink(missing_ok=True)

    def cached(self, image: TaskImage) -> Path | None:
        """Return the cache's file of the image, to be linked to and never written; None when it is not there."""
        path = self._path(image)
        return path if path.exists() else None

    def _path(self, image: TaskImage) -> Path:
        """The file is its task's alone: what another may not fetch, it does not find here either."""
        address = self._requests.address(image).url
        digest = hashlib.sha256(f"{image.project_id} {image.task_id} {address}".encode()).hexdigest()
        return self._cache / digest[:2] / digest

    def _store(self, path: Path, data: bytes) -> None:
        """Keep `data`. A full disk costs the older half of the cache, and at worst the cache, but not the answer."""
        try:
            try:
                write_whole(path, data)
            except OSError as error:
                if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                    raise
                self._trim(sum(size for _, size, _ in self._files()) // 2)
                write_whole(path, data)
        except OSError as error:
            log.warning("the image cache could not be written", extra={"error": str(error)})
            return
        self._written += len(data)
        if self._written > self._cache_bytes // 8:
            self._written = 0
            self._trim(self._cache_bytes)

    def _files(self) -> list[tuple[float, int, Path]]:
        """Return (last used, bytes, path) of each file of the cache, the one that was not used for longest first."""
        found = []
        for file in self._cache.glob("??/*"):
            with contextlib.suppress(FileNotFoundError):  # another process trims too
                status = file.stat()
                found.append((status.st_mtime, status.st_size, file))
        return sorted(found)

    def _trim(self, keep_bytes: int) -> None:
        files = self._files()
        excess = sum(size for _, size, _ in files) - keep_bytes
        for _, size, file in files:
            if excess <= 0:
                return
            file.unlink(missing_ok=True)
            excess -= size


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that a reader sees all of it or none; what could not be written whole leaves nothing behind.

    Raises:
        OSError: the disk is full, or the folder cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        try:
            file.write(data)
            file.flush()
            os.replace(file.name, path)
        except OSError:
            os.unlink(file.name)
            raise


def open_image(data: bytes | IO[bytes], max_side: int | None = None,
               work: Callable[[images_files.OpenedFile], Image.Image] | None = None) -> Image.Image:
    """Return the image as Chromium shows it: RGB, turned as `argus.images.metadata` says, alpha laid on white.

    Args:
        data: the file's bytes, or the file itself.
        max_side: decode only as much of a JPEG as an image of this longest side needs; the result may still be larger.
        work: makes the result out of the opened image, whose pixels are not decoded yet, in place of the above.

    Raises:
        ArgusError: `bad_image` (none of `FORMATS`, or a damaged one), `image_too_large` (more than `max_image_pixels`),
            and what `work` raises.
    """
    limit = get_settings().max_image_pixels
    with images_files.readable():
        opened = images_files.open_file(data if isinstance(data, bytes) else data.read())
        width, height = opened.size
        if width * height > limit:
            raise ArgusError("image_too_large", f"The image has {width} × {height} pixels, more than {limit:,}.",
                             "Raise ARGUS_MAX_IMAGE_PIXELS if that is intended.")
        return work(opened) if work else to_rgb(opened.decode(max_side))


def image_header(data: bytes) -> tuple[int, int, str]:
    """Return (width, height, Pillow's name of the format) of an image file as Chromium shows it; no pixel is read.

    Raises:
        ArgusError: `bad_image`.
    """
    with images_files.readable():
        opened = images_files.open_file(data)
        return *opened.size, opened.image.format or ""


def to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I", "F")):
        image = images_files.grey(image)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image if image.mode == "RGBA" else image.convert("RGBA")
        ground = Image.new("RGB", image.size, "white")
        ground.paste(image, mask=image.getchannel("A"))
        return ground
    return image.convert("RGB")


@functools.cache
def get_images() -> ImageFetcher:
    """Return this process's fetcher."""
    return ImageFetcher(get_label_studio(), get_settings())
