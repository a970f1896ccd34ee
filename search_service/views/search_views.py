"""Searches kept as views of Label Studio's Data Manager."""

from __future__ import annotations

from collections.abc import Sequence

from argus import audit
from argus.answers.search import MadeView, ObjectSearchResult, SearchResult, View
from argus.errors import ArgusError
from argus.labelstudio import get_label_studio
from argus.settings import get_settings
from label_studio_config import projects, view_store
from label_studio_config.views import base_title, live_views, remove_view, search_views
from search_service.search.object_search import find_objects
from search_service.search.query import ObjectQuery, SearchQuery
from search_service.search.relevance import RELEVANCE, UNLIKELY
from search_service.search.search import MAX_LIMIT, find
from search_service.views import ranks, view_ranks


def make(project_id: int, title: str, ask: SearchQuery | None, task_ids: Sequence[int] | None, limit: int,
         relevance: str = UNLIKELY) -> MadeView:
    """Make or update a view of a search's first hits, or of given tasks in their order; see `show`.

    Args:
        relevance: hits below this band are left out.

    Raises:
        ArgusError: what a search raises; `unknown_task` for tasks of another project; `nothing_selected`.
    """
    if ask is not None:
        ids = best(project_id, ask, limit, relevance)
    else:
        projects.require(project_id)
        ids = list(task_ids or [])
        projects.require_tasks(project_id, ids)
    made = show(project_id, title or (ask.title() if ask else "Selection"), ids,
                ask.text if ask and not isinstance(ask, ObjectQuery) and not ask.filters.narrow() else "")
    audit.about(f"view {made[0]}")
    return MadeView(views=made, tasks=len(set(ids)), url=view_url(project_id, made[0]))


def show(project_id: int, title: str, task_ids: Sequence[int], query: str = "") -> list[int]:
    """Make or update the view of these tasks, best first, and return its ids.

    Up to 50 tasks are shown in this order, once a job has numbered them; of more, Label Studio cannot be told an order.
    The title says which it is.
    """
    ids = list(dict.fromkeys(task_ids))
    ls = get_label_studio()
    if not 0 < len(ids) <= ranks.MAX_RANKED:
        made = search_views(ls, project_id, title, ids, query, say_order=True)
        view_ranks.release(made)
        return made
    rank = view_ranks.reserve(project_id, title)
    made = search_views(ls, project_id, title, ids, query, order_by=view_ranks.key(rank), say_order=True)
    view_ranks.order(project_id, rank, made[0], ids)
    return made


def best(project_id: int, ask: SearchQuery, limit: int, relevance: str = UNLIKELY) -> list[int]:
    """Return the tasks of a search's first hits, best first, without those below a band; of a search of objects those
    that they are on, each once. Not recorded."""
    if isinstance(ask, ObjectQuery):
        return list(dict.fromkeys(from_band(find_objects(project_id, ask, limit), relevance)))
    return from_band(find(project_id, ask, limit, record=False), relevance)


def from_band(result: SearchResult | ObjectSearchResult, relevance: str) -> list[int]:
    """Return the tasks of a search's hits without those below a band."""
    rank = RELEVANCE.index(relevance)
    return [hit.task for hit in result.hits if not hit.relevance or RELEVANCE.index(hit.relevance) <= rank]


def refresh(project_id: int, view_id: int) -> MadeView:
    """Search again for what a view was made of, and let it show as many of today's best hits. Answers like `make`.

    Raises:
        ArgusError: `not_found` for a view that is not ours, `conflict` for one that was not made by a search.
    """
    ours = {view.id: view for view in listing(project_id)}
    if view_id not in ours:
        raise _not_ours(project_id, view_id)
    view = ours[view_id]
    if view.kind != "search" or not view.query:
        raise ArgusError("conflict", f"The view “{view.title}” was made of chosen tasks, not of a search.",
                         "A saved search keeps its view up to date, whatever its query.")
    title = base_title(view.title)
    tiers = [other.id for other in ours.values()
             if other.kind == "search" and base_title(other.title) == title]
    live = live_views(get_label_studio(), project_id)
    size = sum(len(live[tier]["filters"]["items"]) for tier in tiers if "filters" in live.get(tier, {}))
    return make(project_id, title, SearchQuery(text=view.query), None, min(max(size, 1), MAX_LIMIT))


def view_url(project_id: int, view_id: int) -> str:
    """Return the address of a view as a browser opens it."""
    return f"{get_settings().public_label_studio_url}/projects/{project_id}/data?tab={view_id}"


def listing(project_id: int) -> list[View]:
    """Return the views that Argus made or filled in a project."""
    projects.require(project_id)
    return [View(id=row.id, kind=row.kind, title=row.title, query=row.query, saved=row.saved_id,
                 url=view_url(project_id, row.id)) for row in view_store.views_of(project_id)]


def remove(project_id: int, view_id: int) -> int:
    """Remove one of our views from Label Studio; return its id.

    Raises:
        ArgusError: `not_found` when it is not one of ours; `conflict` when somebody gave it another title or filter: it
            is theirs then, stays, and is not listed among ours any more.
    """
    done = remove_view(get_label_studio(), project_id, view_id)
    if done == "not_ours":
        raise _not_ours(project_id, view_id)
    if done == "left":
        raise ArgusError("conflict", f"Somebody changed the view {view_id} in Label Studio: Argus leaves it alone.",
                         "Close it in Label Studio's Data Manager.")
    return view_id


def _not_ours(project_id: int, view_id: int) -> ArgusError:
    return ArgusError("not_found", f"Argus made no view {view_id} in project {project_id}.")
