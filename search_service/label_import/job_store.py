"""The rows of imports that were asked for on the page or by REST: `label_import_job`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from argus.answers.label_import import LabelImportJobState, LabelImportPlan, LabelImportUndone, Taken
from argus.db.statements import execute, fetch_number
from argus.jobs.row_store import Rows

_COLUMNS = ("id, project_id, upload_id, images_id, name, taken, model_version, keep_splits, state, done, total, "
            "import_id, missed, error, attempts, person_id, person, created_at, finished_at, "
            "plan IS NOT NULL AS planned")
_UNFINISHED = "(state IN ('planning', 'queued', 'running', 'undoing') OR (state = 'cancelled' AND finished_at IS NULL))"


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


_rows = Rows("label_import_job", Row, _COLUMNS, _UNFINISHED)
find, listing, due, begin = _rows.find, _rows.listing, _rows.due, _rows.begin
fail, put_off, forget, forget_old = _rows.fail, _rows.put_off, _rows.forget, _rows.forget_old


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
    return _rows.kept(job_id, "report", LabelImportUndone)


def plan_of(job_id: int) -> LabelImportPlan | None:
    """Return what an import would write; None until that is known."""
    return _rows.kept(job_id, "plan", LabelImportPlan)


def waiting(project_id: int) -> int:
    """Return how many of a project have not ended."""
    return _rows.count(project_id, "state = 'planned'")


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


def expired(hours: float) -> list[Row]:
    """Return those that nobody started for so long."""
    return _rows.where("state = 'planned' AND created_at < now() - make_interval(secs => %s)", hours * 3600)
