"""Editing a picture on the page: by keys, by mouse, by touch; saved in Label Studio, taken back; and what fails."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from argus.labelstudio import LabelStudio
from argus.labelstudio.regions import read_labels
from demo.scenes import SceneObject
from label_studio_config import projects
from label_studio_config.connect import connect
from label_studio_config.recipe import plan_for, recipe_for
from ml_backend.detection import store as detections
from ml_backend.engines.base import Detections
from ml_backend.predictions import delivery
from tests.pictures import scene_and_objects

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
SIZE = (640, 360)
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


class Shown:
    """A project of two labels whose tasks each show a cpu and a fan; only the cpus are predicted, at a medium score."""

    def __init__(self, ls: LabelStudio, project: int, tasks: int) -> None:
        self.ls, self.project = ls, project
        frames = (scene_and_objects(f"edit {n}") for n in itertools.count())
        both = (one for one in frames if {"cpu", "fan"} <= {thing.label for thing in one[1]})
        files = list(itertools.islice(both, tasks))
        ls.request("POST", f"/api/projects/{project}/import", timeout=120, files=[
            (f"{n}.jpg", (f"{n}.jpg", data, "image/jpeg")) for n, (data, _) in enumerate(files)])
        listed = list(ls.tasks(project, fields="all"))
        row = projects.refresh(project)
        projects.remember_tasks(project, plan_for(row).image, listed)
        listed.sort(key=lambda task: str(task["data"]["image"])[-6:])
        self.tasks = [task["id"] for task in listed]
        self.truth: dict[int, list[SceneObject]] = dict(zip(self.tasks, (things for _, things in files), strict=True))
        for task, things in self.truth.items():
            boxes = np.array([thing.box for thing in things if thing.label == "cpu"], np.float32)
            scores = np.linspace(0.8, 0.85, len(boxes), dtype=np.float32)
            detections.store(task, recipe_for(row), SIZE, {"cpu": Detections(scores, boxes, [None] * len(boxes))})
        assert set(delivery.push(project, self.tasks).values()) == {"stored"}

    def annotation(self, task: int) -> Any:
        """The regions of the task's only annotation; None without one."""
        made = self.ls.get(f"/api/tasks/{task}/annotations/")
        assert len(made) < 2
        return made[0]["result"] if made else None

    def labels(self, task: int) -> list[str]:
        return sorted(read_labels(self.annotation(task) or []))

    def cpus(self, task: int) -> int:
        return sum(thing.label == "cpu" for thing in self.truth[task])

    def fan(self, task: int) -> SceneObject:
        return next(thing for thing in self.truth[task] if thing.label == "fan")


@pytest.fixture
def shown(stack: Any, label_studio: LabelStudio) -> Iterator[Callable[[int], Shown]]:
    made: list[int] = []

    def make(tasks: int) -> Shown:
        project = connect(label_studio, None, title="Edit", labels=["cpu", "fan"]).project_id
        assert project is not None
        made.append(project)
        return Shown(label_studio, project, tasks)

    yield make
    for project in made:
        label_studio.delete(f"/api/projects/{project}/")


def fits(page: Page) -> None:
    """Nothing of the page lies beside the screen, and axe finds nothing serious."""
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert page.evaluate("""() => {const foot = document.querySelector('dialog[open] .foot');
        return !foot || foot.getBoundingClientRect().bottom <= innerHeight + 1}""")
    report = Axe().run(page).response
    assert [f"{v['id']}: {[node['target'] for node in v['nodes']][:3]}" for v in report["violations"]
            if v["impact"] in ("serious", "critical")] == []


def large(page: Page, dialog: str = "#object-look") -> Locator:
    """The open large picture, once its objects are there."""
    found = page.locator(f"{dialog}[open]")
    expect(found.locator(".objects li, .side .muted").first).to_be_visible(timeout=30_000)
    expect(found.locator(".frame img")).to_have_js_property("complete", True)
    expect(found.locator(".side")).not_to_contain_text("Loading", timeout=30_000)
    return found


def review(open_page: Callable[..., Page], project: int, **options: Any) -> Page:
    """A page whose Review shows the medium band, with the first object's task in large."""
    page = open_page(f"?project={project}&screen=review&band=medium", viewport=DESKTOP, **options)
    expect(page.locator(".face").first).to_be_visible(timeout=30_000)
    page.locator(".face").first.focus()
    page.keyboard.press("Enter")
    return page


def task_of(dialog: Locator) -> int:
    found = re.search(r"\d+", dialog.locator("h2").inner_text())
    assert found
    return int(found[0])


def said(dialog: Locator, text: str) -> None:
    expect(dialog.locator(".said")).to_contain_text(text, timeout=30_000)


def test_by_keys__deleted_relabelled_moved_and_saved_then_the_next_and_back(
        shown: Callable[[int], Shown], open_page: Callable[..., Page]) -> None:
    it = shown(3)
    page = review(open_page, it.project)
    dialog = large(page)
    first = task_of(dialog)
    expect(dialog.locator(".frame")).to_be_focused()
    expect(dialog.locator(".object[aria-pressed=true]")).to_have_count(1)  # the crop's object
    expect(dialog.locator(".edit-tools .save")).to_be_disabled()
    fits(page)
    page.keyboard.press("2")
    said(dialog, "Now labelled fan.")
    expect(dialog.locator(".region-tag").last).to_contain_text("fan")
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("z")  # both steps of the edge
    page.keyboard.press("ArrowDown")
    fits(page)
    page.keyboard.press("Enter")
    said(dialog, f"Task {first} saved in Label Studio: 0 deleted, 1 relabelled")
    assert it.labels(first) == sorted(["cpu"] * (it.cpus(first) - 1) + ["fan"])
    second = task_of(large(page))
    assert second != first
    page.keyboard.press("Delete")
    said(dialog, "cpu deleted. Z brings it back.")
    page.keyboard.press("Escape")
    said(dialog, "Changes cancelled.")
    page.keyboard.press("z")
    expect(dialog.locator(".objects li")).to_have_count(it.cpus(second) - 1)
    page.keyboard.press("Enter")
    said(dialog, f"Task {second} saved in Label Studio: 1 deleted")
    assert it.labels(second) == ["cpu"] * (it.cpus(second) - 1)

    # Taken back, and the picture is there again.
    large(page)
    page.keyboard.press("z")
    said(dialog, f"The edit of task {second} was taken back.")
    assert task_of(dialog) == second and it.annotation(second) is None
    expect(dialog.locator(".objects li")).to_have_count(it.cpus(second))

    # As it is: accepted, in bulk as the grid does it.
    page.keyboard.press("a")
    expect(dialog.locator("h2")).not_to_have_text(f"Task {second}", timeout=30_000)
    assert it.labels(second) == ["cpu"] * it.cpus(second)
    page.keyboard.press("a")
    expect(page.locator("#object-look")).to_be_hidden(timeout=30_000)
    expect(page.locator("#review-text")).to_contain_text("Accepted 1 task")


@pytest.mark.parametrize("language", ["en-GB", "ja-JP"])
def test_on_a_phone__by_touch(shown: Callable[[int], Shown], open_page: Callable[..., Page], language: str) -> None:
    it = shown(1)
    (task,) = it.tasks
    page = open_page(f"?project={it.project}&screen=review&band=medium", viewport=PHONE, has_touch=True,
                     is_mobile=True, locale=language, bypass_csp=True)
    expect(page.locator(".face").first).to_be_visible(timeout=30_000)
    page.locator(".face").first.dblclick()
    dialog = page.locator("#object-look[open]")
    expect(dialog.locator(".objects li").first).to_be_visible(timeout=30_000)
    fits(page)
    small = page.evaluate("""() => [...document.querySelectorAll(
        'dialog[open] .edit-tools > *, dialog[open] .top button, dialog[open] .object')]
        .map(one => [one.className, one.getBoundingClientRect()])
        .filter(([name, {width, height}]) => width > 0 && (width < 43.5 || height < 43.5)).map(([name]) => name)""")
    assert small == []
    handle = dialog.locator(".handle.nw")
    assert handle.evaluate("dot => parseFloat(getComputedStyle(dot, '::after').width)") >= 43.5
    expect(dialog.locator(".object[aria-pressed=true]")).to_have_count(1)
    dialog.locator(".edit-tools .delete").tap()
    expect(dialog.locator(".objects li")).to_have_count(it.cpus(task) - 1)
    dialog.locator(".edit-tools .draw").tap()
    sides = dialog.locator(".frame").bounding_box()
    assert sides
    touch(page, (sides["x"] + 10, sides["y"] + 10), (sides["x"] + 90, sides["y"] + 80))
    expect(dialog.locator(".objects li")).to_have_count(it.cpus(task))
    dialog.locator(".pick-label").select_option("fan")
    fits(page)
    dialog.locator(".edit-tools .save").tap()
    expect(page.locator("#object-look")).to_be_hidden(timeout=30_000)  # it was the last one
    expect(page.locator("#review-text #undo")).to_be_visible(timeout=30_000)
    assert it.labels(task) == sorted(["cpu"] * (it.cpus(task) - 1) + ["fan"])
    page.locator("#undo").tap()
    expect(page.locator(".face")).to_have_count(it.cpus(task), timeout=30_000)
    assert it.annotation(task) is None


def touch(page: Page, begin: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag with one finger, which rests before it is lifted: one that is lifted while it moves flings, and Chromium
    takes the next tap as what stops that."""
    session = page.context.new_cdp_session(page)

    def send(kind: str, *points: tuple[float, float]) -> None:
        fingers = [{"x": x, "y": y, "id": 1} for x, y in points]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})

    send("touchStart", begin)
    for step in range(1, 5):
        send("touchMove", (begin[0] + (end[0] - begin[0]) * step / 4, begin[1] + (end[1] - begin[1]) * step / 4))
    page.wait_for_timeout(300)
    send("touchMove", end)
    send("touchEnd")


def test_annotated_meanwhile__is_a_sentence_and_the_changes_stay(
        shown: Callable[[int], Shown], open_page: Callable[..., Page]) -> None:
    it = shown(2)
    page = review(open_page, it.project)
    dialog = large(page)
    task = task_of(dialog)
    page.keyboard.press("Delete")
    it.ls.post(f"/api/tasks/{task}/annotations/", {"result": []})
    page.keyboard.press("Enter")
    said(dialog, f"Task {task} was annotated meanwhile by somebody else. Nothing was saved.")
    expect(dialog.locator(".said")).to_have_class(re.compile("bad"))
    expect(dialog.locator(".objects li")).to_have_count(it.cpus(task) - 1)
    assert it.annotation(task) == []
    page.keyboard.press("PageDown")  # another picture: asked first
    expect(page.locator("dialog.ask")).to_contain_text("not saved")
    page.locator("dialog.ask button[value=no]").click()
    assert task_of(dialog) == task
    dialog.locator("button.close").click()
    page.locator("dialog.ask .danger").click()
    expect(page.locator("#object-look")).to_be_hidden()
    page.complaints[:] = [one for one in page.complaints if "409" not in one]  # type: ignore[attr-defined]


def test_the_preview_of_a_run__in_large_and_nothing_to_change(
        shown: Callable[[int], Shown], open_page: Callable[..., Page]) -> None:
    it = shown(2)
    page = open_page(f"?project={it.project}&screen=annotate&from=all&labels=cpu", viewport=DESKTOP)
    page.click("#preview")
    expect(page.locator(".preview-grid .line").first).to_be_visible(timeout=180_000)
    page.locator(".preview-grid button.stage").first.click()
    dialog = page.locator("#preview-large[open]")
    expect(dialog.locator(".objects li").first).to_be_visible()
    expect(dialog.locator(".edit-tools")).to_be_hidden()
    expect(dialog.locator(".help")).to_contain_text("Nothing is saved yet")
    fits(page)
    first = dialog.locator("h2").inner_text()
    page.keyboard.press("ArrowRight")
    expect(dialog.locator("h2")).not_to_have_text(first)
    page.keyboard.press("Escape")
    expect(page.locator("#preview-large")).to_be_hidden()
