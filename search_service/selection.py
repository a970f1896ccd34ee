"""From what a person selected to the services that act on it.

The ML backend's services are imported when they are called: the two packages stand side by side, and this one can be
installed and tested without a model.
"""

from __future__ import annotations

import importlib
from typing import Any

from argus.db import connect
from argus.errors import ArgusError
from search_service.requests import RunRequest
from search_service.search import search
from search_service.sync import sync_progress
from search_service.views import check_tasks


def runs() -> Any:
    """Return the service of runs, `ml_backend.runs`."""
    return importlib.import_module("ml_backend.runs")


def review() -> Any:
    """Return the service of review, `ml_backend.review`."""
    return importlib.import_module("ml_backend.review")


def start_run(project_id: int, asked: RunRequest) -> int:
    """Create a run on the tasks that the request means, and return its id.

    Raises:
        ArgusError: `unknown_project`, `unknown_task`, `unknown_label`, `nothing_selected`, and what a search raises.
    """
    task_ids, source = _tasks_meant(project_id, asked)
    return int(runs().create_run(project_id, asked.labels, task_ids, settings=source, max_tasks=asked.max_tasks))


def estimate_run(project_id: int, asked: RunRequest) -> dict[str, Any]:
    """Return what `start_run` with the same request would cost; starts nothing. Raises as `start_run`."""
    task_ids, _ = _tasks_meant(project_id, asked)
    return dict(runs().estimate(project_id, asked.labels, task_ids, asked.max_tasks))


def _tasks_meant(project_id: int, asked: RunRequest) -> tuple[list[int], dict[str, Any]]:
    sync_progress(project_id)
    source: dict[str, Any] = {"source": "tasks"}
    if asked.search is not None:
        task_ids = [hit.task_id for hit in search(project_id, asked.search, asked.limit, record=False).hits]
        source = {"source": "search", "query": asked.search, "limit": asked.limit}
    elif asked.all:
        task_ids, source = _all_tasks(project_id), {"source": "all"}
    else:
        task_ids = list(dict.fromkeys(asked.task_ids or []))
        check_tasks(project_id, task_ids)
    if not task_ids:
        raise ArgusError("nothing_selected", "There is no task to annotate.")
    return task_ids, source


def _all_tasks(project_id: int) -> list[int]:
    with connect() as connection:
        return [row["id"] for row in connection.execute("SELECT id FROM task WHERE project_id = %s AND image <> '' "
                                                        "ORDER BY id", (project_id,))]
