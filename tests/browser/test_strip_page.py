"""The strip of neighbouring frames under the large picture."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from argus.labelstudio import LabelStudio
from search_service.pictures import neighbours
from search_service.sync.progress import sync_progress
from search_service.sync.videos import list_videos
from tests.pictures import scene
from tests.waiting import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
SCENES = [1, 1, 1, 2, 2, 3, 3, 3]


@pytest.mark.parametrize("width", [1300, 390])
def test_strip__goes_along_the_video_and_back_to_the_hits(
        open_page: Callable[..., Page], make_project: Callable[..., int], label_studio: LabelStudio,
        width: int) -> None:
    project = make_project(["cpu"], [(f"{n}.jpg", scene(seen)) for n, seen in enumerate(SCENES)])
    tasks = sorted(task["id"] for task in label_studio.tasks(project))
    for n, task in enumerate(label_studio.tasks(project)):
        label_studio.patch(f"/api/tasks/{task['id']}/", {"data": task["data"] | {
            "video": "a.mp4", "video_id": "v", "video_time": tasks.index(task["id"]) / 2, "frame_number": n}})
    wait_for(lambda: [video.frames for video in list_videos(project)] == [len(SCENES)]
             and sync_progress(project).embedded == len(SCENES), 120)
    wait_for(lambda: neighbours.around(project, tasks[0], 5).next_change == tasks[3], 30)

    page = open_page(f"?project={project}&q=cpu&video_to=0", viewport={"width": width, "height": 844})
    hit = page.locator(".hit")
    expect(hit).to_have_count(1, timeout=20_000)
    page.locator(".hit .open").click()
    strip = page.locator("#hit-preview .strip")
    current = strip.locator("[aria-current=true]")
    expect(strip.locator("li")).to_have_count(6)
    expect(current).to_have_text("0:00")
    expect(strip.locator("li").nth(1)).to_have_text("+0.5 s")
    expect(page.locator("#hit-preview .top")).to_contain_text("1 of 1")

    strip.locator("li button").nth(2).click()
    expect(current).to_have_text("0:01")
    expect(page.locator("#hit-preview .top")).to_contain_text("near 1 of 1")
    page.keyboard.press(">")
    expect(current).to_have_accessible_name("Frame at 0:01.50, shows the same")
    page.keyboard.press(".")
    expect(current).to_have_text("0:02")
    strip.get_by_role("button", name="On to where the picture changes").click()
    expect(current).to_have_text("0:02.50")
    expect(strip.locator("li")).to_have_count(8)
    page.keyboard.press("<")
    expect(current).to_have_text("0:02")
    page.keyboard.press(",")
    expect(current).to_have_text("0:01.50")
    expect(strip.get_by_role("button", name="Back to where the picture changes")).to_be_enabled()
    assert strip.evaluate("strip => strip.getBoundingClientRect().right <= innerWidth")
    page.keyboard.press("ArrowLeft")  # back to the hit
    expect(page.locator("#hit-preview .top")).to_contain_text("1 of 1")
    expect(current).to_have_text("0:00")
