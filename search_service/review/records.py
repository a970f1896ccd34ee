"""The record of an acceptance: opened before Label Studio is asked, closed after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from psycopg.types.json import Jsonb

from argus import audit
from argus.db import connect as database
from argus.errors import ArgusError
from argus.labelstudio.users import Person
from search_service.review.candidates import Review


def open_record(review: Review, selection: Mapping[str, Any], owner: Person | None) -> int:
    """Begin the record of an acceptance and return its id.

    Args:
        owner: of the token that was lent; None: who acts (`argus.audit`), if that is known.
    """
    name, person = (owner.email, owner.id) if owner else (audit.actor().verified_name, audit.actor().person)
    with database() as connection:
        row = connection.execute(
            "INSERT INTO acceptance (project_id, model_version, selection, accepted_by, person_id) VALUES "
            "(%s, %s, %s, %s, %s) RETURNING id",
            (review.project_id, review.model_version, Jsonb(selection), name, person)).fetchone()
    assert row is not None
    audit.about(f"acceptance {row['id']}")
    return int(row["id"])


def close_record(acceptance: int | None, state: str, error: ArgusError | None) -> None:
    """End the record of an acceptance as "done" or "failed"."""
    with database() as connection:
        connection.execute("UPDATE acceptance SET state = %s, error = %s, finished_at = now() WHERE id = %s",
                           (state, Jsonb(error.to_json()) if error else None, acceptance))


def acceptances(project_id: int, limit: int = 20) -> list[dict[str, Any]]:
    """Return a project's last acceptances, newest first: id, state, selection, who, when, and tasks by outcome."""
    with database() as connection:
        rows = connection.execute(
            "SELECT a.id, a.state, a.selection, a.accepted_by, a.created_at, a.error, "
            "count(*) FILTER (WHERE i.state = 'accepted') AS accepted, count(*) FILTER (WHERE i.state = 'undone') AS "
            "undone, count(*) FILTER (WHERE i.state = 'kept') AS kept FROM acceptance a "
            "LEFT JOIN (SELECT acceptance_id, state FROM acceptance_item UNION ALL SELECT acceptance_id, state FROM "
            "addition_item) i ON i.acceptance_id = a.id WHERE a.project_id = %s "
            "GROUP BY a.id ORDER BY a.id DESC LIMIT %s", (project_id, limit)).fetchall()
    return [dict(row) | {"created_at": row["created_at"].isoformat()} for row in rows]
