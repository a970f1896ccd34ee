"""Smart tools on Label Studio's own labelling screen: a person clicks, draws or types, and saves what comes."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from label_studio_sdk.converter.brush import decode_rle
from playwright.sync_api import Page, Request
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from argus.labelstudio import LabelStudio
from argus.settings import get_settings
from demo.draw import Split
from demo.scenes import SceneObject, make_scene, render_scene
from demo.truth import Box, iou
from tests.waiting import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
WIDTH, HEIGHT = 1280, 720
# Label Studio's editor sends a text at once only when it belongs to an object without suggestions of its own: not to an
# <Image>, but to a <Text>, whose value may be a sentence of the config.
PROMPT = """<Text name="ask" value="What to find in this image"/>
<TextArea name="prompt" toName="ask" smart="true" editable="true" maxSubmissions="1"/>"""
_SUGGESTED = "() => window.Htx.annotationStore.selected.suggestions.size > 0 && !window.Htx.awaitingSuggestions"


def frame(cpus: int) -> tuple[bytes, list[SceneObject]]:
    """The first scene with that many cpus: its JPEG file and what is on it."""
    for seed in range(1000):
        image, truth = render_scene(make_scene(Split.HELD_OUT, f"smart {seed}"), WIDTH)
        if sum(thing.label == "cpu" for thing in truth) == cpus:
            file = io.BytesIO()
            image.save(file, "JPEG", quality=90)
            return file.getvalue(), truth
    raise AssertionError("no such scene")


class Screen:
    """The labelling screen of one task, used as a person does."""

    def __init__(self, page: Page, label_studio: LabelStudio, project: int) -> None:
        self.page, self.ls, self.project = page, label_studio, project
        (self.task,) = label_studio.tasks(project)

    def open(self) -> None:
        """Open the task, delete what the prediction brought, and switch Auto-Annotation on."""
        self.page.goto(f"{get_settings().label_studio_url}/projects/{self.project}/data?task={self.task['id']}")
        self.page.wait_for_function("window.Htx?.annotationStore?.selected", timeout=60_000)
        self.page.locator(".konvajs-content canvas").first.wait_for(timeout=30_000)
        self.page.evaluate("() => window.Htx.annotationStore.selected.deleteAllRegions({deleteReadOnly: true})")
        wait_for(self._switched_on, 60)  # a click while the editor still draws itself anew is lost
        self.page.locator(".lsf-tool_smart").first.wait_for(timeout=10_000)

    def _switched_on(self) -> bool:
        self.page.get_by_test_id("bottombar-auto-annotation-toggle").click(force=True)
        try:
            self.page.wait_for_function("() => window.Htx.autoAnnotation", timeout=5_000)
        except PlaywrightTimeout:
            return False
        return True

    def pick(self, tool: str) -> None:
        """Pick a tool from the flyout of Auto-Detect."""
        self.page.locator(".lsf-toolbar__group > .lsf-tool_smart").hover()
        self.page.locator(f".lsf-toolbar__smart button[aria-label={tool}]").click()
        self.page.mouse.move(5, 5)

    def choose(self, label: str) -> None:
        self.page.locator(".lsf-label", has_text=label).first.click()

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where a pixel of the frame is on the screen."""
        canvas = self.page.locator(".konvajs-content canvas").first.bounding_box()
        assert canvas is not None
        return canvas["x"] + x / WIDTH * canvas["width"], canvas["y"] + y / HEIGHT * canvas["height"]

    def click(self, x: float, y: float, negative: bool = False) -> list[dict[str, Any]]:
        """Click a pixel of the frame, with Alt for "not this"; return the regions that the editor sent."""
        def act() -> None:
            if negative:
                self.page.keyboard.down("Alt")
            self.page.mouse.click(*self.at(x, y))
            if negative:
                self.page.keyboard.up("Alt")
        return self.answered(act)

    def draw(self, box: Box) -> list[dict[str, Any]]:
        """Draw a box, in pixels of the frame; return the regions that the editor sent."""
        def act() -> None:
            self.page.mouse.move(*self.at(box[0], box[1]))
            self.page.mouse.down()
            self.page.mouse.move(*self.at((box[0] + box[2]) / 2, (box[1] + box[3]) / 2), steps=4)
            self.page.mouse.move(*self.at(box[2], box[3]), steps=4)
            self.page.mouse.up()
        return self.answered(act)

    def answered(self, act: Callable[[], None]) -> list[dict[str, Any]]:
        """Do something that asks the ML backend, and wait until its suggestions are there."""
        asked = self._asked(act)
        response = asked.response()
        assert response is not None
        assert "data" in response.json(), response.text()
        self.page.wait_for_function(_SUGGESTED, timeout=10_000)
        sent: list[dict[str, Any]] = json.loads(asked.post_data or "{}")["context"]["result"]
        return sent

    def _asked(self, act: Callable[[], None]) -> Request:
        """Do it until the editor asks: what comes while it still draws itself anew is lost."""
        asked: list[Request] = []

        def done() -> bool:
            try:
                with self.page.expect_request(lambda r: "/interactive-annotating" in r.url, timeout=15_000) as request:
                    act()
            except PlaywrightTimeout:
                return False
            asked.append(request.value)
            return True
        wait_for(done, 60)
        return asked[0]

    def accept(self) -> None:
        self.page.get_by_test_id("bottombar-accept-suggestions-button").click()
        self.page.wait_for_function("() => window.Htx.annotationStore.selected.suggestions.size === 0")

    def submit(self) -> list[dict[str, Any]]:
        """Save; return the annotation's regions as Label Studio's API tells them."""
        self.page.get_by_role("button", name="Submit").click()
        url = f"/api/tasks/{self.task['id']}/annotations/"
        wait_for(lambda: self.ls.get(url), 30)
        (annotation,) = self.ls.get(url)
        regions: list[dict[str, Any]] = annotation["result"]
        return regions


def boxes(regions: Sequence[dict[str, Any]]) -> list[tuple[str, Box]]:
    """(label, xyxy in pixels) of the rectangles."""
    return [(r["value"]["rectanglelabels"][0],
             (r["value"]["x"] * 12.8, r["value"]["y"] * 7.2, (r["value"]["x"] + r["value"]["width"]) * 12.8,
              (r["value"]["y"] + r["value"]["height"]) * 7.2)) for r in regions if r["type"] == "rectanglelabels"]


def mask_iou(region: dict[str, Any], thing: SceneObject) -> float:
    mask = np.array(decode_rle(region["value"]["rle"])).reshape(HEIGHT, WIDTH, 4)[..., 3] > 0
    return float((mask & thing.mask).sum() / (mask | thing.mask).sum())


def test_click__becomes_a_box_and_a_mask_of_the_part(
        stack: Any, page: Page, label_studio: LabelStudio, make_project: Callable[..., int]) -> None:
    data, truth = frame(cpus=1)
    screen = Screen(page, label_studio, make_project(["fan", "cpu"], [("frame.jpg", data)], masks=True))
    cpu = next(thing for thing in truth if thing.label == "cpu")
    x0, y0, x1, y1 = cpu.box
    screen.open()
    screen.pick("key-point-tool")
    first = screen.click((x0 + x1) / 2, (y0 + y1) / 2)
    beside = (x1 + 25, (y0 + y1) / 2) if x1 + 25 < WIDTH else (x0 - 25, (y0 + y1) / 2)
    both = screen.click(*beside, negative=True)
    assert [len(first), len(both)] == [1, 2]
    assert [point["is_positive"] for point in both] == [True, False]
    screen.accept()
    regions = screen.submit()
    assert sorted(r["type"] for r in regions) == ["brushlabels", "rectanglelabels"]  # and no point is left
    ((label, box),) = boxes(regions)
    assert label == "cpu"
    assert iou(box, cpu.box) >= 0.5
    mask = next(r for r in regions if r["type"] == "brushlabels")
    assert mask["value"]["brushlabels"] == ["cpu"]
    assert mask_iou(mask, cpu) >= 0.5
    assert page.argus_errors == []  # type: ignore[attr-defined]


def test_box__finds_everything_like_it(
        stack: Any, page: Page, label_studio: LabelStudio, make_project: Callable[..., int]) -> None:
    data, truth = frame(cpus=2)
    screen = Screen(page, label_studio, make_project(["fan", "cpu"], [("frame.jpg", data)], masks=True))
    cpus = [thing for thing in truth if thing.label == "cpu"]
    screen.open()
    screen.pick("rectangle-tool")
    screen.choose("cpu")
    screen.draw(cpus[0].box)
    screen.accept()
    found = boxes(screen.submit())
    assert {label for label, _ in found} == {"cpu"}
    assert all(max(iou(box, cpu.box) for _, box in found) >= 0.5 for cpu in cpus)
    assert all(max(iou(box, cpu.box) for cpu in cpus) >= 0.5 for _, box in found)
    assert page.argus_errors == []  # type: ignore[attr-defined]


def test_word__typed_into_a_text_area_finds_its_part(
        stack: Any, page: Page, label_studio: LabelStudio, make_project: Callable[..., int]) -> None:
    data, truth = frame(cpus=1)
    project = make_project(["fan", "cpu"], [("frame.jpg", data)], masks=True)
    config = label_studio.project(project)["label_config"].replace("<Header", PROMPT + "<Header", 1)
    label_studio.patch(f"/api/projects/{project}/", {"label_config": config})
    screen = Screen(page, label_studio, project)
    screen.open()
    field = page.get_by_label("TextArea Input").first
    field.fill("cpu")
    (sent,) = screen.answered(lambda: field.press("Enter"))
    assert (sent["to_name"], sent["value"]["text"]) == ("ask", ["cpu"])
    screen.accept()
    found = boxes(screen.submit())
    ((label, box),) = found
    assert label == "cpu"
    assert iou(box, next(thing for thing in truth if thing.label == "cpu").box) >= 0.5
    assert page.argus_errors == []  # type: ignore[attr-defined]
