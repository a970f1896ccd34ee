"""What was searched for in a project, to be repeated or deleted."""

from __future__ import annotations

from argus import audit
from argus.answers.search import PastSearch
from argus.db import only_if_writable
from argus.errors import ArgusError
from search_service.search import store
from search_service.search.query import SearchQuery


def record(project_id: int, ask: SearchQuery, total: int) -> None:
    """Add a search to the project's history. In a database that takes no writes it is not kept: it is found all the
    same."""
    with only_if_writable("search history"):
        store.record_search(project_id, ask.title(), total, ask.to_json(), audit.actor().person)


def history(project_id: int, limit: int = 20) -> list[PastSearch]:
    """Return the last different searches of a project, newest first."""
    return [PastSearch.model_validate({"id": row.id, "query": row.query, "ask": row.ask, "total": row.total,
                                       "at": row.created_at}) for row in store.past_searches(project_id, limit)]


def recall(project_id: int, search_id: int) -> SearchQuery:
    """Return what a search of the history asked for. Raises `not_found`."""
    if (ask := store.past_ask(project_id, search_id)) is None:
        raise ArgusError("not_found", f"The history of project {project_id} has no search {search_id}.")
    return SearchQuery.model_validate(ask)


def forget(project_id: int, search_id: int | None = None, *, person: int | None = None) -> int:
    """Delete a search from the history, in all its repetitions, or the whole history; return the rows deleted.

    Args:
        person: delete only what this person searched for; None: whoever did.

    Raises:
        ArgusError: `forbidden` for a search that others made, and not this person.
    """
    deleted, left = store.forget_searches(project_id, search_id, person)
    if left and not deleted:
        raise ArgusError("forbidden", f"Search {search_id} was made by somebody else.",
                         "Whoever manages the project may delete it.")
    return deleted
