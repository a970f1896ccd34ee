"""Asking a server for a task's image, with the rights that are this task's.

A task's image URL is data from outside. Label Studio itself (`argus.labelstudio.site`) gets its token, and only for the
task's own files (`argus.labelstudio.files`); other origins must be listed in `ARGUS_IMAGE_ORIGINS`, or are public
(`argus.images.public_http`), and get no token. Each redirect is judged like a first address, so a storage's presigned
URL works and a detour into the inner network does not.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import BinaryIO, TypeVar

import requests
from urllib3.exceptions import HTTPError

from argus import addresses, dialling
from argus.addresses import Address
from argus.errors import ArgusError
from argus.images import public_http
from argus.images.video_files import a_video, begins_as_video
from argus.labelstudio.client import LabelStudio
from argus.labelstudio.files import TaskFiles, resolved_at, storage_uri
from argus.labelstudio.site import Site
from argus.labelstudio.task_data import TaskImage
from argus.settings import Settings

_AWAY = (502, 503, 504)  # what a proxy says while the server behind it is away
_MAX_REDIRECTS = 4
_LONGEST_SECONDS = 6 * 3600  # that a video may take to come
T = TypeVar("T")


class ImageRequests:
    """Asks for images past any cache.

    Args:
        label_studio: gives the address relative URLs belong to, and the token for that origin.

    Raises:
        ArgusError: `bad_setting` when a setting that should be an address is none.
    """

    def __init__(self, label_studio: LabelStudio, settings: Settings) -> None:
        self._ls, self._settings = label_studio, settings
        self._site = _site(label_studio.url, settings.public_label_studio_url)
        self._files = TaskFiles(label_studio, self._site.prefix)
        self._listed = {_setting(listed.strip(), "IMAGE_ORIGINS").origin
                        for listed in settings.image_origins.split(",") if listed.strip()}
        proxy = settings.proxy_url.get_secret_value()
        self._to_own = dialling.locked([self._site.inner.origin], proxy, below=self._site.prefix)
        self._to_listed = dialling.locked(self._listed, proxy)
        self._to_public = public_http.session()

    def address(self, image: TaskImage) -> Address:
        """Return where this process finds the image of a task. Raises `image_forbidden` and `image_unreachable`."""
        return self._found(resolved_at(image) or image.url, image)

    def get(self, image: TaskImage) -> bytes:
        """Return the image file of a task. Raises as `argus.images.fetcher.ImageFetcher.fetch`, and `video_file` for a
        video that is larger than an image may be."""
        deadline = time.monotonic() + 3 * self._settings.image_timeout
        return self._ask(image, lambda response, address: self._read(response, address, deadline))

    def save(self, image: TaskImage, file: BinaryIO, limit: int, going_on: Callable[[int], None]) -> int:
        """Write the file of a task; see `argus.images.fetcher.ImageFetcher.save`."""
        return self._ask(image, lambda response, address: self._write(response, address, file, limit, going_on))

    def _ask(self, image: TaskImage, read: Callable[[requests.Response, Address], T]) -> T:
        address = self.address(image)
        renewed = False
        for _ in range(_MAX_REDIRECTS + 1):
            session, headers = self._allow(image, address)
            try:
                with session.get(address.url, headers=headers, stream=True, allow_redirects=False,
                                 timeout=self._settings.image_timeout) as response:
                    if response.is_redirect:
                        address = self._found(response.headers["location"], image, address)
                        continue
                    if response.status_code == 401 and headers and not renewed:  # its clock jumped, or it restarted
                        self._ls.forget_access()
                        renewed = True
                        continue
                    if response.status_code == 404 and self._site.owns(address) and (uri := storage_uri(address.url)):
                        raise _unresolved(image, uri)
                    _check_status(response, address, self._site.owns(address))
                    return read(response, address)
            except dialling.WrongTarget as error:
                raise ArgusError("image_forbidden", f"{address.shown} redirects to {error.target}, which was not "
                                 "checked; nothing was sent there.",
                                 "Correct the address in the task's data.") from error
            except (requests.RequestException, HTTPError, ValueError) as error:  # a ValueError: a name that is too long
                raise self._unanswered(address, error) from error
        raise ArgusError("image_unreachable", f"The image redirects over {_MAX_REDIRECTS} times: {_shown(image.url)}.",
                         "Open the address in a browser, and give the task the one at which the image appears.")

    def _found(self, text: str, image: TaskImage, at: Address | None = None) -> Address:
        """Return where this process finds what `text` names in a task's data, or in an answer from `at`."""
        try:
            return self._site.to_inner(self._site.join(text) if at is None else self._site.follow(at, text))
        except addresses.OtherScheme as error:
            raise ArgusError("image_forbidden", f"Images come by http(s); the address {error.what}: {_shown(text)}.",
                             "Correct the address in the task's data, or delete the task.",
                             task=image.task_id) from error
        except addresses.BadAddress as error:
            code = "image_unreachable" if isinstance(error, addresses.Garbled) else "image_forbidden"
            raise ArgusError(code, f"The address of the image {error.what}: {_shown(text)}.",
                             f"{error.fix} Correct the address in the task's data, or delete the task.",
                             task=image.task_id) from error

    def _allow(self, image: TaskImage, address: Address) -> tuple[requests.Session, dict[str, str]]:
        """Return the session and the headers for `address`; `image_forbidden` when it may not be asked at all."""
        if self._site.owns(address):
            self._files.check(image, address)
            return self._to_own, {"Authorization": self._ls.authorization()}
        return self._to_listed if address.origin in self._listed else self._to_public, {}

    def _unanswered(self, address: Address, error: Exception) -> ArgusError:
        away = isinstance(error, (requests.ConnectionError, requests.Timeout, HTTPError))
        if away and self._site.owns(address):
            return ArgusError("label_studio_unreachable", f"Label Studio, which serves the image, does not answer: "
                              f"{address.shown}.", "Is it running? Check ARGUS_LABEL_STUDIO_URL.")
        return ArgusError("image_unreachable", f"The image's server does not answer: {address.shown} "
                          f"({type(error).__name__}).",
                          "Is it running, and reachable from here?")

    def _read(self, response: requests.Response, address: Address, deadline: float) -> bytes:
        limit, size = self._settings.max_image_bytes, 0
        chunks: list[bytes] = []
        # What has come, however little: `iter_content` waits for a whole chunk, and a server can make that last.
        while chunk := response.raw.read1(2**16, decode_content=True):
            size += len(chunk)
            if size > limit:
                if begins_as_video(chunks[0] if chunks else chunk):
                    raise a_video()
                raise ArgusError("image_too_large", f"The image has more than {limit / 2**20:.0f} MiB: "
                                 f"{address.shown}.", "Raise ARGUS_MAX_IMAGE_BYTES if that is intended.")
            if time.monotonic() > deadline:
                raise ArgusError("image_unreachable", f"Downloading the image took too long: {address.shown}.",
                                 "Is its server busy, or far away? Raise ARGUS_IMAGE_TIMEOUT if that is intended.")
            chunks.append(chunk)
        return b"".join(chunks)

    def _write(self, response: requests.Response, address: Address, file: BinaryIO, limit: int,
               going_on: Callable[[int], None]) -> int:
        deadline, size = time.monotonic() + _LONGEST_SECONDS, 0
        while chunk := response.raw.read1(2**20, decode_content=True):
            size += len(chunk)
            if size > limit:
                raise ArgusError("upload_too_large", f"The file has more than {limit / 2**20:.0f} MiB: "
                                 f"{address.shown}.", "Raise ARGUS_UPLOAD_MAX_MB if that is intended.")
            if time.monotonic() > deadline:
                raise ArgusError("image_unreachable", f"Downloading took too long: {address.shown}.",
                                 "Is its server busy, or far away?")
            file.write(chunk)
            going_on(size)
        return size


def _site(inner: str, public: str) -> Site:
    _setting(inner, "LABEL_STUDIO_URL")
    _setting(public, "LABEL_STUDIO_PUBLIC_URL")
    return Site(inner, public)


def _setting(text: str, name: str) -> Address:
    try:
        return addresses.parse(text)
    except addresses.BadAddress as error:
        raise ArgusError("bad_setting", f"An address in ARGUS_{name} {error.what}.", error.fix) from error


def _check_status(response: requests.Response, address: Address, label_studio: bool) -> None:
    if label_studio and response.status_code in _AWAY:
        raise ArgusError("label_studio_unreachable", f"Something other than Label Studio answered "
                         f"{response.status_code}: {address.shown}.", "Is Label Studio running?")
    if response.status_code in (401, 403):
        raise ArgusError("image_forbidden", f"The image's server answered {response.status_code}: {address.shown}.",
                         "Does the token's owner see this project?" if label_studio else
                         "Let Label Studio presign its URLs, or let that server give the image to everybody.")
    if response.status_code != 200:
        away = response.status_code in (408, 425, 429) or response.status_code >= 500
        raise ArgusError("image_unreachable", f"The image's server answered {response.status_code}: {address.shown}.",
                         "Argus tries again automatically; if this persists, check that server." if away else
                         "Is the file still there? Correct the address in the task's data, or delete the task.",
                         status=response.status_code)


def _unresolved(image: TaskImage, uri: str) -> ArgusError:
    return ArgusError("image_unreachable", f"Label Studio finds nothing at {_shown(uri)}, the image of task "
                      f"{image.task_id}.", f"Connect its bucket to project {image.project_id} as a storage (Settings, "
                      "Cloud Storage), or look whether the file is still there.", status=404)


def _shown(text: str) -> str:
    """Return what stands in a task without its credentials: a presigned URL's query, and a password."""
    return re.sub(r"//[^/]*@", "//…@", text.split("?", 1)[0])[:200]
