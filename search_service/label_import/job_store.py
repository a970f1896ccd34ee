"""The rows of imports that were asked for on the page or by REST: `label_import_job`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from argus.answers.base import Error
from argus.answers.label_import import LabelImportJobState, LabelImportPlan, LabelImportUndone, Taken
from argus.db.statements import execute, fetch, fetch_number, fetch_numbers, fetch_one

LISTED = 20
_COLUMNS = ("j.id, j.project_id, upload_id, images_id, j.name, j.taken, j.model_version, keep_splits, j.state, done, "
            "total, import_id, missed, j.error, attempts, j.person_id, person, j.created_at, j.finished_at, "
            "plan IS NOT NULL AS planned")
_OPEN = "(state IN ('planning', 'queued', 'running', 'undoing') OR (state = 'cancelled' AND finished_at IS NULL))"


@dataclass(frozen=True)
class Row:
    """One import, or undo of one, that was asked for; see the migrations 64 and 66."""

    id: int
    project_id: int
    upload_id: str
    images_id: str
    name: str
    taken: Taken
    model_version: str
    keep_splits: bool
    state: LabelImportJobState
    done: int
    total: int
    import_id: int | None
    missed: int
    error: dict[str, Any] | None
    attempts: int
    person_id: int | None
    person: str
    created_at: datetime
    finished_at: datetime | None
    planned: bool

    @property
    def uploads(self) -> list[str]:
        """The files that it reads; an undo reads none."""
        return [one for one in dict.fromkeys((self.upload_id, self.images_id)) if one]


@dataclass(frozen=True)
class _Plan:
    plan: dict[str, Any] | None


@dataclass(frozen=True)
class _Report:
    report: dict[str, Any] | None


def insert(*, project_id: int, upload_id: str, images_id: str, name: str, taken: Taken, model_version: str,
           keep_splits: bool, person_id: int | None, person: str) -> int:
    return fetch_number(
        "INSERT INTO label_import_job (project_id, upload_id, images_id, name, taken, model_version, keep_splits, "
        "person_id, person) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id",
        (project_id, upload_id, images_id, name, taken, model_version, keep_splits, person_id, person))


def insert_undo(import_id: int, person_id: int | None, person: str) -> int:
    """Ask for an import to be taken back, unless that is asked for already; return the row's id."""
    execute("INSERT INTO label_import_job (project_id, upload_id, name, taken, model_version, state, import_id, "
            "person_id, person) SELECT project_id, '', name, taken, model_version, 'undoing', id, %s, %s FROM "
            "label_import WHERE id = %s ON CONFLICT (import_id) WHERE state = 'undoing' DO NOTHING",
            (person_id, person, import_id))
    return fetch_number("SELECT id FROM label_import_job WHERE import_id = %s AND state IN ('undoing', 'undone') "
                        "ORDER BY id DESC LIMIT 1", (import_id,))


def undone(job_id: int, report: LabelImportUndone) -> None:
    """Note that an import was taken back."""
    execute("UPDATE label_import_job SET state = 'undone', report = %s, error = NULL, finished_at = now() "
            "WHERE id = %s AND state = 'undoing'", (report.model_dump_json(), job_id))


def report_of(job_id: int) -> LabelImportUndone | None:
    """Return what an undo took back; None until it has."""
    row = fetch_one(_Report, "SELECT report FROM label_import_job WHERE id = %s", (job_id,))
    return LabelImportUndone.model_validate(row.report) if row and row.report else None


def find(job_id: int) -> Row | None:
    return fetch_one(Row, f"SELECT {_COLUMNS} FROM label_import_job j WHERE id = %s", (job_id,))


def plan_of(job_id: int) -> LabelImportPlan | None:
    """Return what an import would write; None until that is known."""
    row = fetch_one(_Plan, "SELECT plan FROM label_import_job WHERE id = %s", (job_id,))
    return LabelImportPlan.model_validate(row.plan) if row and row.plan else None


def listing(project_id: int) -> list[Row]:
    """Return the last of a project, newest first."""
    return fetch(Row, f"SELECT {_COLUMNS} FROM label_import_job j WHERE project_id = %s ORDER BY id DESC LIMIT %s",
                 (project_id, LISTED))


def waiting(project_id: int) -> int:
    """Return how many of a project have not ended."""
    return fetch_number("SELECT count(*) FROM label_import_job WHERE project_id = %s AND (state = 'planned' OR "
                        f"{_OPEN})", (project_id,))


def due() -> list[int]:
    """Return those on which there is work, oldest first."""
    return fetch_numbers(f"SELECT id FROM label_import_job WHERE {_OPEN} AND due_at <= now() ORDER BY due_at, id")


def begin(job_id: int) -> Row | None:
    """Note another attempt and return the row; None when there is nothing to do any more."""
    found = fetch_number("UPDATE label_import_job SET attempts = attempts + 1, state = CASE WHEN state = 'queued' THEN "
                         f"'running' ELSE state END WHERE id = %s AND {_OPEN} RETURNING id", (job_id,))
    return find(job_id) if found else None


def keep_plan(job_id: int, plan: LabelImportPlan) -> None:
    execute("UPDATE label_import_job SET state = 'planned', plan = %s, attempts = 0, error = NULL "
            "WHERE id = %s AND state = 'planning'", (plan.model_dump_json(), job_id))


def start(job_id: int) -> bool:
    """Let a planned import, or one that failed, begin; False when it is neither."""
    return execute("UPDATE label_import_job SET state = 'queued', attempts = 0, due_at = now(), error = NULL, "
                   "done = 0, finished_at = NULL WHERE id = %s AND (state = 'planned' OR (state = 'failed' AND plan IS "
                   "NOT NULL))", (job_id,)) == 1


def begun(job_id: int, import_id: int) -> None:
    """Note which import it is that writes."""
    execute("UPDATE label_import_job SET import_id = %s WHERE id = %s", (import_id, job_id))


def progress(job_id: int, done: int, total: int) -> bool:
    """Note how far an import is; False when it was cancelled."""
    return execute("UPDATE label_import_job SET done = %s, total = %s WHERE id = %s AND state IN "
                   "('running', 'undoing')", (done, total, job_id)) == 1


def finish(job_id: int, missed: int) -> bool:
    """Note that an import is done; False when it was cancelled meanwhile."""
    return execute("UPDATE label_import_job SET state = 'done', missed = %s, done = total, error = NULL, finished_at = "
                   "now() WHERE id = %s AND state = 'running'", (missed, job_id)) == 1


def cancel(job_id: int) -> bool:
    """Cancel what has not ended; False when it has. What has written nothing has ended with that."""
    return execute("UPDATE label_import_job SET state = 'cancelled', attempts = 0, due_at = now(), finished_at = CASE "
                   "WHEN state IN ('planning', 'planned') OR (state = 'queued' AND import_id IS NULL) THEN now() END "
                   "WHERE id = %s AND state IN ('planning', 'planned', 'queued', 'running')", (job_id,)) == 1


def cancelled(job_id: int) -> None:
    """Note that nothing is left of a cancelled import."""
    execute("UPDATE label_import_job SET finished_at = now() WHERE id = %s AND state = 'cancelled'", (job_id,))


def fail(job_id: int, error: Error) -> None:
    execute("UPDATE label_import_job SET state = 'failed', error = %s, finished_at = now() WHERE id = %s "
            "AND state IN ('planning', 'queued', 'running', 'undoing')", (error.model_dump_json(), job_id))


def put_off(job_id: int, seconds: float, error: Error) -> None:
    """Let what failed for now wait."""
    execute("UPDATE label_import_job SET state = CASE WHEN state = 'running' THEN 'queued' ELSE state END, error = %s, "
            "due_at = now() + make_interval(secs => %s) WHERE id = %s",
            (json.dumps(error.model_dump(mode="json")), seconds, job_id))


def forget(job_id: int) -> None:
    execute("DELETE FROM label_import_job WHERE id = %s", (job_id,))


def expired(hours: float) -> list[Row]:
    """Return those that nobody started for so long."""
    return fetch(Row, f"SELECT {_COLUMNS} FROM label_import_job j WHERE state = 'planned' "
                 "AND created_at < now() - make_interval(secs => %s)", (hours * 3600,))


def forget_old(days: float) -> int:
    """Delete the rows of those that ended long ago; return how many. What was imported stays listed."""
    return execute("DELETE FROM label_import_job WHERE finished_at < now() - make_interval(secs => %s)",
                   (days * 86_400,))
