"""Views in the real Data Manager: they show exactly their tasks, and "select all" acts on them alone; and a search from
inside Label Studio, by the title of a tab."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from playwright.sync_api import Error, Page, expect

from argus.labelstudio import LabelStudio
from argus.settings import get_settings
from label_studio_config import views
from label_studio_config.bands import Edges
from tests.pictures import scene, scene_and_objects
from tests.waiting import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
CONFIG = ('<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image"><Label value="cpu"/>'
          "</RectangleLabels></View>")
PAGE = 20  # rows that the Data Manager surely loads at once
SCORES = (0.95, 0.9, 0.8, 0.5, None)  # of the first tasks; the others have no prediction


@pytest.fixture
def project(label_studio: LabelStudio) -> Iterator[tuple[int, list[int]]]:
    """Ten tasks without images: `(project id, task ids)`."""
    number = label_studio.post("/api/projects/", {"title": "Kinds of views", "label_config": CONFIG})["id"]
    ids = label_studio.post(f"/api/projects/{number}/import?return_task_ids=true",
                            [{"data": {"image": f"/data/upload/{n}.jpg"}} for n in range(10)])["task_ids"]
    label_studio.post(f"/api/projects/{number}/import/predictions", [
        {"task": task, "model_version": "mv", "score": score, "result": []}
        for task, score in zip(ids, SCORES, strict=False)])
    label_studio.patch(f"/api/projects/{number}/", {"model_version": "mv"})
    yield number, ids
    label_studio.delete(f"/api/projects/{number}/")


class DataManager:
    """The Data Manager of one project in the browser."""

    def __init__(self, page: Page, ls: LabelStudio, project: int) -> None:
        self.page, self.ls, self.project = page, ls, project

    def open(self, view: int) -> None:
        self.page.goto(f"{get_settings().label_studio_url}/projects/{self.project}/data?tab={view}")

    def shown(self, count: int) -> list[int]:
        """Return the ids of the tasks in the list, top to bottom, once there are `count`; of many, the first page's."""
        expect(self.page.get_by_text(f"Tasks: {count} /")).to_be_visible(timeout=30_000)
        self.page.get_by_label("Switch to list view").click()
        expect(self.page.get_by_label("Select all rows")).to_be_visible()
        boxes = self.page.locator("input[aria-label^='Select Task ']")
        if count <= PAGE:
            expect(boxes).to_have_count(count)
        else:
            expect(boxes.nth(PAGE // 2)).to_be_attached()  # the rest is loaded as one scrolls
        return [int(str(box.get_attribute("aria-label")).split()[-1]) for box in boxes.all()]

    def select_all_and(self, action: str) -> None:
        self.page.get_by_label("Select all rows").click()
        self.page.get_by_label("Tasks Actions").click()
        self.page.get_by_text(action, exact=True).last.click()
        self.page.get_by_role("button", name=action, exact=True).last.click()

    def would_act_on(self, action: str) -> set[int]:
        """Select all, start the action, and return on which tasks, without letting it happen."""
        action_of_all = "**/api/dm/actions?**id=*"
        self.page.route(action_of_all, lambda route: route.fulfill(json={"processed_items": 0}))
        # A filter of 500 terms keeps the page busy for seconds.
        with self.page.expect_response(action_of_all, timeout=60_000) as answer:
            self.select_all_and(action)
        self.page.unroute(action_of_all)
        return self.selected(json.loads(answer.value.request.post_data or "{}"))

    def selected(self, body: dict[str, Any]) -> set[int]:
        """Return the tasks that Label Studio takes a posted selection for."""
        asked = {name: body[name] for name in ("filters", "selectedItems") if name in body}
        tasks = self.ls.request("GET", "/api/tasks/", json=asked,  # 500 ids are too long for an address
                                params={"project": self.project, "page_size": 1000, "include": "id"})["tasks"]
        return {task["id"] for task in tasks}


def check(manager: DataManager, view: int, tasks: Sequence[int], *, in_order: bool = False) -> None:
    """Open the view as a person does: it shows these tasks, "select all" acts on them alone, and it stays as it is."""
    before = manager.ls.get(f"/api/dm/views/{view}/", project=manager.project)["data"]["filters"]
    manager.open(view)
    shown = manager.shown(len(tasks))
    if in_order:
        assert shown == list(tasks)
    elif len(tasks) <= PAGE:
        assert sorted(shown) == sorted(tasks)
    else:
        assert set(shown) < set(tasks)
    assert manager.would_act_on("Delete Predictions") == set(tasks)
    after = manager.ls.get(f"/api/dm/views/{view}/", project=manager.project)["data"]["filters"]
    assert after == before
    assert views.filter_digest(after) == views.filter_digest(before)  # opened and used, it is still ours to keep fresh


def test_views_of_a_review__show_their_tasks_and_select_all_acts_on_them_alone(
        stack: Any, page: Page, label_studio: LabelStudio, project: tuple[int, list[int]]) -> None:
    number, ids = project
    bands = views.band_views(label_studio, number, Edges(0.9, 0.7).ranges(), "mv")
    to_fix = views.fix_view(label_studio, number, ids[2:4])
    assert to_fix is not None
    manager = DataManager(page, label_studio, number)
    for view, tasks in ((bands["high"], ids[:2]), (bands["medium"], ids[2:3]), (bands["low"], ids[3:4]),
                        (bands["nothing_found"], ids[4:5]), (to_fix, ids[2:4])):
        check(manager, view, tasks)
    assert page.argus_errors == []  # type: ignore[attr-defined]


def test_views_of_searches__show_their_tasks_and_select_all_acts_on_them_alone(
        stack: Any, page: Page, label_studio: LabelStudio, make_project: Callable[..., int]) -> None:
    """A search, one too large for a view, a saved search, and one in the order of its ranks."""
    from search_service.search.query import SearchQuery
    from search_service.search.search import search
    from search_service.sync.progress import sync_progress
    from search_service.views import saved_searches

    number = make_project(["cpu"], [(f"{n}.jpg", scene(n, 1280)) for n in range(6)])
    label_studio.post(f"/api/projects/{number}/import", [{"data": {"image": ""}} for _ in range(500)], timeout=60)
    wait_for(lambda: sync_progress(number).embedded == 6, 120)
    found = [hit.task for hit in search(number, "cpu", record=False).hits]
    every = sorted(task["id"] for task in label_studio.tasks(number))
    made = saved_searches.create(number, "Parts", SearchQuery(text="cpu"), size=3, keep_view=True)
    ranked = saved_searches.create(number, "In order", SearchQuery(text="cpu"), size=5, keep_view=True, ranked=5)
    wait_for(lambda: saved_searches.get(number, ranked.id).refreshed_at, 60)
    (in_order,) = saved_searches.get(number, ranked.id).views
    first, second = views.search_views(label_studio, number, "Every", every)
    manager = DataManager(page, label_studio, number)
    check(manager, views.search_view(label_studio, number, "CPU", found[:4]), found[:4])
    check(manager, made.views[0], found[:3])
    check(manager, in_order, found[:5], in_order=True)
    check(manager, first, every[:500])
    check(manager, second, every[500:])
    assert page.argus_errors == []  # type: ignore[attr-defined]


def test_a_search_in_a_tab__says_its_order_and_shows_no_bare_numbers(stack: Any, page: Page, label_studio: LabelStudio,
                                                                     make_project: Callable[..., int]) -> None:
    from search_service.search.query import SearchQuery
    from search_service.sync.progress import sync_progress
    from search_service.views import search_views

    number = make_project(["cpu"], [(f"{n}.jpg", scene(n, 640)) for n in range(3)])
    bare = ["d75554d47608ab2f", "53.25", "1331"]  # under a picture, nobody knows what these are
    for task in label_studio.get("/api/tasks/", project=number, include="id,data", resolve_uri="false")["tasks"]:
        label_studio.patch(f"/api/tasks/{task['id']}/", {"data": {**task["data"], "video_id": bare[0], "video": "a.mp4",
                                                                  "video_time": 53.25, "frame_number": 1331}})
    wait_for(lambda: sync_progress(number).embedded == 3, 120)
    (view,) = search_views.make(number, "", SearchQuery(text="cpu"), None, 3).views
    manager = DataManager(page, label_studio, number)
    manager.open(view)
    expect(page.get_by_text("Search: cpu (ranked)").first).to_be_visible(timeout=30_000)
    expect(page.get_by_text("a.mp4")).to_have_count(3, timeout=30_000)  # a card each, drawn
    for text in bare:
        expect(page.get_by_text(text, exact=True)).to_have_count(0)
    data = views.live_views(label_studio, number)[view]
    label_studio.patch(f"/api/dm/views/{view}/", {"project": number, "data": {**data, "hiddenColumns": {}}})
    manager.open(view)
    for text in bare:  # as Label Studio shows them when it is left to itself
        expect(page.get_by_text(text, exact=True)).to_have_count(3, timeout=30_000)


def test_a_tab_titled_as_a_question__is_filled(stack: Any, page: Page, label_studio: LabelStudio,
                                               make_project: Callable[..., int],
                                               record_property: Callable[[str, object], None]) -> None:
    from search_service.search.search import search
    from search_service.sync.progress import sync_progress

    scenes = [scene_and_objects(seed, 1280) for seed in range(12)]
    project = make_project(["cpu"], [(f"{n:02}.jpg", data) for n, (data, _) in enumerate(scenes)])
    wait_for(lambda: sync_progress(project).embedded == len(scenes), 120)
    manager = DataManager(page, label_studio, project)
    page.goto(f"{get_settings().label_studio_url}/projects/{project}/data")
    expect(page.get_by_text(f"Tasks: {len(scenes)} /")).to_be_visible(timeout=30_000)

    def rename(title: str) -> None:
        page.wait_for_load_state("networkidle")  # a tab that is drawn anew closes its menu
        field = page.locator("[class*=tabs-dm__item_active] input")
        for _ in range(6):
            with contextlib.suppress(Error):
                page.locator("[class*=tabs-dm__item_active]").hover(timeout=15_000)
                page.locator("[class*=tabs-dm__item_active]").get_by_label("Tab options").click(timeout=15_000)
                page.get_by_text("Rename", exact=True).last.click(timeout=15_000)
                field.wait_for(timeout=15_000)
                break
        field.fill(title)
        field.press("Enter")

    def expected(query: str) -> list[int]:
        hits = search(project, query, 100, record=False).hits
        return sorted(hit.task for hit in hits if hit.relevance != "unlikely")

    def server() -> dict[str, Any]:
        return next((view["data"] for view in label_studio.get("/api/dm/views/", project=project)
                     if view["data"]["title"].startswith("? ")), {})

    page.get_by_label("Open New Tab").click()
    rename("? cpu")
    started = time.monotonic()
    wait_for(lambda: server().get("filters", {}).get("items"), 90)
    record_property("seconds until the tab was filled", round(time.monotonic() - started, 1))
    found = expected("cpu")
    assert 0 < len(found) < len(scenes)
    page.reload()
    assert sorted(manager.shown(len(found))) == found
    assert manager.would_act_on("Delete Predictions") == set(found)
    page.reload()
    rename("? elephant")
    wait_for(lambda: server().get("title") == "? elephant ⚠ nothing found", 90)
    page.reload()
    expect(page.get_by_text("? elephant ⚠ nothing found").first).to_be_visible(timeout=30_000)
    expect(page.get_by_text("Tasks: 0 /")).to_be_visible()
    assert page.argus_errors == []  # type: ignore[attr-defined]
