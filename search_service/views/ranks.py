"""Ranks of the first hits in `task.data`: the one thing by which Label Studio's Data Manager can order a view.

Label Studio has no bulk update of tasks, and a PATCH replaces the whole of `data`: about 0.3 s a task, so this is for
some dozens, on request. Each saved search has a key of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from argus.labelstudio import LabelStudio, listing
from argus.labelstudio.types import TaskData
from label_studio_config.views import RANK

MAX_RANKED = 50
_KEY = re.compile(RANK + r"v?\d+")


def key(saved_id: int) -> str:
    """Return the key of `task.data` that holds the ranks of a saved search."""
    return f"{RANK}{saved_id}"


def write(ls: LabelStudio, project_id: int, of: int | str, ranked: Sequence[int], before: Sequence[int]) -> int:
    """Number `ranked` from 1 on, take the number from those of `before` that are ranked no more; return the changes.

    Args:
        of: the saved search, or the key of another order.
    """
    wanted: dict[int, int | None] = {task_id: None for task_id in before}
    wanted |= {task_id: rank for rank, task_id in enumerate(ranked, 1)}
    name, changes = of if isinstance(of, str) else key(of), 0
    for task_id, data in _data(ls, project_id, list(wanted)).items():
        if data.get(name) != wanted[task_id]:
            rest = {other: value for other, value in data.items() if other != name}
            rank = wanted[task_id]
            ls.patch(f"/api/tasks/{task_id}/", {"data": rest if rank is None else {**rest, name: rank}})
            changes += 1
    return changes


def clear(ls: LabelStudio, project_id: int, saved_id: int, ranked: Sequence[int]) -> int:
    """Take the ranks of a saved search away again."""
    return write(ls, project_id, saved_id, [], ranked)


def clear_all(ls: LabelStudio, project_id: int, task_ids: Sequence[int]) -> int:
    """Take the ranks of every saved search from these tasks; return how many of them had any."""
    changes = 0
    for task_id, data in _data(ls, project_id, task_ids).items():
        rest = {name: value for name, value in data.items() if not _KEY.fullmatch(name)}
        if rest != data:
            ls.patch(f"/api/tasks/{task_id}/", {"data": rest})
            changes += 1
    return changes


def _data(ls: LabelStudio, project_id: int, task_ids: Sequence[int]) -> dict[int, TaskData]:
    """Return `task.data` of those tasks that still exist, as it is stored: with storage addresses unresolved, since it
    is written back whole. (Reading a single task instead would make Label Studio ask the ML backend about it.)"""
    if not task_ids:  # to Label Studio an empty list means every task
        return {}
    answer = listing.page(ls, project_id, size=len(task_ids), ids=task_ids, include="id,data", resolve_uri="false")
    return {task["id"]: task["data"] for task in answer["tasks"]}
