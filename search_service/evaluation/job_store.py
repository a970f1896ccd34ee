"""The rows of evaluations that the default worker computes: `evaluation_job`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from argus.answers.evaluation import Evaluation, EvaluationState
from argus.db.statements import execute, fetch_number
from argus.jobs.row_store import Rows

_COLUMNS = ("id, project_id, asked, state, images_read, total, error, attempts, person_id, person, created_at, "
            "finished_at")
_UNFINISHED = "state IN ('queued', 'running')"


@dataclass(frozen=True)
class Row:
    """One evaluation; see migration 65."""

    id: int
    project_id: int
    asked: dict[str, Any]
    state: EvaluationState
    images_read: int
    total: int
    error: dict[str, Any] | None
    attempts: int
    person_id: int | None
    person: str
    created_at: datetime
    finished_at: datetime | None


_rows = Rows("evaluation_job", Row, _COLUMNS, _UNFINISHED)
find, listing, waiting, due = _rows.find, _rows.listing, _rows.count, _rows.due
fail, put_off, forget, forget_old = _rows.fail, _rows.put_off, _rows.forget, _rows.forget_old


def insert(project_id: int, asked: str, person_id: int | None, person: str) -> int:
    """Add an evaluation, asked for as JSON; return its id."""
    return fetch_number("INSERT INTO evaluation_job (project_id, asked, person_id, person) VALUES (%s, %s, %s, %s) "
                        "RETURNING id", (project_id, asked, person_id, person))


def begin(job_id: int) -> Row | None:
    """Note another attempt, which reads from the first image on, and return the row; None when nothing is to do."""
    return _rows.begin(job_id, ", images_read = 0")


def progress(job_id: int, read: int, total: int) -> bool:
    """Note how far it is; False when it was cancelled."""
    return execute("UPDATE evaluation_job SET images_read = %s, total = %s WHERE id = %s AND state = 'running'",
                   (read, total, job_id)) == 1


def finish(job_id: int, found: Evaluation) -> None:
    execute("UPDATE evaluation_job SET state = 'done', result = %s, error = NULL, finished_at = now() WHERE id = %s "
            "AND state = 'running'", (found.model_dump_json(), job_id))


def result_of(job_id: int) -> Evaluation | None:
    """Return what an evaluation found; None until it is done."""
    return _rows.kept(job_id, "result", Evaluation)


def cancel(job_id: int) -> bool:
    """Cancel one that has not ended; False when it has."""
    return execute("UPDATE evaluation_job SET state = 'cancelled', finished_at = now() WHERE id = %s "
                   f"AND {_UNFINISHED}", (job_id,)) == 1
