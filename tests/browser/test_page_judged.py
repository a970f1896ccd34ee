"""Review by object on the page: what was said of an object stays, and tasks are accepted without the rejected ones."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from argus.labelstudio import LabelStudio
from label_studio_config import projects
from label_studio_config.connect import connect
from label_studio_config.recipe import plan_for, recipe_for
from ml_backend.detection import store
from ml_backend.engines.base import Detections
from ml_backend.predictions import delivery
from tests.pictures import plain

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
SHOTS = os.environ.get("ARGUS_SCREENSHOTS")
SIZE = (200, 100)  # pixels
SCORES: tuple[tuple[float, ...], ...] = ((0.97, 0.92), (0.95, 0.75), (0.8, 0.72))  # of the cpus on each task


@pytest.fixture
def predicted(stack: Any, label_studio: LabelStudio) -> Iterator[tuple[int, list[int]]]:
    """A project with these predictions, delivered as the product does but found by no model, and its tasks."""
    project = connect(label_studio, None, title="Judged", labels=["cpu", "fan"]).project_id
    assert project is not None
    label_studio.request("POST", f"/api/projects/{project}/import", timeout=120, files=[
        (f"{n}.jpg", (f"{n}.jpg", plain((50 * n, 90, 30), SIZE), "image/jpeg")) for n in range(len(SCORES))])
    row = projects.refresh(project)
    listed = sorted(label_studio.tasks(project, fields="all"), key=lambda task: task["id"])
    projects.remember_tasks(project, plan_for(row).image, listed)
    tasks = [task["id"] for task in listed]
    for task, scores in zip(tasks, SCORES, strict=True):
        boxes = [[10.0 + 40 * n, 10.0, 40.0 + 40 * n, 60.0] for n in range(len(scores))]
        store.store(task, recipe_for(row), SIZE, {"cpu": Detections(
            np.array(scores, np.float32), np.array(boxes, np.float32), [None] * len(scores))})
    assert set(delivery.push(project, tasks).values()) == {"stored"}
    yield project, tasks
    label_studio.delete(f"/api/projects/{project}/")


def annotated(ls: LabelStudio, project: int) -> dict[int, int]:
    return {task["id"]: len(task["annotations"][0]["result"]) for task in ls.tasks(project) if task["annotations"]}


def choose_band(page: Page, band: str) -> None:
    page.click(f".band.{band}")
    expect(page.locator(f".band.{band}")).to_have_attribute("aria-current", "true")


def press(page: Page, task: int, place: int, key: str) -> None:
    """Press a key on an object of a task, counted from the least sure one."""
    page.locator(f"[data-object^='{task}/'] .face").nth(place).click()
    page.keyboard.press(key)


def test_what_was_said_stays_and_the_rejected_are_left_out(
        open_page: Callable[..., Page], predicted: tuple[int, list[int]], label_studio: LabelStudio) -> None:
    project, tasks = predicted
    page = open_page(f"?project={project}&screen=review&band=medium")
    right = page.locator(".crop.right")
    press(page, tasks[2], 0, "a")
    expect(right).to_have_count(1, timeout=20_000)
    expect(page.locator("#review-text")).to_have_text(
        f"Task {tasks[2]} is accepted once its 2 unsure objects are judged.")
    choose_band(page, "high")
    choose_band(page, "medium")
    expect(right).to_have_count(1, timeout=20_000)
    page.reload()
    expect(right).to_have_count(1, timeout=20_000)
    press(page, tasks[2], 0, "a")  # taken back
    expect(right).to_have_count(0, timeout=20_000)
    page.reload()
    expect(page.locator(".crop")).to_have_count(4, timeout=20_000)
    expect(right).to_have_count(0)
    assert annotated(label_studio, project) == {}

    # The only unsure object of one, and one of two of another.
    for task in tasks[1:]:
        press(page, task, 0, "r")
        expect(page.locator(f"[data-object^='{task}/']")).to_have_count(0, timeout=20_000)
    choose_band(page, "to_fix")
    expect(page.locator(".crop")).to_have_count(4, timeout=20_000)
    left = page.locator("#left-to-fix")
    expect(left).to_contain_text("1 task can be accepted without the rejected objects.", timeout=20_000)
    expect(left.locator("li")).to_have_text(re.compile(
        rf"On 1 task objects are still to be judged \(A or R\).* Task {tasks[2]}$"))
    for width in (390, 1440) if SHOTS else ():
        page.set_viewport_size({"width": width, "height": 900})
        page.screenshot(path=f"{SHOTS}/left-to-fix-{width}.png", full_page=True)
    page.click("#accept-judged")
    expect(page.locator("dialog")).to_contain_text("Accept 1 task with 1 object?", timeout=20_000)
    expect(page.locator("dialog")).to_contain_text("1 rejected object is left out.")
    page.click("dialog button[value=yes]")
    expect(page.locator("#review-text")).to_contain_text("Accepted 1 task with 1 object.", timeout=60_000)
    assert annotated(label_studio, project) == {tasks[1]: 1}
    expect(page.locator(".crop")).to_have_count(2, timeout=20_000)
    expect(left).to_contain_text("No task can be accepted without the rejected objects yet.", timeout=20_000)
    expect(left.locator("li")).to_have_count(1)
    press(page, tasks[2], 1, "a")  # the last unsure one: nothing is left to wait for
    expect(page.locator("#review-text")).to_contain_text("Accepted 1 task with 1 object.", timeout=60_000)
    expect(page.locator(".crop")).to_have_count(0, timeout=20_000)
    assert annotated(label_studio, project) == {tasks[1]: 1, tasks[2]: 1}
    page.click("#undo")
    expect(page.locator("#review-text")).to_contain_text("Took back 1 annotation.", timeout=60_000)
    expect(page.locator(".band.to_fix b")).to_have_text("1", timeout=20_000)
    assert annotated(label_studio, project) == {tasks[1]: 1}
    expect(page.locator(".acceptances li")).to_have_count(2)
    expect(page.locator(".acceptances li").first).to_contain_text("1 judged task")
