"""What a person sees in Label Studio itself after a search and a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from argus.labelstudio import LabelStudio
from argus.settings import get_settings
from demo.scenes import SceneObject
from demo.truth import Box, iou
from tests.browser.conftest import sign_in
from tests.pictures import plain, scene_and_objects
from tests.waiting import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def corners(value: dict[str, float]) -> Box:
    """Percent of a 1280 x 720 frame → xyxy pixels."""
    return (value["x"] * 12.8, value["y"] * 7.2, (value["x"] + value["width"]) * 12.8,
            (value["y"] + value["height"]) * 7.2)


@pytest.fixture
def scenes() -> Iterator[list[tuple[bytes, list[SceneObject]]]]:
    yield [scene_and_objects(seed, 1280) for seed in range(16)]


def test_search_view_shows_exactly_its_tasks_and_a_task_its_boxes(
        stack: Any, page: Page, label_studio: LabelStudio, make_project: Callable[..., int],
        scenes: list[tuple[bytes, list[SceneObject]]]) -> None:
    from label_studio_config.views import search_view
    from ml_backend.runs.runs import create_run, run_progress
    from search_service.search.search import search
    from search_service.sync.progress import sync_progress

    project = make_project(["cpu"], [(f"{i:03}.jpg", data) for i, (data, _) in enumerate(scenes)])
    wait_for(lambda: sync_progress(project).embedded == len(scenes), 120)
    found = [hit.task for hit in search(project, "cpu", limit=4).hits]
    view = search_view(label_studio, project, "CPU", found)
    run = create_run(project, ["cpu"], found)
    wait_for(lambda: run_progress(run).state == "done", 180)

    base = get_settings().label_studio_url
    page.goto(f"{base}/projects/{project}/data?tab={view}")
    expect(page.get_by_text("Search: CPU").first).to_be_visible(timeout=30_000)
    expect(page.locator("[class*=grid-view__cell], [class*=cell] img").first).to_be_visible(timeout=30_000)
    expect(page.locator("body")).to_contain_text(f"Tasks: 4 / {len(scenes)}", use_inner_text=True, timeout=30_000)
    kept = label_studio.get(f"/api/dm/views/{view}/", project=project)  # opening it must not have changed it
    assert {item["value"] for item in kept["data"]["filters"]["items"]} == set(found)

    tasks = {task["id"]: task for task in label_studio.tasks(project)}
    best = max(found, key=lambda task: len(tasks[task]["predictions"][0]["result"]))
    boxes = [r for r in tasks[best]["predictions"][0]["result"] if r["type"] == "rectanglelabels"]
    page.goto(f"{base}/projects/{project}/data?tab={view}&task={best}")
    page.wait_for_function("""count => window.Htx?.annotationStore?.selected?.regions
        ?.filter(r => r.type === 'rectangleregion').length === count""", arg=len(boxes), timeout=60_000)
    shown = page.evaluate("""() => window.Htx.annotationStore.selected.regions
        .filter(r => r.type === 'rectangleregion').map(r => r.serialize().value)""")
    assert sorted(round(value["x"]) for value in shown) == sorted(round(r["value"]["x"]) for r in boxes)
    number = int(tasks[best]["data"]["image"].rsplit("-", 1)[1].removesuffix(".jpg"))
    parts = [thing.box for thing in scenes[number][1] if thing.label == "cpu"]
    assert all(max(iou(corners(value), part) for part in parts) >= 0.5 for value in shown)
    assert page.argus_errors == []  # type: ignore[attr-defined]


def test_an_expired_login__leads_back_to_the_task_that_was_asked_for(
        page: Page, make_project: Callable[..., int], label_studio: LabelStudio) -> None:
    """The links of Argus's page go to Label Studio, whose login ends by itself."""
    from search_service.pictures.task_details import describe_task
    from search_service.sync.progress import sync_progress

    project = make_project(["cpu"], [(f"{n}.jpg", plain((40 * n, 90, 60))) for n in range(2)])
    wait_for(lambda: sync_progress(project).embedded == 2, 60)
    _, second = sorted(task["id"] for task in label_studio.tasks(project))
    page.context.clear_cookies()
    page.goto(describe_task(project, second).label_studio)
    expect(page.locator("input[name=password]")).to_be_visible(timeout=30_000)
    sign_in(page)
    page.wait_for_function("task => window.Htx?.task?.id === task", arg=second, timeout=60_000)
