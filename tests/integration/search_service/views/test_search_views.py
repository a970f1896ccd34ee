"""Views that Argus makes on the real Label Studio: exactly these tasks, ours updated by id, nobody else's touched."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from argus.errors import ArgusError
from argus.labelstudio import LabelStudio
from label_studio_config import views
from label_studio_config.bands import Edges
from label_studio_config.view_store import views_of

pytestmark = pytest.mark.integration
CONFIG = ('<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image"><Label value="cpu"/>'
          "</RectangleLabels></View>")


@pytest.fixture(scope="module")
def ls(servers: Any) -> LabelStudio:
    from argus.labelstudio import get_label_studio

    return get_label_studio()


@pytest.fixture(scope="module")
def project(ls: LabelStudio) -> Iterator[tuple[int, list[int]]]:
    """A project of 620 tasks: `(id, task ids)`."""
    number = ls.post("/api/projects/", {"title": "Views", "label_config": CONFIG})["id"]
    ids = ls.post(f"/api/projects/{number}/import?return_task_ids=true",
                  [{"data": {"image": f"/data/upload/{n}.jpg"}} for n in range(620)], timeout=60)["task_ids"]
    yield number, ids
    ls.delete(f"/api/projects/{number}/")


def shown(ls: LabelStudio, project: int, view: int) -> set[int]:
    answer = ls.get("/api/tasks/", project=project, view=view, page=1, page_size=1000, include="id")
    return {task["id"] for task in answer["tasks"]}


def titles(ls: LabelStudio, project: int) -> dict[int, str]:
    return {view["id"]: view["data"]["title"] for view in ls.get("/api/dm/views/", project=project)}


def test_search_view__shows_exactly_its_tasks_and_is_updated_in_place(
        ls: LabelStudio, project: tuple[int, list[int]]) -> None:
    number, ids = project
    view = views.search_view(ls, number, "CPU", ids[:3])
    assert titles(ls, number)[view] == "Search: CPU"
    assert shown(ls, number, view) == set(ids[:3])
    assert views.search_view(ls, number, "CPU", [*ids[5:8], ids[5]]) == view
    assert shown(ls, number, view) == set(ids[5:8])


def test_search_view__uses_only_operators_the_interface_knows_and_no_heavy_column(
        ls: LabelStudio, project: tuple[int, list[int]]) -> None:
    number, ids = project
    view = ls.get(f"/api/dm/views/{views.search_view(ls, number, 'Safe', ids[:2])}/", project=number)["data"]
    assert {(item["filter"], item["operator"]) for item in view["filters"]["items"]} == {("filter:tasks:id", "equal")}
    assert view["filters"]["conjunction"] == "or"
    assert "selectedItems" not in view
    hidden = set(view["hiddenColumns"]["explore"])
    assert hidden == set(view["hiddenColumns"]["labeling"])
    assert {"tasks:predictions_results", "tasks:annotations_results", "tasks:predictions_model_versions"} <= hidden
    assert "tasks:data.image" not in hidden


def test_search_views__a_large_set_is_cut_into_tiers_and_tiers_left_over_go(
        ls: LabelStudio, project: tuple[int, list[int]]) -> None:
    number, ids = project
    made = views.search_views(ls, number, "Many", ids)
    assert [titles(ls, number)[view] for view in made] == ["Search: Many 1/2", "Search: Many 2/2"]
    assert [shown(ls, number, view) for view in made] == [set(ids[:500]), set(ids[500:])]
    (single,) = views.search_views(ls, number, "Many", ids[:10])
    assert [title for title in titles(ls, number).values() if "Many" in title] == ["Search: Many"]
    assert shown(ls, number, single) == set(ids[:10])


def test_search_view__a_title_that_ends_like_a_tier_is_not_taken_for_one(
        ls: LabelStudio, project: tuple[int, list[int]]) -> None:
    number, ids = project
    others = [views.search_view(ls, number, title, ids[:1]) for title in ("line 1/2 left", "line 1/2")]
    views.search_view(ls, number, "line", ids[:2])
    assert [titles(ls, number)[other] for other in others] == ["Search: line 1/2 left", "Search: line 1 of 2"]


def test_search_view__leaves_a_persons_view_of_the_same_title_alone(
        ls: LabelStudio, project: tuple[int, list[int]]) -> None:
    number, ids = project
    theirs = ls.post("/api/dm/views/", {"project": number, "data": {"title": "Search: Theirs", "type": "list"}})["id"]
    ours = views.search_view(ls, number, "Theirs", ids[:2])
    assert ours != theirs
    assert views.remove_view(ls, number, theirs) == "not_ours"
    changed = views.search_view(ls, number, "Changed", ids[:2])
    data = {**views.live_views(ls, number)[changed], "title": "By hand"}
    ls.patch(f"/api/dm/views/{changed}/", {"project": number, "data": data})
    made = len(views_of(number, "search"))
    assert views.remove_views(ls, number, "search") == made - 1
    assert {theirs, changed} <= set(titles(ls, number))
    assert ours not in titles(ls, number)


def test_search_view__one_that_a_person_closed_is_made_again(ls: LabelStudio, project: tuple[int, list[int]]) -> None:
    number, ids = project
    first = views.search_view(ls, number, "Closed", ids[:2])
    ls.delete(f"/api/dm/views/{first}/")
    second = views.search_view(ls, number, "Closed", ids[:2])
    assert second != first
    assert shown(ls, number, second) == set(ids[:2])


@pytest.mark.parametrize(("title", "tasks", "code"), [("x", [], "nothing_selected"), ("  ", [1], "bad_request"),
                                                      ("a\0", [1], "bad_request")])
def test_search_view__refuses(ls: LabelStudio, project: tuple[int, list[int]], title: str, tasks: list[int],
                              code: str) -> None:
    before = titles(ls, project[0])
    with pytest.raises(ArgusError) as error:
        views.search_view(ls, project[0], title, tasks)
    assert error.value.code == code
    assert titles(ls, project[0]) == before


def test_band_views__each_unreviewed_task_is_in_the_view_of_its_score(
        ls: LabelStudio, project: tuple[int, list[int]]) -> None:
    number, ids = project
    scores = [0.95, 0.9, 0.89999, 0.7, 0.69, 0.0, None]
    ls.post(f"/api/projects/{number}/import/predictions",
            [{"task": task, "model_version": "mv-1", "score": score, "result": []}
             for task, score in zip(ids, scores, strict=False)]
            + [{"task": ids[20], "model_version": "mv-1", "score": 0.99, "result": []},
               {"task": ids[21], "model_version": "old", "score": None, "result": []}])
    ls.patch(f"/api/projects/{number}/", {"model_version": "mv-1"})
    ls.post(f"/api/tasks/{ids[20]}/annotations/", {"result": []})  # reviewed: in no band
    made = views.band_views(ls, number, Edges(0.9, 0.7).ranges(), "mv-1")
    assert {name: sorted(shown(ls, number, view)) for name, view in made.items()} == {
        "high": ids[:2], "medium": ids[2:4], "low": ids[4:6], "nothing_found": [ids[6]]}
    assert [titles(ls, number)[view] for view in made.values()] == [
        "Review: 90 % and above", "Review: 70 to 90 %", "Review: below 70 %", "Review: nothing found"]
    moved = views.band_views(ls, number, Edges(0.95, 0.5).ranges(), "mv-1")
    assert moved == made
    assert sorted(shown(ls, number, moved["medium"])) == ids[1:5]
    assert titles(ls, number)[moved["high"]] == "Review: 95 % and above"
