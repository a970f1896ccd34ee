"""Boxes over the thumbnails of a search."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from argus.labelstudio import LabelStudio
from label_studio_config import projects
from label_studio_config.recipe import recipe_for
from ml_backend.detection import store as detections
from ml_backend.engines.base import Detections
from search_service.sync.progress import sync_progress
from tests.pictures import scene
from tests.waiting import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
WIDE, HIGH = 640, 480


def serious(page: Page) -> list[str]:
    return [found["id"] for found in Axe().run(page).response["violations"]
            if found["impact"] in ("serious", "critical")]


def put(project: int, task: int, label: str, boxes: list[list[float]]) -> None:
    found = Detections(np.full(len(boxes), 0.9, np.float32), np.array(boxes, np.float32), [None] * len(boxes))
    detections.store(task, recipe_for(projects.load(project)), (WIDE, HIGH), {label: found})


@pytest.mark.parametrize("width", [1440, 390])
def test_boxes__drawn_in_the_labels_colours_with_one_request_and_remembered(
        open_page: Callable[..., Page], make_project: Callable[..., int], label_studio: LabelStudio,
        width: int) -> None:
    project = make_project(["cpu", "fan"], [(f"{n}.jpg", scene(n)) for n in range(4)])
    tasks = sorted(task["id"] for task in label_studio.tasks(project))
    wait_for(lambda: sync_progress(project).embedded == len(tasks), 120)
    put(project, tasks[0], "cpu", [[64, 48, 320, 240], [400, 100, 500, 200]])
    put(project, tasks[0], "fan", [[200, 300, 300, 400]])
    put(project, tasks[1], "fan", [[0, 0, 320, 240]])

    page = open_page(f"?project={project}&browse=time", viewport={"width": width, "height": 844})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/boxes?" in request.url else None)
    shown = page.locator(".hit .boxes:visible")
    expect(page.locator(".hit")).to_have_count(4, timeout=20_000)
    expect(shown).to_have_count(0)
    page.locator(".hit .open").first.focus()
    page.keyboard.press("b")
    expect(page.locator("#boxes")).to_have_attribute("aria-pressed", "true")
    expect(shown).to_have_count(2)
    assert len(asked) == 1

    card = page.locator(f".hit[data-task='{tasks[0]}']")
    strokes = card.locator(".line").evaluate_all("lines => lines.map(line => line.getAttribute('stroke'))")
    assert sorted(strokes) == ["#3cb44b", "#e6194b", "#e6194b"]  # the colours in the labelling config
    expect(card.locator(".open")).to_have_attribute("title", "cpu: 2, fan: 1")
    fits = page.locator(f".hit[data-task='{tasks[1]}']").evaluate("""card => {
        const seen = card.querySelector('.line').getBoundingClientRect();
        const whole = card.querySelector('img').getBoundingClientRect();
        return [(seen.right - whole.left) / whole.width, (seen.bottom - whole.top) / whole.height]; }""")
    assert fits == pytest.approx([0.5, 0.5], abs=0.03)  # a quarter of the picture stays one where its edges are cut off
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if shots := os.environ.get("ARGUS_SHOTS"):
        page.wait_for_timeout(800)
        page.screenshot(path=f"{shots}/boxes-{width}.png")

    page.reload()
    expect(shown).to_have_count(2, timeout=20_000)
    page.fill("#query", "b")  # a letter that is typed is no key
    expect(page.locator("#boxes")).to_have_attribute("aria-pressed", "true")
    page.click("#boxes")
    expect(shown).to_have_count(0)
    page.reload()
    expect(page.locator(".hit")).to_have_count(4, timeout=20_000)
    expect(page.locator("#boxes")).to_have_attribute("aria-pressed", "false")
    page.select_option("#language", "ja")
    page.get_by_role("button", name="枠", exact=True).click()
    expect(shown).to_have_count(2)


