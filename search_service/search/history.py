"""What was searched for in a project, to be repeated or deleted."""

from __future__ import annotations

from psycopg.types.json import Jsonb

from argus import audit
from argus.answers.search import PastSearch
from argus.db import connect, only_if_writable
from argus.errors import ArgusError
from search_service.search.query import SearchQuery


def record(project_id: int, ask: SearchQuery, total: int) -> None:
    """Add a search to the project's history. In a database that takes no writes it is not kept: it is found all the
    same."""
    with only_if_writable("search history"), connect() as connection:
        connection.execute("INSERT INTO search (project_id, query, total, ask, person_id) VALUES (%s, %s, %s, %s, %s)",
                           (project_id, ask.title(), total, Jsonb(ask.to_json()), audit.actor().person))


def history(project_id: int, limit: int = 20) -> list[PastSearch]:
    """Return the last different searches of a project, newest first."""
    with connect() as connection:
        rows = connection.execute(
            "SELECT * FROM (SELECT DISTINCT ON (query) id, query, ask, total, created_at FROM search "
            "WHERE project_id = %s ORDER BY query, id DESC) last ORDER BY id DESC LIMIT %s",
            (project_id, limit)).fetchall()
    return [PastSearch(id=row["id"], query=row["query"], ask=row["ask"], total=row["total"], at=row["created_at"])
            for row in rows]


def recall(project_id: int, search_id: int) -> SearchQuery:
    """Return what a search of the history asked for. Raises `not_found`."""
    with connect() as connection:
        row = connection.execute("SELECT ask FROM search WHERE id = %s AND project_id = %s",
                                 (search_id, project_id)).fetchone()
    if row is None:
        raise ArgusError("not_found", f"The history of project {project_id} has no search {search_id}.")
    return SearchQuery.model_validate(row["ask"])


def forget(project_id: int, search_id: int | None = None, *, person: int | None = None) -> int:
    """Delete a search from the history, in all its repetitions, or the whole history; return the rows deleted.

    Args:
        person: delete only what this person searched for; None: whoever did.

    Raises:
        ArgusError: `forbidden` for a search that others made, and not this person.
    """
    which = {"project": project_id, "search": search_id, "person": person}
    with connect() as connection:
        deleted = connection.execute(
            "DELETE FROM search WHERE project_id = %(project)s AND (%(person)s::bigint IS NULL OR person_id = "
            "%(person)s) AND (%(search)s::bigint IS NULL OR query = (SELECT query FROM search WHERE id = %(search)s "
            "AND project_id = %(project)s))", which).rowcount
        others = connection.execute("SELECT FROM search WHERE id = %(search)s AND project_id = %(project)s",
                                    which).fetchone()
    if others is not None and not deleted:
        raise ArgusError("forbidden", f"Search {search_id} was made by somebody else.",
                         "Whoever manages the project may delete it.")
    return deleted
