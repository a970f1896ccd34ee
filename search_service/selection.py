"""From what a person selected to the services that act on it.

The ML backend's services are imported when they are called: the two packages stand side by side, and this one can be
installed and tested without a model.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from argus.db import connect
from argus.errors import ArgusError
from argus.labelstudio import get_label_studio
from argus.labelstudio.client import tasks_page
from argus.labelstudio.people import sign_in
from search_service.review_requests import PreviewRequest, RunRequest, Source
from search_service.search import search
from search_service.sync import sync_progress
from search_service.views import check_tasks


def runs() -> Any:
    """Return the service of runs, `ml_backend.runs`."""
    return importlib.import_module("ml_backend.runs")


def review() -> Any:
    """Return the service of review, `ml_backend.review`."""
    return importlib.import_module("ml_backend.review")


def service(name: str) -> Any:
    """Return another service of the ML backend, `ml_backend.<name>`."""
    return importlib.import_module(f"ml_backend.{name}")


def person(token: str) -> dict[str, Any]:
    """Return who a personal access token of Label Studio belongs to: `{"id", "email", "name"}`.

    Raises:
        ArgusError: `bad_request` for an unknown token, `label_studio_unreachable`.
    """
    with refused_token():
        owner = sign_in(token)
    return {"id": owner.id, "email": owner.email, "name": owner.name}


def accept(project_id: int, **options: Any) -> dict[str, Any]:
    """Accept as `ml_backend.review.accept` does. An unknown personal token is `bad_request`."""
    with refused_token():
        return dict(review().accept(project_id, **options))


@contextmanager
def refused_token() -> Iterator[None]:
    """Tell a token of Label Studio that is refused apart from a missing token of our own API, which is a 401."""
    try:
        yield
    except ArgusError as error:
        if error.code != "unauthorized":
            raise
        raise ArgusError("bad_request", error.message, error.hint) from error


def start_run(project_id: int, asked: RunRequest) -> int:
    """Create a run on the tasks that the request means, and return its id.

    Raises:
        ArgusError: `unknown_project`, `unknown_task`, `unknown_label`, `nothing_selected`, and what a search raises.
    """
    task_ids, source = _run_tasks(project_id, asked)
    return int(runs().create_run(project_id, asked.labels, task_ids, settings=source, max_tasks=asked.max_tasks))


def estimate_run(project_id: int, asked: RunRequest) -> dict[str, Any]:
    """Return what `start_run` with the same request would cost; starts nothing. Raises as `start_run`."""
    task_ids, _ = _run_tasks(project_id, asked)
    return dict(runs().estimate(project_id, asked.labels, task_ids, asked.max_tasks))


def preview(project_id: int, asked: PreviewRequest) -> dict[str, Any]:
    """Return what SAM 3 finds on some of the tasks: see `ml_backend.preview`. Raises as `start_run`."""
    task_ids, _ = resolve(project_id, asked)
    count = min(asked.images, len(task_ids))
    spread = [task_ids[round(place * (len(task_ids) - 1) / max(count - 1, 1))] for place in range(count)]
    found: dict[str, Any] = service("preview").preview(project_id, spread, [c.model_dump() for c in asked.concepts],
                                                       retry=asked.retry)
    return found


def _run_tasks(project_id: int, asked: RunRequest) -> tuple[list[int], dict[str, Any]]:
    task_ids, source = resolve(project_id, asked)
    if asked.outdated:
        older = service("recipes").outdated_tasks(project_id)
        task_ids, source = list(dict.fromkeys([*task_ids, *older])), source | {"outdated": len(older)}
    return task_ids, source


def resolve(project_id: int, asked: Source) -> tuple[list[int], dict[str, Any]]:
    """Return the tasks that a source means, and the source as a run's record keeps it.

    Raises:
        ArgusError: `unknown_project`, `unknown_task`, `not_found` for a view, `nothing_selected`, and what a search
            raises.
    """
    sync_progress(project_id)
    source: dict[str, Any] = {"source": "tasks"}
    if asked.search is not None:
        task_ids = [hit.task_id for hit in search(project_id, asked.search, asked.limit, record=False).hits]
        source = {"source": "search", "query": asked.search, "limit": asked.limit}
    elif asked.view is not None:
        task_ids, source = _listed(project_id, view=asked.view), {"source": "view", "view": asked.view}
    elif asked.unlabelled:
        task_ids, source = _listed(project_id, query=_UNLABELLED), {"source": "unlabelled"}
    elif asked.all:
        task_ids, source = _all_tasks(project_id), {"source": "all"}
    else:
        task_ids = list(dict.fromkeys(asked.task_ids or []))
        check_tasks(project_id, task_ids)
    if not task_ids:
        raise ArgusError("nothing_selected", "There is no task to annotate.")
    return task_ids, source


def sources(project_id: int) -> dict[str, Any]:
    """Return what a run can be started from: `{"all", "unlabelled": counts, "views": [{"id", "title", "tasks"}]}`.

    Raises:
        ArgusError: `unknown_project`, `label_studio_unreachable`.
    """
    sync_progress(project_id)
    ls = get_label_studio()
    views = [{"id": view["id"], "title": (view.get("data") or {}).get("title") or f"{view['id']}"}
             for view in ls.get("/api/dm/views/", project=project_id)]
    return {"all": len(_all_tasks(project_id)), "views": views,
            "unlabelled": ls.get("/api/tasks/", project=project_id, page_size=1, include="id",
                                 query=_UNLABELLED)["total"]}


_UNLABELLED = json.dumps({"filters": {"conjunction": "and", "items": [
    {"filter": "filter:tasks:total_annotations", "operator": "equal", "type": "Number", "value": 0}]}})
_PAGE = 1000


def _listed(project_id: int, **which: Any) -> list[int]:
    """Return the ids of the tasks that Label Studio lists for a view or a query, in its order."""
    found: list[int] = []
    page = 1
    while True:
        try:
            answer = tasks_page(get_label_studio(), project_id, page=page, page_size=_PAGE, include="id", **which)
        except ArgusError as error:
            if "view" not in which or error.code != "not_found":
                raise
            raise ArgusError("not_found", f"Project {project_id} has no view {which['view']}.",
                             "It may have been removed in Label Studio.") from error
        found += [task["id"] for task in answer["tasks"]]
        if not answer["tasks"] or page * _PAGE >= answer["total"]:
            return found
        page += 1


def _all_tasks(project_id: int) -> list[int]:
    with connect() as connection:
        return [row["id"] for row in connection.execute("SELECT id FROM task WHERE project_id = %s AND image <> '' "
                                                        "ORDER BY id", (project_id,))]
