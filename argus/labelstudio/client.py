"""A thin client for Label Studio's REST API.

Why not the SDK's: it repeats requests by itself on 408, 409, 429 and 5xx, and Label Studio's bulk import of
predictions is not idempotent, so a repeat stores duplicates; its typed models also drop the fields of the Data Manager
that we read. The SDK is used where it is strong: reading and validating label configs.
"""

from __future__ import annotations

import functools
import textwrap
import threading
import time
from collections.abc import Iterator
from typing import Any

import requests

from argus import addresses, dialling, metrics
from argus.errors import ArgusError
from argus.labelstudio import listing
from argus.labelstudio.site import prefix_of
from argus.labelstudio.types import Project, Task, View
from argus.settings import get_settings

_ACCESS_SECONDS = 300.0  # lifetime of an access token in Label Studio 1.23


class LabelStudio:
    """One Label Studio seen with one personal access token; safe to share between threads.

    Args:
        url: base address, with the path below which it is served, if there is one.
        token: a personal access token. It is a refresh token: access tokens live 300 s and are renewed here.
        timeout: seconds for one request, unless the call says otherwise.
        proxy: reaches Label Studio, when that is not near; empty: none.

    Raises:
        ArgusError: `bad_setting` when `url` is no address.
    """

    def __init__(self, url: str, token: str, timeout: float = 30.0, proxy: str = "") -> None:
        self.url, self.timeout = url.rstrip("/"), timeout
        try:
            self.address = addresses.parse(self.url)
        except addresses.BadAddress as error:
            raise ArgusError("bad_setting", f"The address of Label Studio {error.what}.",
                             f"{error.fix} The setting is ARGUS_LABEL_STUDIO_URL.") from error
        self._token, self._access, self._expires = token, "", 0.0
        self._lock = threading.Lock()
        self._session = dialling.locked([self.address.origin], proxy, below=prefix_of(self.address))

    def authorization(self) -> str:
        """Return the `Authorization` header for Label Studio's own origin, renewed a minute before it expires."""
        with self._lock:
            if time.monotonic() > self._expires:
                self._renew()
            return f"Bearer {self._access}"

    def forget_access(self) -> None:
        """Renew the access token before its next use: the server refused it."""
        with self._lock:
            self._expires = 0.0

    def _renew(self) -> None:
        if not self._token:
            raise ArgusError("label_studio_unauthorized", "There is no access token for Label Studio.",
                             "Set ARGUS_LABEL_STUDIO_TOKEN to a personal access token (Account & Settings).")
        response = self._send("POST", "/api/token/refresh", json={"refresh": self._token}, headers={})
        if response.status_code != 200:
            raise ArgusError("label_studio_unauthorized", "Label Studio refused the access token.",
                             "Make a new personal access token and set ARGUS_LABEL_STUDIO_TOKEN.")
        self._access, self._expires = response.json()["access"], time.monotonic() + _ACCESS_SECONDS - 60

    def _send(self, method: str, path: str, **options: Any) -> requests.Response:
        options.setdefault("timeout", self.timeout)
        began, outcome = time.perf_counter(), "unreachable"
        try:
            response = self._session.request(method, self.url + path, **options)
            outcome = "ok" if response.status_code < 400 else "refused"
            return response
        except dialling.WrongTarget as error:
            raise ArgusError("label_studio_refused", f"Label Studio at {self.url} redirects to {error.target}; "
                             "nothing was sent there.",
                             "Set ARGUS_LABEL_STUDIO_URL to its own address.") from error
        except requests.RequestException as error:
            raise ArgusError("label_studio_unreachable", f"Label Studio does not answer at {self.url}: "
                             f"{type(error).__name__}.", "Is it running? Check ARGUS_LABEL_STUDIO_URL.") from error
        finally:
            metrics.LABEL_STUDIO.labels(outcome).observe(time.perf_counter() - began)

    def request(self, method: str, path: str, **options: Any) -> Any:
        """Send one request, never repeated, and return its JSON (None for an empty answer). The caller knows its
        shape, and names it: see `argus.labelstudio.types`.

        Raises:
            ArgusError: `unknown_project` or `not_found` (404), `label_studio_unauthorized` (401, 403),
                `label_studio_refused` (any other status of 400 and above, with what the server said),
                `label_studio_unreachable`.
        """
        response = self.answer(method, path, **options)
        if response.status_code < 400:
            return response.json() if response.content else None
        raise _refused(method, path, response)

    def answer(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send one request, never repeated, and return the answer whatever its status. Raises
        `label_studio_unreachable`, and `label_studio_unauthorized` for the token itself."""
        headers = {"Authorization": self.authorization(), **options.pop("headers", {})}
        response = self._send(method, path, headers=headers, **options)
        if response.status_code == 401:  # the server restarted, or its clock is not ours: renew once
            self.forget_access()
            headers["Authorization"] = self.authorization()
            response = self._send(method, path, headers=headers, **options)
        return response

    def get(self, path: str, **params: Any) -> Any:
        return self.request("GET", path, params=params)

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        return self.request("POST", path, json=body, **options)

    def patch(self, path: str, body: Any) -> Any:
        return self.request("PATCH", path, json=body)

    def delete(self, path: str, body: Any = None) -> Any:
        return self.request("DELETE", path, json=body)

    def project(self, project_id: int) -> Project:
        """Return the project. Raises `unknown_project` when there is none, or none that this token may see."""
        try:
            found: Project = self.get(f"/api/projects/{int(project_id)}/")
            return found
        except ArgusError as error:
            if error.code != "not_found":
                raise
            raise ArgusError("unknown_project", f"Label Studio has no project {project_id}.",
                             "`argus connect` without --project lists the projects.") from error

    def views(self, project_id: int) -> list[View]:
        """Return every view of a project. Raises `unknown_project` when there is none."""
        try:
            views: list[View] = self.get("/api/dm/views/", project=project_id)
        except ArgusError as error:
            if error.details.get("status") == 400:  # to this endpoint a project that is gone is a wrong choice
                self.project(project_id)
            raise
        return views

    def projects(self) -> list[Project]:
        """Return every project this token may see."""
        found: list[Project] = []
        page: Any = {"next": True}
        while page["next"]:
            page = self.get("/api/projects/", page=len(found) // 100 + 1, page_size=100)
            found += page["results"]
        return found

    def tasks(self, project_id: int, *, fields: str = "all", page_size: int = 500) -> Iterator[Task]:
        """Yield all tasks of a project in the Data Manager's form, page by page, by id.

        Args:
            fields: "all" includes data, counts, `predictions_score` and timestamps; "task_only" leaves regions out.
        """
        for tasks in listing.walk(self, project_id, size=page_size, fields=fields):
            yield from tasks


def _refused(method: str, path: str, response: requests.Response) -> ArgusError:
    said = textwrap.shorten(_said(response), 300, placeholder=" …")
    if response.status_code == 404:
        return ArgusError("not_found", f"Label Studio has nothing at {path}.", status=404)
    if response.status_code in (401, 403):
        return ArgusError("label_studio_unauthorized", f"Label Studio refused {method} {path}: {said}",
                          "Does the token's owner have access? For private addresses see `argus doctor`.",
                          status=response.status_code)
    return ArgusError("label_studio_refused",
                      f"Label Studio answered {response.status_code} to {method} {path}: {said}",
                      status=response.status_code)


def _said(response: requests.Response) -> str:
    """Return the server's own sentences, or all that it answered when there are none."""
    try:
        body = response.json()
        detail, reasons = body["detail"], body.get("validation_errors")
    except (ValueError, KeyError, TypeError):
        return response.text
    if not isinstance(detail, str):
        return response.text
    return " ".join([f"{detail}:" if reasons else detail, *texts_in(reasons)])


def texts_in(value: Any) -> list[str]:
    """Return every text inside of a JSON value, in its order."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [text for item in value for text in texts_in(item)]
    return [value] if isinstance(value, str) else []


@functools.cache
def get_label_studio() -> LabelStudio:
    """Return this process's client for the configured Label Studio."""
    settings = get_settings()
    return LabelStudio(settings.label_studio_url, settings.access_token,
                       proxy=settings.proxy_url.get_secret_value())
