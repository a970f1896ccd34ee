"""The order of views that no saved search keeps: best first, by ranks that a job writes into the tasks' data.

The table `view_rank` says which tasks are to carry a rank and which do. A view that is gone leaves its ranks behind;
the background pass takes them away.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager

from argus import queue_names
from argus.db import alone, connect
from argus.errors import ArgusError
from argus.jobs import queues
from argus.labelstudio import LabelStudio, get_label_studio
from label_studio_config.views import RANK, base_title, live_views
from search_service.views import ranks

WRITE_SECONDS = 300
_LOCK = 0x41525356  # any constant of our own


def key(rank_id: int) -> str:
    """Return the key of `task.data` that holds the ranks of a view."""
    return f"{RANK}v{rank_id}"


def reserve(project_id: int, title: str) -> int:
    """Return the id of the ranks of the view that was made with this title; a new one when it has none yet."""
    with connect() as connection:
        rows = connection.execute("SELECT r.id, v.title FROM view_rank r JOIN view v ON v.id = r.view_id "
                                  "WHERE r.project_id = %s AND v.kind = 'search'", (project_id,)).fetchall()
        known = [row["id"] for row in rows if base_title(row["title"]) == base_title(title)]
        row = connection.execute("SELECT nextval('view_rank_id_seq') AS id").fetchone()
    assert row is not None
    return int(known[0] if known else row["id"])


def order(project_id: int, rank_id: int, view_id: int, tasks: Sequence[int]) -> None:
    """Let a job number these tasks, best first, for a view that is ordered by `key(rank_id)`."""
    with connect() as connection:
        connection.execute("UPDATE view_rank SET view_id = NULL, wanted = '{}' WHERE view_id = %s AND id <> %s",
                           (view_id, rank_id))
        connection.execute(
            "INSERT INTO view_rank (id, project_id, view_id, wanted) VALUES (%s, %s, %s, %s) "
            "ON CONFLICT (id) DO UPDATE SET view_id = excluded.view_id, wanted = excluded.wanted",
            (rank_id, project_id, view_id, list(tasks)))
    _enqueue(project_id, rank_id)


def release(view_ids: Sequence[int]) -> None:
    """Take the ranks of these views away at the next pass: they are in no order any more, or in another one."""
    with connect() as connection:
        connection.execute("UPDATE view_rank SET view_id = NULL, wanted = '{}' WHERE view_id = ANY(%s)",
                           (list(view_ids),))


def enqueue_unwritten(project_id: int) -> int:
    """Enqueue what is still to be written, and take away the ranks of views that are gone; return how many jobs."""
    with connect() as connection:
        rows = connection.execute("SELECT id, view_id, wanted = written AS settled FROM view_rank "
                                  "WHERE project_id = %s", (project_id,)).fetchall()
    if not rows:
        return 0
    live = live_views(get_label_studio(), project_id)
    release([row["view_id"] for row in rows if row["view_id"] is not None and row["view_id"] not in live])
    asked = [_enqueue(project_id, row["id"]) for row in rows if not row["settled"] or row["view_id"] not in live]
    return sum(asked)


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
    with connect() as connection:
        rows = connection.execute("SELECT id, wanted || written AS tasks FROM view_rank WHERE project_id = %s",
                                  (project_id,)).fetchall()
    changed: set[int] = set()
    for row in rows:
        with _writing(row["id"]):
            ranks.write(ls, project_id, key(row["id"]), [], row["tasks"])
            changed |= set(row["tasks"])
            with connect() as connection:
                connection.execute("DELETE FROM view_rank WHERE id = %s", (row["id"],))
    return len(changed)


def _enqueue(project_id: int, rank_id: int) -> bool:
    return queues.enqueue(queue_names.DEFAULT, "search_service.views.view_ranks.write_job", project_id, rank_id,
                          job_id=f"rank-{rank_id}", timeout=WRITE_SECONDS, retries=0) is not None


def _write(ls: LabelStudio, project_id: int, rank_id: int) -> int:
    with connect() as connection:
        row = connection.execute("SELECT view_id, wanted, written FROM view_rank WHERE id = %s AND project_id = %s",
                                 (rank_id, project_id)).fetchone()
        if row is None:
            return 0
        # Before anything is written: a job that is cut off must not leave ranks that nobody knows of.
        connection.execute("UPDATE view_rank SET written = written || wanted WHERE id = %s", (rank_id,))
    changes = ranks.write(ls, project_id, key(rank_id), row["wanted"], row["written"])
    with connect() as connection:
        if row["view_id"] is None:
            connection.execute("DELETE FROM view_rank WHERE id = %s AND view_id IS NULL", (rank_id,))
        else:
            connection.execute("UPDATE view_rank SET written = %s WHERE id = %s", (row["wanted"], rank_id))
    return changes


def _writing(rank_id: int) -> AbstractContextManager[None]:
    return alone(_LOCK, rank_id, seconds=60.0, busy=ArgusError(
        "conflict", "The order of this view is being updated right now.", "Try again in a moment."))
