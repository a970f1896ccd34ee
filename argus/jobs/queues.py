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
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC
from typing import Any, NamedTuple, ParamSpec, TypedDict, TypeVar, cast

import redis
from rq import Queue, Retry, Worker
from rq.exceptions import DuplicateJobError, InvalidJobOperation, NoSuchJobError
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer
from rq.timeouts import BaseTimeoutException

from argus import trace
from argus.errors import ArgusError, ErrorJson, as_argus_error, see_log
from argus.jobs import lost_jobs, patient_redis
from argus.jobs.patient_redis import PatientRedis
from argus.queue_names import SAM3_NOW, SAM3_PREVIEW, SIGLIP_NOW
from argus.settings import get_settings

log = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")
ENDED = ("finished", "failed", "stopped", "canceled")

# Jobs that people wait for, and that may wait at a time. More would not be answered in time, and fill the memory.
BOUNDS = {SIGLIP_NOW: 64, SAM3_NOW: 64, SAM3_PREVIEW: 48}
_AGAIN = 5  # seconds
_CHECK_KEY = "argus:write-check"


@functools.cache
def get_redis() -> redis.Redis:
    """Return this process's connection pool to Redis or Valkey."""
    return redis.Redis.from_url(get_settings().resolved_redis_url, health_check_interval=30, socket_connect_timeout=5,
                                socket_timeout=10)  # not for reads that wait for something: `waiting_redis`


def waiting_redis(seconds: float) -> PatientRedis:
    """Return a connection pool of a worker's own, for commands that the server answers only when something happens, and
    that are repeated while it takes no writes.

    Args:
        seconds: how long a read may take; longer than any of these commands waits. Connections of `get_redis` would be
            cut off: what their pool is told later does not reach those that it has open.
    """
    client: Any = PatientRedis.from_url(get_settings().resolved_redis_url, health_check_interval=30,
                                        socket_connect_timeout=5, socket_timeout=seconds)
    assert isinstance(client, PatientRedis)  # which the types of the client do not say
    return client


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
        ArgusError: what `refusal` says; `busy` when as many jobs as `BOUNDS` says wait in it already.
    """
    _check_bound(queue)
    name = re.sub(r"[^\w-]", "-", job_id) if job_id else None
    retry = Retry(max=retries, interval=[5, 30, 120][:retries]) if retries else None
    with reachable(), contextlib.suppress(DuplicateJobError):
        target = Queue(queue, connection=get_redis(), serializer=JSONSerializer)
        if name and (old := target.fetch_job(name)) and (old.get_status() in ENDED or lost_jobs.is_lost(old, target)):
            get_redis().delete(old.execution_registry.key)  # RQ 3 stumbles over what a dead worker left there
            get_redis().lrem(target.intermediate_queue_key, 0, name)
            old.delete()
        return target.enqueue_call(function, args=args, job_id=name, unique=bool(name), timeout=timeout, ttl=ttl,
                                   retry=retry, result_ttl=result_ttl, failure_ttl=86_400,
                                   meta={"trace": trace.current()})
    return None


class NewJob(NamedTuple):
    """A job to enqueue, as of `enqueue`; its id is one that no job had before."""

    queue: str
    function: str
    args: tuple[Any, ...]
    job_id: str
    timeout: int = 300
    result_ttl: int = 600


def enqueue_together(jobs: Sequence[NewJob]) -> None:
    """Put jobs on their queues in one trip, all or none; none is tried again.

    Raises:
        ArgusError: `queue_unreachable`.
    """
    with reachable(), get_redis().pipeline() as trip:
        for job in jobs:
            Queue(job.queue, connection=get_redis(), serializer=JSONSerializer).enqueue_call(
                job.function, args=job.args, job_id=job.job_id, timeout=job.timeout, result_ttl=job.result_ttl,
                failure_ttl=86_400, meta={"trace": trace.current()}, pipeline=trip)
        trip.execute()


def _check_bound(queue: str) -> None:
    if (most := BOUNDS.get(queue)) is None:
        return
    with reachable():
        waiting = Queue(queue, connection=get_redis(), serializer=JSONSerializer).count
    if waiting >= most:
        raise ArgusError("busy", f"{waiting} jobs wait in the queue {queue} already.",
                         f"Try again in {_AGAIN} s. If this persists, start another worker.", retry_after=_AGAIN)


@contextlib.contextmanager
def reachable() -> Iterator[None]:
    """Turn what the Redis client raises inside the block into what `refusal` says."""
    try:
        yield
    except redis.RedisError as error:
        raise refusal(error) from error


def refusal(error: redis.RedisError) -> ArgusError:
    """Return what the queue server's error means: `queue_full` (of memory), `queue_refused` (any other "no" that it
    says itself), or `queue_unreachable`."""
    if patient_redis.out_of_memory(error):
        return ArgusError("queue_full", "The queue server is out of memory, and takes no more jobs.",
                          "Raise its maxmemory, of the embedded one by ARGUS_QUEUE_MEMORY_MB; does something else use "
                          "it, too? Everything goes on by itself then; workers make no room, as taking a job needs "
                          "memory, too.")
    said = patient_redis.said(error)
    if patient_redis.takes_no_writes(error):
        return ArgusError("queue_refused", f"The queue server takes no writes: {said}",
                          "Everything goes on by itself once it does. ARGUS_REDIS_URL must name the primary, and the "
                          "primary needs room on its disk.")
    if isinstance(error, redis.ResponseError | redis.AuthenticationError):
        return ArgusError("queue_refused", f"The queue server refuses us: {said}",
                          "Are user and password in ARGUS_REDIS_URL right, and may that user write?")
    return ArgusError("queue_unreachable", f"The job queue does not answer: {error}",
                      "Start it with `argus up`, or set ARGUS_REDIS_URL.")


def check_writable() -> None:
    """Write a key and remove it: a health check that leaves nothing behind. Raises what `refusal` says."""
    with reachable():
        get_redis().set(_CHECK_KEY, "1", px=10_000)  # it goes by itself should this process die here
        get_redis().delete(_CHECK_KEY)


def find(queue: str, job_id: str) -> Job | None:
    """Return the job of this id, or None. Raises `queue_unreachable`."""
    with reachable():
        return Queue(queue, connection=get_redis(), serializer=JSONSerializer).fetch_job(job_id)


def call(queue: str, function: str, *args: Any, deadline: float, timeout: int | None = None) -> Any:
    """Run `function(*args)` on a worker and return its result: the way a web process asks a model.

    What was asked and answered is deleted from the queue server once it is read, or given up before anybody took it.

    Args:
        deadline: seconds that the caller waits; a job that nobody took by then is dropped.
        timeout: seconds that the job may run, when its work is of use to a later one; None ends it with the deadline.

    Raises:
        ArgusError: what the job raised; `worker_missing` when no worker serves the queue; `timeout` after `deadline` s,
            with `begun` in its details: whether a worker is at it; `queue_unreachable`; `busy`.
    """
    job = enqueue(queue, function, *args, timeout=timeout or max(5, int(deadline) + 5), retries=0,
                  ttl=max(1, int(deadline) + 1), result_ttl=60)
    assert job is not None  # without a job id there are no duplicates
    try:
        return _await(job, queue, deadline)
    finally:
        _forget(job)


def _forget(job: Job) -> None:
    """Delete a job and its result; one that a worker is at keeps its place until it ends, and its result a minute."""
    try:
        if job.get_status() != JobStatus.STARTED:
            job.delete()
    except (redis.RedisError, NoSuchJobError, InvalidJobOperation) as error:  # it goes by itself, later
        log.debug("a job was not deleted", extra={"job": job.id, "error": str(error)})


def _await(job: Job, queue: str, deadline: float) -> Any:
    end = time.monotonic() + deadline
    pause = 0.005
    while time.monotonic() < end:
        with reachable():
            result = job.latest_result()
        if result is not None:
            if result.type == result.Type.SUCCESSFUL:
                return unpack(result.return_value)
            log.error("a job failed", extra={"job": job.id, "function": job.func_name, "reason": result.exc_string})
            raise _ended(result.exc_string or "", job.id)
        time.sleep(pause)
        pause = min(pause * 1.5, 0.03)  # a person waits
    if not workers_of(queue):
        raise ArgusError("worker_missing", f"No worker serves the queue {queue}.",
                         "If you just started one, it is still loading its model: try again in a moment. Otherwise "
                         "start one with `argus worker`; `argus doctor` says why the last one ended.")
    with reachable():
        begun = job.get_status() == JobStatus.STARTED
    raise ArgusError("timeout", f"The worker did not answer within {deadline:g} s.",
                     "It is still working on it." if begun else
                     "It is busy with other jobs, or still loading its model.", begun=begun)


def _ended(said: str, job_id: str) -> ArgusError:
    """Return the error of a job that ended without an answer.

    Args:
        said: what RQ kept of its end: a traceback, or a sentence of its own.
    """
    if "AbandonedJobError" in said:
        return ArgusError("child_died", "The worker stopped while working on this.", see_log(job=job_id))
    if "JobTimeoutException" in said:
        return ArgusError("timeout", "The worker exceeded the time limit for this.", see_log(job=job_id), begun=True)
    return ArgusError("internal", "The worker failed.", see_log(job=job_id))


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


class Packed(TypedDict):
    """An error as the result of a job: `ArgusError.to_json` under a key of its own."""

    error: ErrorJson


def answering(job: Callable[P, T]) -> Callable[P, T | Packed]:
    """Decorate a job that somebody waits for: what it raises is its answer, as `pack` writes it.

    The end of its time is no answer: who waits has been told, and RQ has to end the job.
    """
    @functools.wraps(job)
    def answered(*args: P.args, **kwargs: P.kwargs) -> T | Packed:
        try:
            return job(*args, **kwargs)
        except BaseTimeoutException:
            raise
        except Exception as error:
            return pack(as_argus_error(error))

    return answered


def pack(error: ArgusError) -> Packed:
    """Return a job result that stands for `error`: an expected failure is an answer, not a crash to retry."""
    return {"error": error.to_json()}


def unpack(result: T | Packed) -> T:
    """Return a job's result, or raise the `ArgusError` that it stands for."""
    if isinstance(result, dict) and set(result) == {"error"}:
        raise error_of(result["error"])
    return cast(T, result)


def error_of(said: ErrorJson) -> ArgusError:
    """Return the error that `ArgusError.to_json` wrote."""
    return ArgusError(said["code"], said["message"], said["hint"], **said["details"])
