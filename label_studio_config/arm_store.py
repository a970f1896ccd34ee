"""The rows of the control arm: tasks that are shown to people without predictions, to measure what these save."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from argus.db import together
from argus.db.statements import execute, fetch_numbers, fetch_one

# What waits to be labelled by hand: nobody reviewed it, and the arm is on.
_HELD = ("FROM arm a JOIN project p ON p.id = a.project_id JOIN task t ON t.id = a.task_id WHERE a.project_id = %s "
         "AND NOT a.with_predictions AND p.arm_share > 0 AND NOT t.labelled "
         "AND NOT EXISTS (SELECT FROM reviewed_task r WHERE r.task_id = a.task_id)")


class _Share(NamedTuple):
    arm_share: float


def share(project_id: int) -> float:
    """Return the share of a project's new tasks that is drawn; 0 for an unknown project."""
    row = fetch_one(_Share, "SELECT arm_share FROM project WHERE id = %s", (project_id,))
    return row.arm_share if row else 0.0


def held(project_id: int, task_ids: Sequence[int]) -> set[int]:
    """Return those of the tasks that nothing may be predicted on for now."""
    return set(fetch_numbers(f"SELECT a.task_id {_HELD} AND a.task_id = ANY(%s)", (project_id, list(task_ids))))


def waiting(project_id: int) -> list[int]:
    """Return the tasks of a project that wait to be labelled without predictions, by id."""
    return fetch_numbers(f"SELECT a.task_id {_HELD} ORDER BY a.task_id", (project_id,))


def set_share(project_id: int, share: float, seed: str) -> None:
    """Draw this share of the tasks that come from now on, 0 to 0.5; with 0, what waits is predicted as others are."""
    with together():
        execute("UPDATE project SET arm_share = %s, arm_seed = CASE WHEN arm_share > 0 THEN arm_seed ELSE %s END "
                "WHERE id = %s", (share, seed, project_id))
        if not share:
            execute("DELETE FROM arm a USING task t WHERE t.id = a.task_id AND a.project_id = %s AND NOT "
                    "a.with_predictions AND NOT t.labelled AND NOT EXISTS (SELECT FROM reviewed_task r WHERE "
                    "r.task_id = a.task_id)", (project_id,))
