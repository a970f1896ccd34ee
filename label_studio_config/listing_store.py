"""When Label Studio was asked for the projects and their tasks, and which it does not have any more."""

from __future__ import annotations

from argus.db.statements import execute, fetch_numbers


def request_listing(project_id: int) -> bool:
    """Let the next sync list every task; return whether the project is connected, or else nothing is kept."""
    return bool(execute("UPDATE project SET reconciled_at = NULL WHERE id = %s AND connected_at IS NOT NULL",
                        (project_id,)))


def mark_missing(project_id: int) -> None:
    """Record that Label Studio was asked for the project just now and has none of that number."""
    execute("UPDATE project SET missing_since = coalesce(missing_since, now()), reconciled_at = now() WHERE id = %s",
            (project_id,))


def mark_present(project_id: int) -> None:
    execute("UPDATE project SET missing_since = NULL WHERE id = %s", (project_id,))


def missing(seconds: float) -> set[int]:
    """Return the missing projects that Label Studio was asked for within the last `seconds`."""
    return set(fetch_numbers("SELECT id FROM project WHERE missing_since IS NOT NULL "
                             "AND reconciled_at BETWEEN now() - make_interval(secs => %s) AND now()", (seconds,)))
