"""Works on the imports that were asked for, one after another, beside the jobs of the default worker: one may take
hours.

After a crash the next look takes the import up again (see `argus.jobs.due`), and it goes on where it was. One that
fails for good, or is cancelled, is taken back.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path

from argus import audit
from argus.answers.base import Error
from argus.answers.label_import import LabelImportPlan
from argus.db import locks
from argus.errors import ArgusError, as_argus_error
from argus.jobs import due
from search_service.label_import import job_store, jobs, service, store
from search_service.uploads import files
from search_service.uploads import store as uploads

log = logging.getLogger(__name__)
_WAITS = (5, 30, 120, 300)  # seconds between attempts
ATTEMPTS = len(_WAITS) + 1
_SAY_SECONDS, _TIDY_SECONDS = 0.5, 30.0
_HOURS, _DAYS = 24, 30  # that a planned import waits for its start, and that one is listed which has ended
_tidied = -_TIDY_SECONDS


def run_due() -> None:
    """Work on everything that is due and that nobody else works on; now and then, take back what was abandoned."""
    due.run_all(locks.LABEL_IMPORT_JOB, job_store.due, _run)
    global _tidied
    if time.monotonic() - _tidied > _TIDY_SECONDS:
        _tidied = time.monotonic()
        tidy()


def tidy() -> None:
    """Take back what was abandoned, and forget imports that nobody started or that ended long ago."""
    service.withdraw_abandoned()
    for row in job_store.expired(_HOURS):
        if job_store.cancel(row.id):
            jobs.forget_files(row)
    job_store.forget_old(_DAYS)


def _run(job_id: int) -> None:
    """Work on one. What goes wrong is written into its row, not raised."""
    if (row := job_store.begin(job_id)) is None:
        return
    try:
        if row.attempts > ATTEMPTS:
            raise ArgusError("child_died", f"Gave up after {ATTEMPTS} attempts: the worker died each time it imported "
                             f"{row.name}.")
        if row.state == "cancelled":
            _end_cancelled(row)
        elif row.state == "undoing":
            _undo(row)
        elif row.state == "planning":
            job_store.keep_plan(row.id, _plan(row))
        else:
            _import(row)
    except Exception as error:
        said = _renamed(as_argus_error(error, label_import_job=row.id), row)
        seconds = due.seconds_to_retry(said, row.attempts, _WAITS, "conflict")
        if seconds is None:
            _give_up(row, said)
        else:
            job_store.put_off(row.id, seconds, Error(**said.to_json()))
    finally:
        audit.begin(audit.Actor())


def _undo(row: job_store.Row) -> None:
    assert row.import_id is not None  # an import stays when it was taken back; with its project, the row goes too
    audit.begin(audit.Actor(row.person or audit.SERVICE, row.person_id, "label import"))
    made = service.undo(row.import_id, progress=_saying(row))
    # Another attempt may have taken back the rest of it.
    job_store.undone(row.id, made.model_copy(update={"undone": store.count_undone(row.import_id)}))


def _saying(row: job_store.Row) -> Callable[[int, int], None]:
    """Return what notes how far one is, twice a second at most."""
    said = 0.0

    def progress(done: int, total: int) -> None:
        nonlocal said
        if done >= total or time.monotonic() - said > _SAY_SECONDS:
            said = time.monotonic()
            if not job_store.progress(row.id, done, total):
                raise ArgusError("conflict", "The import was cancelled.")

    return progress


def _plan(row: job_store.Row) -> LabelImportPlan:
    return service.plan_import(row.project_id, _path(row, row.upload_id), taken=row.taken, name=row.name,
                               model_version=row.model_version, images=_images(row))


def _import(row: job_store.Row) -> None:
    audit.begin(audit.Actor(row.person or audit.SERVICE, row.person_id, "label import"))
    try:
        made = service.import_labels(
            row.project_id, _path(row, row.upload_id), taken=row.taken, model_version=row.model_version, name=row.name,
            images=_images(row), keep_splits=row.keep_splits, progress=_saying(row),
            begun=lambda number: job_store.begun(row.id, number))
        ended = job_store.finish(row.id, made.missed)
    except ArgusError:
        if not _is_cancelled(row):
            raise
        ended = False
    if ended:
        audit.write(audit.Entry("labels.import", row.project_id, f"label import job {row.id}"))
        jobs.forget_files(row)
    else:
        _end_cancelled(row)


def _is_cancelled(row: job_store.Row) -> bool:
    now = job_store.find(row.id)
    return now is None or now.state == "cancelled"


def _end_cancelled(row: job_store.Row) -> None:
    """Take back what a cancelled import wrote."""
    now = job_store.find(row.id)
    if now and now.import_id is not None:
        service.undo(now.import_id)
    job_store.cancelled(row.id)
    jobs.forget_files(row)


def _give_up(row: job_store.Row, error: ArgusError) -> None:
    """Note why it failed; what it wrote is taken back, here or, where that cannot be, by `tidy`."""
    now = job_store.find(row.id)
    if row.state == "cancelled":
        job_store.cancelled(row.id)
        jobs.forget_files(row)
    else:
        job_store.fail(row.id, Error(**error.to_json()))
    if row.state not in ("cancelled", "undoing"):
        audit.write(audit.Entry("labels.import", row.project_id, f"label import job {row.id}", error.code),
                    audit.Actor(row.person or audit.SERVICE, row.person_id, "label import"))
    try:
        if now and now.import_id is not None and row.state != "undoing":
            service.withdraw(now.import_id)
    except ArgusError as failed:
        log.info("a failed import of labels is not taken back yet", extra={"job": row.id, "code": failed.code})


def _path(row: job_store.Row, upload_id: str) -> Path:
    there = uploads.find(upload_id)
    if there is None or not (path := files.path_of(there.file)).exists():
        raise ArgusError("not_found", f"The default worker does not find the file of {row.name}.",
                         "ARGUS_HOME must be one folder for the search service and the default worker.")
    return path


def _images(row: job_store.Row) -> Path | None:
    return _path(row, row.images_id) if row.images_id else None


def _renamed(error: ArgusError, row: job_store.Row) -> ArgusError:
    """Return the error with the file's name in it instead of the one that we gave it."""
    message = error.message
    for upload in row.uploads:
        if there := uploads.find(upload):
            message = message.replace(str(files.path_of(there.file)), there.name).replace(there.file, there.name)
    return ArgusError(error.code, message, error.hint, **error.details)
