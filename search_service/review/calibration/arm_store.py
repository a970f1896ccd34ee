"""The rows that tell what tasks took with predictions and without."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from argus.db.statements import execute_many, fetch


class Changed(NamedTuple):
    """A task that was drawn at `drawn_at`, is annotated, and was last changed at `changed_at` in Label Studio."""

    task_id: int
    drawn_at: datetime
    changed_at: datetime


class Labelled(NamedTuple):
    """When people made the first annotation of a task after it was drawn, and the seconds counted for all; None: none.
    """

    at: datetime | None
    seconds: float | None


class Drawn(NamedTuple):
    """A drawn task.

    Attributes:
        done: whether it was annotated since, with a prediction or without as it was drawn.
        seconds: that Label Studio counted for its annotation; None: it counted none.
    """

    task_id: int
    with_predictions: bool
    done: bool
    seconds: float | None


class Act(NamedTuple):
    """What somebody did about a task, and the seconds they looked at it, if these were counted."""

    person: str
    at: datetime
    task_id: int
    seconds: float | None


def changed(project_id: int, limit: int) -> list[Changed]:
    """Return drawn tasks that were annotated or changed since they were last looked at, as of the last poll, by id."""
    return fetch(Changed, "SELECT a.task_id, a.drawn_at, t.updated_at AS changed_at FROM arm a "
                 "JOIN task t ON t.id = a.task_id WHERE a.project_id = %s AND t.labelled "
                 "AND (a.seen_at IS NULL OR t.updated_at > a.seen_at) ORDER BY a.task_id LIMIT %s", (project_id, limit))


def keep(tasks: Iterable[tuple[Changed, Labelled]]) -> None:
    """Keep what is known of annotations, and whether a prediction was there before the first of them."""
    execute_many("UPDATE arm a SET labelled_at = %s, seconds = %s, seen_at = %s, predicted = a.predicted OR EXISTS ("
                 "SELECT FROM prediction p WHERE p.task_id = a.task_id AND p.claimed_at < %s) WHERE a.task_id = %s",
                 [(said.at, said.seconds, one.changed_at, said.at, one.task_id) for one, said in tasks])


def drawn(project_id: int) -> list[Drawn]:
    """Return every task that was drawn, by id."""
    return fetch(Drawn, "SELECT task_id, with_predictions, labelled_at IS NOT NULL AND predicted = with_predictions "
                 "AS done, seconds FROM arm WHERE project_id = %s ORDER BY task_id", (project_id,))


def acts(project_id: int) -> list[Act]:
    """Return what people did about the tasks of a project in review, by person and time; an acceptance in bulk is an
    act about each of its tasks."""
    return fetch(
        Act,
        "SELECT person, at, task_id, seconds::float8 FROM ("
        "SELECT decided_by AS person, decided_at AS at, task_id, seconds FROM verdict WHERE project_id = %(project)s "
        "AND verdict <> 'implied' "
        "UNION ALL SELECT decided_by, decided_at, task_id, NULL FROM set_aside WHERE project_id = %(project)s "
        "AND sample_id IS NULL "
        "UNION ALL SELECT decided_by, decided_at, task_id, NULL FROM suspicion WHERE project_id = %(project)s "
        "AND verdict IS NOT NULL "
        "UNION ALL SELECT a.accepted_by, a.created_at, i.task_id, NULL FROM acceptance a JOIN acceptance_item i "
        "ON i.acceptance_id = a.id WHERE a.project_id = %(project)s AND i.state = 'accepted') said "
        "WHERE at IS NOT NULL ORDER BY person, at, task_id", {"project": project_id})
