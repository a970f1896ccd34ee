"""How far a project's sync and embedding are."""

from __future__ import annotations

from argus.answers.projects import Sync, TaskError, TaskNote
from argus.db import together
from label_studio_config import projects
from search_service.sync import store
from search_service.sync.store import Counts


def count_tasks(project_id: int) -> Counts:
    """Return how many tasks of a project are in each state. Raises `unknown_project`."""
    if (counts := store.count_tasks(project_id)) is None:
        raise projects.unknown_project(project_id)
    return counts


def sync_progress(project_id: int, errors: int = 20) -> Sync:
    """Return how far a project is, with at most `errors` errors, those of tasks that are still tried again included,
    and the notes of at most `errors` tasks. Raises `unknown_project`."""
    projects.require(project_id)
    with together():
        counts = {row.state: row for row in store.count_by_state(project_id)}
        failures = store.failures(project_id, errors)
        noted, notes = store.count_noted(project_id), store.noted(project_id, errors)
    number = {state: counts[state].n if state in counts else 0 for state in ("waiting", "embedded", "failed")}
    shown = [TaskError(task=row.id, state=row.state,
                       **{name: row.error.get(name, "") for name in ("code", "message", "hint")}) for row in failures]
    age = counts["waiting"].age if "waiting" in counts else None
    fetched = sum(row.fetched for row in counts.values() if row.state != "video")
    duplicates = sum(row.duplicates for row in counts.values())
    return Sync(seen=sum(number.values()), fetched=fetched, **number, duplicates=duplicates,
                videos=counts["video"].n if "video" in counts else 0,
                oldest_waiting_seconds=None if age is None else round(age, 1), errors=shown, noted=noted,
                notes=[TaskNote(task=row.id, **note) for row in notes for note in row.notes])


