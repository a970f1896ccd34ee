"""The splits of a dataset kept as the project's division, as if an export had decided about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from argus.errors import ArgusError
from search_service.export import store as divisions
from search_service.export.splitting import division_name
from search_service.label_import import store


def keep(project_id: int, import_id: int, splits: Mapping[int, str]) -> dict[str, int]:
    """Record the splits of the tasks that an import wrote, and return how many by split.

    Tasks that have a split in that division keep it. With less than two splits there is no division, and nothing is
    recorded.

    Raises:
        ArgusError: `conflict` when an export decided about the same splits at the same time.
    """
    written = {item.task_id for item in store.written_items(import_id)}
    ours = {task: split for task, split in splits.items() if split and task in written}
    if len(set(ours.values())) < 2:
        return {}
    division = division_name(set(ours.values()))
    known = divisions.splits_of(project_id, division)
    new = {task: (split, "") for task, split in ours.items() if task not in known}
    store.record_division(import_id, division, list(new))
    if new and not divisions.keep(project_id, division, len(known), new):
        raise ArgusError("conflict", "An export of this project was being divided into the same splits.",
                         "Import the same again.")
    return dict(Counter(split for split, _ in new.values()))


def forget(project_id: int, import_id: int) -> None:
    """Forget the splits of the tasks of which an import was taken back."""
    for division, tasks in store.divided(import_id).items():
        divisions.forget_frames(project_id, division, tasks)
