"""The state of every part in short: workers, queues, projects, and what failed last. The doctor looks deeper."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from redis.exceptions import RedisError
from rq import Queue, Worker
from rq.serializers import JSONSerializer
from rq.worker import BaseWorker

from argus import __version__, queue_names
from argus.db import connect
from argus.errors import ArgusError
from argus.jobs import queues
from argus.web import server_state
from label_studio_config.recipe import plan_for
from search_service.health.doctor import Doctor, is_alive
from search_service.vectors import store

SHOWN = 20


def status(visible: Collection[int] | None = None) -> dict[str, Any]:
    """Return what runs and what waits, without asking Label Studio.

    Args:
        visible: of all other projects nothing is told; None leaves none out. The same below.

    Returns:
        `{"version", "refusals": [{"code", "message", "hint"}] of servers that answer and take no writes,
        "search_model": {"name", "dim"} or None, "workers": [{"role", "name", "host", "state", "job",
        "since", "done", "failed"}], "roles": {role: workers alive}, "queues": [{"name", "waiting", "failed"}],
        "projects": [{"id", "title", "connected", "missing_since", "seen", "fetched", "embedded", "waiting", "failed",
        "noted": tasks with values in their data that could not be taken over, "oldest_waiting_seconds", "warnings":
        sentences about what will not be as the labelling config asks}],
        "errors": [{"what", "project", "task", "run", "message", "hint", "code", "at"}], newest first}`; a project is
        missing since Label Studio has none of that number any more.

    Raises:
        ArgusError: `database_unreachable`, and what `argus.jobs.queues.refusal` says.
    """
    model = store.current_model()
    try:
        workers = [_worker(worker) for worker in Worker.all(connection=queues.get_redis(), serializer=JSONSerializer)
                   if is_alive(worker)]
        waiting = [_queue(name) for role in queue_names.ROLES.values() for name in role]
    except RedisError as error:
        raise queues.refusal(error) from error
    roles = {role: sum(worker["role"] == role for worker in workers) for role in queue_names.ROLES}
    refusals = [{"code": e.code, "message": e.message, "hint": e.hint} for e in server_state.refusals()]
    return {"version": __version__, "refusals": refusals,
            "search_model": {"name": model.name, "dim": model.dim} if model else None, "workers": workers,
            "roles": roles, "queues": waiting, "projects": _projects(visible), "errors": _errors(visible)}


def doctor(project_id: int | None, visible: Collection[int] | None = None) -> dict[str, Any]:
    """Return every finding of the doctor, and how many are problems; takes seconds when a server is down."""
    findings = [finding.to_json() for finding in Doctor(project_id=project_id, only=visible).run()]
    return {"findings": findings, "problems": sum(finding["state"] == "problem" for finding in findings)}


def _worker(worker: BaseWorker) -> dict[str, Any]:
    served = set(worker.queue_names())
    role = next((role for role, names in queue_names.ROLES.items() if set(names) <= served), "")
    return {"role": role, "name": worker.name, "host": worker.hostname or "", "state": str(worker.get_state()),
            "job": worker.get_current_job_id(), "since": _moment(worker.birth_date),
            "done": worker.successful_job_count, "failed": worker.failed_job_count}


def _queue(name: str) -> dict[str, Any]:
    queue = Queue(name, connection=queues.get_redis(), serializer=JSONSerializer)
    return {"name": name, "waiting": queue.count, "failed": queue.failed_job_registry.count}


def _moment(value: datetime | None) -> str | None:
    if value is None:
        return None
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()


def _projects(visible: Collection[int] | None) -> list[dict[str, Any]]:
    with connect() as connection:
        rows = connection.execute(
            "SELECT p.id, p.title, p.label_config, p.overrides, p.connected_at IS NOT NULL AS connected, "
            "p.missing_since, count(t.id) AS seen, "
            "count(t.content_hash) AS fetched, count(t.id) FILTER (WHERE t.state = 'embedded') AS embedded, "
            "count(t.id) FILTER (WHERE t.state = 'waiting') AS waiting, "
            "count(t.id) FILTER (WHERE t.state = 'failed') AS failed, count(t.notes) AS noted, "
            "round(extract(epoch FROM now() - min(t.seen_at) FILTER (WHERE t.state = 'waiting')))::int "
            "AS oldest_waiting_seconds "
            "FROM project p LEFT JOIN task t ON t.project_id = p.id GROUP BY p.id ORDER BY p.id").fetchall()
    for row in rows:
        row["warnings"] = _warnings(row.pop("label_config"), row.pop("overrides"))
    return [{**row, "missing_since": _moment(row["missing_since"])} for row in rows
            if visible is None or row["id"] in visible]


def _warnings(label_config: str, overrides: Mapping[str, Any]) -> list[str]:
    try:
        return list(plan_for({"label_config": label_config, "overrides": overrides}).warnings)
    except ArgusError:  # it has nothing to fill, or is no config: `connect` and the doctor say so
        return []


def _errors(visible: Collection[int] | None) -> list[dict[str, Any]]:
    """Return the newest failures of images and of runs, each with where it happened."""
    mine = "project_id = ANY(coalesce(%(only)s, ARRAY[project_id]))"
    with connect() as connection:
        rows = connection.execute(
            f"(SELECT 'image' AS what, project_id AS project, id AS task, NULL::bigint AS run, error, seen_at AS at "
            f"FROM task WHERE state = 'failed' AND {mine} ORDER BY seen_at DESC, id DESC LIMIT %(n)s) UNION ALL "
            f"(SELECT 'run', project_id, NULL, id, error, coalesce(finished_at, created_at) FROM run "
            f"WHERE error IS NOT NULL AND {mine} ORDER BY id DESC LIMIT %(n)s) UNION ALL "
            f"(SELECT 'task', r.project_id, f.task_id, r.id, f.error, coalesce(r.finished_at, r.created_at) "
            f"FROM run_task f JOIN run r ON r.id = f.run_id WHERE f.state = 'failed' AND {mine} "
            f"ORDER BY r.id DESC, f.task_id LIMIT %(n)s) ORDER BY at DESC LIMIT %(n)s",
            {"n": SHOWN, "only": None if visible is None else list(visible)}).fetchall()
    return [{"what": row["what"], "project": row["project"], "task": row["task"], "run": row["run"],
             **{key: (row["error"] or {}).get(key, "") for key in ("code", "message", "hint")},
             "at": _moment(row["at"])} for row in rows]
