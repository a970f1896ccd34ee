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
from argus.errors import ArgusError
from argus.jobs import last_jobs, queues
from argus.web import server_state
from label_studio_config.recipe import plan_for
from search_service.health import store
from search_service.health.doctor import Doctor, is_alive
from search_service.vectors.store import current_model

SHOWN = 20


def status(visible: Collection[int] | None = None) -> Status:
    """Return what runs and what waits, without asking Label Studio.

    Args:
        visible: of all other projects nothing is told; None leaves none out. The same below.

    Raises:
        ArgusError: `database_unreachable`, and what `argus.jobs.queues.refusal` says.
    """
    model = current_model()
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
    return health.Queue(name=name, waiting=queue.count, failed=queue.failed_job_registry.count,
                        last_job=last_jobs.last(name))


def _moment(value: datetime | None) -> datetime | None:
    return value.replace(tzinfo=UTC) if value and not value.tzinfo else value


def _projects(visible: Collection[int] | None) -> list[ProjectState]:
    return [ProjectState(warnings=_warnings(row.label_config, row.overrides), **row._asdict())
            for row in store.projects() if visible is None or row.id in visible]


def _warnings(label_config: str, overrides: Mapping[str, Any]) -> list[str]:
    try:
        return list(plan_for({"label_config": label_config, "overrides": overrides}).warnings)
    except ArgusError:  # it has nothing to fill, or is no config: `connect` and the doctor say so
        return []


def _errors(visible: Collection[int] | None) -> list[Failure]:
    """Return the newest failures of images and of runs, each with where it happened."""
    return [Failure(**row._asdict()) for row in store.newest_failures(visible, SHOWN)]
