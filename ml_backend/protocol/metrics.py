"""What `/metrics` shows. Labels have few values: no project and no task ids."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Metrics:
    """Counters of one web process, declared before they are needed so that a dashboard sees zeros."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.seconds = Histogram("argus_ml_predict_seconds", "Time of /predict", ["kind"], registry=self.registry,
                                 buckets=(.05, .1, .25, .5, 1, 2, 3, 5, 10, 30, 60, 100))
        self.tasks = Counter("argus_ml_predict_tasks", "Tasks asked by /predict", ["outcome"], registry=self.registry)
        self.waiting = Gauge("argus_ml_predict_running", "/predict calls in work", registry=self.registry)
        for kind in ("batch", "interactive"):
            self.seconds.labels(kind)
        for outcome in ("answered", "empty"):
            self.tasks.labels(outcome)

    @contextlib.contextmanager
    def predict(self, interactive: bool) -> Iterator[Callable[[int, int], None]]:
        """Time one `/predict`; call what is yielded with the number of tasks and how many got an answer."""
        def seen(asked: int, answered: int) -> None:
            self.tasks.labels("answered").inc(answered)
            self.tasks.labels("empty").inc(asked - answered)

        with self.waiting.track_inprogress(), self.seconds.labels("interactive" if interactive else "batch").time():
            yield seen
