"""The rows of evaluations that the default worker computes: `evaluation_job`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from argus.answers.base import Error
from argus.answers.evaluation import Evaluation, EvaluationState
from argus.db.statements import execute, fetch, fetch_number, fetch_numbers, fetch_one

LISTED = 20
_COLUMNS = ("id, project_id, asked, state, images_read, total, error, attempts, person_id, person, created_at, "
            "finished_at")


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


@dataclass(frozen=True)
class _Result:
    result: dict[str, Any] | None


def insert(project_id: int, asked: str, person_id: int | None, person: str) -> int:
    """Add an evaluation, asked for as JSON; return its id."""
    return fetch_number("INSERT INTO evaluation_job (project_id, asked, person_id, person) VALUES (%s, %s, %s, %s) "
                        "RETURNING id", (project_id, asked, person_id, person))


def find(job_id: int) -> Row | None:
    return fetch_one(Row, f"SELECT {_COLUMNS} FROM evaluation_job WHERE id = %s", (job_id,))


def result_of(job_id: int) -> Evaluation | None:
    """Return what an evaluation found; None until it is done."""
    row = fetch_one(_Result, "SELECT result FROM evaluation_job WHERE id = %s", (job_id,))
    return Evaluation.model_validate(row.result) if row and row.result else None


def listing(project_id: int) -> list[Row]:
    """Return the last of a project, newest first."""
    return fetch(Row, f"SELECT {_COLUMNS} FROM evaluation_job WHERE project_id = %s ORDER BY id DESC LIMIT %s",
                 (project_id, LISTED))


def waiting(project_id: int) -> int:
    """Return how many of a project have not ended."""
    return fetch_number("SELECT count(*) FROM evaluation_job WHERE project_id = %s AND state IN ('queued', 'running')",
                        (project_id,))


def due() -> list[int]:
    """Return those on which there is work, oldest first."""
    return fetch_numbers("SELECT id FROM evaluation_job WHERE state IN ('queued', 'running') AND due_at <= now() "
                         "ORDER BY due_at, id")


def begin(job_id: int) -> Row | None:
    """Note another attempt and return the row; None when there is nothing to do any more."""
    found = fetch_number("UPDATE evaluation_job SET attempts = attempts + 1, state = 'running', images_read = 0 "
                         "WHERE id = %s AND state IN ('queued', 'running') RETURNING id", (job_id,))
    return find(job_id) if found else None


def progress(job_id: int, read: int, total: int) -> bool:
    """Note how far it is; False when it was cancelled."""
    return execute("UPDATE evaluation_job SET images_read = %s, total = %s WHERE id = %s AND state = 'running'",
                   (read, total, job_id)) == 1


def finish(job_id: int, found: Evaluation) -> None:
    execute("UPDATE evaluation_job SET state = 'done', result = %s, error = NULL, finished_at = now() WHERE id = %s "
            "AND state = 'running'", (found.model_dump_json(), job_id))


def fail(job_id: int, error: Error) -> None:
    execute("UPDATE evaluation_job SET state = 'failed', error = %s, finished_at = now() WHERE id = %s "
            "AND state IN ('queued', 'running')", (error.model_dump_json(), job_id))


def put_off(job_id: int, seconds: float, error: Error) -> None:
    """Let what failed for now wait."""
    execute("UPDATE evaluation_job SET state = 'queued', error = %s, due_at = now() + make_interval(secs => %s) "
            "WHERE id = %s AND state = 'running'", (error.model_dump_json(), seconds, job_id))


def cancel(job_id: int) -> bool:
    """Cancel one that has not ended; False when it has."""
    return execute("UPDATE evaluation_job SET state = 'cancelled', finished_at = now() WHERE id = %s "
                   "AND state IN ('queued', 'running')", (job_id,)) == 1


def forget(job_id: int) -> None:
    execute("DELETE FROM evaluation_job WHERE id = %s", (job_id,))


def forget_old(days: float) -> int:
    """Delete the rows of those that ended long ago; return how many."""
    return execute("DELETE FROM evaluation_job WHERE finished_at < now() - make_interval(secs => %s)",
                   (days * 86_400,))
