"""The rows `run`: a run is recorded, ends, is taken up again, and is told of with its tasks counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from psycopg.types.json import Json
from pydantic import JsonValue

from argus.answers.runs import RunState
from argus.db import together
from argus.db.statements import execute, fetch, fetch_number, fetch_one
from argus.errors import ArgusError

TaskState = Literal["waiting", "detected", "done", "failed", "cancelled"]


class RunRow(NamedTuple):
    """A run; `settings` are the recipe at its start and where its tasks came from."""

    id: int
    project_id: int
    labels: list[str]
    settings: dict[str, JsonValue]
    model_version: str
    state: RunState
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class FailedTask(NamedTuple):
    """A task of a run that failed, and why."""

    task_id: int
    code: str
    message: str
    hint: str


class ErrorKind(NamedTuple):
    """A kind of error in a run: on how many tasks, the first of them, and what was said there."""

    run_id: int
    code: str
    tasks: int
    task: int
    message: str


class StateCount(NamedTuple):
    """The tasks of a run in one state: how many, of which a job has in work, ended lately, needed the model."""

    run_id: int
    state: TaskState
    n: int
    in_work: int
    lately: int
    computed: int


class Duration(NamedTuple):
    """How long a run has gone on; None before it starts."""

    id: int
    seconds: float | None


class LeftOutRow(NamedTuple):
    """Objects of a run found beyond the number that is kept, and their tasks."""

    run_id: int
    objects: int
    tasks: int


COLUMNS = ", ".join(RunRow._fields)


def add(project_id: int, labels: Sequence[str], settings: Mapping[str, object], model_version: str,
        person_id: int | None, task_ids: Sequence[int]) -> int:
    """Record a run and its tasks; return its id."""
    with together():
        run_id = fetch_number(
            "INSERT INTO run (project_id, labels, settings, model_version, person_id) VALUES (%s, %s, %s, %s, %s) "
            "RETURNING id", (project_id, list(labels), Json(settings), model_version, person_id))
        execute("INSERT INTO run_task (run_id, task_id) SELECT %s, unnest(%s::bigint[])", (run_id, list(task_ids)))
    return run_id


def load(run_id: int) -> RunRow:
    """Return a run.

    Raises:
        ArgusError: `unknown_run`.
    """
    row = fetch_one(RunRow, f"SELECT {COLUMNS} FROM run WHERE id = %s", (run_id,))
    if row is None:
        raise ArgusError("unknown_run", f"There is no run {run_id}.", "`argus runs list` lists the runs of a project.")
    return row


def newest(project_id: int, limit: int) -> list[RunRow]:
    """Return the newest runs of a project, newest first."""
    return fetch(RunRow, f"SELECT {COLUMNS} FROM run WHERE project_id = %s ORDER BY id DESC LIMIT %s",
                 (project_id, limit))


def cancel(run_id: int) -> bool:
    """End a run and its waiting tasks; False when it has ended already."""
    with together():
        changed = execute("UPDATE run SET state = 'cancelled', finished_at = now() WHERE id = %s "
                          "AND state IN ('queued', 'running')", (run_id,))
        if changed:
            execute("UPDATE run_task SET state = 'cancelled', job = NULL, ended_at = now() "
                    "WHERE run_id = %s AND state = 'waiting'", (run_id,))
    return bool(changed)


def reopen(run_id: int, state: TaskState) -> bool:
    """Let the tasks of a run in one state wait again, as if never tried; return whether the run has anything to do."""
    with together():
        execute("UPDATE run_task SET state = 'waiting', attempts = 0, error = NULL, job = NULL, "
                "ended_at = NULL WHERE run_id = %s AND state = %s", (run_id, state))
        going = execute(
            "UPDATE run SET state = 'running', finished_at = NULL, started_at = coalesce(started_at, now()) "
            "WHERE id = %s AND EXISTS (SELECT FROM run_task WHERE run_id = run.id "
            "AND state IN ('waiting', 'detected'))", (run_id,))
    return bool(going)


def failed_tasks(run_id: int, limit: int) -> list[FailedTask]:
    """Return the first failed tasks of a run, by id."""
    return fetch(FailedTask, "SELECT task_id, error->>'code' AS code, error->>'message' AS message, "
                 "error->>'hint' AS hint FROM run_task WHERE run_id = %s AND state = 'failed' "
                 "ORDER BY task_id LIMIT %s", (run_id, limit))


def error_kinds(run_ids: Sequence[int]) -> list[ErrorKind]:
    """Return the kinds of error in these runs; of each run the most frequent first."""
    return fetch(
        ErrorKind,
        "SELECT run_id, error->>'code' AS code, count(*) AS tasks, min(task_id) AS task, "
        "(array_agg(error->>'message' ORDER BY task_id))[1] AS message FROM run_task "
        "WHERE run_id = ANY(%s) AND state = 'failed' GROUP BY run_id, code ORDER BY run_id, tasks DESC",
        (list(run_ids),))


def state_counts(run_ids: Sequence[int], lately_seconds: float) -> list[StateCount]:
    """Return the tasks of these runs by state."""
    return fetch(
        StateCount,
        "SELECT run_id, run_task.state, count(*) AS n, count(*) FILTER (WHERE job IS NOT NULL) AS in_work, "
        "count(*) FILTER (WHERE run_task.state IN ('done', 'failed') AND ended_at > now() - "
        "make_interval(secs => %s)) AS lately, count(worker) AS computed FROM run_task WHERE run_id = ANY(%s) "
        "GROUP BY run_id, run_task.state", (lately_seconds, list(run_ids)))


def durations(run_ids: Sequence[int]) -> list[Duration]:
    """Return how long each of these runs took, or has gone on for."""
    return fetch(Duration, "SELECT id, extract(epoch FROM coalesce(finished_at, now()) - started_at)::float AS seconds "
                 "FROM run WHERE id = ANY(%s)", (list(run_ids),))


def left_out(run_ids: Sequence[int]) -> list[LeftOutRow]:
    """Return what the newest look at each task and label found beyond the number that is kept."""
    return fetch(
        LeftOutRow,
        "SELECT run_id, sum(left_out) AS objects, count(DISTINCT task_id) AS tasks "
        "FROM run_task JOIN run ON run.id = run_id JOIN detection USING (task_id) "
        "WHERE run_id = ANY(%s) AND left_out > 0 AND label = ANY(run.labels) "
        "AND NOT EXISTS (SELECT FROM detection newer WHERE newer.task_id = run_task.task_id "
        "AND newer.label = detection.label AND newer.created_at > detection.created_at) GROUP BY run_id",
        (list(run_ids),))
