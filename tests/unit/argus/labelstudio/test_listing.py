"""One listing of tasks: pages that lose nothing while tasks come and go."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest

from argus.errors import ArgusError
from argus.labelstudio import LabelStudio, listing
from argus.labelstudio.filters import ANNOTATED, selection


class FakeLabelStudio:
    """Lists the tasks of `ids`, which a test may change between two pages."""

    def __init__(self, *ids: int) -> None:
        self.ids, self.asked = list(ids), list[dict[str, Any]]()

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        assert path == "/api/tasks/"
        self.asked.append(params)
        query = json.loads(params.get("query", "{}"))
        after = [item["value"] for item in query.get("filters", {"items": []})["items"]
                 if item["filter"] == "filter:tasks:id"]
        found = [n for n in self.ids if n > max(after, default=0)]
        first = (params["page"] - 1) * params["page_size"]
        return {"total": len(found), "tasks": [{"id": n} for n in found[first:first + params["page_size"]]]}


def test_walk__a_task_that_goes_shifts_none_of_the_others() -> None:
    fake, met = FakeLabelStudio(1, 2, 3, 4, 5), []
    for tasks in listing.walk(cast(LabelStudio, fake), 7, [ANNOTATED], size=2):
        met.append([task["id"] for task in tasks])
        fake.ids = [n for n in fake.ids if n != 1]
        tasks.clear()  # whoever holds masks may let them go
    assert met == [[1, 2], [3, 4], [5]]
    assert all(json.loads(asked["query"])["ordering"] == ["tasks:id"] for asked in fake.asked)


@pytest.mark.parametrize(("count", "requests"), [(0, 1), (2, 1), (3, 2), (4, 2)])
def test_walk__asks_no_more_than_it_must(count: int, requests: int) -> None:
    fake = FakeLabelStudio(*range(1, count + 1))
    assert sum(len(tasks) for tasks in listing.walk(cast(LabelStudio, fake), 7, size=2)) == count
    assert len(fake.asked) == requests


def test_walk__the_next_page_is_as_long_as_it_is_told() -> None:
    fake = FakeLabelStudio(*range(1, 8))
    sizes = [len(tasks) for tasks in listing.walk(cast(LabelStudio, fake), 7, size=1, resize=lambda _, size: 2 * size)]
    assert sizes == [1, 2, 4]


def test_pages__keep_the_order_of_a_view() -> None:
    fake = FakeLabelStudio(5, 3, 9)
    found = [[task["id"] for task in page] for page in listing.pages(cast(LabelStudio, fake), 7, size=2, view=4)]
    assert found == [[5, 3], [9]]
    assert [asked["view"] for asked in fake.asked] == [4, 4] and all("query" not in asked for asked in fake.asked)


def test_selection__of_nothing_is_refused_because_label_studio_would_take_every_task() -> None:
    with pytest.raises(ValueError, match="every task"):
        selection([])


def test_page__a_project_without_tasks_has_none_that_passes() -> None:
    class Refusing(FakeLabelStudio):
        def get(self, path: str, **params: Any) -> dict[str, Any]:
            if "query" in params:
                raise ArgusError("label_studio_refused", "no such column", status=500)
            return super().get(path, **params)

    assert listing.page(cast(LabelStudio, Refusing()), 7, [ANNOTATED])["total"] == 0
    with pytest.raises(ArgusError):
        listing.page(cast(LabelStudio, Refusing(1)), 7, [ANNOTATED])
