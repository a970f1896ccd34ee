"""Videos that were uploaded in Label Studio are offered on the page to be cut into frames."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from argus.labelstudio import LabelStudio
from search_service.sync.progress import sync_progress
from tests.videos import write
from tests.waiting import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def fits(page: Page, name: str) -> None:
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert [found["id"] for found in Axe().run(page).response["violations"]
            if found["impact"] in ("serious", "critical")] == []
    if shots := os.environ.get("ARGUS_SHOTS"):
        page.screenshot(path=f"{shots}/{name}.png", full_page=True)


def test_uploaded_videos__are_offered_and_cut(open_page: Callable[..., Page], make_project: Callable[..., int],
                                              label_studio: LabelStudio, no_uploads: None, tmp_path: Path) -> None:
    project = make_project(["cpu"])
    for number, name in enumerate(("line a.mp4", "line b.mp4"), 40):
        data = write(tmp_path / name, number).read_bytes()
        label_studio.request("POST", f"/api/projects/{project}/import", files=[("file", (name, data, "video/mp4"))])
    wait_for(lambda: sync_progress(project).videos == 2, 60)

    page = open_page(f"?project={project}&screen=search", viewport={"width": 390, "height": 844})
    offer = page.locator("#uploaded-videos")
    expect(offer).to_contain_text("2 videos were uploaded in Label Studio", timeout=20_000)
    fits(page, "uploaded-390")
    page.set_viewport_size({"width": 1440, "height": 900})
    fits(page, "uploaded-1440")
    page.select_option("#language", "ja")
    expect(page.locator("#cut-videos")).to_have_text("2 本の動画をフレームに分割")
    fits(page, "uploaded-ja")
    page.select_option("#language", "en")
    page.select_option("#uploaded-fps", "5")
    page.get_by_label("Cut later uploads automatically").check()
    page.get_by_role("button", name="Cut 2 videos into frames").click()
    expect(offer).to_be_hidden()
    expect(page.locator("#cut-rule")).to_contain_text("are cut automatically, 5 frames per second")
    rows = page.locator(".footage-rows li")
    expect(rows).to_have_count(2)
    expect(rows.filter(has_text="line_a.mp4").or_(rows.filter(has_text="line a.mp4"))).to_contain_text("Done: 8 images")
    wait_for(lambda: sync_progress(project).seen == 17, 60)
    assert (sync_progress(project).videos, sync_progress(project).failed) == (2, 0)
    fits(page, "uploaded-done")
    page.get_by_role("button", name="Turn off").click()
    expect(page.locator("#cut-rule")).to_be_hidden()
    page.reload()
    page.get_by_role("button", name="In order of time").click(timeout=20_000)
    expect(page.locator("#summary")).to_have_text("17 images in order of time")
