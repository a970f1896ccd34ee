"""The rows of what annotations made in Label Studio say of predicted objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from argus.db import together
from argus.db.statements import execute, execute_many, fetch
from search_service.review.comparison import Outcome


class Annotated(NamedTuple):
    """A predicted task that was annotated, and last changed at `changed_at` in Label Studio."""

    task_id: int
    changed_at: datetime


def changed(project_id: int, model_version: str, limit: int) -> list[Annotated]:
    """Return tasks that people annotated in Label Studio since they were last looked at, as of the last poll, by id: no
    acceptance took them, and no edit on the page, which says what it says in verdicts."""
    return fetch(
        Annotated,
        "SELECT p.task_id, t.updated_at AS changed_at FROM prediction p "
        "JOIN task t ON t.id = p.task_id LEFT JOIN annotated_task s ON s.task_id = p.task_id "
        "AND s.model_version = p.model_version "
        "WHERE p.project_id = %s AND p.model_version = %s AND p.state = 'stored' "
        "AND t.labelled AND (s.seen_at IS NULL OR t.updated_at > s.seen_at) "
        "AND NOT EXISTS (SELECT 1 FROM acceptance_item i WHERE i.task_id = p.task_id "
        "AND i.state IN ('asked', 'accepted', 'kept')) "
        "AND NOT EXISTS (SELECT 1 FROM edit e WHERE e.task_id = p.task_id AND e.annotation_id IS NOT NULL "
        "AND e.undone_at IS NULL) ORDER BY p.task_id LIMIT %s", (project_id, model_version, limit))


def keep(model_version: str, tasks: Sequence[Annotated], outcomes: Mapping[int, Sequence[Outcome]]) -> None:
    """Keep what the annotations of tasks say, in place of what was kept before."""
    with together():
        execute("DELETE FROM annotated_task WHERE model_version = %s AND task_id = ANY(%s)",
                (model_version, [one.task_id for one in tasks]))
        execute_many("INSERT INTO annotated_task (task_id, model_version, seen_at) VALUES (%s, %s, %s)",
                     [(one.task_id, model_version, one.changed_at) for one in tasks])
        execute_many("INSERT INTO annotated_outcome (task_id, model_version, object, label, score, change) "
                     "VALUES (%s, %s, %s, %s, %s, %s)",
                     [(task, model_version, one.object, one.label, one.score, one.verdict)
                      for task, found in outcomes.items() for one in found])
