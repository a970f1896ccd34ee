"""Runs: "label these tasks with these labels", as rows of `run` and `run_task`. PostgreSQL is the truth about progress.

A task of a run goes waiting → detected (raw detections are stored) → done (Label Studio has the prediction), or ends as
failed with an error a person can read, or cancelled. Jobs only carry the work: a run whose jobs were lost goes on by
`reconcile_runs`.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any

import redis
from psycopg.types.json import Json
from rq import Queue
from rq.registry import StartedJobRegistry
from rq.serializers import JSONSerializer

from argus import queues
from argus.db import Row, connect
from argus.errors import ArgusError
from argus.settings import Settings, get_settings
from label_studio_config.recipe import plan_for
from ml_backend import projects

log = logging.getLogger(__name__)
MAX_ATTEMPTS = 5  # a task that was taken this often without an end kills its worker, or something is wrong with it
_SECONDS_PER_TASK = 300  # a full-size model on a slow CPU
_SHOWN_ERRORS = 100


def create_run(project_id: int, labels: Sequence[str], task_ids: Sequence[int],
               settings: Mapping[str, Any] | None = None) -> int:
    """Record a run, put its work on the queue, and return its id.

    Args:
        labels: labels of the project's config; empty means all of them.
        task_ids: tasks of the project; one that does not exist becomes a failed task of the run.
        settings: where the tasks came from, for the record (`{"source": "search", "query": …}`).

    Raises:
        ArgusError: `unknown_project`, `bad_label_config`, `unknown_label`, `nothing_selected`, `queue_unreachable`
            (the run is recorded then, and starts when the queue is back).
    """
    wanted = list(dict.fromkeys(task_ids))
    if not wanted:
        raise ArgusError("nothing_selected", "No task was selected.", "Select tasks, or give a query that finds some.")
    project = projects.refresh(project_id)
    plan = plan_for(project)
    chosen = list(dict.fromkeys(plan.concept(label).label for label in labels)) or [c.label for c in plan.concepts]
    known = projects.known_tasks(project, wanted)
    with connect() as connection:
        row = connection.execute(
            "INSERT INTO run (project_id, labels, settings, model_version) VALUES (%s, %s, %s, %s) RETURNING id",
            (project_id, chosen, Json(dict(settings or {})), project["model_version"])).fetchone()
        assert row is not None  # INSERT .. RETURNING gives one row
        run_id = int(row["id"])
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO run_task (run_id, task_id, state, error) VALUES (%s, %s, %s, %s)",
                [(run_id, t, "waiting", None) if t in known else
                 (run_id, t, "failed", Json(_unknown_task(project_id, t).to_json())) for t in wanted])
    if projects.has_old_versions(project):
        enqueue_cleanup(project_id)
    enqueue_detection(run_id, [t for t in wanted if t in known])
    finish_if_done(run_id)
    return run_id


def _unknown_task(project_id: int, task_id: int) -> ArgusError:
    return ArgusError("unknown_task", f"Project {project_id} has no task {task_id}.", task=task_id)


def enqueue_detection(run_id: int, task_ids: Sequence[int], size: int | None = None) -> None:
    """Put detection jobs for these tasks on the queue; jobs that are already there stay as they are.

    They carry no retry of their own: a job that fails or dies is found missing by `reconcile_runs`, which counts
    attempts by task.
    """
    step = size or get_settings().chunk_tasks
    for begin in range(0, len(task_ids), step):
        chunk = list(task_ids[begin:begin + step])
        queues.enqueue(queues.SAM3, "ml_backend.jobs.detect_chunk", run_id, chunk, job_id=f"detect-{run_id}-{chunk[0]}",
                       timeout=120 + _SECONDS_PER_TASK * len(chunk), retries=0)


def enqueue_push(run_id: int, task_ids: Sequence[int]) -> None:
    """Put a push job for tasks of a run on the queue."""
    if task_ids:
        queues.enqueue(queues.DEFAULT, "ml_backend.push_jobs.push_chunk", run_id, list(task_ids),
                       job_id=f"push-{run_id}-{task_ids[0]}", retries=0)


def enqueue_cleanup(project_id: int) -> None:
    """Put the removal of older versions' predictions on the queue."""
    queues.enqueue(queues.DEFAULT, "ml_backend.push_jobs.remove_old_versions", project_id,
                   job_id=f"old-versions-{project_id}", timeout=1800)


def load_run(run_id: int) -> Row:
    """Return the run's row.

    Raises:
        ArgusError: `unknown_run`.
    """
    with connect() as connection:
        row = connection.execute("SELECT * FROM run WHERE id = %s", (run_id,)).fetchone()
    if row is None:
        raise ArgusError("unknown_run", f"There is no run {run_id}.", "`argus annotate` prints the number of its run.")
    return row


def take(run_id: int, task_ids: Sequence[int]) -> list[int]:
    """Mark these tasks as worked on, and return those still waiting. A task taken too often is failed instead."""
    give_up = ArgusError("internal", f"This task was tried {MAX_ATTEMPTS} times and never came to an end.",
                         "Look at the SAM 3 worker's log: does it run out of memory?")
    with connect() as connection:
        connection.execute("UPDATE run SET state = 'running', started_at = coalesce(started_at, now()) "
                           "WHERE id = %s AND state = 'queued'", (run_id,))
        connection.execute(
            "UPDATE run_task SET state = 'failed', error = %s WHERE run_id = %s AND task_id = ANY(%s) "
            "AND state = 'waiting' AND attempts >= %s", (Json(give_up.to_json()), run_id, list(task_ids), MAX_ATTEMPTS))
        rows = connection.execute(
            "UPDATE run_task SET attempts = attempts + 1 FROM run WHERE run.id = run_id AND run.state = 'running' "
            "AND run_id = %s AND task_id = ANY(%s) AND run_task.state = 'waiting' RETURNING task_id",
            (run_id, list(task_ids))).fetchall()
    taken = {row["task_id"] for row in rows}
    return [t for t in task_ids if t in taken]


def untake(run_id: int, task_ids: Sequence[int]) -> None:
    """Undo `take` for tasks that a job leaves to the next one."""
    with connect() as connection:
        connection.execute("UPDATE run_task SET attempts = attempts - 1 WHERE run_id = %s AND task_id = ANY(%s) "
                           "AND state = 'waiting' AND attempts > 0", (run_id, list(task_ids)))


def mark(run_id: int, task_ids: Sequence[int], state: str) -> None:
    """Move tasks that are waiting or detected to `state`."""
    with connect() as connection:
        connection.execute("UPDATE run_task SET state = %s WHERE run_id = %s AND task_id = ANY(%s) "
                           "AND state IN ('waiting', 'detected')", (state, run_id, list(task_ids)))


def fail(run_id: int, errors: Mapping[int, ArgusError]) -> None:
    """Record what went wrong with single tasks; the rest of the run goes on."""
    with connect() as connection, connection.cursor() as cursor:
        cursor.executemany("UPDATE run_task SET state = 'failed', error = %s WHERE run_id = %s AND task_id = %s "
                           "AND state IN ('waiting', 'detected')",
                           [(Json(error.to_json()), run_id, task) for task, error in errors.items()])


def finish_if_done(run_id: int) -> None:
    """End the run when every task of it has ended."""
    with connect() as connection:
        connection.execute(
            "UPDATE run SET state = 'done', finished_at = now(), started_at = coalesce(started_at, now()) "
            "WHERE id = %s AND state IN ('queued', 'running') AND NOT EXISTS (SELECT FROM run_task "
            "WHERE run_id = run.id AND state IN ('waiting', 'detected'))", (run_id,))


def tasks_in(run_id: int, *states: str) -> list[Row]:
    """Return `task_id` and `attempts` of the run's tasks in these states, by id."""
    with connect() as connection:
        return connection.execute("SELECT task_id, attempts FROM run_task WHERE run_id = %s AND state = ANY(%s) "
                                  "ORDER BY task_id", (run_id, list(states))).fetchall()


def cancel_run(run_id: int) -> dict[str, Any]:
    """Stop a run: its waiting tasks are cancelled, a chunk in work is finished. Returns its progress.

    Raises:
        ArgusError: `unknown_run`, `conflict` when it has ended.
    """
    run = load_run(run_id)
    with connect() as connection:
        changed = connection.execute("UPDATE run SET state = 'cancelled', finished_at = now() WHERE id = %s "
                                     "AND state IN ('queued', 'running')", (run_id,)).rowcount
        if changed:
            connection.execute("UPDATE run_task SET state = 'cancelled' WHERE run_id = %s AND state = 'waiting'",
                               (run_id,))
    if not changed:
        raise ArgusError("conflict", f"Run {run_id} has already ended: it is {run['state']}.")
    return run_progress(run_id)


def resume_run(run_id: int) -> dict[str, Any]:
    """Go on with what is missing, cancelled tasks included; harmless while the run goes on. Returns its progress."""
    load_run(run_id)
    return _reopen(run_id, "cancelled")


def retry_failed(run_id: int) -> dict[str, Any]:
    """Try the failed tasks again. Returns the run's progress."""
    load_run(run_id)
    return _reopen(run_id, "failed")


def _reopen(run_id: int, state: str) -> dict[str, Any]:
    with connect() as connection:
        connection.execute("UPDATE run_task SET state = 'waiting', attempts = 0, error = NULL "
                           "WHERE run_id = %s AND state = %s", (run_id, state))
        connection.execute(
            "UPDATE run SET state = 'running', finished_at = NULL, started_at = coalesce(started_at, now()) "
            "WHERE id = %s AND EXISTS (SELECT FROM run_task WHERE run_id = run.id "
            "AND state IN ('waiting', 'detected'))", (run_id,))
    requeue(run_id)
    return run_progress(run_id)


def requeue(run_id: int) -> None:
    """Put what a run still needs on the queue.

    Tasks that were taken before go one by one, so that one that kills its worker takes no other with it.
    """
    waiting = tasks_in(run_id, "waiting")
    enqueue_detection(run_id, [t["task_id"] for t in waiting if t["attempts"] < 2])
    enqueue_detection(run_id, [t["task_id"] for t in waiting if t["attempts"] >= 2], size=1)
    detected = [t["task_id"] for t in tasks_in(run_id, "detected")]
    for begin in range(0, len(detected), 100):
        enqueue_push(run_id, detected[begin:begin + 100])
    finish_if_done(run_id)


def run_progress(run_id: int) -> dict[str, Any]:
    """Return the run as JSON: counts, state, the first errors, tasks a second and the seconds left as far as known.

    Raises:
        ArgusError: `unknown_run`.
    """
    run = load_run(run_id)
    with connect() as connection:
        counts = {r["state"]: r["n"] for r in connection.execute(
            "SELECT state, count(*) AS n FROM run_task WHERE run_id = %s GROUP BY state", (run_id,))}
        errors = connection.execute("SELECT task_id, error FROM run_task WHERE run_id = %s AND error IS NOT NULL "
                                    "ORDER BY task_id LIMIT %s", (run_id, _SHOWN_ERRORS)).fetchall()
        clock = connection.execute("SELECT extract(epoch FROM coalesce(finished_at, now()) - started_at)::float "
                                   "AS seconds FROM run WHERE id = %s", (run_id,)).fetchone()
    return _progress(run, counts, errors, clock["seconds"] if clock else None)


def _progress(run: Row, counts: Mapping[str, int], errors: Sequence[Row], seconds: float | None) -> dict[str, Any]:
    waiting = counts.get("waiting", 0) + counts.get("detected", 0)
    ended = counts.get("done", 0) + counts.get("failed", 0)
    rate = ended / seconds if seconds and ended else None
    going = run["state"] in ("queued", "running")
    return {"id": run["id"], "project": run["project_id"], "labels": run["labels"], "state": run["state"],
            "requested": sum(counts.values()), "done": counts.get("done", 0), "failed": counts.get("failed", 0),
            "waiting": waiting, "detected": counts.get("detected", 0), "cancelled": counts.get("cancelled", 0),
            "model_version": run["model_version"], "settings": run["settings"],
            "errors": [{"task": e["task_id"], "code": e["error"]["code"], "message": e["error"]["message"]}
                       for e in errors],
            "created_at": run["created_at"].isoformat(),
            "finished_at": run["finished_at"].isoformat() if run["finished_at"] else None,
            "rate": round(rate, 3) if rate else None,
            "seconds_left": round(waiting / rate, 1) if rate and going else None}


def list_runs(project_id: int, limit: int = 50) -> list[dict[str, Any]]:
    """Return the progress of the project's newest runs, newest first."""
    with connect() as connection:
        rows = connection.execute("SELECT id FROM run WHERE project_id = %s ORDER BY id DESC LIMIT %s",
                                  (project_id, limit)).fetchall()
    return [run_progress(row["id"]) for row in rows]


def reconcile_runs(settings: Settings | None = None) -> int:
    """Put lost work back on the queue; called every few seconds by the default worker. Returns the runs looked at.

    A run with a job that is waiting or running is left alone. Claims that nobody confirmed are checked too.
    """
    grace = min(15.0, (settings or get_settings()).claim_seconds)
    with connect() as connection:
        going = [r["id"] for r in connection.execute(
            "SELECT id FROM run WHERE state IN ('queued', 'running') ORDER BY id")]
        # Detected tasks of a cancelled run still have their prediction delivered.
        going += [r["id"] for r in connection.execute(
            "SELECT DISTINCT run.id FROM run JOIN run_task ON run_id = run.id WHERE run.state = 'cancelled' "
            "AND run_task.state = 'detected'")]
        claims = connection.execute(
            "SELECT project_id, array_agg(task_id ORDER BY task_id) AS tasks FROM prediction WHERE state = 'claimed' "
            "AND claimed_at < now() - make_interval(secs => %s) GROUP BY project_id", (grace,)).fetchall()
    live = live_runs()
    for run_id in going:
        if run_id not in live:
            requeue(run_id)
    for row in claims:
        enqueue_check(row["project_id"], row["tasks"][:200])
    return len(going)


def live_runs() -> set[int]:
    """Return the runs that have a job waiting or running."""
    names: list[str] = []
    try:
        for name in (queues.SAM3, queues.DEFAULT):
            options: Any = {"connection": queues.get_redis(), "serializer": JSONSerializer}
            names += Queue(name, **options).get_job_ids()
            names += StartedJobRegistry(name, **options).get_job_ids(cleanup=False)
    except redis.RedisError as error:
        raise ArgusError("queue_unreachable", f"The job queue does not answer: {error}",
                         "Start it with `argus up`, or set ARGUS_REDIS_URL.") from error
    return {int(match[1]) for name in names if (match := re.match(r"(?:detect|push)-(\d+)-", name))}


def enqueue_check(project_id: int, task_ids: Sequence[int]) -> None:
    """Put a check of delivered predictions on the queue."""
    queues.enqueue(queues.DEFAULT, "ml_backend.push_jobs.push_tasks", project_id, list(task_ids),
                   job_id=f"check-{project_id}-{task_ids[0]}", retries=0)
