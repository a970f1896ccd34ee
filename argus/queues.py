"""RQ queues: their names, and the one way a job gets onto one.

Jobs are small, idempotent and named after what they work on, so that enqueueing twice is harmless. What a job must do
is written in PostgreSQL first; whatever Redis loses is enqueued again from there.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import re
import time
from collections.abc import Iterator, Mapping
from datetime import UTC
from typing import Any

import redis
from rq import Queue, Retry, Worker
from rq.exceptions import DuplicateJobError
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer

from argus import trace
from argus.errors import ArgusError, see_log
from argus.settings import get_settings

log = logging.getLogger(__name__)
SIGLIP, SIGLIP_NOW = "siglip", "siglip-interactive"
SAM3, SAM3_NOW, SAM3_PREVIEW = "sam3", "sam3-interactive", "sam3-preview"
DEFAULT = "default"
ENDED = ("finished", "failed", "stopped", "canceled")

# The queues of a worker role, in the order of their priority: a person who waits goes first.
ROLES = {"siglip": (SIGLIP_NOW, SIGLIP), "sam3": (SAM3_NOW, SAM3_PREVIEW, SAM3), "default": (DEFAULT,)}


@functools.cache
def get_redis() -> redis.Redis:
    """Return this process's connection pool to Redis or Valkey."""
    return redis.Redis.from_url(get_settings().resolved_redis_url, health_check_interval=30, socket_connect_timeout=5,
                                socket_timeout=10)  # not for reads that wait for something: `waiting_redis`


def waiting_redis(seconds: float) -> redis.Redis:
    """Return a connection pool of its own, for commands that the server answers only when something happens.

    Args:
        seconds: how long a read may take; longer than any of these commands waits. Connections of `get_redis` would be
            cut off: what their pool is told later does not reach those that it has open.
    """
    return redis.Redis.from_url(get_settings().resolved_redis_url, health_check_interval=30, socket_connect_timeout=5,
                                socket_timeout=seconds)


def enqueue(queue: str, function: str, *args: Any, job_id: str | None = None, timeout: int = 300,
            retries: int = 3, ttl: int | None = None, result_ttl: int = 600) -> Job | None:
    """Put the job `function(*args)` on `queue`; return it, or None when one of this id is waiting or running.

    Args:
        function: dotted name, so that a web process needs not import a worker's modules.
        args: JSON values.
        job_id: letters, digits, `_` and `-`; other characters become `-`.
        timeout: seconds one attempt may run.
        retries: further attempts after a crash or an exception, 5, 30 and 120 s later.
        ttl: seconds after which a job that nobody took is dropped (an answer nobody waits for any more).

    Raises:
        ArgusError: `queue_unreachable`.
    """
    name = re.sub(r"[^\w-]", "-", job_id) if job_id else None
    retry = Retry(max=retries, interval=[5, 30, 120][:retries]) if retries else None
    with reachable(), contextlib.suppress(DuplicateJobError):
        target = Queue(queue, connection=get_redis(), serializer=JSONSerializer)
        if name and (old := target.fetch_job(name)) and old.get_status() in ENDED:
            get_redis().delete(old.execution_registry.key)  # RQ 3 stumbles over what a dead worker left there
            old.delete()
        return target.enqueue_call(function, args=args, job_id=name, unique=bool(name), timeout=timeout, ttl=ttl,
                                   retry=retry, result_ttl=result_ttl, failure_ttl=86_400,
                                   meta={"trace": trace.current()})
    return None


@contextlib.contextmanager
def reachable() -> Iterator[None]:
    """Turn what the Redis client raises inside the block into `queue_unreachable`."""
    try:
        yield
    except redis.RedisError as error:
        raise ArgusError("queue_unreachable", f"The job queue does not answer: {error}",
                         "Start it with `argus up`, or set ARGUS_REDIS_URL.") from error


def find(queue: str, job_id: str) -> Job | None:
    """Return the job of this id, or None. Raises `queue_unreachable`."""
    try:
        return Queue(queue, connection=get_redis(), serializer=JSONSerializer).fetch_job(job_id)
    except redis.RedisError as error:
        raise ArgusError("queue_unreachable", f"The job queue does not answer: {error}",
                         "Start it with `argus up`, or set ARGUS_REDIS_URL.") from error


def call(queue: str, function: str, *args: Any, deadline: float, timeout: int | None = None) -> Any:
    """Run `function(*args)` on a worker and return its result: the way a web process asks a model.

    Args:
        deadline: seconds that the caller waits; a job that nobody took by then is dropped.
        timeout: seconds that the job may run, when its work is of use to a later one; None ends it with the deadline.

    Raises:
        ArgusError: what the job raised; `worker_missing` when no worker serves the queue; `timeout` after `deadline` s,
            with `begun` in its details: whether a worker is at it; `queue_unreachable`.
    """
    job = enqueue(queue, function, *args, timeout=timeout or max(5, int(deadline) + 5), retries=0,
                  ttl=max(1, int(deadline) + 1), result_ttl=60)
    assert job is not None  # without a job id there are no duplicates
    end = time.monotonic() + deadline
    pause = 0.005
    while time.monotonic() < end:
        with reachable():
            result = job.latest_result()
        if result is not None:
            if result.type == result.Type.SUCCESSFUL:
                return unpack(result.return_value)
            log.error("a job failed", extra={"job": job.id, "function": function, "reason": result.exc_string})
            raise ArgusError("internal", "The worker failed.", see_log(job=job.id))
        time.sleep(pause)
        pause = min(pause * 1.5, 0.03)  # a person waits
    if not workers_of(queue):
        raise ArgusError("worker_missing", f"No worker serves the queue {queue}.",
                         "One that was just started is still loading its model: try again in a moment. Otherwise start "
                         "one with `argus worker`; `argus doctor` says why the last one ended.")
    with reachable():
        begun = job.get_status() == JobStatus.STARTED
    raise ArgusError("timeout", f"The worker did not answer within {deadline:g} s.",
                     "It is still at it." if begun else "It has other work first, or is still loading its model.",
                     begun=begun)


def workers_of(queue: str) -> int:
    """Return how many workers serve `queue`; one that was killed counts until its registration expires.

    Raises:
        ArgusError: `queue_unreachable`.
    """
    with reachable():
        return sum(queue in worker.queue_names() for worker in Worker.all(connection=get_redis()))


def oldest_seconds(queue: str) -> float:
    """Return how long the next job of `queue` has waited; 0 when none waits."""
    waiting: Any = get_redis().lindex(f"rq:queue:{queue}", 0)
    if waiting is None:
        return 0.0
    job = Queue(queue, connection=get_redis(), serializer=JSONSerializer).fetch_job(waiting.decode())
    if job is None or job.enqueued_at is None:
        return 0.0
    return max(0.0, time.time() - job.enqueued_at.replace(tzinfo=UTC).timestamp())


def pack(error: ArgusError) -> dict[str, Any]:
    """Return a job result that stands for `error`: an expected failure is an answer, not a crash to retry."""
    return {"error": error.to_json()}


def unpack(result: Any) -> Any:
    """Return a job's result, or raise the `ArgusError` that it stands for."""
    if isinstance(result, dict) and set(result) == {"error"}:
        raise error_of(result["error"])
    return result


def error_of(said: Mapping[str, Any]) -> ArgusError:
    """Return the error that `ArgusError.to_json` wrote."""
    return ArgusError(said["code"], said["message"], said["hint"], **said["details"])
