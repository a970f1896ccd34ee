"""Saved searches: kept by name, and a Label Studio view that follows each as images arrive, if one is wanted."""

from __future__ import annotations

from contextlib import AbstractContextManager, suppress
from typing import Any, TypedDict

from psycopg.errors import UniqueViolation

from argus import audit, queue_names
from argus.answers.search import ChangedSearch, ForgottenSearch, SavedSearch, SearchResult
from argus.db import alone, locks
from argus.errors import ArgusError, as_argus_error
from argus.jobs import queues
from argus.labelstudio import LabelStudio, get_label_studio
from label_studio_config import projects, view_store
from label_studio_config.bands import edges_of
from label_studio_config.views import live_views, remove_view, search_views
from search_service.search.query import SearchQuery
from search_service.search.query_text import parse_query
from search_service.search.search import find
from search_service.views import ranks, store, view_ranks
from search_service.views import search_views as views
from search_service.views.store import SavedRow

MAX_NAME = 100
SETTLE_SECONDS = 30.0  # images may go on arriving: a view is refreshed at the latest so long after the first
REFRESH_SECONDS = 300


class SavedChanges(TypedDict, total=False):
    """What to change of a saved search: the arguments of `create`."""

    name: str
    ask: SearchQuery
    size: int
    relevance: str
    keep_view: bool
    ranked: int


def create(project_id: int, name: str, ask: SearchQuery, *, size: int = 50, relevance: str = "unlikely",
           keep_view: bool = False, ranked: int = 0) -> SavedSearch:
    """Keep a search under a name; return it as `listing` does.

    Args:
        size: hits that the view shows at most. relevance: hits below this band are not shown.
        keep_view: make a Label Studio view and keep it fresh.
        ranked: order the view, by writing the rank of its first so many tasks into their data.

    Raises:
        ArgusError: `unknown_project`, `empty_query`, `conflict` (the name is taken), `bad_request` (an uploaded file is
            not kept), `unknown_task`. That the view cannot be made just now is no error: it is said in the answer.
    """
    projects.require(project_id)
    _check(project_id, ask)
    try:
        saved_id = store.add_saved(project_id, _name(name), ask.to_json(), size=size, relevance=relevance,
                                   keep_view=keep_view, ranked=ranked, person_id=audit.actor().person)
    except UniqueViolation as error:
        raise _taken(name) from error
    audit.about(f"saved search {saved_id}")
    return _follow(project_id, saved_id)


def change(project_id: int, saved_id: int, changes: SavedChanges) -> ChangedSearch:
    """Change a saved search; return it.

    A view that is no longer wanted, or that had the old name, is removed; one that somebody changed in Label Studio is
    theirs and stays: its id is in `left` of the answer.
    """
    values: dict[str, Any] = {**changes}
    if "name" in changes:
        values["name"] = _name(changes["name"])
    if "ask" in changes:
        _check(project_id, changes["ask"])
        values["ask"] = changes["ask"].to_json()
    with writing(project_id, saved_id):
        old = store.saved(project_id, saved_id)
        new = old._replace(**values)
        if store.has_other(project_id, new.name, saved_id):  # before a view is removed for the sake of the change
            raise _taken(new.name)
        left = _remove_views(project_id, saved_id) if new.name != old.name or not new.keep_view else []
        ranks.clear(get_label_studio(), project_id, saved_id, old.shown[:old.ranked])
        try:
            store.change_saved(new)
        except UniqueViolation as error:
            raise _taken(new.name) from error
    return ChangedSearch(**dict(_follow(project_id, saved_id)), left=left)


def delete(project_id: int, saved_id: int) -> ForgottenSearch:
    """Forget a saved search, and remove its view and its ranks. Raises `not_found`."""
    with writing(project_id, saved_id):
        saved = store.saved(project_id, saved_id)
        left = _remove_views(project_id, saved_id)
        ranks.clear(get_label_studio(), project_id, saved_id, saved.shown[:saved.ranked])
        store.delete_saved(saved_id)
    return ForgottenSearch(deleted=saved_id, left=left)


def writing(project_id: int, saved_id: int, seconds: float = 60.0) -> AbstractContextManager[None]:
    """Let nobody else write a search's view and ranks meanwhile: what a refresh writes after them would be nobody's.

    Raises:
        ArgusError: `not_found`; `conflict` when somebody else still does after `seconds`.
    """
    store.saved(project_id, saved_id)
    return alone(locks.WRITE_SAVED_SEARCH, saved_id, seconds=seconds, busy=ArgusError(
        "conflict", "The view of this saved search is being updated right now.", "Try again in a moment."))


def listing(project_id: int) -> list[SavedSearch]:
    """Return a project's saved searches by name."""
    projects.require(project_id)
    return [_shown(saved) for saved in store.all_saved(project_id)]


def get(project_id: int, saved_id: int) -> SavedSearch:
    """Return one, as in `listing`. Raises `not_found`."""
    return _shown(store.saved(project_id, saved_id))


def run(project_id: int, saved_id: int, limit: int, offset: int) -> SearchResult:
    """Search for what was saved; a page like any other."""
    return find(project_id, query_of(project_id, saved_id), limit, offset, record=False)


def query_of(project_id: int, saved_id: int) -> SearchQuery:
    """Return what a saved search asks for. Raises `not_found`."""
    return SearchQuery.model_validate(store.saved(project_id, saved_id).ask)


def refresh(project_id: int, saved_id: int) -> SavedSearch:
    """Search again and bring the view up to date; return it as `listing` does. The job of the queue `default`, too.

    An error is kept with the search, and raised.
    """
    with writing(project_id, saved_id):
        return _refresh(project_id, saved_id)


def _refresh(project_id: int, saved_id: int) -> SavedSearch:
    saved = store.saved(project_id, saved_id)
    state = project_state(project_id)  # before the search: what changes while it runs makes it stale again
    try:
        shown = views.best(project_id, SearchQuery.model_validate(saved.ask), saved.size, saved.relevance)
        if saved.keep_view:
            _write_view(get_label_studio(), saved, shown)
    except Exception as error:
        failure = as_argus_error(error)
        store.record_failure(saved_id, failure)
        raise failure from error
    store.record_refresh(saved_id, shown, state)
    return get(project_id, saved_id)


def refresh_job(project_id: int, saved_id: int) -> str:
    """Job of the queue `default`: `refresh`, whose failure is an answer: the next round tries again.

    A project may have been disconnected since the job was queued: then nothing of ours is written there any more.
    """
    try:
        with writing(project_id, saved_id, seconds=5):
            if projects.is_connected(project_id):
                _refresh(project_id, saved_id)
    except ArgusError as error:
        return error.code
    return ""


def _write_view(ls: LabelStudio, saved: SavedRow, shown: list[int]) -> None:
    key = ranks.key(saved.id) if saved.ranked else ""
    made = set(view_store.views_following(saved.id))
    if shown != saved.shown or not made or not made <= set(live_views(ls, saved.project_id)):
        query = SearchQuery.model_validate(saved.ask)
        view_ranks.release(search_views(
            ls, saved.project_id, saved.name, shown, query.title(), saved_id=saved.id, order_by=key, empty=True,
            say_order=True))
    if saved.ranked:
        ranks.write(ls, saved.project_id, saved.id, shown[:saved.ranked], saved.shown[:saved.ranked])


def project_state(project_id: int) -> str:
    """Return a text that changes whenever another search result is possible: images, annotations, predictions, the
    model that searches use, and what filters go by (band edges, model version, prompts and thresholds)."""
    return store.project_state(project_id, edges_of(projects.load(project_id)))


def enqueue_stale_views(project_id: int) -> int:
    """Enqueue the refresh of views that no longer show what is there; return how many.

    While images arrive one after the other a view waits until none came between two calls, at most 30 s.
    """
    followed = store.followed(project_id, SETTLE_SECONDS)
    if not followed:
        return 0
    state, enqueued = project_state(project_id), 0
    for saved in followed:
        if saved.seen == state:
            continue
        if saved.stale == state or saved.due:
            enqueued += queues.enqueue(queue_names.DEFAULT, "search_service.views.saved_searches.refresh_job",
                                       project_id, saved.id, job_id=f"saved-{saved.id}",
                                       timeout=REFRESH_SECONDS, retries=0) is not None
        store.mark_stale(saved.id, state)
    return enqueued


def _follow(project_id: int, saved_id: int) -> SavedSearch:
    """Let a view that is wanted be made at once, and ranks, which take a second for three tasks, by a job."""
    saved = store.saved(project_id, saved_id)
    if saved.keep_view and saved.ranked:
        queues.enqueue(queue_names.DEFAULT, "search_service.views.saved_searches.refresh_job", project_id, saved_id,
                       job_id=f"saved-{saved_id}", timeout=REFRESH_SECONDS, retries=0)
    elif saved.keep_view:
        with suppress(ArgusError):  # kept with the search and shown, or somebody is at it; the next round tries again
            return refresh(project_id, saved_id)
    return get(project_id, saved_id)


def _shown(row: SavedRow) -> SavedSearch:
    made = view_store.views_following(row.id)
    return SavedSearch.model_validate({
        "id": row.id, "name": row.name, "query": SearchQuery.model_validate(row.ask).title(), "ask": row.ask,
        "size": row.size, "relevance": row.relevance, "keep_view": row.keep_view, "ranked": row.ranked, "views": made,
        "url": views.view_url(row.project_id, made[0]) if made else None, "tasks": len(row.shown),
        "refreshed_at": row.refreshed_at, "stale": bool(row.keep_view and row.stale), "error": row.error})


def _remove_views(project_id: int, saved_id: int) -> list[int]:
    """Remove a search's views as far as they are still as we left them; return those that somebody changed."""
    ls = get_label_studio()
    return [view for view in view_store.views_following(saved_id) if remove_view(ls, project_id, view) == "left"]


def _check(project_id: int, ask: SearchQuery) -> None:
    ask.check()
    if ask.text.strip():
        parse_query(ask.text)
    projects.require_tasks(project_id, ask.examples)
    if not ask.is_savable:
        raise ArgusError("bad_request", "A search by an uploaded file cannot be saved: the file is not kept.",
                         "Import the image as a task, and search by that task.")


def _name(name: str) -> str:
    tidy = " ".join(name.split())
    if not tidy or "\0" in tidy:
        raise ArgusError("bad_request", "A saved search needs a name.")
    if len(tidy) > MAX_NAME:
        raise ArgusError("bad_request", f"The name has {len(tidy):,} characters; at most {MAX_NAME} are allowed.")
    return tidy


def _taken(name: str) -> ArgusError:
    return ArgusError("conflict", f"There is a saved search “{name}” already.",
                      "Choose another name, or change that one.")
