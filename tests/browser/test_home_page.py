"""The home of a project in a real Chromium: never empty, one next step, strips of videos, pictures that open large."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from argus.labelstudio import LabelStudio
from label_studio_config import projects
from ml_backend.runs.runs import create_run, run_progress
from search_service.search.search import search
from search_service.sync.progress import sync_progress
from search_service.sync.videos import list_videos
from tests.pictures import scene
from tests.waiting import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def no_violations(page: Page) -> None:
    report = Axe().run(page).response
    assert [v["id"] for v in report["violations"] if v["impact"] in ("serious", "critical")] == []


@pytest.mark.parametrize("language", ["en-GB", "ja-JP"])
def test_home__of_a_project_without_images_tells_how_to_get_some(
        open_page: Callable[..., Page], make_project: Callable[..., int], no_uploads: None, tmp_path: Path,
        language: str) -> None:
    project = make_project(["cpu"])
    page = open_page(f"?project={project}", locale=language, viewport={"width": 390, "height": 844}, bypass_csp=True)
    page.on("filechooser", lambda chooser: None)  # the browser is told now, not at the same time as the key
    expect(page.locator("#nav-home")).to_have_attribute("aria-current", "page")
    said = {"en-GB": "This project has no images yet.", "ja-JP": "このプロジェクトにはまだ画像がありません。"}[language]
    expect(page.locator(".next")).to_contain_text(said)
    expect(page.locator(".footage .zone")).to_be_visible()
    expect(page.locator("ul.states li")).to_have_count(0)
    no_violations(page)
    (tmp_path / "one.jpg").write_bytes(scene(1))
    page.locator("#next-step").focus()
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(tmp_path / "one.jpg")
    page.locator("#footage-start").click()
    expect(page.locator(".sample img")).to_have_count(1, timeout=60_000)  # by itself
    expect(page.locator(".next h2")).not_to_contain_text(said)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("language", ["en-GB", "ja-JP"])
def test_the_header_is_one_line_at_every_width(open_page: Callable[..., Page], make_project: Callable[..., int],
                                               label_studio: LabelStudio, language: str) -> None:
    project = make_project(["cpu"])
    label_studio.patch(f"/api/projects/{project}/", {"title": "The third line of the plant, in summer"})
    projects.refresh(project)
    page = open_page(f"?project={project}", locale=language)
    expect(page.locator("#project option:checked")).to_contain_text("third line")
    for width in (901, 1180, 1200, 1201, 1280, 1320, 1366, 1370, 1371, 1400, 1401, 1540, 1541, 1640, 1641, 1920):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator("header").bounding_box()["height"] < 60, f"{width} pixels"  # type: ignore[index]
    least = {"en-GB": 30, "ja-JP": 10}[language]  # two signs, which are narrow without a Japanese font
    assert page.locator("#nav-search span").bounding_box()["width"] > least  # type: ignore[index]


def test_home__leads_from_images_to_predictions_and_to_review(
        open_page: Callable[..., Page], make_project: Callable[..., int], label_studio: LabelStudio) -> None:
    project = make_project(["cpu", "fan"], [(f"{n}.jpg", scene(n)) for n in range(6)])
    projects.set_check_first(project, [])  # every task is in the band of its score
    listed = sorted(label_studio.tasks(project), key=lambda one: one["id"])
    tasks = [task["id"] for task in listed]
    for n, task in enumerate(listed[:5]):
        label_studio.patch(f"/api/tasks/{task['id']}/", {"data": task["data"] | {
            "video": "a.mp4", "video_id": "v", "video_time": n, "frame_number": n}})
    wait_for(lambda: [video.frames for video in list_videos(project)] == [5]
             and sync_progress(project).embedded == 6, 120)
    search(project, "cpu", 3)

    page = open_page(f"?project={project}", bypass_csp=True)
    expect(page.get_by_role("heading", name="Let SAM 3 look for the labels")).to_be_visible()
    expect(page.locator("#next-step")).to_have_attribute("href", re.compile(r"screen=annotate&from=all$"))
    row = page.locator(".video-rows li")
    expect(row).to_have_count(2)
    expect(row.nth(0).get_by_role("link")).to_have_accessible_name("a.mp4, 0:04: 5 images, 0 predicted, 0 annotated")
    expect(row.nth(1)).to_contain_text("Images of no video")
    expect(page.locator(".legend")).to_contain_text("“cpu”, likely")
    no_violations(page)

    first = page.locator(".sample button").first
    first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#home-look .top")).to_contain_text("1 of 6")
    page.keyboard.press("PageDown")
    expect(page.locator("#home-look .top")).to_contain_text("2 of 6")
    page.keyboard.press("Escape")
    expect(page.locator("#home-look")).to_be_hidden()
    expect(first).to_be_focused()

    run = create_run(project, ["cpu"], tasks)
    wait_for(lambda: run_progress(run).state == "done", 240)
    page.reload()
    expect(page.locator("ul.states")).to_contain_text("with predictions")
    expect(row.nth(0)).to_contain_text("5 images · 5 predicted · 0 annotated")
    drawn = row.nth(0).locator(".predicted").get_attribute("d") or ""
    assert drawn.count("z") == 5
    page.click("#next-step")
    expect(page).to_have_url(re.compile("screen=review&band="))
    page.go_back()
    row.nth(0).get_by_role("link").click()
    expect(page).to_have_url(re.compile("screen=search&browse=time&video="))
    expect(page.locator(".hit")).to_have_count(5, timeout=20_000)


def test_home__an_address_of_a_search_still_opens_the_search(
        open_page: Callable[..., Page], make_project: Callable[..., int]) -> None:
    project = make_project(["cpu"])
    page = open_page(f"?project={project}&browse=time")
    expect(page.locator("#nav-search")).to_have_attribute("aria-current", "page")
    page.click("#nav-home")
    expect(page.locator(".next h2")).to_have_text("Add videos or images")
    page.go_back()
    expect(page.locator("#nav-search")).to_have_attribute("aria-current", "page")
