"""What `/metrics` of the web services answers: the process's own counters, and counts from PostgreSQL and Redis."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from argus import queue_names
from argus.jobs import queues
from argus.metrics import REGISTRY, log
from argus.web import server_state, store

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# Every state has a sample from the start, so that a query finds 0 and not nothing.
_TASK_STATES = ("waiting", "embedded", "failed", "video")
_OBJECT_STATES = ("waiting", "embedded", "failed")
_RUN_STATES = ("queued", "running", "done", "failed", "cancelled")
_RUN_TASK_STATES = ("waiting", "detected", "done", "failed", "cancelled")
_INSTALLATION = CollectorRegistry()


class Installation:
    """The state that all processes share, read when it is asked for."""

    def collect(self) -> Iterator[Metric]:
        yield from self._part(self._writes)
        yield from self._part(self._queues)
        yield from self._part(self._tables)

    @staticmethod
    def _part(read: Callable[[], Iterator[Metric]]) -> Iterator[Metric]:
        try:
            yield from list(read())
        except Exception as error:  # a scrape during an outage shows what is left; `argus_up` says what is not
            log.warning("a part of the metrics is missing", extra={"error": type(error).__name__})

    def _writes(self) -> Iterator[Metric]:
        gauge = GaugeMetricFamily("argus_takes_writes", "Whether the server takes writes, 0 or 1", labels=["server"])
        refused = server_state.codes()
        for name in ("postgresql", "redis"):
            gauge.add_metric([name], int(name not in refused))
        yield gauge

    def _queues(self) -> Iterator[Metric]:
        from rq import Worker

        redis = queues.get_redis()
        depth = GaugeMetricFamily("argus_queue_depth", "Jobs that wait", labels=["queue"])
        age = GaugeMetricFamily("argus_queue_age_seconds", "How long the next job has waited", labels=["queue"])
        workers = GaugeMetricFamily("argus_workers", "Workers that are registered", labels=["role"])
        served = [set(worker.queue_names()) for worker in Worker.all(connection=redis)]
        for role, names in queue_names.ROLES.items():
            workers.add_metric([role], sum(set(names) <= has for has in served))
            for name in names:
                depth.add_metric([name], int(redis.llen(f"rq:queue:{name}")))
                age.add_metric([name], queues.oldest_seconds(name))
        yield from (depth, age, workers)

    def _tables(self) -> Iterator[Metric]:
        all_runs = store.run_tasks_by_state()
        running = [row for row in all_runs if row.goes_on]
        for name, text, states, rows in (
                ("argus_tasks", "Tasks of connected projects", _TASK_STATES, store.tasks_by_state()),
                ("argus_objects", "Objects that were detected", _OBJECT_STATES, store.objects_by_state()),
                ("argus_runs", "Runs", _RUN_STATES, store.runs_by_state()),
                ("argus_running_tasks", "Tasks of the runs that go on", _RUN_TASK_STATES, running),
                ("argus_run_tasks", "Tasks of all runs on record", _RUN_TASK_STATES, all_runs)):
            gauge = GaugeMetricFamily(name, f"{text} by state", labels=["state"])
            for state in states:
                gauge.add_metric([state], sum(row.n for row in rows if row.state == state))
            yield gauge


def exposition(*more: CollectorRegistry) -> bytes:
    """Return what `/metrics` of a web process answers, in Prometheus's text format."""
    return b"".join(generate_latest(registry) for registry in (*more, REGISTRY, _INSTALLATION))


_INSTALLATION.register(Installation())
