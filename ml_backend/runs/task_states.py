"""The states of a run's tasks, as rows of `run_task`. PostgreSQL is the truth about progress.

A task goes waiting → detected (raw detections are stored) → done (Label Studio has the prediction), or ends as failed
with an error a person can read, or cancelled. While a job has a waiting task in work, the row carries the job's id: no
other job takes it, in this run or in another one, until it ends or `release_stalled` finds the job dead.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from psycopg.types.json import Json, Jsonb

from argus.db import Connection, connect, locks
from argus.errors import ArgusError, may_pass
from ml_backend.detection.batch import Outcome
from ml_backend.runs.run_store import COLUMNS, RunRow

MAX_ATTEMPTS = 5  # a task that was taken this often without an end kills its worker, or something is wrong with it
_SUSPICIOUS = 2  # taken this often without a word of its own, a task goes alone: it may be what kills the worker
_PAUSE = "make_interval(secs => 5 * power(2, attempts))"  # before what failed for now is tried again: 10 s, 20 s, …

# Failed for now with others, and any of them may be why: `alone` in the details of the error.
_ALONE = "coalesce((error->'details'->>'alone')::boolean, false)"
_NOT_ELSEWHERE = """NOT EXISTS (SELECT FROM run_task other WHERE other.task_id = t.task_id AND other.state = 'waiting'
                                AND other.job IS NOT NULL)"""
_TAKE = f"""
UPDATE run_task SET job = %(job)s, attempts = attempts + 1
WHERE (run_id, task_id) IN (
    SELECT run_id, task_id FROM run_task t WHERE run_id = %(run)s AND state = 'waiting' AND job IS NULL
    AND (attempts < {_SUSPICIOUS} OR error IS NOT NULL AND NOT {_ALONE}) = %(fresh)s AND {_NOT_ELSEWHERE}
    AND (error IS NULL OR (error->>'at')::timestamptz NOT BETWEEN now() - {_PAUSE} AND now())
    ORDER BY task_id LIMIT %(size)s)
RETURNING task_id
"""


class Taken(NamedTuple):
    """What a job has in work: tasks of one run."""

    run: RunRow
    task_ids: list[int]


def take(project_id: int, job: str, size: int) -> Taken | None:
    """Take up to `size` free tasks of one of the project's runs, or return None when there is nothing to take.

    The run that was not served for longest is next, so runs of one project advance side by side. A task that another
    run has in work is left for later: it will be found computed then.
    """
    _give_up(project_id)
    with connect() as connection:
        # One taker a project at a time: two runs must not take the same task in the same moment.
        connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", (locks.TAKE_TASKS, project_id))
        runs = connection.execute(f"SELECT {COLUMNS} FROM run WHERE project_id = %s AND state IN "
                                  "('queued', 'running') ORDER BY served_at NULLS FIRST, id", (project_id,)).fetchall()
        for run in (RunRow(**row) for row in runs):
            for fresh, most in ((True, size), (False, 1)):
                rows = connection.execute(_TAKE.encode(), {"job": job, "run": run.id, "fresh": fresh,
                                                           "size": most}).fetchall()
                if rows:
                    connection.execute(
                        "UPDATE run SET state = 'running', started_at = coalesce(started_at, now()), served_at = now() "
                        "WHERE id = %s AND state IN ('queued', 'running')", (run.id,))
                    return Taken(run, sorted(row["task_id"] for row in rows))
    return None


def _give_up(project_id: int) -> None:
    """Fail what was taken too often."""
    error = ArgusError("internal", f"Gave up after {MAX_ATTEMPTS} attempts: the worker died each time it processed "
                       "this task.",
                       "Look at the SAM 3 worker's log: does it run out of memory?")
    with connect() as connection:
        failed = connection.execute(
            "UPDATE run_task SET state = 'failed', error = %s, ended_at = now() FROM run WHERE run.id = run_id "
            "AND run.project_id = %s AND run.state IN ('queued', 'running') AND run_task.state = 'waiting' "
            "AND job IS NULL AND attempts >= %s RETURNING run_id",
            (Json(error.to_json()), project_id, MAX_ATTEMPTS)).fetchall()
    for run_id in {row["run_id"] for row in failed}:
        finish_if_done(run_id)


def finish_chunk(run_id: int, outcome: Outcome, worker: str) -> None:
    """Record how a chunk ended, in one transaction: tasks that are detected, that failed for good or for now, and that
    the job leaves to the next one; and end the run when that was the last of it."""
    passing = {task: error for task, error in outcome.failed.items() if may_pass(error)}
    final = {task: error for task, error in outcome.failed.items() if task not in passing}
    with connect() as connection:
        _fail(connection, run_id, final)
        _fail_attempt(connection, run_id, passing)
        _mark_detected(connection, run_id, outcome.done, outcome.seconds, worker)
        if outcome.rest:
            connection.execute("UPDATE run_task SET attempts = greatest(attempts - 1, 0), job = NULL "
                               "WHERE run_id = %s AND task_id = ANY(%s) AND state = 'waiting'", (run_id, outcome.rest))
        _finish_if_done(connection, run_id)


def mark_detected(run_id: int, task_ids: Collection[int], seconds: Mapping[int, float], worker: str) -> None:
    """Move tasks from waiting to detected.

    Args:
        seconds: the share of the worker's time of each task that had to be computed.
    """
    with connect() as connection:
        _mark_detected(connection, run_id, task_ids, seconds, worker)


def _mark_detected(connection: Connection, run_id: int, task_ids: Collection[int], seconds: Mapping[int, float],
                   worker: str) -> None:
    if not task_ids:
        return
    ids = list(task_ids)
    connection.execute(
        "UPDATE run_task SET state = 'detected', job = NULL, error = NULL, worker = coalesce(by.worker, "
        "run_task.worker), seconds = coalesce(by.seconds, run_task.seconds) "
        "FROM unnest(%s::bigint[], %s::text[], %s::float8[]) AS by (task_id, worker, seconds) "
        "WHERE run_id = %s AND run_task.task_id = by.task_id AND state = 'waiting'",
        (ids, [worker if task in seconds else None for task in ids], [seconds.get(task) for task in ids], run_id))


def mark_delivered(run_id: int, task_ids: Sequence[int]) -> None:
    """Move tasks from detected to done."""
    with connect() as connection:
        connection.execute("UPDATE run_task SET state = 'done', ended_at = now() WHERE run_id = %s "
                           "AND task_id = ANY(%s) AND state = 'detected'", (run_id, list(task_ids)))


def requeue(run_id: int, task_ids: Sequence[int]) -> None:
    """Move tasks from detected back to waiting: their detections are gone."""
    with connect() as connection:
        connection.execute("UPDATE run_task SET state = 'waiting', job = NULL WHERE run_id = %s "
                           "AND task_id = ANY(%s) AND state = 'detected'", (run_id, list(task_ids)))


def fail(run_id: int, errors: Mapping[int, ArgusError]) -> None:
    """Record what went wrong with single tasks; the rest of the run goes on."""
    with connect() as connection:
        _fail(connection, run_id, errors)


def _fail(connection: Connection, run_id: int, errors: Mapping[int, ArgusError]) -> None:
    if not errors:
        return
    connection.execute(
        "UPDATE run_task SET state = 'failed', error = by.error, job = NULL, ended_at = now() "
        "FROM unnest(%s::bigint[], %s::jsonb[]) AS by (task_id, error) WHERE run_id = %s "
        "AND run_task.task_id = by.task_id AND state IN ('waiting', 'detected')",
        (list(errors), [Jsonb(error.to_json()) for error in errors.values()], run_id))


def fail_attempt(run_id: int, errors: Mapping[int, ArgusError]) -> None:
    """Leave tasks for later because of something that may pass; the last attempt's error is final.

    While it is Label Studio that does not answer, attempts do not count: no task is to blame.
    """
    with connect() as connection:
        _fail_attempt(connection, run_id, errors)


def _fail_attempt(connection: Connection, run_id: int, errors: Mapping[int, ArgusError]) -> None:
    if not errors:
        return
    connection.execute(
        "UPDATE run_task SET job = NULL, error = by.error || jsonb_build_object('at', now()), "
        "attempts = CASE WHEN by.counts THEN attempts ELSE greatest(attempts - 1, 1) END, "
        "state = CASE WHEN by.counts AND attempts >= %(most)s THEN 'failed' ELSE state END, "
        "ended_at = CASE WHEN by.counts AND attempts >= %(most)s THEN now() END "
        "FROM unnest(%(tasks)s::bigint[], %(errors)s::jsonb[], %(counts)s::boolean[]) AS by (task_id, error, counts) "
        "WHERE run_id = %(run)s AND run_task.task_id = by.task_id AND state = 'waiting'",
        {"most": MAX_ATTEMPTS, "run": run_id, "tasks": list(errors),
         "errors": [Jsonb(error.to_json()) for error in errors.values()],
         "counts": [error.code != "label_studio_unreachable" for error in errors.values()]})


def detected_tasks(run_id: int, limit: int) -> list[int]:
    """Return tasks of the run whose prediction is still to be delivered, by id."""
    with connect() as connection:
        return [r["task_id"] for r in connection.execute(
            "SELECT task_id FROM run_task WHERE run_id = %s AND state = 'detected' ORDER BY task_id LIMIT %s",
            (run_id, limit))]


def expected(project_id: int, labels: Collection[str], task_ids: Collection[int]) -> set[int]:
    """Return those of `task_ids` that a run which goes on will deliver with all of `labels`."""
    with connect() as connection:
        return {r["task_id"] for r in connection.execute(
            "SELECT task_id FROM run_task JOIN run ON run.id = run_id WHERE project_id = %s AND labels @> %s "
            "AND run.state IN ('queued', 'running') AND run_task.state IN ('waiting', 'detected') "
            "AND task_id = ANY(%s)", (project_id, list(labels), list(task_ids)))}


def finish_if_done(run_id: int) -> None:
    """End the run when every task of it has ended."""
    with connect() as connection:
        _finish_if_done(connection, run_id)


def _finish_if_done(connection: Connection, run_id: int) -> None:
    connection.execute(
        "UPDATE run SET state = 'done', finished_at = now(), started_at = coalesce(started_at, now()) "
        "WHERE id = %s AND state IN ('queued', 'running') AND NOT EXISTS (SELECT FROM run_task "
        "WHERE run_id = run.id AND state IN ('waiting', 'detected'))", (run_id,))


def jobs_in_work() -> set[str]:
    """Return the ids of the jobs that have tasks in work, alive or not."""
    with connect() as connection:
        return {r["job"] for r in connection.execute(
            "SELECT DISTINCT job FROM run_task WHERE state = 'waiting' AND job IS NOT NULL")}


def release_stalled(jobs: Collection[str]) -> int:
    """Free what these dead jobs had in work, and return how many tasks that were.

    What failed for now before is forgotten: from here on a task may be what killed its worker.
    """
    with connect() as connection:
        return connection.execute("UPDATE run_task SET job = NULL, error = NULL "
                                  "WHERE state = 'waiting' AND job = ANY(%s)", (list(jobs),)).rowcount
