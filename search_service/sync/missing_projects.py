"""Connected projects that Label Studio does not have any more: noticed once, then left alone, and found again.

A project may be missing for good (deleted) or for a time (the token lost its access, Label Studio was restored from a
backup), so it is asked for again at the pace of full listings, and what Argus knows of it stays.
"""

from __future__ import annotations

import logging

from argus.db import connect
from argus.settings import get_settings

log = logging.getLogger(__name__)


def note(project_id: int) -> None:
    """Keep that Label Studio was asked for the project just now and has none of that number."""
    with connect() as connection:
        connection.execute("UPDATE project SET missing_since = coalesce(missing_since, now()), reconciled_at = now() "
                           "WHERE id = %s", (project_id,))


def found(project_id: int) -> None:
    """Keep that the project is there again."""
    with connect() as connection:
        connection.execute("UPDATE project SET missing_since = NULL WHERE id = %s", (project_id,))
    log.info("the project is there again", extra={"project": project_id})


def resting() -> set[int]:
    """Return the missing projects that it is too early to ask for again."""
    with connect() as connection:
        return {row["id"] for row in connection.execute(
            "SELECT id FROM project WHERE missing_since IS NOT NULL "
            "AND reconciled_at BETWEEN now() - make_interval(secs => %s) AND now()",
            (get_settings().reconcile_seconds,))}
