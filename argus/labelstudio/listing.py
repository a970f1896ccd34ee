"""Tasks as Label Studio's Data Manager lists them: every listing of Argus is asked for here, page by page."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

from argus.errors import ArgusError
from argus.labelstudio.filters import condition, matching, selection
from argus.labelstudio.types import Condition, Filter, Picked, Task, TaskPage

if TYPE_CHECKING:
    from argus.labelstudio.client import LabelStudio

Conditions = Sequence[Condition]
PAGE = 1000  # tasks of a page without regions


class _Query(TypedDict, total=False):
    filters: Filter
    ordering: list[str]
    selectedItems: Picked


def page(ls: LabelStudio, project_id: int, conditions: Conditions = (), *, size: int = PAGE, number: int = 1,
         ids: Sequence[int] | None = None, order: str = "", **what: Any) -> TaskPage:
    """Return one page of the tasks that meet all conditions, `{"tasks", "total", …}`.

    Label Studio reads every prediction and mask of the tasks that it lists, but not of those that it only counts.

    Args:
        ids: only among these, at most some 200: they travel in the request's address.
        order: a column such as `tasks:id`; empty leaves it to Label Studio.
        what: further parameters: `fields` ("all" reads every region, "task_only" leaves them out), `include` (names of
            fields), `view`.
    """
    query: _Query = {} if not conditions else {"filters": matching(conditions)}
    if order:
        query["ordering"] = [order]
    if ids is not None:
        query["selectedItems"] = selection(ids)["selectedItems"]
    if query:
        what["query"] = json.dumps(query, separators=(",", ":"))
    try:
        listed: TaskPage = ls.get("/api/tasks/", project=project_id, page=number, page_size=size, **what)
        return listed
    except ArgusError as error:  # without a task, filters by what is computed (scores) are refused: none passes
        if error.details.get("status") != 500 or \
                ls.get("/api/tasks/", project=project_id, page=1, page_size=1, include="id")["total"]:
            raise
        return {"tasks": [], "total": 0}


def count(ls: LabelStudio, project_id: int, conditions: Conditions = (), *, ids: Sequence[int] | None = None) -> int:
    """Return how many tasks meet all conditions; with `ids`, how many of those."""
    return page(ls, project_id, conditions, size=1, ids=ids, include="id")["total"]


def walk(ls: LabelStudio, project_id: int, conditions: Conditions = (), *, size: int = PAGE,
         ids: Sequence[int] | None = None, resize: Callable[[list[Task], int], int] | None = None,
         **what: Any) -> Iterator[list[Task]]:
    """Yield pages of the tasks that meet all conditions, by ascending id, each task once.

    A page starts after the last task of the one before, not at a number: tasks that come, go or stop meeting the
    conditions meanwhile shift none of the others.

    Args:
        resize: given a page and its size, returns the size of the next one.
    """
    last, left = 0, True
    while left:
        answer = page(ls, project_id, [*conditions, condition("id", "greater", last)], size=size, ids=ids,
                      order="tasks:id", **what)
        tasks = answer["tasks"]
        if left := answer["total"] > len(tasks) > 0:
            size = resize(tasks, size) if resize else size
        if tasks:
            last = tasks[-1]["id"]
            yield tasks


def pages(ls: LabelStudio, project_id: int, conditions: Conditions = (), *, size: int = PAGE, order: str = "",
          **what: Any) -> Iterator[list[Task]]:
    """Yield pages of the tasks that meet all conditions in the order asked for, or in a view's own."""
    number = 0
    while True:
        number += 1
        answer = page(ls, project_id, conditions, size=size, number=number, order=order, **what)
        yield answer["tasks"]
        if not answer["tasks"] or number * size >= answer["total"]:
            return
