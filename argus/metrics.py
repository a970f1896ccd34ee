"""What Prometheus sees of every process. Names are declared here, label values are few: no project, no task, no text.

A process counts what it does itself (requests, calls to Label Studio, images, model batches, jobs). What is true of
the whole installation (queues, workers, tasks, runs) is asked of Redis and PostgreSQL when the web processes are
scraped, so it is right whichever of them is asked.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.process_collector import ProcessCollector

from argus import queues
from argus.settings import get_settings

log = logging.getLogger(__name__)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60)
_OUTCOMES = ("ok", "refused", "unreachable")
# Every state has a sample from the start, so that a query finds 0 and not nothing.
_TASK_STATES = ("waiting", "embedded", "failed")
_RUN_STATES = ("queued", "running", "done", "failed", "cancelled")
_RUN_TASK_STATES = ("waiting", "detected", "done", "failed", "cancelled")
# One pass over the index `run_task_state`, in its order: nothing is sorted, and no row of the table is read.
_RUN_TASKS = """
SELECT run.state = 'running' AS goes_on, counted.state, sum(n)::bigint AS n
FROM (SELECT run_id, state, count(*) AS n FROM run_task GROUP BY run_id, state) counted JOIN run ON run.id = run_id
GROUP BY goes_on, counted.state
"""

REGISTRY = CollectorRegistry()  # ours alone: tests make several applications in one process
ProcessCollector(namespace="argus", registry=REGISTRY)

HTTP = Histogram("argus_http_request_seconds", "Time of a request by service, method and class of status",
                 ["service", "method", "status"], buckets=_SECONDS, registry=REGISTRY)
LABEL_STUDIO = Histogram("argus_label_studio_seconds", "Time of a call to Label Studio by outcome",
                         ["outcome"], buckets=_SECONDS, registry=REGISTRY)
IMAGES = Counter("argus_images", "Images asked of the fetcher by where they came from",
                 ["source"], registry=REGISTRY)
JOBS = Histogram("argus_job_seconds", "Time of a job by queue and outcome",
                 ["queue", "outcome"], buckets=(*_SECONDS, 120, 300), registry=REGISTRY)
BATCH = Histogram("argus_model_batch_size", "Images in one pass of a model",
                  ["model"], buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256), registry=REGISTRY)
PER_IMAGE = Histogram("argus_model_image_seconds", "Seconds of a model for one image",
                      ["model"], buckets=(.002, .005, *_SECONDS), registry=REGISTRY)

for _outcome in _OUTCOMES:
    LABEL_STUDIO.labels(_outcome)
for _source in ("cache", "fetched", "failed"):
    IMAGES.labels(_source)
for _queue in (name for role in queues.ROLES.values() for name in role):
    for _outcome in ("ok", "failed"):
        JOBS.labels(_queue, _outcome)
for _model in ("siglip", "sam3"):
    BATCH.labels(_model)
    PER_IMAGE.labels(_model)


def model_batch(model: str, images: int, seconds: float) -> None:
    """Count one pass of `model` ("siglip" or "sam3") over `images` images."""
    if images:
        BATCH.labels(model).observe(images)
        PER_IMAGE.labels(model).observe(seconds / images)


class Installation:
    """The state that all processes share, read when it is asked for."""

    def collect(self) -> Iterator[Metric]:
        yield from self._part(self._queues)
        yield from self._part(self._tables)

    @staticmethod
    def _part(read: Callable[[], Iterator[Metric]]) -> Iterator[Metric]:
        try:
            yield from list(read())
        except Exception as error:  # a scrape during an outage shows what is left; `argus_up` says what is not
            log.warning("a part of the metrics is missing", extra={"error": type(error).__name__})

    def _queues(self) -> Iterator[Metric]:
        from rq import Worker

        redis = queues.get_redis()
        depth = GaugeMetricFamily("argus_queue_depth", "Jobs that wait", labels=["queue"])
        age = GaugeMetricFamily("argus_queue_age_seconds", "How long the next job has waited", labels=["queue"])
        workers = GaugeMetricFamily("argus_workers", "Workers that are registered", labels=["role"])
        served = [set(worker.queue_names()) for worker in Worker.all(connection=redis)]
        for role, names in queues.ROLES.items():
            workers.add_metric([role], sum(set(names) <= has for has in served))
            for name in names:
                depth.add_metric([name], int(redis.llen(f"rq:queue:{name}")))
                age.add_metric([name], queues.oldest_seconds(name))
        yield from (depth, age, workers)

    def _tables(self) -> Iterator[Metric]:
        from argus.db import connect

        with connect() as connection:
            tasks = connection.execute("SELECT state, count(*) AS n FROM task GROUP BY state").fetchall()
            runs = connection.execute("SELECT state, count(*) AS n FROM run GROUP BY state").fetchall()
            all_runs = connection.execute(_RUN_TASKS).fetchall()
        running = [row for row in all_runs if row["goes_on"]]
        for name, text, states, rows in (
                ("argus_tasks", "Tasks of connected projects", _TASK_STATES, tasks),
                ("argus_runs", "Runs", _RUN_STATES, runs),
                ("argus_running_tasks", "Tasks of the runs that go on", _RUN_TASK_STATES, running),
                ("argus_run_tasks", "Tasks of all runs on record", _RUN_TASK_STATES, all_runs)):
            gauge = GaugeMetricFamily(name, f"{text} by state", labels=["state"])
            for state in states:
                gauge.add_metric([state], sum(row["n"] for row in rows if row["state"] == state))
            yield gauge


_INSTALLATION = CollectorRegistry()
_INSTALLATION.register(Installation())


def exposition(*more: CollectorRegistry) -> bytes:
    """Return what `/metrics` of a web process answers, in Prometheus's text format."""
    return b"".join(generate_latest(registry) for registry in (*more, REGISTRY, _INSTALLATION))


def serve_worker() -> None:
    """Answer `/metrics` of this worker at `ARGUS_WORKER_METRICS_PORT`; 0, the default, answers nothing.

    Raises:
        ArgusError: `port_in_use`.
    """
    from argus.errors import ArgusError

    settings = get_settings()
    if not settings.worker_metrics_port:
        return
    try:
        start_http_server(settings.worker_metrics_port, addr=settings.host, registry=REGISTRY)
    except OSError as error:
        raise ArgusError("port_in_use", f"The metrics of this worker cannot listen on {settings.host}:"
                         f"{settings.worker_metrics_port}: {error.strerror}.",
                         "Give each worker of a machine its own ARGUS_WORKER_METRICS_PORT, or 0.") from error
