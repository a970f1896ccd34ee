"""The parts of the client that are about datasets: `Argus(…).versions`, `Argus(…).label_imports`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from argus.answers.label_import import LabelImports, LabelImportUndone
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


class ImportedLabels:
    """Labels that `argus import-labels` brought in. Every method raises `ArgusError`, as those of `Argus` do."""

    def __init__(self, send: Callable[..., Any]) -> None:
        self._send = send

    def list(self, project: int) -> LabelImports:
        """Return the last imports of labels into a project, newest first."""
        found: LabelImports = self._send(LabelImports, "GET", f"/projects/{project}/label-imports")
        return found

    def undo(self, import_id: int) -> LabelImportUndone:
        """Take an import back: what it wrote and nobody has changed since, and the tasks it made."""
        undone: LabelImportUndone = self._send(LabelImportUndone, "POST", f"/label-imports/{import_id}/undo")
        return undone
