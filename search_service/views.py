"""Searches kept as views of Label Studio's Data Manager."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from argus.db import connect
from argus.errors import ArgusError
from argus.labelstudio import get_label_studio
from argus.settings import get_settings
from label_studio_config.views import base_title, remove_view, search_views
from search_service.search import MAX_LIMIT, search
from search_service.sync import sync_progress


def make(project_id: int, title: str, query: str | None, task_ids: Sequence[int] | None, limit: int) -> dict[str, Any]:
    """Make or update a view of a query's first hits, or of given tasks.

    Returns:
        `{"views": [ids; several when there are more than 500 tasks], "tasks": count, "url": of the first view}`.

    Raises:
        ArgusError: what a search raises; `unknown_task` for tasks of another project; `nothing_selected`.
    """
    if query is not None:
        hits = search(project_id, query, limit, record=False).hits
        ids = [hit.task_id for hit in hits]
    else:
        sync_progress(project_id)  # an unknown project is said to be one
        ids = list(task_ids or [])
        check_tasks(project_id, ids)
    made = search_views(get_label_studio(), project_id, title or query or "Selection", ids, query or "")
    return {"views": made, "tasks": len(set(ids)), "url": view_url(project_id, made[0])}


def refresh(project_id: int, view_id: int) -> dict[str, Any]:
    """Search again for what a view was made of, and let it show as many of today's best hits. Answers like `make`.

    Raises:
        ArgusError: `not_found` for a view that is not ours, `conflict` for one that was not made by a search.
    """
    ours = {view["id"]: view for view in listing(project_id)}
    if view_id not in ours:
        raise _not_ours(project_id, view_id)
    view = ours[view_id]
    if view["kind"] != "search" or not view["query"]:
        raise ArgusError("conflict", f"The view “{view['title']}” was made of chosen tasks, not of a search.")
    title = base_title(view["title"])
    tiers = [other["id"] for other in ours.values()
             if other["kind"] == "search" and base_title(other["title"]) == title]
    shown = {entry["id"]: entry for entry in get_label_studio().get("/api/dm/views/", project=project_id)}
    size = sum(len(shown[tier]["data"]["filters"]["items"]) for tier in tiers if tier in shown)
    return make(project_id, title, view["query"], None, min(max(size, 1), MAX_LIMIT))


def check_tasks(project_id: int, task_ids: Sequence[int]) -> None:
    """Raise `unknown_task` when one of the tasks is not an image of this project."""
    with connect() as connection:
        known = {row["id"] for row in connection.execute("SELECT id FROM task WHERE project_id = %s AND id = ANY(%s)",
                                                         (project_id, list(task_ids)))}
    if unknown := [task_id for task_id in task_ids if task_id not in known]:
        raise ArgusError("unknown_task", f"The project {project_id} has no task {unknown[0]}.", task_ids=unknown[:20])


def view_url(project_id: int, view_id: int) -> str:
    """Return the address of a view as a browser opens it."""
    return f"{get_settings().public_label_studio_url}/projects/{project_id}/data?tab={view_id}"


def listing(project_id: int) -> list[dict[str, Any]]:
    """Return the views that Argus made in a project: `{"id", "kind", "title", "query", "url"}`."""
    sync_progress(project_id)
    with connect() as connection:
        rows = connection.execute("SELECT id, kind, title, query FROM view WHERE project_id = %s ORDER BY kind, id",
                                  (project_id,)).fetchall()
    return [{**row, "url": view_url(project_id, row["id"])} for row in rows]


def remove(project_id: int, view_id: int) -> int:
    """Remove one of our views from Label Studio. Raises `not_found` when it is not one of ours."""
    if not remove_view(get_label_studio(), project_id, view_id):
        raise _not_ours(project_id, view_id)
    return view_id


def _not_ours(project_id: int, view_id: int) -> ArgusError:
    return ArgusError("not_found", f"Argus made no view {view_id} in project {project_id}.")
