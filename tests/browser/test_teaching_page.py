"""Review's panel that teaches a label: what it would change in pictures, using it, and switching it off, with real
embeddings and the default worker."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from argus.client import Argus
from argus.settings import get_settings
from label_studio_config import projects
from label_studio_config.recipe import recipe_for
from ml_backend.detection import store as detections
from ml_backend.engines.base import Detections
from ml_backend.predictions import delivery
from search_service.embedding import object_store
from search_service.sync.tasks import sync_project
from tests.browser.profiles import Profiles
from tests.waiting import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
TASKS = 12
RED, WHITE = (20, 40, 80, 100), (180, 40, 240, 100)


@pytest.fixture
def page(profiles: Profiles, stack: Any) -> Iterator[Page]:
    page = profiles.open()
    yield page
    profiles.close(page.context)


def picture(number: int) -> bytes:
    image = Image.new("RGB", (320, 180), (90 + number, 100, 100))
    draw = ImageDraw.Draw(image)
    draw.rectangle(RED, (200 + number, 30, 30))
    draw.rectangle(WHITE, (230, 230, 230 - number))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def taught_project(make_project: Callable[..., int], label_studio: Any) -> int:
    """Return a project each of whose tasks shows something red and something white as a cpu, with embedded crops."""
    project = make_project(["cpu"], [(f"{n}.png", picture(n)) for n in range(TASKS)])
    sync_project(project)
    tasks = sorted(task["id"] for task in label_studio.tasks(project))
    recipe = recipe_for(projects.load(project))
    for task in tasks:
        detections.store(task, recipe, (320, 180), {"cpu": Detections(
            np.full(2, 0.8, np.float32), np.array([RED, WHITE], np.float32), [None, None])})
    assert set(delivery.push(project, tasks).values()) == {"stored"}
    wait_for(lambda: object_store.progress(project).embedded == 2 * TASKS, 240, 1)
    return project


def test_a_label_is_taught_used_and_switched_off(page: Page, make_project: Callable[..., int],
                                                 label_studio: Any) -> None:
    project = taught_project(make_project, label_studio)
    argus = Argus(get_settings().search_service_url)
    shown = argus.call("GET", f"/projects/{project}/review/wall?label=cpu&limit=100").json()["shown"]
    for verdict, red in (("right", True), ("wrong", False)):
        chosen = [{"task": one["task"], "object": one["object"]} for one in shown if (one["box"][0] < 0.5) == red]
        argus.call("POST", f"/projects/{project}/review/wall/verdicts", {"verdict": verdict, "objects": chosen[:8]})

    page.goto(f"{get_settings().search_service_url}/?project={project}&screen=review")
    panel = page.locator("#teach")
    panel.locator("summary").click()
    expect(panel.locator("[data-part=line]")).to_contain_text("8 right and 8 wrong examples")
    expect(panel.locator("[data-part=changes]")).to_contain_text(f"{TASKS} hidden")
    expect(panel.locator("[data-part=changed] img")).to_have_count(12)
    wait_for(lambda: page.evaluate("document.querySelector('#teach [data-part=changed] img').naturalWidth > 0"), 60)
    panel.locator("#teach-use").click()
    expect(panel.locator("[data-part=list] [data-used=true]")).to_have_count(1)

    def boxes() -> set[int]:
        """How many boxes the one prediction of each task has; -1 where there is not one."""
        return {sum(one["type"] == "rectanglelabels" for one in task["predictions"][0]["result"])
                if len(task["predictions"]) == 1 else -1 for task in label_studio.tasks(project, fields="all")}

    wait_for(lambda: boxes() == {1}, 120, 1)
    panel.get_by_role("button", name="Switch off").click()
    expect(panel.locator("[data-part=list] [data-used=true]")).to_have_count(0)
    wait_for(lambda: boxes() == {2}, 120, 1)
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_teaches_most__is_asked_twelve_at_a_time_and_says_what_it_changed(
        page: Page, make_project: Callable[..., int], label_studio: Any) -> None:
    project = taught_project(make_project, label_studio)
    page.goto(f"{get_settings().search_service_url}/?project={project}&screen=review&band=all&label=cpu")
    crops, learned = page.locator(".wall .crop"), page.locator(".learned")
    expect(crops).to_have_count(2 * TASKS)
    page.locator("#wall-order").select_option("teach")
    expect(crops).to_have_count(12)
    expect(learned).to_contain_text("A few objects at a time")
    listed = Argus(get_settings().search_service_url).call("GET", f"/projects/{project}/review/wall?limit=100").json()
    red = {f"{one['task']}/{one['object']}" for one in listed["shown"] if one["box"][0] < 0.5}
    for number in range(1, 2 * TASKS + 1):
        card = page.locator(".wall .crop:not(.rejected):not(.right)").first
        key = "a" if card.get_attribute("data-object") in red else "r"
        card.locator(".face").focus()
        page.keyboard.press(key)
        expect(page.locator(".wall .crop.rejected, .wall .crop.right")).to_have_count(number)
        if number == 12:
            expect(crops).to_have_count(2 * TASKS)  # the next twelve, below
            expect(learned).to_contain_text("The last 12 verdicts changed")
    expect(learned).to_contain_text("The last 20 verdicts changed the drafts")
    expect(learned.locator("img")).not_to_have_count(0)
    page.keyboard.press("z")
    expect(page.locator(".wall-said")).to_contain_text("Taken back on 1 object")
    page.locator("#wall-order").select_option("similar")
    expect(crops).to_have_count(2 * TASKS)
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
