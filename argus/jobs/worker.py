"""A process that takes jobs from a role's queues: `argus worker ROLE`.

A model is loaded once and stays, so every role runs its jobs in the process itself. RQ's SimpleWorker holds a job for
`timeout + 60` s after the process dies; here a thread renews a short lease while a job runs, so a dead worker's job is
taken up by another after about `ARGUS_LEASE_SECONDS`, whatever its time-out.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from prometheus_client import start_http_server
from redis.client import Pipeline
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker
from rq.job import Job
from rq.registry import StartedJobRegistry
from rq.scheduler import RQScheduler
from rq.serializers import JSONSerializer
from rq.worker_registration import REDIS_WORKER_KEYS

from argus import logs, metrics, queue_names, trace
from argus.errors import ArgusError
from argus.jobs import last_jobs, queues, worker_failures
from argus.jobs.job_names import OurJob, name_of
from argus.jobs.patient_redis import PatientRedis, takes_no_writes
from argus.settings import get_settings

log = logging.getLogger(__name__)
SCHEDULE_SECONDS = 1
RENEWALS, LOOKS = 4, 2  # how often in a lease its holder renews it, and others look for those that have run out
IDLE_SECONDS = 30  # an idle worker is heard of every 15 s, and one that was killed is listed for 90 s
READ_SECONDS = 40.0  # RQ waits for a job for 15 s less than IDLE_SECONDS, and wants 10 more of a connection
_WAITED_FOR = ("model_host_busy", "database_read_only", "database_full")
_WAIT, _LONGEST_WAIT = 30.0, 600.0  # seconds until what a worker waits for is tried again; at most, whatever is asked
PATIENCE, PAUSE = 60.0, 2.0  # seconds a starting worker waits for the queue server, and between two looks


class LeaseWorker(SimpleWorker):
    """A SimpleWorker whose running job is lost for about `ARGUS_LEASE_SECONDS` when the process dies, and that runs
    no jobs but ours."""

    job_class = OurJob
    _serving = ""  # the queue of the job that runs

    def increment_total_working_time(self, job_execution_time: timedelta, pipeline: Pipeline) -> None:
        """Also note when a job ended, in the transaction that ends it."""
        super().increment_total_working_time(job_execution_time, pipeline)
        last_jobs.note(pipeline, self._serving)

    def get_heartbeat_ttl(self, job: Job, *args: Any, **kwargs: Any) -> int:
        return get_settings().lease_seconds

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        """Say that it is alive; when the queue server came back without its data, register anew first.

        RQ registers a worker at its birth only: it would go on working, and nobody would know that there is one. The
        same happens when the machine stood still, or the server took no writes, for so long that the worker was held
        for dead.
        """
        if pipeline is None and not (self.connection.sismember(REDIS_WORKER_KEYS, self.key)
                                     and self.connection.hexists(self.key, "birth")):
            self.connection.delete(self.key)
            self.register_birth()  # type: ignore[no-untyped-call]
        super().heartbeat(timeout, pipeline)

    def request_stop(self, signum: Any, frame: Any) -> None:
        """Stop, and wait no more for a server that takes no writes."""
        if isinstance(self.connection, PatientRedis):
            self.connection.stopping = lambda: True
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def set_shutdown_requested_date(self) -> None:
        with contextlib.suppress(RedisError):  # called by a signal, in the middle of anything
            super().set_shutdown_requested_date()  # type: ignore[no-untyped-call]

    def register_death(self) -> None:
        with contextlib.suppress(RedisError):  # its registration runs out
            super().register_death()  # type: ignore[no-untyped-call]

    def perform_job(self, job: Job, queue: Queue, *execution: Any) -> bool:
        stop = threading.Event()
        self._serving = queue.name
        held, lease = execution[0], get_settings().lease_seconds

        def renew() -> None:
            while not stop.wait(lease / RENEWALS):
                try:
                    with queues.get_redis().pipeline() as pipeline:  # a patient one would outlast the job
                        self.heartbeat(lease, pipeline=pipeline)
                        held.heartbeat(job.started_job_registry, lease, pipeline=pipeline)
                        pipeline.execute()
                except RedisError as error:
                    said = queues.refusal(error)
                    log.warning("the lease was not renewed", extra={"job": job.id, "code": said.code,
                                                                    "error": said.message})

        thread = threading.Thread(target=renew, name="lease", daemon=True)
        thread.start()
        began = time.perf_counter()
        outcome = "failed"
        with trace.bind(**job.meta.get("trace", {}) | {"job": job.id}):
            try:
                if done := bool(super().perform_job(job, queue, *execution)):
                    outcome = "ok"
                return done
            finally:
                seconds = time.perf_counter() - began
                metrics.JOBS.labels(queue.name, outcome).observe(seconds)
                log.info("job", extra={"function": name_of(job), "queue": queue.name, "outcome": outcome,
                                       "seconds": round(seconds, 3)})
                stop.set()
                thread.join()


def _every_queue() -> list[str]:
    return [queue for names in queue_names.ROLES.values() for queue in names]


def reap() -> None:
    """Give back the jobs of dead workers: RQ itself looks only between jobs, and never while a worker is idle.

    Raises:
        ArgusError: what `queues.refusal` says. While the server takes no writes, no lease can be renewed, and nobody is
            held for dead.
    """
    queues.check_writable()
    for name in _every_queue():
        StartedJobRegistry(name, connection=queues.get_redis(), serializer=JSONSerializer, job_class=OurJob).cleanup()


def _reap_forever(stop: threading.Event) -> None:
    refused, lease = False, get_settings().lease_seconds
    while not stop.wait(lease / LOOKS + (lease if refused else 0)):  # leases are renewed first
        try:
            reap()
            refused = False
        except Exception as error:
            refused = isinstance(error, ArgusError) and error.code in ("queue_full", "queue_refused")
            _complain("the reaper failed; it keeps running", error)


def _complain(what: str, error: Exception) -> None:
    if isinstance(error, RedisError):
        error = queues.refusal(error)
    if isinstance(error, ArgusError):
        log.warning(what, extra={"code": error.code, "error": error.message})
    else:
        log.error(what, exc_info=error)


def _schedule_forever(stop: threading.Event) -> None:
    """Put jobs that wait for their time (a second try, a delivery put off) onto their queues.

    RQ's own way is a child process. It would be forked while our threads hold locks and connections, copy the parent's
    memory bit by bit, and outlive a parent that is killed.
    """
    scheduler: Any = RQScheduler(_every_queue(), connection=queues.get_redis(), serializer=JSONSerializer,
                                 logging_level="WARNING")
    failing = ""
    while not stop.wait(SCHEDULE_SECONDS):
        try:
            scheduler.acquire_locks()  # or renew them: they may have gone with Redis' data, or with another's death
            scheduler.enqueue_scheduled_jobs()
            failing = ""
        except Exception as error:
            if failing != (failing := str(error)):  # it looks every second
                _complain("the scheduler failed; it keeps running", error)
    with contextlib.suppress(RedisError):
        scheduler.release_locks()  # the next worker need not wait until they run out


def _await_queue(seconds: float) -> None:
    """Return once the queue server takes writes: after a restart of it, workers come up before it does.

    Raises:
        ArgusError: `queue_unreachable`, after that many seconds without an answer; `queue_refused` when it refuses us.
            One that takes no writes for now is waited for as long as that takes.
    """
    deadline, told = time.monotonic() + seconds, ""
    while True:
        try:
            queues.check_writable()
            return
        except ArgusError as error:
            for_now = isinstance(error.__cause__, RedisError) and takes_no_writes(error.__cause__)
            if time.monotonic() > deadline and not for_now:
                raise
            if told != (told := error.message):
                log.warning("waiting for the queue server", extra={"code": error.code, "error": error.message})
        time.sleep(PAUSE)


def _prepare(role: str, prepare: Callable[[], None]) -> None:
    """Prepare `role`; while somebody asks to wait (the host of a checkpoint, a database that takes no writes), wait and
    try again, and let the doctor say so."""
    while True:
        try:
            prepare()
            return
        except ArgusError as error:
            if error.code not in _WAITED_FOR:
                raise
            seconds = min(_LONGEST_WAIT, max(PAUSE, error.details.get("retry_after", _WAIT)))
            worker_failures.record(role, error, waits=True)
            log.warning("not prepared yet; trying again", extra={"code": error.code, "error": error.message,
                                                                 "seconds": seconds})
        time.sleep(seconds)


def serve_worker() -> None:
    """Answer `/metrics` of this worker at `ARGUS_WORKER_METRICS_PORT`; 0, the default, answers nothing.

    Raises:
        ArgusError: `port_in_use`.
    """
    settings = get_settings()
    if not settings.worker_metrics_port:
        return
    try:
        start_http_server(settings.worker_metrics_port, addr=settings.host, registry=metrics.REGISTRY)
    except OSError as error:
        raise ArgusError("port_in_use", f"This worker's metrics endpoint cannot listen on {settings.host}:"
                         f"{settings.worker_metrics_port}: {error.strerror}.",
                         "Give each worker of a machine its own ARGUS_WORKER_METRICS_PORT, or 0.") from error


def run(role: str, prepare: Callable[[], None]) -> None:
    """Prepare `role` and work until a signal ends the process. The default role is also scheduler and reaper.

    Args:
        prepare: loads what the role's jobs need; a model that cannot be loaded ends the worker before its first job.

    Raises:
        ArgusError: what the preparation raised (a model that cannot be loaded, a server that does not answer), but for
            what passes by itself.
    """
    settings = get_settings()
    logs.configure(f"{role}-worker", settings.log_level)
    _prepare(role, prepare)
    serve_worker()
    _await_queue(PATIENCE)
    worker_failures.forget(role)
    log.info("ready", extra={"queues": queue_names.ROLES[role]})
    ended = threading.Event()
    beside = [threading.Thread(target=work, args=(ended,), name=work.__name__, daemon=True)
              for work in (_reap_forever, _schedule_forever) if role == "default"]
    for thread in beside:
        thread.start()
    waiting = queues.waiting_redis(READ_SECONDS)
    listened = [Queue(name, connection=waiting, serializer=JSONSerializer, job_class=OurJob)
                for name in queue_names.ROLES[role]]
    worker = LeaseWorker(listened, connection=waiting, serializer=JSONSerializer, worker_ttl=IDLE_SECONDS)
    try:
        worker.work(logging_level="WARNING")
    finally:
        ended.set()
        for thread in beside:
            thread.join(5)
