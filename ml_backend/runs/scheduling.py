"""The jobs that carry runs. They hold no state: which tasks are free is in PostgreSQL, a job only takes some and goes.

Each project with work has a few detection jobs waiting or running, one more than there are SAM 3 workers. A job takes
one chunk and enqueues its successor at the end of the queue: projects take turns, and a new run never waits for the
whole of an older one. Any worker on any machine may serve any of them.

Whatever is lost (a killed worker, an emptied queue) is made good by `reconcile_runs`.
"""

from __future__ import annotations

import re
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from rq import Queue
from rq.registry import StartedJobRegistry
from rq.serializers import JSONSerializer

from argus import queue_names
from argus.jobs import queues
from argus.jobs.queues import NewJob
from argus.settings import Settings, get_settings
from ml_backend.detection.step_size import FEW_TASKS
from ml_backend.runs import store, task_states
from ml_backend.suspicion import store as suspicions

SECONDS_PER_TASK = 300  # a full-size model on a slow CPU
_CHECKED = 200  # claims looked at in one job
_WAITS_SECONDS = 600  # after so long a delivery that waits does not keep a second one away
_FAR_SECONDS = 3600  # no answer to /predict is given longer than this before its claims are looked at


class Live(NamedTuple):
    """Jobs that are waiting or running: detection jobs by project, the runs with a push, every running job's id."""

    detections: Counter[int]
    pushes: set[int]
    started: set[str]


def enqueue_detection(project_id: int) -> None:
    """Put one detection job of the project on the queue.

    It has no retry of its own: what a job that fails or dies had in work is freed by `reconcile_runs`, which counts
    attempts by task.
    """
    queues.enqueue_together([_detection(project_id)])


def enqueue_after_chunk(project_id: int, run_id: int, *, detected: bool) -> None:
    """Put the successor of a detection job on the queue and, when it `detected` something, the run's delivery."""
    push = [_push(run_id)] if detected and _no_push_waits(run_id) else []
    queues.enqueue_together([*push, _detection(project_id)])


def _detection(project_id: int) -> NewJob:
    seconds = work_seconds(min(get_settings().chunk_tasks, FEW_TASKS))  # after a second no further step is begun
    return NewJob(queue_names.SAM3, "ml_backend.sam3_worker.detect_jobs.detect_next", (project_id,),
                  f"detect-{project_id}-{uuid.uuid4().hex}", seconds, 60)


def work_seconds(tasks: int) -> int:
    """Return after how many seconds a SAM 3 job that has so many images in work is surely stuck."""
    return 120 + SECONDS_PER_TASK * tasks


def ensure_detection_jobs(project_id: int, live: Live | None = None) -> None:
    """See to it that the project has as many detection jobs as it should."""
    live = live or live_jobs()
    for _ in range(queues.workers_of(queue_names.SAM3) + 1 - live.detections[project_id]):
        enqueue_detection(project_id)


def enqueue_push(run_id: int) -> None:
    """Put a delivery of what the run has detected on the queue, unless one is waiting there already."""
    if _no_push_waits(run_id):
        queues.enqueue_together([_push(run_id)])


def push_begins(run_id: int) -> None:
    """Let the next delivery be enqueued: a job calls this before it looks at what there is to deliver."""
    with queues.reachable():
        queues.get_redis().delete(_waiting_key(run_id))


def _push(run_id: int) -> NewJob:
    return NewJob(queue_names.DEFAULT, "ml_backend.predictions.jobs.push_next", (run_id,),
                  f"push-{run_id}-{uuid.uuid4().hex}", result_ttl=60)


def _no_push_waits(run_id: int) -> bool:
    """Whether no delivery of the run waits; from now on one does. (RQ's `unique` would refuse one beside a delivery
    that is running and has read already what there is.)"""
    with queues.reachable():
        return bool(queues.get_redis().set(_waiting_key(run_id), 1, nx=True, ex=_WAITS_SECONDS))


def _waiting_key(run_id: int) -> str:
    return f"argus:push-waits:{run_id}"


def enqueue_cleanup(project_id: int) -> None:
    """Put the removal of older versions' predictions on the queue."""
    queues.enqueue(queue_names.DEFAULT, "ml_backend.predictions.jobs.remove_old_versions", project_id,
                   job_id=f"old-versions-{project_id}", timeout=1800)


def enqueue_check(project_id: int, task_ids: Sequence[int]) -> None:
    """Put a check of delivered predictions on the queue."""
    queues.enqueue(queue_names.DEFAULT, "ml_backend.predictions.jobs.push_tasks", project_id, list(task_ids),
                   job_id=f"check-{project_id}-{task_ids[0]}", retries=0)


def live_jobs() -> Live:
    """Return what is on the queues and in work now.

    Raises:
        ArgusError: `queue_unreachable`.
    """
    names: list[str] = []
    started: set[str] = set()
    with queues.reachable():
        for name in (queue_names.SAM3, queue_names.DEFAULT):
            options: Any = {"connection": queues.get_redis(), "serializer": JSONSerializer}
            # In this order: a job that starts meanwhile is seen twice, not missed.
            names += Queue(name, **options).get_job_ids()
            started |= set(StartedJobRegistry(name, **options).get_job_ids(cleanup=False))
    found = [(m[1], int(m[2])) for n in {*names, *started} if (m := re.match(r"(detect|push)-(\d+)-", n))]
    return Live(Counter(n for kind, n in found if kind == "detect"), {n for kind, n in found if kind == "push"},
                started)


def reconcile_runs(settings: Settings | None = None) -> int:
    """Make good what was lost; called every few seconds by the default worker. Returns the tasks freed of dead jobs.

    Claims that nobody confirmed are checked, and predictions of older recipes are removed.
    """
    in_work = task_states.jobs_in_work()  # before the look at the queue: a job is there before it takes a task
    live = live_jobs()
    freed = task_states.release_stalled(in_work - live.started)
    for project_id in store.projects_with_work():
        ensure_detection_jobs(project_id, live)
    for run_id in store.undelivered_runs():
        if run_id not in live.pushes:
            push_begins(run_id)  # the one that was waited for is lost
            enqueue_push(run_id)
    for run_id in store.ended_runs():
        task_states.finish_if_done(run_id)
    _check_deliveries(settings or get_settings())
    return freed


def _check_deliveries(settings: Settings) -> None:
    grace = min(15.0, settings.claim_seconds)
    store.pull_back_claims(_FAR_SECONDS)
    for project_id, tasks in store.old_claims(grace):
        enqueue_check(project_id, tasks[:_CHECKED])
    for project_id, version in suspicions.suspecting():
        if tasks := suspicions.out_of_step(project_id, version, _CHECKED):
            enqueue_check(project_id, tasks)
    for project_id in store.projects_with_old_versions():
        enqueue_cleanup(project_id)
    for project_id in store.projects_to_reshape():
        queues.enqueue(queue_names.DEFAULT, "ml_backend.predictions.jobs.reshape", project_id,
                       job_id=f"reshape-{project_id}", retries=0)


def enqueue_for_answer(queue: str, project_id: int, task_ids: Sequence[int], deadline: float) -> str:
    """Put a detection that a `/predict` waits for on `queue`, and return the job's id.

    Args:
        deadline: Unix time; a job that nobody took by then is dropped. One that was begun goes on: what it finds is
            stored, and stopping it would only make the next one start anew.

    Raises:
        ArgusError: `queue_unreachable`.
    """
    seconds = max(1, round(deadline - time.time()))
    job = queues.enqueue(queue, "ml_backend.sam3_worker.detect_jobs.detect_for_answer", project_id, list(task_ids),
                         deadline, retries=0, ttl=seconds, timeout=seconds + work_seconds(len(task_ids)))
    assert job is not None  # without a job id there are no duplicates
    return job.id
