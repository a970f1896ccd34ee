"""Views of searches are best first, and their titles say so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from argus.db import connect as database
from argus.labelstudio import LabelStudio, get_label_studio
from label_studio_config.bands import Edges
from label_studio_config.views import band_views, live_views
from search_service.projects import disconnect
from search_service.search.query import SearchQuery
from search_service.search.search import find
from search_service.sync.progress import sync_progress
from search_service.views import saved_searches, search_views
from tests.pictures import scene
from tests.waiting import wait_for

pytestmark = pytest.mark.integration
COUNT = 53  # more than are ranked


@pytest.fixture(scope="module")
def line(stack: Any) -> Iterator[int]:
    """A project with more images than a view is ranked for; each is a frame of a video."""
    from label_studio_config.connect import connect

    ls = get_label_studio()
    project = connect(ls, None, title="Ranked", labels=["cpu"]).project_id
    assert project is not None
    files = [(f"{n}.jpg", (f"{n}.jpg", scene(n, 320), "image/jpeg")) for n in range(COUNT)]
    for start in (0, 50):
        ls.request("POST", f"/api/projects/{project}/import", files=files[start:start + 50], timeout=60)
    first = min(task["id"] for task in ls.tasks(project))
    task = ls.get("/api/tasks/", project=project, include="id,data", resolve_uri="false")["tasks"][0]
    ls.patch(f"/api/tasks/{first}/", {"data": {**task["data"], "video": "line.mp4", "video_id": "d75554d4",
                                              "video_time": 1.0, "frame_number": 25}})
    wait_for(lambda: sync_progress(project).embedded == COUNT, 120)
    yield project
    ls.delete(f"/api/projects/{project}/")


def best(project: int, text: str, limit: int) -> list[int]:
    return [hit.task for hit in find(project, SearchQuery(text=text), limit, record=False).hits]


def listed(ls: LabelStudio, project: int, view: int) -> list[int]:
    """Return the tasks of a view as Label Studio lists them."""
    return [task["id"] for task in ls.get("/api/tasks/", project=project, view=view, page_size=100,
                                           include="id")["tasks"]]


def ranked(ls: LabelStudio, project: int) -> set[str]:
    """Return the keys of ranks that tasks of a project carry."""
    return {name for task in ls.tasks(project, fields="task_only") for name in task["data"]
            if name.startswith("argus_rank_")}


@pytest.mark.parametrize("limit", [6, 50])
def test_view__of_a_small_search_is_best_first(line: int, label_studio: LabelStudio, limit: int) -> None:
    expected = best(line, "cpu", limit)
    (view,) = search_views.make(line, "", SearchQuery(text="cpu"), None, limit).views
    assert live_views(label_studio, line)[view]["title"] == "Search: cpu (ranked)"
    wait_for(lambda: listed(label_studio, line, view) == expected, 120)
    assert expected != sorted(expected)  # which Label Studio shows of itself
    search_views.remove(line, view)
    wait_for(lambda: not ranked(label_studio, line), 120)


def test_view__of_chosen_tasks_keeps_their_order(line: int, label_studio: LabelStudio) -> None:
    chosen = best(line, "fan", 4)[::-1]
    (view,) = search_views.make(line, "Chosen", None, chosen, 50).views
    wait_for(lambda: listed(label_studio, line, view) == chosen, 60)
    assert search_views.make(line, "Search:  Chosen (ranked)", None, chosen[::-1], 50).views == [view]
    wait_for(lambda: listed(label_studio, line, view) == chosen[::-1], 60)
    assert live_views(label_studio, line)[view]["title"] == "Search: Chosen (ranked)"
    label_studio.delete(f"/api/dm/views/{view}/")  # by a person, in Label Studio
    wait_for(lambda: not ranked(label_studio, line), 60)
    with database() as connection:
        assert connection.execute("SELECT FROM view_rank WHERE project_id = %s", (line,)).rowcount == 0


def test_view__that_grows_says_that_it_has_no_order(line: int, label_studio: LabelStudio) -> None:
    (view,) = search_views.make(line, "Grows", SearchQuery(text="cpu"), None, 3).views
    wait_for(lambda: ranked(label_studio, line), 60)
    assert search_views.make(line, "Grows", SearchQuery(text="cpu"), None, COUNT).views == [view]
    data = live_views(label_studio, line)[view]
    assert (data["title"], data["ordering"]) == ("Search: Grows (unordered)", ["tasks:id"])
    wait_for(lambda: not ranked(label_studio, line), 60)
    assert search_views.make(line, "Grows", SearchQuery(text="cpu"), None, 3).views == [view]
    assert live_views(label_studio, line)[view]["title"] == "Search: Grows (ranked)"
    assert search_views.refresh(line, view).views == [view]
    wait_for(lambda: listed(label_studio, line, view) == best(line, "cpu", 3), 60)
    search_views.remove(line, view)


def test_view__shows_no_bare_numbers(line: int, label_studio: LabelStudio) -> None:
    """Neither a frame's own, nor the ranks of this view and of those that are made later."""
    band = band_views(label_studio, line, Edges(0.9, 0.7).ranges(), "mv")["high"]
    first, second = (search_views.make(line, name, SearchQuery(text=name), None, 3).views[0]
                     for name in ("cpu", "fan"))
    third = saved_searches.create(line, "Kept", SearchQuery(text="hdd"), size=3, keep_view=True, ranked=3)
    wait_for(lambda: len(ranked(label_studio, line)) == 3, 60)
    columns = [f"tasks:data.{column['id']}" for column in label_studio.get("/api/dm/columns/", project=line)["columns"]
               if column.get("parent") == "data"]
    assert {"tasks:data.video_id", "tasks:data.video_time", "tasks:data.frame_number"} < set(columns)
    for view in (band, first, second, *saved_searches.get(line, third.id).views):
        for where in live_views(label_studio, line)[view]["hiddenColumns"].values():
            assert [one for one in columns if one not in where] == ["tasks:data.image", "tasks:data.video"], view
    saved_searches.delete(line, third.id)
    for view in (first, second):
        search_views.remove(line, view)


@pytest.mark.parametrize(("ranks", "said"), [(0, "unordered"), (3, "ranked")])
def test_saved_search__its_view_says_its_order(line: int, label_studio: LabelStudio, ranks: int, said: str) -> None:
    made = saved_searches.create(line, "Parts", SearchQuery(text="cpu"), size=3, keep_view=True, ranked=ranks)
    wait_for(lambda: saved_searches.get(line, made.id).views, 60)
    (view,) = saved_searches.get(line, made.id).views
    assert live_views(label_studio, line)[view]["title"] == f"Search: Parts ({said})"
    saved_searches.delete(line, made.id)


def test_disconnect__takes_the_ranks_of_views_away(stack: Any, make_project: Callable[..., int],
                                                   label_studio: LabelStudio) -> None:
    project = make_project(["cpu"], [(f"{n}.jpg", scene(n, 320)) for n in range(3)])
    wait_for(lambda: sync_progress(project).embedded == 3, 60)
    search_views.make(project, "", SearchQuery(text="cpu"), None, 3)
    wait_for(lambda: len(ranked(label_studio, project)) == 1, 60)
    from search_service.views import view_ranks

    removed = disconnect.disconnect(label_studio, project)
    assert removed[-2:] == ["1 view", "ranks of views from 3 tasks"]
    assert ranked(label_studio, project) == set()
    assert view_ranks.enqueue_unwritten(project) == 0
