"""How far a project's sync and embedding are."""

from __future__ import annotations

from typing import NamedTuple

from argus.answers.projects import Sync, TaskError
from argus.db import connect
from label_studio_config import projects
from search_service.sync.tasks import noted_values


class Counts(NamedTuple):
    """Tasks of a project: each one seen is waiting, embedded or failed."""

    seen: int
    waiting: int
    embedded: int
    failed: int


def count_tasks(project_id: int) -> Counts:
    """Return how many tasks of a project are in each state. Raises `unknown_project`."""
    with connect() as connection:
        row = connection.execute(
            "SELECT count(t.id) AS seen, count(t.id) FILTER (WHERE t.state = 'waiting') AS waiting, "
            "count(t.id) FILTER (WHERE t.state = 'embedded') AS embedded, "
            "count(t.id) FILTER (WHERE t.state = 'failed') AS failed "
            "FROM project p LEFT JOIN task t ON t.project_id = p.id WHERE p.id = %s GROUP BY p.id",
            (project_id,)).fetchone()
    if row is None:
        raise projects.unknown_project(project_id)
    return Counts(**row)


def sync_progress(project_id: int, errors: int = 20) -> Sync:
    """Return how far a project is, with at most `errors` errors, those of tasks that are still tried again included,
    and the notes of at most `errors` tasks. Raises `unknown_project`."""
    projects.require(project_id)
    with connect() as connection:
        counts = {row["state"]: row for row in connection.execute(
            "SELECT state, count(*) AS n, count(content_hash) AS fetched, count(duplicate_of) AS duplicates, "
            "extract(epoch FROM now() - min(seen_at))::float AS age FROM task WHERE project_id = %s GROUP BY state",
            (project_id,))}
        rows = connection.execute("SELECT id, error, state FROM task WHERE project_id = %s AND error IS NOT NULL "
                                  "ORDER BY state, id LIMIT %s", (project_id, errors)).fetchall()
        noted, notes = noted_values(connection, project_id, errors)
    number = {state: int(counts[state]["n"]) if state in counts else 0 for state in ("waiting", "embedded", "failed")}
    shown = [TaskError(task=row["id"], state=row["state"],
                       **{name: row["error"].get(name, "") for name in ("code", "message", "hint")}) for row in rows]
    oldest = round(counts["waiting"]["age"], 1) if "waiting" in counts else None
    fetched, duplicates = (sum(int(row[name]) for row in counts.values()) for name in ("fetched", "duplicates"))
    return Sync(seen=sum(number.values()), fetched=fetched, **number, duplicates=duplicates,
                oldest_waiting_seconds=oldest, errors=shown, noted=noted, notes=notes)


