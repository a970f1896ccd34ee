from __future__ import annotations

import json
from typing import Any

import pytest

from argus.errors import ArgusError
from argus.labelstudio.filters import chunks, score_range
from label_studio_config.bands import Edges
from search_service.review import service
from search_service.review.candidates import Review, count_tasks, read_tasks, walk_tasks
from search_service.review.status import _content


class FakeLabelStudio:
    """Answers listings from a set of task ids that the test may change, and keeps every query."""

    def __init__(self, ids: list[int]) -> None:
        self.ids, self.queries = ids, list[dict[str, Any]]()

    def get(self, path: str, **params: Any) -> dict[str, Any]:
        query = json.loads(params["query"])
        self.queries.append(query)
        after = [i["value"] for i in query.get("filters", {"items": []})["items"] if i["filter"] == "filter:tasks:id"]
        chosen = query.get("selectedItems", {}).get("included", self.ids)
        found = [i for i in self.ids if i in chosen and i > max(after, default=0)]
        return {"total": len(found), "tasks": [{"id": i} for i in found[:params["page_size"]]]}


def a_review(ids: list[int]) -> tuple[Review, FakeLabelStudio]:
    fake = FakeLabelStudio(ids)
    return Review(1, "sam3-x", Edges(0.9, 0.7), fake), fake  # type: ignore[arg-type]


@pytest.mark.parametrize(("score", "band"), [(1.0, "high"), (0.9, "high"), (0.8999, "medium"), (0.7, "medium"),
                                             (0.6999, "low"), (0.0, "low"), (None, "nothing_found")])
def test_edges_band__lower_edges_belong_to_their_band(score: float | None, band: str) -> None:
    assert Edges(0.9, 0.7).band(score) == band


def test_score_range__is_half_open() -> None:
    assert [(i["operator"], i["value"]) for i in score_range(0.7, 0.9)] == [("greater_or_equal", 0.7), ("less", 0.9)]
    assert [(i["operator"], i["value"]) for i in score_range(0.9, None)] == [("greater_or_equal", 0.9)]


def test_no_ids_means_no_question__because_label_studio_reads_it_as_every_task() -> None:
    opened, fake = a_review([1, 2, 3])
    assert read_tasks(opened, []) == []
    assert count_tasks(opened, [], []) == 0
    assert fake.queries == []


def test_count_tasks__many_ids_travel_in_several_requests() -> None:
    opened, fake = a_review(list(range(1, 501)))
    assert count_tasks(opened, [], list(range(100, 600))) == 401
    assert [len(query["selectedItems"]["included"]) for query in fake.queries] == [400, 100]


def test_walk_tasks__meets_each_task_once_though_accepted_ones_leave_the_set() -> None:
    opened, fake = a_review([3, 5, 6, 8, 9])
    met = []
    for page in walk_tasks(opened, [], 2):
        met.append([task["id"] for task in page])
        fake.ids = [i for i in fake.ids if i == 5 or i not in met[-1]]  # 5 was left out, and stays
    assert met == [[3, 5], [6, 8], [9]]


def test_content__ids_scores_and_rounding_do_not_make_a_change() -> None:
    def box(x: float, **more: Any) -> dict[str, Any]:
        return {"from_name": "box", "value": {"x": x, "rectanglelabels": ["cpu"]}, **more}

    assert _content([box(10.0001, id="a", score=0.9), box(20.0)]) == _content([box(20.0, id="c"), box(10.0)])
    assert _content([box(10.0)]) != _content([box(10.1)])
    assert _content([box(10.0)]) != _content([])
    relabelled = box(10.0)
    relabelled["value"]["rectanglelabels"] = ["fan"]
    assert _content([box(10.0)]) != _content([relabelled])


def test_chunks__are_full_but_the_last() -> None:
    assert list(chunks(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(chunks([], 2)) == []


@pytest.mark.parametrize(("low", "high"), [(-0.1, None), (1.1, None), (0.9, 0.9), (0.9, 0.5)])
def test_accept__refuses_what_is_no_range(low: float, high: float | None) -> None:
    with pytest.raises(ArgusError) as failure:
        service.accept(1, min_score=low, max_score=high)
    assert failure.value.code == "bad_request"
