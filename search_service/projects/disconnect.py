"""Taking Argus out of a project again: what was set up in Label Studio, and the ranks of saved searches."""

from __future__ import annotations

from argus.errors import ArgusError
from argus.labelstudio import LabelStudio
from label_studio_config import connect as setup
from search_service.views import ranks, saved_searches, store, view_ranks


def disconnect(ls: LabelStudio, project_id: int) -> list[str]:
    """Remove from a project what Argus put there and return it in sentences: the ML backend, the webhooks, our views,
    and the ranks that saved searches wrote into the data of tasks. What people and models made of the tasks stays.

    Saved searches are kept; when the project is connected again, their views and ranks are made anew. Raises
    `unknown_project`.
    """
    removed = setup.disconnect(ls, project_id)
    if changed := sum(_forget_shown(ls, project_id, saved.id) for saved in store.all_saved(project_id)):
        removed.append(f"ranks of saved searches from {_tasks(changed)}")
    if changed := view_ranks.clear_all(ls, project_id):
        removed.append(f"ranks of views from {_tasks(changed)}")
    return removed


def _tasks(count: int) -> str:
    return "1 task" if count == 1 else f"{count} tasks"


def _forget_shown(ls: LabelStudio, project_id: int, saved_id: int) -> int:
    """Take the ranks of one search away, once nobody writes them any more; return how many tasks had any."""
    try:
        with saved_searches.writing(project_id, saved_id):
            saved = store.saved(project_id, saved_id)
            changed = ranks.clear_all(ls, project_id, saved.shown[:saved.ranked])
            store.forget_shown(saved_id)
            return changed
    except ArgusError as error:
        if error.code != "not_found":  # else the search is gone by now, or the project, and its tasks with it
            raise
    return 0
