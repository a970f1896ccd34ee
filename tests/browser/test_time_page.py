"""Time as people see it: the strip of neighbouring frames under the large picture, and hits as appearances."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
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


def test_appearances__one_picture_each_and_all_frames_when_it_is_selected(
        open_page: Callable[..., Page], make_project: Callable[..., int], label_studio: LabelStudio) -> None:
    project = make_project(["cpu"], [(f"{n}.jpg", scene(n)) for n in range(5)])
    tasks = sorted(task["id"] for task in label_studio.tasks(project))
    seconds = [0.0, 2.0, 4.0, 30.0, 32.0]
    for n, task in enumerate(tasks):
        data = label_studio.get(f"/api/tasks/{task}/")["data"]
        label_studio.patch(f"/api/tasks/{task}/", {"data": data | {"video": "a.mp4", "video_id": "v",
                                                                   "video_time": seconds[n], "frame_number": n}})
    wait_for(lambda: [video.seconds for video in list_videos(project)] == [32.0]
             and sync_progress(project).embedded == len(tasks), 120)

    page = open_page(f"?project={project}&q=cpu")
    shown = page.locator(".hit:visible")
    expect(shown).to_have_count(5, timeout=20_000)
    page.click("#grouped")
    expect(shown).to_have_count(2)
    first = shown.filter(has_text="3 frames")
    expect(first).to_contain_text("3 frames · 0:00–0:04 · a.mp4")
    expect(shown.filter(has_text="2 frames")).to_contain_text("0:30–0:32")
    first.locator(".pick").click()
    expect(page.locator("#chosen")).to_have_text("3 selected")
    page.click("#all")
    expect(page.locator("#chosen")).to_have_text("5 selected")
    first.locator(".pick").click()
    expect(page.locator("#chosen")).to_have_text("2 selected")
    page.reload()  # the address keeps it
    expect(shown).to_have_count(2, timeout=20_000)
    page.click("#grouped")
    expect(shown).to_have_count(5)
    assert page.locator(".hit.chosen").count() == 2


def test_browse__images_without_a_word_in_time_and_varied(
        open_page: Callable[..., Page], make_project: Callable[..., int], label_studio: LabelStudio) -> None:
    project = make_project(["cpu"], [(f"{n}.jpg", scene(seen)) for n, seen in enumerate([1, 1, 1, 2, 3])])
    for n, task in enumerate(sorted(label_studio.tasks(project), key=lambda one: one["id"])):
        label_studio.patch(f"/api/tasks/{task['id']}/", {"data": task["data"] | {
            "video": "a.mp4", "video_id": "v", "video_time": 9.0 - n, "frame_number": n}})
    wait_for(lambda: [video.frames for video in list_videos(project)] == [5]
             and sync_progress(project).embedded == 5, 120)

    page = open_page(f"?project={project}&screen=search")
    shown = page.locator(".hit:visible")
    page.get_by_role("button", name="In order of time").click()
    expect(page.locator("#summary")).to_have_text("5 images in order of time", timeout=20_000)
    assert [text[:4] for text in page.locator(".hit .where").all_text_contents()] == [f"0:0{n}" for n in range(5, 10)]
    expect(page.locator("#save")).to_be_disabled()
    page.locator(".hit .open").nth(1).click()
    expect(page.locator("#hit-preview .strip [aria-current=true]")).to_have_text("0:06")
    page.keyboard.press("Escape")
    page.click("#all")
    expect(page.locator("#chosen")).to_have_text("5 selected")
    page.click("#browse-varied")
    expect(page.locator("#summary")).to_contain_text("each unlike those before it")
    expect(page.locator("#browse-varied")).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(page.locator("#summary")).to_contain_text("each unlike those before it", timeout=20_000)
    page.click("#browse-rare")
    expect(page.locator("#summary")).to_contain_text("rarest first")
    expect(page).to_have_url(re.compile("browse=rare"))
    page.click("#filter-toggle")
    page.get_by_label("Poor image").select_option("dark")  # of images that no model has looked at none is known to be
    expect(page.locator("#summary")).to_contain_text("0 images")
    page.get_by_role("button", name="Reset filters").click()
    expect(page.locator("#summary")).to_contain_text("rarest first")
    page.click("#browse-clusters")
    expect(page.locator("#cluster-summary")).to_contain_text("2 groups of alike images, of 5")
    expect(shown).to_have_count(0)
    groups = page.locator("#clusters .face")
    assert sorted(int(re.findall(r"[0-9]+", text)[0]) for text in groups.locator("b").all_text_contents()) == [2, 3]
    assert [v["id"] for v in Axe().run(page).response["violations"] if v["impact"] in ("serious", "critical")] == []
    groups.first.press("Enter")
    expect(page.locator("#summary")).to_contain_text("3 alike images, the most typical first")
    expect(page.locator("#browse-clusters")).to_have_attribute("aria-pressed", "true")
    page.reload()
    expect(shown).to_have_count(3, timeout=20_000)
    page.go_back()
    expect(groups).to_have_count(2)
    page.fill("#query", "cpu")
    page.press("#query", "Enter")
    expect(page.locator("#summary")).to_contain_text("5 images, best first")
    expect(page.locator("#clusters")).to_be_hidden()
    expect(page.locator("#browse-varied")).to_have_count(0)
    assert "browse" not in page.url and shown.count() == 5
