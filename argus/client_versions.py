"""The parts of the client that are about datasets: `Argus(…).versions`, `Argus(…).label_imports`."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from argus.answers.label_import import LabelImportJob, LabelImports, LabelImportUndone, PlannedLabelImport, Taken
from argus.answers.versions import Version, VersionDeleted, VersionDiff, Versions
from argus.client_uploads import ProjectUploads
from argus.errors import ArgusError

_UNDO_SECONDS = 3600.0  # thousands of tasks are read and deleted


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
    """Labels that are brought in from files. Every method raises `ArgusError`, as those of `Argus` do."""

    def __init__(self, send: Callable[..., Any], uploads: ProjectUploads) -> None:
        self._send, self._uploads = send, uploads

    def list(self, project: int) -> LabelImports:
        """Return the last imports of labels into a project, newest first, and those that were asked for."""
        found: LabelImports = self._send(LabelImports, "GET", f"/projects/{project}/label-imports")
        return found

    def plan(self, project: int, labels: Path, *, taken: Taken = "annotations", model_version: str = "",
             images: Path | None = None, keep_splits: bool = False, seconds: float = 3600.0) -> PlannedLabelImport:
        """Upload a file or ZIP with labels, and wait until it is known what its import would write: `plan`. `start`
        begins it; after a day it is forgotten.

        Args:
            images: a ZIP with images that become tasks where they are none; it may be the same file.
            seconds: how long to wait; then `timeout` is raised.
        """
        upload = self._uploads.send(project, labels, purpose="labels").id
        same = images is not None and images.resolve() == labels.resolve()
        pictures = upload if same else self._uploads.send(project, images, purpose="labels").id if images else None
        made: LabelImportJob = self._send(LabelImportJob, "POST", f"/projects/{project}/label-imports", {
            "upload": upload, "images": pictures, "taken": taken, "model_version": model_version,
            "keep_splits": keep_splits})
        return self._wait(project, made.id, seconds, ("planning",))

    def start(self, project: int, job: int) -> LabelImportJob:
        """Begin a planned import, or again one that failed."""
        made: LabelImportJob = self._send(LabelImportJob, "POST", f"{_jobs(project)}/{job}/start")
        return made

    def show(self, project: int, job: int) -> PlannedLabelImport:
        """Return how far an import that was asked for is."""
        found: PlannedLabelImport = self._send(PlannedLabelImport, "GET", f"{_jobs(project)}/{job}")
        return found

    def wait(self, project: int, job: int, seconds: float = 3600.0) -> PlannedLabelImport:
        """Wait until an import has ended. Raises its error, and `timeout`."""
        return self._wait(project, job, seconds, ("queued", "running"))

    def cancel(self, project: int, job: int) -> LabelImportJob:
        """Cancel an import: what it wrote is taken back. Or forget one that has ended; what it wrote stays."""
        left: LabelImportJob = self._send(LabelImportJob, "DELETE", f"{_jobs(project)}/{job}")
        return left

    def _wait(self, project: int, job: int, seconds: float, states: tuple[str, ...]) -> PlannedLabelImport:
        deadline = time.monotonic() + seconds
        while (now := self.show(project, job)).state in states:
            if time.monotonic() > deadline:
                raise ArgusError("timeout", f"The import has not ended within {seconds:g} s.")
            time.sleep(1.0)
        if now.state == "failed" and now.error:
            raise ArgusError(now.error.code, now.error.message, now.error.hint, **now.error.details)
        return now

    def undo(self, import_id: int) -> LabelImportUndone:
        """Take an import back: what it wrote and nobody has changed since, and the tasks it made. Waits for its end."""
        asked: LabelImportJob = self._send(LabelImportJob, "POST", f"/label-imports/{import_id}/undo")
        report = self._wait(asked.project, asked.id, _UNDO_SECONDS, ("undoing",)).report
        assert report is not None  # an undo that has not failed says what it did
        return report


def _jobs(project: int) -> str:
    return f"/projects/{project}/label-imports/jobs"
