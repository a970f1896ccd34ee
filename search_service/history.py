"""What was searched for in a project, to be repeated or deleted."""

from __future__ import annotations

from typing import Any

from psycopg.types.json import Jsonb

from argus.db import connect
from argus.errors import ArgusError
from search_service.ask import Ask


def record(project_id: int, ask: Ask, total: int) -> None:
    """Add a search to the project's history."""
    with connect() as connection:
        connection.execute("INSERT INTO search (project_id, query, total, ask) VALUES (%s, %s, %s, %s)",
                           (project_id, ask.title(), total, Jsonb(ask.to_json())))


def history(project_id: int, limit: int = 20) -> list[dict[str, Any]]:
    """Return the last different searches of a project, newest first: `{"id", "query", "ask", "total", "at"}`."""
    with connect() as connection:
        rows = connection.execute(
            "SELECT * FROM (SELECT DISTINCT ON (query) id, query, ask, total, created_at FROM search "
            "WHERE project_id = %s ORDER BY query, id DESC) last ORDER BY id DESC LIMIT %s",
            (project_id, limit)).fetchall()
    return [{"id": row["id"], "query": row["query"], "ask": row["ask"], "total": row["total"],
             "at": row["created_at"].isoformat()} for row in rows]


def recall(project_id: int, search_id: int) -> Ask:
    """Return what a search of the history asked for. Raises `not_found`."""
    with connect() as connection:
        row = connection.execute("SELECT ask FROM search WHERE id = %s AND project_id = %s",
                                 (search_id, project_id)).fetchone()
    if row is None:
        raise ArgusError("not_found", f"The history of project {project_id} has no search {search_id}.")
    return Ask.model_validate(row["ask"])


def forget(project_id: int, search_id: int | None = None) -> int:
    """Delete a search from the history, in all its repetitions, or the whole history; return the rows deleted."""
    with connect() as connection:
        if search_id is None:
            return connection.execute("DELETE FROM search WHERE project_id = %s", (project_id,)).rowcount
        return connection.execute("DELETE FROM search WHERE project_id = %s AND query = (SELECT query FROM search "
                                  "WHERE id = %s AND project_id = %s)", (project_id, search_id, project_id)).rowcount
