"""Label everything like this: from objects in Search, in Review and in a large picture to the label in Annotate."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from ml_backend.runs.runs import create_run, run_progress
from search_service.embedding import object_store
from search_service.references import service
from search_service.sync.tasks import sync_project
from tests.pictures import scene
from tests.waiting import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
PICTURES = os.environ.get("ARGUS_TEST_PICTURES")  # a folder for pictures of what the page shows


def take(page: Page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png")


def fits(page: Page) -> None:
    """Nothing of the page lies beside the screen, and axe finds nothing serious."""
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    found = Axe().run(page).response["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []


def test_regions_are_added_where_they_are_seen_and_shown_at_their_label(
        open_page: Callable[..., Page], make_project: Callable[..., int], label_studio: Any) -> None:
    project = make_project(["cpu", "fan"], [(f"{n}.jpg", scene(n)) for n in range(6)])
    sync_project(project)
    run = create_run(project, ["cpu", "fan"], [task["id"] for task in label_studio.tasks(project)])
    wait_for(lambda: run_progress(run).state == "done", 240, 1)
    wait_for(lambda: object_store.progress(project).waiting == 0, 120, 1)

    page = open_page(f"?project={project}&screen=search&q=cpu&of=objects", viewport={"width": 1440, "height": 900})
    page.locator(".object-hit .face").first.click(timeout=30_000)
    take(page, "hit")
    page.locator("dialog.look").get_by_role("button", name="Label everything like this").click()
    page.locator("select.like-label").select_option("fan")
    take(page, "ask")
    page.locator("dialog.ask").get_by_role("button", name="Add").click()
    expect(page.locator("#message")).to_contain_text("1 reference added to fan", timeout=30_000)

    page.goto(page.url.split("?")[0] + f"?project={project}&screen=review&band=all&label=cpu")
    wall = page.locator(".wall")
    wall.locator(".crop .face").nth(1).click(timeout=30_000)
    take(page, "wall")
    wall.get_by_role("button", name="Label everything like this").click()
    page.locator("select.like-label").select_option("fan")
    page.locator("dialog.ask").get_by_role("button", name="Add").click()
    expect(page.locator("#message")).to_contain_text("1 reference added to fan", timeout=30_000)
    wall.locator(".crop .face").nth(2).dblclick()
    large = page.locator("dialog.large")
    like = large.get_by_role("button", name="Label everything like this")
    expect(like).to_be_enabled(timeout=30_000)
    take(page, "large")
    like.click()
    expect(page.locator("select.like-label")).to_be_visible()
    page.locator("dialog.ask").get_by_role("button", name="Cancel").click()

    page.goto(page.url.split("?")[0] + f"?project={project}&screen=annotate&labels=fan")
    row = page.locator(".label-row", has=page.get_by_text("fan", exact=True))
    expect(row.locator(".reference img")).to_have_count(2, timeout=30_000)
    loaded = "[...document.querySelectorAll('.reference img')].every((one) => one.naturalWidth > 0)"
    wait_for(lambda: page.evaluate(loaded), 30)
    expect(row.locator("input[type=text]")).to_have_value("object")
    fits(page)
    take(page, "annotate")
    page.set_viewport_size({"width": 390, "height": 844})
    row.locator(".references").evaluate("one => one.scrollIntoView({ block: 'center' })")
    fits(page)
    take(page, "annotate-phone")
    for left in (1, 0):
        row.locator(".reference button").first.click()
        expect(row.locator(".reference")).to_have_count(left, timeout=30_000)
    expect(row.locator("input[type=text]")).to_have_value("fan")
    assert [one.references for one in service.show(project).labels] == [[], []]
