"""Imports what was uploaded, one file after another, beside the jobs of the default worker: a video of hours would hold
them all up.

After a crash the next look takes the file up again (see `argus.jobs.due`), and frames that are tasks already are left
alone.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path

from argus import audit
from argus.answers.base import Error
from argus.db import locks
from argus.errors import ArgusError, as_argus_error
from argus.images.video_files import VIDEO_SUFFIXES
from argus.jobs import due
from argus.labelstudio import get_label_studio
from argus.settings import get_settings
from search_service.frames.cut_apart import ImageChecker, cut_apart
from search_service.frames.image_import import import_image
from search_service.frames.video_import import ImportReport, import_video
from search_service.uploads import fetching, files, store

log = logging.getLogger(__name__)
_WAITS = (5, 30, 120, 300)  # seconds between attempts
ATTEMPTS = len(_WAITS) + 1
_SAY_SECONDS, _SHOWN = 0.5, 12  # how often progress is written; tasks of which small pictures are shown
_FOR_GOOD = ("bad_video", "bad_image", "image_too_large")  # another attempt at the same file would end alike


class _Cancelled(Exception):
    pass


def run_due() -> None:
    """Import every file that is due and that nobody else is importing."""
    with ImageChecker() as images:
        due.run_all(locks.IMPORT_UPLOAD, store.due, lambda upload_id: _run(upload_id, images),
                    key=lambda upload_id: int(upload_id[:8], 16) - 2**31)


def _run(upload_id: str, images: ImageChecker) -> None:
    """Import one file. What goes wrong is written into its row, not raised."""
    attempt, row = store.begin(upload_id), store.find(upload_id)
    if attempt is None or row is None:
        return
    outcome = "done"
    try:
        if attempt > ATTEMPTS:
            raise ArgusError("child_died", f"Gave up after {ATTEMPTS} attempts: the worker died each time it imported "
                             f"{row.name}.")
        _import(row, _Watch(row), images)
    except _Cancelled:
        store.file_gone(upload_id)
        files.remove(row.file)
        return
    except Exception as error:
        said = _renamed(as_argus_error(error, upload=upload_id), row)
        if (seconds := due.seconds_to_retry(said, attempt, _WAITS, "conflict")) is not None:
            store.put_off(upload_id, seconds, Error(**said.to_json()))
            return
        outcome = said.code
        store.fail(upload_id, Error(**said.to_json()), keep=said.code not in _FOR_GOOD)
        if said.code in _FOR_GOOD:
            files.remove(row.file)
    audit.write(audit.Entry("video.import", row.project_id, f"upload {upload_id}", outcome),
                audit.Actor(row.person or audit.SERVICE, row.person_id, "upload"))


def _import(row: store.Row, watch: _Watch, images: ImageChecker) -> None:
    fetching.fetch(row, watch.wait)
    path = files.path_of(row.file)
    if not path.exists():
        raise ArgusError("not_found", f"The default worker does not find the file of {row.name}.",
                         "ARGUS_HOME must be one folder for the search service and the default worker.")
    lost: Sequence[str] = ()
    is_video = row.task_id or Path(row.name).suffix.lower() in VIDEO_SUFFIXES
    if (ending := None if is_video else images.ending(path)) is None:
        lost = import_video(path, row.project_id, row.fps, scene=row.scene, name=row.name, cut=cut_apart,
                            watch=watch.frame, progress=watch.progress).lost
        watch.say()
    else:
        made, new = import_image(get_label_studio(), row.project_id, path, row.name, ending)
        watch.image(made, new)
    store.finish(row.id, lost, keep=get_settings().upload_keep)
    if not get_settings().upload_keep:
        files.remove(row.file)


class _Watch:
    """Writes down how far an import is, and ends it when it was cancelled."""

    def __init__(self, row: store.Row) -> None:
        self._id, self._said, self._share = row.id, 0.0, row.share
        self._frames = self._imported = self._skipped = 0
        self._first = list(row.first_tasks)
        self._before = row.imported if row.attempts > 1 else 0  # by an attempt that died; they are found as tasks now

    def wait(self) -> None:
        if time.monotonic() - self._said > _SAY_SECONDS:
            self.say()

    def progress(self, share: float) -> None:
        self._share = share

    def frame(self, report: ImportReport, made: Sequence[int]) -> None:
        self._frames, self._imported, self._skipped = report.frames, report.imported, report.skipped
        self._first = [*self._first, *made][:_SHOWN]
        if made or time.monotonic() - self._said > _SAY_SECONDS:
            self.say()

    def image(self, made: Sequence[int], new: bool) -> None:
        self._frames, self._imported, self._skipped, self._first = 1, int(new), int(not new), list(made)
        self.say()

    def say(self) -> None:
        self._said = time.monotonic()
        again = min(self._before, self._skipped)
        if not store.progress(self._id, self._share, self._frames, self._imported + again, self._skipped - again,
                              self._first):
            raise _Cancelled


def _renamed(error: ArgusError, row: store.Row) -> ArgusError:
    """Return the error with the file's name in it instead of the one that we gave it."""
    return ArgusError(error.code, error.message.replace(row.file, row.name), error.hint, **error.details)
