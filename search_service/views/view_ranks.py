"""The order of views that no saved search keeps: best first, by ranks that a job writes into the tasks' data.

The table `view_rank` says which tasks are to carry a rank and which do. A view that is gone leaves its ranks behind;
the background pass takes them away.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager

from argus import queue_names
from argus.db import alone
from argus.errors import ArgusError
from argus.jobs import queues
from argus.labelstudio import LabelStudio, get_label_studio
from label_studio_config.views import RANK, base_title, live_views
from search_service.views import ranks, store

WRITE_SECONDS = 300
_LOCK = 0x41525356  # any constant of our own


def key(rank_id: int) -> str:
    """Return the key of `task.data` that holds the ranks of a view."""
    return f"{RANK}v{rank_id}"


def reserve(project_id: int, title: str) -> int:
    """Return the id of the ranks of the view that was made with this title; a new one when it has none yet."""
    known = [view.rank_id for view in store.ranked_views(project_id) if base_title(view.title) == base_title(title)]
    return known[0] if known else store.next_rank_id()


def order(project_id: int, rank_id: int, view_id: int, tasks: Sequence[int]) -> None:
    """Let a job number these tasks, best first, for a view that is ordered by `key(rank_id)`."""
    store.set_order(project_id, rank_id, view_id, tasks)
    _enqueue(project_id, rank_id)


def release(view_ids: Sequence[int]) -> None:
    """Take the ranks of these views away at the next pass: they are in no order any more, or in another one."""
    store.release_ranks(view_ids)


def enqueue_unwritten(project_id: int) -> int:
    """Enqueue what is still to be written, and take away the ranks of views that are gone; return how many jobs."""
    rows = store.ranks_of(project_id)
    if not rows:
        return 0
    live = live_views(get_label_studio(), project_id)
    release([row.view_id for row in rows if row.view_id is not None and row.view_id not in live])
    return sum(_enqueue(project_id, row.id) for row in rows if row.target != row.written or row.view_id not in live)


def write_job(project_id: int, rank_id: int) -> int | str:
    """Job of the queue `default`: bring the tasks' data up to date; return how many tasks were changed.

    Its failure is an answer, the error's code: the next pass tries again.
    """
    try:
        with _writing(rank_id):
            return _write(get_label_studio(), project_id, rank_id)
    except ArgusError as error:
        return error.code


def clear_all(ls: LabelStudio, project_id: int) -> int:
    """Take the ranks of every view of a project away; return how many tasks had any."""
    changed: set[int] = set()
    for row in store.ranks_of(project_id):
        with _writing(row.id):
            ranks.write(ls, project_id, key(row.id), [], [*row.target, *row.written])
            changed |= {*row.target, *row.written}
            store.delete_ranks(row.id)
    return len(changed)


def _enqueue(project_id: int, rank_id: int) -> bool:
    return queues.enqueue(queue_names.DEFAULT, "search_service.views.view_ranks.write_job", project_id, rank_id,
                          job_id=f"rank-{rank_id}", timeout=WRITE_SECONDS, retries=0) is not None


def _write(ls: LabelStudio, project_id: int, rank_id: int) -> int:
    row = store.begin_writing(project_id, rank_id)
    if row is None:
        return 0
    changes = ranks.write(ls, project_id, key(rank_id), row.target, row.written)
    store.end_writing(row)
    return changes


def _writing(rank_id: int) -> AbstractContextManager[None]:
    return alone(_LOCK, rank_id, seconds=60.0, busy=ArgusError(
        "conflict", "The order of this view is being updated right now.", "Try again in a moment."))
