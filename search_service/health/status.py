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
from argus.answers import health
from argus.answers.health import Failure, Findings, ProjectState, Refusal, SearchModel, Status
from argus.db import connect
from argus.errors import ArgusError
from argus.jobs import queues
from argus.web import server_state
from label_studio_config.recipe import plan_for
from search_service.health.doctor import Doctor, is_alive
from search_service.vectors import store

SHOWN = 20


def status(visible: Collection[int] | None = None) -> Status:
    """Return what runs and what waits, without asking Label Studio.

    Args:
        visible: of all other projects nothing is told; None leaves none out. The same below.

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
    roles = {role: sum(worker.role == role for worker in workers) for role in queue_names.ROLES}
    refusals = [Refusal(code=e.code, message=e.message, hint=e.hint) for e in server_state.refusals()]
    return Status(version=__version__, refusals=refusals,
                  search_model=SearchModel(name=model.name, dim=model.dim) if model else None, workers=workers,
                  roles=roles, queues=waiting, projects=_projects(visible), errors=_errors(visible))


def doctor(project_id: int | None, visible: Collection[int] | None = None) -> Findings:
    """Return every finding of the doctor, and how many are problems; takes seconds when a server is down."""
    findings = [finding.answer() for finding in Doctor(project_id=project_id, only=visible).run()]
    return Findings(findings=findings, problems=sum(finding.state == "problem" for finding in findings))


def _worker(worker: BaseWorker) -> health.Worker:
    served = set(worker.queue_names())
    role = next((role for role, names in queue_names.ROLES.items() if set(names) <= served), "")
    return health.Worker(
        role=role, name=worker.name, host=worker.hostname or "", state=str(worker.get_state()),
        job=worker.get_current_job_id(), since=_moment(worker.birth_date), done=worker.successful_job_count,
        failed=worker.failed_job_count)


def _queue(name: str) -> health.Queue:
    queue = Queue(name, connection=queues.get_redis(), serializer=JSONSerializer)
    return health.Queue(name=name, waiting=queue.count, failed=queue.failed_job_registry.count)


def _moment(value: datetime | None) -> datetime | None:
    return value.replace(tzinfo=UTC) if value and not value.tzinfo else value


def _projects(visible: Collection[int] | None) -> list[ProjectState]:
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
    return [ProjectState(warnings=_warnings(row["label_config"], row["overrides"]), **row) for row in rows
            if visible is None or row["id"] in visible]


def _warnings(label_config: str, overrides: Mapping[str, Any]) -> list[str]:
    try:
        return list(plan_for({"label_config": label_config, "overrides": overrides}).warnings)
    except ArgusError:  # it has nothing to fill, or is no config: `connect` and the doctor say so
        return []


def _errors(visible: Collection[int] | None) -> list[Failure]:
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
    return [Failure(what=row["what"], project=row["project"], task=row["task"], run=row["run"], at=row["at"],
                    **{key: (row["error"] or {}).get(key, "") for key in ("code", "message", "hint")}) for row in rows]
