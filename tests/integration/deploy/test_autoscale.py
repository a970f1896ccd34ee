"""What docker/kubernetes/autoscale.yaml lets KEDA read, on a real PostgreSQL and Valkey."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from rq import Queue
from rq.serializers import JSONSerializer

from argus import queue_names
from argus.db import connect
from argus.jobs import queues
from ml_backend.runs import scheduling
from tests.resting import resting

pytestmark = pytest.mark.integration
AUTOSCALE = Path(__file__).parents[3] / "docker" / "kubernetes" / "autoscale.yaml"
PROJECT = 88_888_888


@pytest.fixture
def waiting_run(servers: Any) -> Iterator[None]:
    """A run of 40 tasks that no worker begins: those of other tests rest meanwhile."""
    with resting(servers, "sam3-worker", "worker"):
        with connect() as connection:
            connection.execute("INSERT INTO project (id) VALUES (%s)", (PROJECT,))
            run = connection.execute("INSERT INTO run (project_id, labels, model_version) VALUES (%s, '{cpu}', 'x') "
                                     "RETURNING id", (PROJECT,)).fetchone()
            assert run
            connection.execute("INSERT INTO run_task (run_id, task_id) SELECT %s, 880000000 + n FROM "
                               "generate_series(1, 40) n", (run["id"],))
        yield
        with connect() as connection:
            connection.execute("DELETE FROM project WHERE id = %s", (PROJECT,))


def test_autoscaler__sees_what_waits(waiting_run: None) -> None:
    (scaled,) = (one for one in yaml.safe_load_all(AUTOSCALE.read_text()) if one["metadata"]["name"] == "sam3-worker")
    (query,) = (trigger["metadata"]["query"] for trigger in scaled["spec"]["triggers"]
                if trigger["type"] == "postgresql")
    queue = Queue(queue_names.SAM3, connection=queues.get_redis(), serializer=JSONSerializer)
    assert queue.key in [trigger["metadata"].get("listName") for trigger in scaled["spec"]["triggers"]]
    scheduling.ensure_detection_jobs(PROJECT)
    ours = [name for name in queue.get_job_ids() if name.startswith(f"detect-{PROJECT}-")]
    try:
        assert len(ours) == queues.workers_of(queue_names.SAM3) + 1  # says that there is work, and not how much
        with connect() as connection:
            found = connection.execute(query.encode()).fetchone()
            rest = connection.execute(query.encode() + b" AND run.project_id <> 88888888").fetchone()
        assert found and rest and found["count"] - rest["count"] == 40
    finally:
        for name in ours:
            queue.remove(name)
