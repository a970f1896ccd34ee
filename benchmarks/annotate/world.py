"""The real servers the figures are measured on, and projects with rendered pictures."""

from __future__ import annotations

import functools
import io
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from argus import home as argus_home
from argus.answers.runs import Run
from argus.settings import Settings
from argus_cli.stack import Stack
from argus_cli.stack.ports import free_port
from argus_cli.stack.template import copy_home, template_home, temporary_home
from demo.draw import Split
from demo.scenes import make_scene, render_scene

CHECKPOINT = Path(__file__).parents[2] / "demo" / "checkpoints" / "sam3-tiny"
LABELS = ("cpu", "fan", "battery")
_PICTURES = 40


@contextmanager
def world() -> Iterator[Stack]:
    """Start PostgreSQL, Valkey, Label Studio, the ML backend and the default worker; point this process at them."""
    home = copy_home(template_home(Settings(_env_file=None)), temporary_home())  # type: ignore[call-arg]
    settings = Settings(  # type: ignore[call-arg]
        _env_file=None, home=home, label_studio_port=free_port(), ml_backend_port=free_port(),
        search_service_port=free_port(), sam3_model=str(CHECKPOINT),
        siglip_model=str(CHECKPOINT.parent / "siglip2-tiny"), torch_threads=1, log_level="WARNING")
    with Stack(settings, {"postgres", "valkey", "label-studio", "ml-backend", "search-service", "worker"}) as stack:
        os.environ.update({name: value for name, value in stack.env.items() if name.startswith("ARGUS_")})
        try:
            yield stack
        finally:
            from argus.db import get_pool

            get_pool().close()
    argus_home.forget(home)


@functools.cache
def picture(index: int, width: int) -> bytes:
    """The index-th scene of the factory line as a JPEG of `width` × `width * 9 / 16` pixels."""
    image, _ = render_scene(make_scene(Split.VALIDATION, f"benchmark {index}"), width)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=90)
    return file.getvalue()


def make_project(count: int, width: int, labels: Sequence[str] = LABELS) -> tuple[int, list[int]]:
    """Return a connected project of `count` tasks, which share `_PICTURES` pictures, and its task ids."""
    from argus.labelstudio import get_label_studio
    from label_studio_config import projects
    from label_studio_config.connect import connect

    ls = get_label_studio()
    project = connect(ls, None, title=f"Benchmark {count} × {width}", labels=labels, masks=True).project_id
    assert project is not None  # only a dry run has none
    files = [(f"{i}.jpg", (f"{i}.jpg", picture(i, width), "image/jpeg")) for i in range(min(count, _PICTURES))]
    ls.request("POST", f"/api/projects/{project}/import", files=files, timeout=120)
    urls = [task["data"]["image"] for task in ls.tasks(project)]
    if count > len(urls):
        ls.post(f"/api/projects/{project}/import", [{"image": urls[i % len(urls)]} for i in range(count - len(urls))],
                timeout=120)
    ids = [task["id"] for task in ls.tasks(project, fields="task_only")]
    projects.known_tasks(projects.refresh(project), ids)
    return project, ids


def work_until_done(run_id: int) -> Run:
    """Be the SAM 3 worker in this process until the run has ended; return its progress."""
    from rq import Queue
    from rq.serializers import JSONSerializer

    from argus import queue_names
    from argus.jobs import queues
    from argus.jobs.worker import LeaseWorker
    from ml_backend.runs import runs

    connection = queues.get_redis()
    worker = LeaseWorker([Queue(name, connection=connection, serializer=JSONSerializer)
                          for name in queue_names.ROLES["sam3"]], connection=connection, serializer=JSONSerializer)
    while (progress := runs.run_progress(run_id)).state in ("queued", "running"):
        worker.work(burst=True, logging_level="WARNING")
        time.sleep(0.02)
    return progress
