"""Taking Argus out of a project again: what was set up in Label Studio, and the ranks of saved searches."""

from __future__ import annotations

from argus.db import connect
from argus.errors import ArgusError
from argus.labelstudio import LabelStudio
from label_studio_config import project
from search_service import ranks


def disconnect(ls: LabelStudio, project_id: int) -> list[str]:
    """Remove from a project what Argus put there and return it in sentences: the ML backend, the webhooks, our views,
    and the ranks that saved searches wrote into the data of tasks. What people and models made of the tasks stays.

    Saved searches are kept; when the project is connected again, their views and ranks are made anew. Raises
    `unknown_project`.
    """
    removed = project.disconnect(ls, project_id)
    with connect() as connection:
        rows = connection.execute("SELECT id, shown[:ranked] AS ranked FROM saved_search WHERE project_id = %s "
                                  "AND keep_view", (project_id,)).fetchall()
    # One search at a time: the ids travel in an address, and an address has its length.
    if changed := sum(_clear_ranks(ls, project_id, row["ranked"]) for row in rows):
        removed.append(f"ranks of saved searches from {'1 task' if changed == 1 else f'{changed} tasks'}")
    with connect() as connection:
        connection.execute("UPDATE saved_search SET shown = '{}', seen = '' WHERE project_id = %s", (project_id,))
    return removed


def _clear_ranks(ls: LabelStudio, project_id: int, task_ids: list[int]) -> int:
    try:
        return ranks.clear_all(ls, project_id, task_ids)
    except ArgusError as error:
        if error.code != "not_found":  # else the project is gone, and its tasks with it
            raise
    return 0
