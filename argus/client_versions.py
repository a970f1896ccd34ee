"""The part of the client that reads the versions of a dataset: `Argus(…).versions`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from argus.answers.versions import Version, VersionDeleted, VersionDiff, Versions


class DatasetVersions:
    """Every export is a version. Every method raises `ArgusError`, as those of `Argus` do."""

    def __init__(self, send: Callable[..., Any]) -> None:
        self._send = send

    def list(self, project: int) -> Versions:
        """Return the versions of a project, newest first."""
        found: Versions = self._send(Versions, "GET", f"/projects/{project}/versions")
        return found

    def show(self, project: int, version: int) -> Version:
        """Return what a version holds and how it was made."""
        found: Version = self._send(Version, "GET", f"/projects/{project}/versions/{version}")
        return found

    def diff(self, project: int, before: int, after: int, *, after_task: int = 0, limit: int = 50) -> VersionDiff:
        """Return how two versions differ; of the images that do, `limit` after the task `after_task`."""
        found: VersionDiff = self._send(
            VersionDiff, "GET", f"/projects/{project}/versions/{after}/diff?before={before}&after_task={after_task}"
            f"&limit={limit}")
        return found

    def lock(self, project: int, version: int) -> Version:
        """Lock the test set of a version."""
        made: Version = self._send(Version, "POST", f"/projects/{project}/versions/{version}/lock")
        return made

    def delete(self, project: int, version: int) -> VersionDeleted:
        """Delete a version and its files for good."""
        gone: VersionDeleted = self._send(VersionDeleted, "DELETE", f"/projects/{project}/versions/{version}")
        return gone
