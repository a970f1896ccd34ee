"""The wall of objects over all bands: many chosen at once, one key for all, and the way back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from argus.db import connect as database
from argus.labelstudio import LabelStudio
from argus.labelstudio.regions import read_labels
from label_studio_config import projects
from label_studio_config.connect import connect
from label_studio_config.recipe import plan_for, recipe_for
from ml_backend.detection import store as detections
from ml_backend.engines.base import Detections
from ml_backend.predictions import delivery
from search_service.review import service as review_service
from search_service.review import verdicts
from tests.pictures import scene

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
SIZE = (640, 360)
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
TASKS = 80


@pytest.fixture
def walled(stack: Any, label_studio: LabelStudio) -> Iterator[Callable[..., int]]:
    """Return `walled(tasks)`: a project whose tasks each show three cpus, one of each band, and a fan."""
    made: list[int] = []

    def make(tasks: int = TASKS) -> int:
        project = connect(label_studio, None, title="Wall", labels=["cpu", "fan"]).project_id
        assert project is not None
        made.append(project)
        label_studio.request("POST", f"/api/projects/{project}/import", timeout=120, files=[
            (f"{n}.jpg", (f"{n}.jpg", scene(f"wall {n % 8}"), "image/jpeg")) for n in range(tasks)])
        listed = list(label_studio.tasks(project, fields="all"))
        row = projects.refresh(project)
        projects.remember_tasks(project, plan_for(row).image, listed)
        for n, task in enumerate(sorted(task["id"] for task in listed)):
            found = {label: Detections(np.array(scores, np.float32) - n / 10_000,
                                       np.array([[150.0 * at + shift, 100, 150.0 * at + shift + 120, 220]
                                                 for at in range(len(scores))], np.float32), [None] * len(scores))
                     for label, scores, shift in (("cpu", [0.95, 0.8, 0.55], 0), ("fan", [0.7], 460))}
            detections.store(task, recipe_for(row), SIZE, found)
        assert set(delivery.push(project, [task["id"] for task in listed]).values()) == {"stored"}
        return project

    yield make
    for project in made:
        label_studio.delete(f"/api/projects/{project}/")


def fits(page: Page) -> None:
    """Nothing of the page lies beside the screen, and axe finds nothing serious."""
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    report = Axe().run(page).response
    assert [f"{v['id']}: {[node['target'] for node in v['nodes']][:3]}" for v in report["violations"]
            if v["impact"] in ("serious", "critical")] == []


def said(project: int) -> dict[str, int]:
    """How many objects each verdict was given to."""
    counts: dict[str, int] = {}
    for one in verdicts.listing(project).verdicts:
        counts[one.verdict] = counts.get(one.verdict, 0) + 1
    return counts


def begin(open_page: Callable[..., Page], project: int, **options: Any) -> Page:
    page = open_page(f"?project={project}&screen=review&band=all&label=cpu", **options)
    expect(page.locator(".wall .crop").first).to_be_visible(timeout=60_000)
    return page


def test_a_label_over_all_bands__chosen_by_range_and_all_and_judged_with_one_key(
        walled: Callable[..., int], open_page: Callable[..., Page]) -> None:
    project = walled()
    page = begin(open_page, project, viewport=DESKTOP)
    crops, chosen = page.locator(".wall .crop"), page.locator(".wall .crop.selected")
    expect(crops).to_have_count(200)
    expect(page.locator(".wall .chips [aria-pressed=true]")).to_have_text("cpu 240")
    expect(page.locator(".band.all b")).to_have_text(str(TASKS))
    scores = [float(text) for text in page.locator(".wall .facts b").all_text_contents()]
    assert scores == sorted(scores) and scores[0] < 0.6 and scores[-1] > 0.9
    fits(page)
    crops.nth(2).locator(".face").click()
    crops.nth(6).locator(".face").click(modifiers=["Shift"])
    expect(chosen).to_have_count(5)
    expect(page.locator(".wall-tools .chosen")).to_have_text("5 selected")
    fits(page)
    page.keyboard.press("r")
    expect(page.locator(".wall-said")).to_have_text("5 objects marked wrong.")
    expect(page.locator(".wall .crop.rejected")).to_have_count(5)
    expect(chosen).to_have_count(0)
    assert said(project) == {"wrong": 5}
    expect(page.locator(".band.to_fix b")).to_have_text("5", timeout=30_000)

    # By keys: a range with Shift, another label, and the way back.
    crops.nth(10).locator(".face").focus()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(chosen).to_have_count(3)
    page.keyboard.press("2")
    expect(page.locator(".wall-said")).to_have_text("3 objects relabelled fan.")
    expect(crops.nth(10)).to_contain_text("cpu → fan")
    assert said(project) == {"wrong": 5, "relabelled": 3}
    page.keyboard.press("z")
    expect(page.locator(".wall-said")).to_have_text("Taken back on 3 objects.")
    expect(crops.nth(10)).not_to_contain_text("→")
    assert said(project) == {"wrong": 5}

    # All of them, also those that were not loaded yet.
    page.get_by_role("button", name="Select all 240").click()
    expect(chosen).to_have_count(240, timeout=60_000)
    page.locator(".wall-tools .right").click()
    expect(page.locator(".wall-said")).to_have_text("240 objects marked right.", timeout=60_000)
    assert said(project) == {"right": 240}
    expect(page.locator(".band.to_fix")).to_have_count(0, timeout=30_000)
    page.locator(".wall-tools .undo").click()
    expect(page.locator(".wall-said")).to_have_text("Taken back on 240 objects.", timeout=60_000)
    assert said(project) == {"wrong": 5}

    # It survives a reload, another band and another label.
    page.reload()
    expect(page.locator(".wall .crop.rejected")).to_have_count(5, timeout=60_000)
    page.locator(".band.low").click()
    expect(page.locator(".crop-area .crop").first).to_be_visible(timeout=30_000)
    expect(page.locator(".wall")).to_be_hidden()
    page.locator(".band.all").click()
    expect(page.locator(".wall .crop.rejected")).to_have_count(5, timeout=60_000)

    # What was looked at and is not wrong is right.
    expect(page.locator(".wall-tools .rest")).to_contain_text("The other 195 are right")
    crops.first.locator(".face").focus()
    page.keyboard.press("o")
    expect(page.locator(".wall-said")).to_have_text("195 objects marked right.", timeout=60_000)
    assert said(project) == {"wrong": 5, "right": 195}
    expect(page.locator(".wall-tools .rest")).to_be_disabled()
    page.locator(".wall .chips button", has_text="fan").click()
    expect(crops).to_have_count(TASKS, timeout=60_000)
    expect(page.locator(".wall .crop.rejected")).to_have_count(0)
    expect(page).to_have_url(re.compile("label=fan"))


def test_what_was_said_on_the_wall__is_done_in_the_large_picture_and_saved(
        walled: Callable[..., int], open_page: Callable[..., Page], label_studio: LabelStudio) -> None:
    project = walled(2)
    page = begin(open_page, project, viewport=DESKTOP)
    crops = page.locator(".wall .crop")
    expect(crops).to_have_count(6)
    task = (crops.first.get_attribute("data-object") or "").split("/")[0]
    crops.first.locator(".face").focus()
    page.keyboard.press("r")  # of the current one alone, and on to the next
    expect(page.locator(".wall .crop.rejected")).to_have_count(1)
    same = page.locator(f".wall .crop[data-object^='{task}/']")
    same.nth(1).locator(".face").focus()
    page.keyboard.press("2")
    expect(page.locator(".wall-said")).to_have_text("1 object relabelled fan.")
    same.nth(2).locator(".face").focus()
    page.keyboard.press("Enter")
    dialog = page.locator("#object-look[open]")
    expect(dialog.locator(".said")).to_have_text(
        "2 verdicts applied to this picture. Enter saves, Z takes them back.", timeout=30_000)
    expect(dialog.locator(".objects li")).to_have_count(3)
    page.keyboard.press("Enter")
    expect(dialog.locator(".said")).to_contain_text("1 deleted, 1 relabelled", timeout=30_000)
    (made,) = label_studio.get(f"/api/tasks/{task}/annotations/")
    assert sorted(read_labels(made["result"])) == ["cpu", "fan", "fan"]
    page.keyboard.press("Escape")  # the object of the next picture is let go first
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(crops).to_have_count(3)
    status = review_service.review_status(project)
    assert (status.left, status.set_aside) == (1, 0)


@pytest.mark.parametrize("language", ["en-GB", "ja-JP"])
def test_on_a_phone(walled: Callable[..., int], open_page: Callable[..., Page], language: str) -> None:
    project = walled(6)
    page = begin(open_page, project, viewport=PHONE, has_touch=True, is_mobile=True, locale=language, bypass_csp=True)
    crops = page.locator(".wall .crop")
    crops.nth(0).locator(".face").tap()
    crops.nth(1).locator(".face").tap()
    expect(page.locator(".wall .crop.selected")).to_have_count(2)
    small = page.evaluate("""() => [...document.querySelectorAll('.wall-tools button, .wall-tools select')]
        .map(one => [one.className, one.getBoundingClientRect()])
        .filter(([, {width, height}]) => width < 43.5 || height < 43.5).map(([name]) => name)""")
    assert small == []
    fits(page)
    page.locator(".wall-tools .unsure").tap()
    expect(page.locator(".wall .crop.unsure")).to_have_count(2)
    assert said(project) == {"unsure": 2}


def test_an_object_that_is_gone__is_a_sentence_and_nothing_is_stored(
        walled: Callable[..., int], open_page: Callable[..., Page]) -> None:
    project = walled(2)
    page = begin(open_page, project, viewport=DESKTOP)
    with database() as connection:  # as when the images are replaced
        connection.execute("DELETE FROM detection USING task t WHERE t.id = task_id AND project_id = %s", (project,))
    page.locator(".wall .face").first.focus()
    page.keyboard.press("r")
    expect(page.locator("#message")).to_contain_text("has no object", timeout=30_000)
    expect(page.locator(".wall .crop.rejected")).to_have_count(0)
    assert said(project) == {}
    page.complaints[:] = [one for one in page.complaints if "404" not in one]  # type: ignore[attr-defined]
