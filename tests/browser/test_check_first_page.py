"""Check first on the page, by keys, and the same tasks in Label Studio's tabs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from argus.db import connect as database
from argus.labelstudio import LabelStudio
from argus.settings import get_settings
from label_studio_config import projects
from label_studio_config.bands import CHECKED_AT_FIRST
from label_studio_config.connect import connect
from label_studio_config.recipe import plan_for, recipe_for
from ml_backend.detection import store as detections
from ml_backend.engines.base import Detections
from ml_backend.predictions import delivery
from search_service.review import objects, service
from search_service.review.candidates import open_review
from tests.pictures import plain
from tests.waiting import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
SLOW_WALL = """() => {
  const real = window.fetch;
  window.fetch = async (...asked) => {
    const answer = await real(...asked);
    if (String(asked[0]).includes('/check-first/wall')) await new Promise((done) => setTimeout(done, 1500));
    return answer;
  };
}"""
SIZE, FRAMES, WEAK, GONE = (200, 100), 7, 2, 4  # a fan that moves is weak on one frame and missed on another


@pytest.fixture
def line(stack: Any, label_studio: LabelStudio) -> Iterator[tuple[int, list[int]]]:
    """The frames of a video with a cpu and a fan that no model found; its suspicions wait."""
    project = connect(label_studio, None, title="Check first", labels=["cpu", "fan"]).project_id
    assert project is not None
    label_studio.request("POST", f"/api/projects/{project}/import", timeout=120, files=[
        (f"{n}.jpg", (f"{n}.jpg", plain((30 * n, 90, 30), SIZE), "image/jpeg")) for n in range(FRAMES)])
    for number, task in enumerate(sorted(label_studio.tasks(project, fields="all"), key=lambda task: task["id"])):
        label_studio.request("PATCH", f"/api/tasks/{task['id']}/", json={
            "data": {**task["data"], "video": "line.mp4", "video_time": number}})  # the sync would take it away again
    row = projects.refresh(project)
    projects.remember_tasks(project, plan_for(row).image, list(label_studio.tasks(project, fields="all")))
    tasks = sorted(task["id"] for task in label_studio.tasks(project, fields="task_only"))
    with database() as connection:
        for number, task in enumerate(tasks):
            connection.execute("UPDATE task SET video = 'line.mp4', video_time = %s WHERE id = %s", (number, task))
    for number, task in enumerate(tasks):
        found = {}
        for label, x, y in (("cpu", 10, 20), ("fan", 60, 60)):
            score = 0.2 if (number, label) == (WEAK, "fan") else 0.95
            box = np.array([[x + 20 * number, y, min(x + 20 * number + 24, SIZE[0]), y + 20]], np.float32)
            found[label] = Detections.none() if (number, label) == (GONE, "fan") else Detections(
                np.array([score], np.float32), box, [None])
        detections.store(task, recipe_for(row), SIZE, found)
    service.make_band_views(project)
    delivery.push(project, tasks)
    wait_for(lambda: delivery.rescore(project) == 0 and service.review_status(project).check_first == 2, 120)
    yield project, tasks
    label_studio.delete(f"/api/projects/{project}/")


def _version(project: int) -> str:
    return open_review(project).model_version


def in_tab(page: Page, project: int, view: str, count: int) -> list[int]:
    """Return the tasks that a tab of Label Studio shows, once there are `count`."""
    page.goto(view)
    expect(page.get_by_text(f"Tasks: {count} /")).to_be_visible(timeout=60_000)
    page.get_by_label("Switch to list view").click()
    boxes = page.locator("input[aria-label^='Select Task ']")
    expect(boxes).to_have_count(count)
    return sorted(int(str(box.get_attribute("aria-label")).split()[-1]) for box in boxes.all())


def test_suspicions_are_answered_by_keys_and_label_studio_shows_the_same_tasks(
        line: tuple[int, list[int]], open_page: Callable[..., Page], page: Page) -> None:
    project, tasks = line
    views = {view["query"]: f"{get_settings().label_studio_url}/projects/{project}/data?tab={view['id']}"
             for view in _band_views(project)}
    sure = [task for n, task in enumerate(tasks) if n not in (WEAK, GONE)]
    assert in_tab(page, project, views["high"], len(sure)) == sure
    assert in_tab(page, project, views["check_first"], 2) == [tasks[WEAK], tasks[GONE]]

    ours = open_page(f"?project={project}&screen=review&band=check_first")
    question, count = ours.locator("#check-question"), ours.locator(".band.check_first b")
    expect(count).to_have_text("2")
    expect(ours.locator(".band.high b")).to_have_text("5")
    expect(question).to_contain_text("Missing? Detected with a low score · fan · score 0.20")
    expect(ours.locator("#check-first .stage svg path").first).to_be_attached()
    assert [v["id"] for v in Axe().run(ours).response["violations"] if v["impact"] in ("serious", "critical")] == []
    ours.locator("#check-first .asking").focus()
    ours.keyboard.press("a")
    expect(question).to_contain_text("Seen on the frames around · fan")
    expect(count).to_have_text("1")
    ours.keyboard.press("n")
    expect(count).to_have_text("0")
    expect(ours.get_by_text("Nothing is left to check.")).to_be_visible()
    ours.keyboard.press("z")
    expect(count).to_have_text("1")
    expect(ours.locator(".band.high b")).to_have_text("6")
    assert in_tab(page, project, views["high"], 6) == [task for task in tasks if task != tasks[GONE]]

    ours.get_by_text("What to check for").click()
    expect(ours.locator("tr", has=ours.locator("[data-kind=below_threshold]"))).to_contain_text("1 of 1 were right")
    ours.locator("[data-kind=seen_around]").uncheck()
    ours.wait_for_function("!document.querySelector('[data-kind=seen_around]').checked")
    wait_for(lambda: projects.load(project)["check_first"] == [
        kind for kind in CHECKED_AT_FIRST if kind != "seen_around"], 30)
    wait_for(lambda: delivery.rescore(project) == 0 and service.review_status(project).bands["high"] == FRAMES, 120)
    assert page.argus_errors == []  # type: ignore[attr-defined]


def test_all_suspicions_at_once_are_answered_by_a_click_and_a_key_and_taken_back(
        line: tuple[int, list[int]], open_page: Callable[..., Page]) -> None:
    project, tasks = line
    page = open_page(f"?project={project}&screen=review&band=check_first", viewport={"width": 1280, "height": 800})
    count, wall = page.locator(".band.check_first b"), page.locator(".check-wall")
    page.locator("#check-way").click()
    weak, gone = (wall.locator(f"[data-suspicion][aria-label*='fan, Task {tasks[n]}']") for n in (WEAK, GONE))
    expect(weak).to_be_visible()
    expect(gone).to_be_visible()
    expect(page.locator("#check-first .asking")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert [v["id"] for v in Axe().run(page).response["violations"] if v["impact"] in ("serious", "critical")] == []
    gone.click()
    expect(gone).to_have_attribute("aria-pressed", "true")
    page.evaluate(SLOW_WALL)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.url.endswith("/answers") else None)
    with page.expect_response("**/check-first/answers"):
        page.keyboard.press("a")
    page.wait_for_timeout(300)
    page.keyboard.press("a")  # what is shown was answered: nothing is sent until the next ones are there
    expect(count).to_have_text("0")
    expect(wall).to_have_attribute("data-left", "0")
    assert len(sent) == 1
    expect(page.locator("#message")).to_be_hidden()
    shown = {number: {one.label: one.score for one in objects.shown(project, _version(project), [tasks[number]])}
             for number in (WEAK, GONE)}
    assert (shown[WEAK].keys(), shown[GONE]["fan"]) == ({"cpu"}, 1.0)
    page.locator("#check-all-back").click()
    expect(count).to_have_text("2")
    expect(weak).to_be_visible()
    assert [one.label for one in objects.shown(project, _version(project), [tasks[GONE]])] == ["cpu"]
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.locator("#check-way").click()
    expect(page.locator("#check-question")).to_contain_text("Missing?")


def test_a_project_of_before_is_offered_a_check_and_switches_it_on_with_one_press(
        line: tuple[int, list[int]], open_page: Callable[..., Page]) -> None:
    with database() as connection:
        connection.execute("UPDATE project SET check_first = NULL WHERE id = %s", (line[0],))
    page = open_page(f"?project={line[0]}&screen=review")
    expect(page.locator("#check-offer")).to_be_visible()
    assert [v["id"] for v in Axe().run(page).response["violations"] if v["impact"] in ("serious", "critical")] == []
    page.locator("#check-on").press("Enter")
    expect(page.locator("#check-offer")).to_be_hidden()
    expect(page.locator(".band.check_first b")).to_have_text("2")
    assert projects.load(line[0])["check_first"] == list(CHECKED_AT_FIRST)


def test_the_page_asks_in_japanese(line: tuple[int, list[int]], open_page: Callable[..., Page]) -> None:
    page = open_page(f"?project={line[0]}&screen=review&band=check_first", locale="ja-JP")
    expect(page.locator("#check-question")).to_contain_text("見落とし？ 低いスコアで検出 · fan")
    expect(page.locator("#checkAdd")).to_contain_text("ある: 追加")


def _band_views(project: int) -> list[dict[str, Any]]:
    with database() as connection:
        return list(connection.execute("SELECT id, query FROM view WHERE project_id = %s AND kind = 'band'",
                                       (project,)))
