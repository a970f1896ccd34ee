"""What a run found, shown on Auto-annotate once it has ended."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from argus.db import connect
from argus.labelstudio import LabelStudio
from label_studio_config import projects
from label_studio_config.recipe import recipe_for
from ml_backend.detection import store as detections
from ml_backend.engines.base import Detections
from ml_backend.runs import run_store
from search_service.sync.progress import sync_progress
from tests.pictures import scene
from tests.waiting import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def ended(project: int, tasks: list[int], threshold: float) -> int:
    """Record a run for "cpu" that ended with these tasks."""
    recipe = recipe_for(projects.load(project))
    concept = next(one for one in recipe.concepts if one.label == "cpu")
    number = run_store.add(project, ["cpu"], {"source": "all", "recipe": {
        "checkpoint": recipe.checkpoint, "engine": "sam3",
        "labels": [{"label": "cpu", "prompts": list(concept.prompts), "threshold": threshold}]}}, "v", None, tasks)
    with connect() as connection:
        connection.execute("UPDATE run_task SET state = 'done' WHERE run_id = %s", (number,))
        connection.execute("UPDATE run SET state = 'done', finished_at = now() WHERE id = %s", (number,))
    return number


def fits(page: Page, name: str) -> None:
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert [found["id"] for found in Axe().run(page).response["violations"]
            if found["impact"] in ("serious", "critical")] == []
    if shots := os.environ.get("ARGUS_SHOTS"):
        page.locator(".run-result").scroll_into_view_if_needed()
        page.wait_for_timeout(500)
        page.screenshot(path=f"{shots}/{name}.png", full_page=True)


def test_run_result__counts_pictures_and_the_run_before(open_page: Callable[..., Page],
                                                        make_project: Callable[..., int],
                                                        label_studio: LabelStudio) -> None:
    project = make_project(["cpu"], [(f"{n}.jpg", scene(n)) for n in range(3)])
    wait_for(lambda: sync_progress(project).seen == 3, 60)
    tasks = sorted(task["id"] for task in label_studio.tasks(project))
    recipe = recipe_for(projects.load(project))
    for task, scores in zip(tasks, ([0.95, 0.75, 0.6], [0.92], []), strict=True):
        boxes = np.array([[60 + 150 * place, 60, 180 + 150 * place, 200] for place in range(len(scores))], np.float32)
        detections.store(task, recipe, (640, 480), {"cpu": Detections(
            np.array(scores, np.float32), boxes.reshape(-1, 4), [None] * len(scores))})
    first, second = ended(project, tasks[:2], 0.7), ended(project, tasks, 0.5)

    page = open_page(f"?project={project}&screen=annotate&run={second}", viewport={"width": 1440, "height": 900})
    result = page.locator(".run-result")
    expect(result).to_contain_text("4 objects on 3 images. Nothing on 1 image.", timeout=20_000)
    row = result.locator("tbody tr")
    expect(row).to_contain_text("cpu")
    expect(row).to_contain_text("2 · 1 · 1")
    expect(row).to_contain_text(f"+1 (run {first}: 3 on the 2 images of both)")
    expect(result.locator(".result-pictures li")).to_have_count(3)
    expect(result.locator(".result-pictures .boxes")).to_have_count(2)
    expect(result.get_by_role("link", name=f"Task {tasks[2]}: nothing above the threshold")).to_be_visible()
    fits(page, "result-1440")
    page.set_viewport_size({"width": 390, "height": 844})
    fits(page, "result-390")
    page.select_option("#language", "ja")
    expect(result).to_contain_text("3 枚の画像で 4 個の物体を検出しました。", timeout=20_000)
    fits(page, "result-ja")
    wait_for(lambda: sync_progress(project).embedded == 3, 120)
    result.locator(".result-pictures a").first.click()
    expect(page.locator("#hit-preview")).to_be_visible(timeout=20_000)
    assert f"task={tasks[0]}" in page.url
