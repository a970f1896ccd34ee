"""The only code that opens a task's image: fetching with Label Studio's authentication, checking, decoding.

A task's image URL is data from outside. Label Studio's own origin gets its token; other origins must be listed in
`ARGUS_IMAGE_ORIGINS`, or are public (`argus.public_http`), and get no token. Each redirect is checked
like a first address, so a storage's presigned URL works and a detour into the inner network does not.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import io
import logging
import os
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urljoin, urlsplit

import requests
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError
from urllib3.exceptions import HTTPError

from argus import metrics, public_http
from argus.errors import ArgusError
from argus.labelstudio.client import LabelStudio, get_label_studio
from argus.settings import Settings, get_settings

log = logging.getLogger(__name__)
_AWAY = (502, 503, 504)  # what a proxy says while the server behind it is away
_MAX_REDIRECTS = 4
# What cameras and browsers make. Pillow reads dozens more; EPS, for one, by starting a PostScript interpreter on it.
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "JPEG2000", "PPM")


@dataclass(frozen=True)
class FetchedImage:
    """The bytes of an image file and their sha256 digest (32 bytes)."""

    data: bytes
    sha256: bytes


def origin_of(url: str) -> str:
    """Return `scheme://host[:port]` in lower case, the default port left out."""
    parts = urlsplit(url)
    default = {"http": 80, "https": 443}.get(parts.scheme)
    host = (parts.hostname or "").lower()
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port and parts.port != default else "")


class ImageFetcher:
    """Fetches images of tasks into a bounded cache on disk.

    Args:
        label_studio: gives the address relative URLs belong to, and the token for that origin.
        cache_bytes: the cache is trimmed, oldest first, when it has grown past this.
    """

    def __init__(self, label_studio: LabelStudio, settings: Settings, cache_bytes: int = 2 * 2**30) -> None:
        self._ls, self._settings, self._cache_bytes = label_studio, settings, cache_bytes
        self._cache = settings.home / "images"
        self._own = {origin_of(label_studio.url), origin_of(settings.public_label_studio_url)}
        self._listed = {origin_of(o.strip()) for o in settings.image_origins.split(",") if o.strip()}
        self._trusted, self._public = requests.Session(), public_http.session()
        self._trusted.trust_env = False  # a .netrc or a proxy must not decide where a token goes
        self._written = 0

    def fetch(self, url: str) -> FetchedImage:
        """Return the image at `url`, from the cache when it is there.

        Args:
            url: as it stands in the task's data: absolute, or a path on Label Studio (`/data/upload/…`).

        Raises:
            ArgusError: `image_unreachable` (no answer, or an HTTP error), `label_studio_unreachable` (it is Label
                Studio itself that does not answer), `image_forbidden` (an origin or address that is not allowed, or
                Label Studio's 401/403), `image_too_large` (more than `max_image_bytes`).
        """
        path = self._path(url)
        try:
            data = path.read_bytes()
            os.utime(path)  # recently used ones are trimmed last
            metrics.IMAGES.labels("cache").inc()
        except OSError:
            try:
                data = self.download(url)
            except ArgusError:
                metrics.IMAGES.labels("failed").inc()
                raise
            metrics.IMAGES.labels("fetched").inc()
            self._store(path, data)
        return FetchedImage(data, hashlib.sha256(data).digest())

    def forget(self, url: str) -> None:
        """Drop `url` from the cache: its task changed."""
        self._path(url).unlink(missing_ok=True)

    def cached(self, url: str) -> Path | None:
        """Return the cache's file of `url`, to be linked to and never written; None when it is not there."""
        path = self._path(url)
        return path if path.exists() else None

    def _path(self, url: str) -> Path:
        try:
            address = urljoin(self._ls.url + "/", url)
        except ValueError as error:
            raise ArgusError("image_unreachable", f"This is no address: {_shown(url)}.",
                             "Correct the address in the task's data, or delete the task.") from error
        digest = hashlib.sha256(address.encode()).hexdigest()
        return self._cache / digest[:2] / digest

    def download(self, url: str) -> bytes:
        """Return the image file at `url`, past the cache and without filling it. Raises as `fetch`."""
        address = urljoin(self._ls.url + "/", url)
        deadline = time.monotonic() + 3 * self._settings.image_timeout
        renewed = False
        for _ in range(_MAX_REDIRECTS + 1):
            try:
                session, headers = self._allow(address)
                with session.get(address, headers=headers, stream=True, allow_redirects=False,
                                 timeout=self._settings.image_timeout) as response:
                    if response.is_redirect:
                        address = urljoin(address, response.headers["location"])
                        continue
                    if response.status_code == 401 and headers and not renewed:  # its clock jumped, or it restarted
                        self._ls.forget_access()
                        renewed = True
                        continue
                    _check_status(response, address, origin_of(address) in self._own)
                    return self._read(response, address, deadline)
            except (requests.RequestException, HTTPError, ValueError) as error:  # a ValueError: it is no address at all
                away = isinstance(error, (requests.ConnectionError, requests.Timeout, HTTPError))
                if away and origin_of(address) in self._own:
                    raise ArgusError("label_studio_unreachable", f"Label Studio, which has the image, does not answer: "
                                     f"{_shown(address)}.", "Is it running? Check ARGUS_LABEL_STUDIO_URL.") from error
                raise ArgusError("image_unreachable", f"The image does not answer: {_shown(address)} "
                                 f"({type(error).__name__}).", "Is its server up, and reachable from here?") from error
        raise ArgusError("image_unreachable", f"The image redirects over {_MAX_REDIRECTS} times: {_shown(url)}.",
                         "Open the address in a browser, and give the task the one at which the image appears.")

    def _allow(self, address: str) -> tuple[requests.Session, dict[str, str]]:
        """Return the session and the headers for `address`; `image_forbidden` when it may not be asked at all."""
        parts, origin = urlsplit(address), origin_of(address)
        if parts.scheme not in ("http", "https"):
            raise ArgusError("image_forbidden", f"Images come by http(s), not by {parts.scheme or 'a bare path'}: "
                             f"{_shown(address)}.", "For S3, let Label Studio presign its URLs.")
        if origin in self._own:
            return self._trusted, {"Authorization": self._ls.authorization()}
        return self._trusted if origin in self._listed else self._public, {}

    def _read(self, response: requests.Response, address: str, deadline: float) -> bytes:
        limit, chunks, size = self._settings.max_image_bytes, [], 0
        # What has come, however little: `iter_content` waits for a whole chunk, and a server can make that last.
        while chunk := response.raw.read1(2**16, decode_content=True):
            size += len(chunk)
            if size > limit:
                raise ArgusError("image_too_large", f"The image has more than {limit / 2**20:.0f} MiB: "
                                 f"{_shown(address)}.", "Raise ARGUS_MAX_IMAGE_BYTES if that is intended.")
            if time.monotonic() > deadline:
                raise ArgusError("image_unreachable", f"The image came too slowly: {_shown(address)}.",
                                 "Is its server busy, or far away? Raise ARGUS_IMAGE_TIMEOUT if that is intended.")
            chunks.append(chunk)
        return b"".join(chunks)

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


def _check_status(response: requests.Response, address: str, label_studio: bool) -> None:
    if label_studio and response.status_code in _AWAY:
        raise ArgusError("label_studio_unreachable", f"In Label Studio's place something answers "
                         f"{response.status_code}: {_shown(address)}.", "Is Label Studio running?")
    if response.status_code in (401, 403):
        raise ArgusError("image_forbidden", f"The image's server answered {response.status_code}: {_shown(address)}.",
                         "Does the token's owner see this project?" if label_studio else
                         "Let Label Studio presign its URLs, or let that server give the image to everybody.")
    if response.status_code != 200:
        away = response.status_code in (408, 425, 429) or response.status_code >= 500
        raise ArgusError("image_unreachable", f"The image's server answered {response.status_code}: {_shown(address)}.",
                         "It is tried again by itself; if that goes on, look at that server." if away else
                         "Is the file still there? Correct the address in the task's data, or delete the task.",
                         status=response.status_code)


def _shown(address: str) -> str:
    """Return `address` without its query: a presigned URL's query is a credential."""
    return address.split("?", 1)[0][:200]


def open_image(data: bytes | IO[bytes], max_side: int | None = None,
               work: Callable[[Image.Image], Image.Image] | None = None) -> Image.Image:
    """Return the image as a person sees it: RGB, turned by its EXIF orientation, alpha laid on white.

    Args:
        data: the file's bytes, or the file itself.
        max_side: decode only as much of a JPEG as an image of this longest side needs; the result may still be larger.
        work: makes the result out of the opened image, whose pixels are not decoded yet, in place of the above.

    Raises:
        ArgusError: `bad_image` (none of `FORMATS`, or a damaged one), `image_too_large` (more than `max_image_pixels`),
            and what `work` raises.
    """
    limit = get_settings().max_image_pixels
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is checked below
            image = Image.open(io.BytesIO(data) if isinstance(data, bytes) else data, formats=FORMATS)
            if image.width * image.height > limit:
                raise Image.DecompressionBombError(f"{image.width}×{image.height}")
            if max_side:
                image.draft("RGB", (max_side, max_side))
            if work:
                return work(image)
            image.load()
            ImageOps.exif_transpose(image, in_place=True)  # a copy only if it is turned
            return _to_rgb(image)
    except Image.DecompressionBombError as error:
        raise ArgusError("image_too_large", f"The image has more than {limit:,} pixels: {error}.",
                         "Raise ARGUS_MAX_IMAGE_PIXELS if that is intended.") from error
    except UnidentifiedImageError as error:  # which says the address of our buffer, and nothing else
        raise ArgusError("bad_image", f"This is no image of a format that is read here ({', '.join(FORMATS)}).",
                         "Replace the file, or delete the task.") from error
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise ArgusError("bad_image", f"This is not a readable image: {error}.",
                         "Replace the file, or delete the task.") from error


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits a channel: Pillow would clip instead of scaling
        return image.point(lambda value: value / 256).convert("L").convert("RGB")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image if image.mode == "RGBA" else image.convert("RGBA")
        ground = Image.new("RGB", image.size, "white")
        ground.paste(image, mask=image.getchannel("A"))
        return ground
    return image.convert("RGB")


def orientation_of(image: Image.Image) -> int:
    """Return how an opened image is to be turned to stand upright: EXIF's 1 (it does) to 8."""
    value = image.getexif().get(ExifTags.Base.Orientation, 1)
    return value if value in range(1, 9) else 1


@functools.cache
def get_images() -> ImageFetcher:
    """Return this process's fetcher."""
    return ImageFetcher(get_label_studio(), get_settings())
