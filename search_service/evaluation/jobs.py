"""Evaluations of any number of images: asked for, computed by the default worker beside its jobs, and kept.

After a crash the next look begins one again: see `argus.jobs.due`.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict

from argus import audit
from argus.answers.base import Error
from argus.answers.evaluation import EvaluationJob, EvaluationResult, Evaluations
from argus.db import locks
from argus.errors import ArgusError, as_argus_error
from argus.jobs import due
from argus.labelstudio.client import get_label_studio
from label_studio_config import projects
from search_service.evaluation import job_store
from search_service.evaluation.service import Asked, evaluate

MOST = 3  # of a project that have not ended
_WAITS = (5, 30)  # seconds between attempts
ATTEMPTS = len(_WAITS) + 1
_SAY_SECONDS, _TIDY_SECONDS, _DAYS = 0.5, 3600.0, 90
_tidied = -_TIDY_SECONDS


class _Cancelled(Exception):
    pass


def ask(project_id: int, asked: Asked, person_id: int | None) -> EvaluationJob:
    """Ask for an evaluation. Raises `unknown_project`, `too_many_requests`; what is wrong otherwise is in its state."""
    projects.require(project_id)
    if job_store.waiting(project_id) >= MOST:
        raise ArgusError("too_many_requests", f"{MOST} evaluations of this project have not ended.",
                         "Let them end, or cancel one.", retry_after=5, limit=MOST)
    job_id = job_store.insert(project_id, json.dumps(asdict(asked)), person_id, audit.actor().verified_name)
    audit.about(f"evaluation {job_id}")
    return _told(_found(project_id, job_id))


def listing(project_id: int) -> Evaluations:
    """Return the last evaluations of a project, newest first, and what can be judged. Raises `unknown_project`."""
    ls = get_label_studio()
    ls.project(project_id)
    versions = ls.get(f"/api/projects/{project_id}/model-versions/")
    return Evaluations(project=project_id, evaluations=[_told(row) for row in job_store.listing(project_id)],
                       model_versions={name: count for name, count in sorted(versions.items()) if name})


def describe(project_id: int, job_id: int) -> EvaluationResult:
    """Return how far an evaluation is, and what it found. Raises `not_found`."""
    return EvaluationResult(**dict(_told(_found(project_id, job_id))), result=job_store.result_of(job_id))


def cancel(project_id: int, job_id: int) -> EvaluationJob:
    """Cancel an evaluation, or forget one that has ended; return its last state. Raises `not_found`."""
    row = _found(project_id, job_id)
    if job_store.cancel(job_id):
        return _told(_found(project_id, job_id))
    job_store.forget(job_id)
    return _told(row)


def run_due() -> None:
    """Compute everything that is due and that nobody else computes."""
    due.run_all(locks.EVALUATION, job_store.due, _run)
    global _tidied
    if time.monotonic() - _tidied > _TIDY_SECONDS:
        _tidied = time.monotonic()
        job_store.forget_old(_DAYS)


def _run(job_id: int) -> None:
    """Compute one. What goes wrong is written into its row, not raised."""
    if (row := job_store.begin(job_id)) is None:
        return
    said, last = -_SAY_SECONDS, (0, 0)

    def progress(read: int, total: int) -> None:
        nonlocal said, last
        last = read, total
        if time.monotonic() - said > _SAY_SECONDS:
            said = time.monotonic()
            if not job_store.progress(row.id, read, total):
                raise _Cancelled

    try:
        if row.attempts > ATTEMPTS:
            raise ArgusError("child_died", f"Gave up after {ATTEMPTS} attempts: the worker died each time.")
        found = evaluate(row.project_id, Asked(**row.asked), progress=progress)
        job_store.progress(row.id, *last)
        job_store.finish(row.id, found)
    except _Cancelled:
        return
    except Exception as error:
        told = as_argus_error(error, evaluation=row.id)
        seconds = due.seconds_to_retry(told, row.attempts, _WAITS)
        if seconds is None:
            job_store.fail(row.id, Error(**told.to_json()))
        else:
            job_store.put_off(row.id, seconds, Error(**told.to_json()))


def _found(project_id: int, job_id: int) -> job_store.Row:
    row = job_store.find(job_id)
    if row is None or row.project_id != project_id:
        raise ArgusError("not_found", f"There is no evaluation {job_id} in this project.",
                         "Evaluations are forgotten after 90 days.")
    return row


def _told(row: job_store.Row) -> EvaluationJob:
    asked = Asked(**row.asked)
    return EvaluationJob(
        id=row.id, project=row.project_id, on=asked.on, model_version=asked.model_version, against=asked.against,
        splits=asked.splits, state=row.state, read=row.images_read, total=row.total,
        error=Error(**row.error) if row.error else None, asked_by=row.person, created_at=row.created_at,
        finished_at=row.finished_at)
