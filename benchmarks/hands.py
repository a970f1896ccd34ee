"""A person's hand on a page, counted, and Label Studio's labelling screen as a hand uses it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page

from argus.settings import get_settings
from demo.truth import Box

SLOW = 300_000  # milliseconds: the longest wait for the model


@dataclass
class Hand:
    """What a person does on one page, counted.

    Attributes:
        clicks, keys, drags: a key pressed with another one held is one key.
        looked: objects that had to be looked at.
        seconds: of the machine.
    """

    page: Page
    clicks: int = 0
    keys: int = 0
    drags: int = 0
    looked: int = 0
    began: float = 0.0
    seconds: float = 0.0

    def click(self, selector: str, **options: Any) -> None:
        self.clicks += 1
        self.page.locator(selector).first.click(timeout=SLOW, **options)

    def type(self, text: str) -> None:
        self.keys += len(text)
        self.page.keyboard.type(text)

    def press(self, key: str) -> None:
        self.keys += 1
        self.page.keyboard.press(key)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        self.drags += 1
        self.page.mouse.move(*start)
        self.page.mouse.down()
        self.page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2, steps=3)
        self.page.mouse.move(*end, steps=3)
        self.page.mouse.up()

    def start(self) -> None:
        self.began = time.monotonic()

    def stop(self) -> float:
        """Return the seconds since the start, and keep them."""
        self.seconds = time.monotonic() - self.began
        return self.seconds

    @property
    def actions(self) -> int:
        return self.clicks + self.keys + self.drags

    def told(self) -> str:
        return (f"{self.actions} actions ({self.clicks} clicks, {self.keys} keys, {self.drags} boxes drawn), "
                f"{self.seconds:.0f} s of the machine")


class Editor:
    """Label Studio's labelling screen, at whatever task it shows."""

    def __init__(self, hand: Hand, size: tuple[int, int]) -> None:
        self.hand, self.size = hand, size

    def wait(self) -> int:
        """Wait until a task is there to be drawn on; return its id."""
        page = self.hand.page
        page.wait_for_function("window.Htx?.annotationStore?.selected && window.Htx.task", timeout=SLOW)
        page.locator(".konvajs-content canvas").first.wait_for(timeout=SLOW)
        page.wait_for_function("() => { const image = document.querySelector('.lsf-image-element, img[alt=LS]');"
                               " return !image || image.complete; }", timeout=SLOW)
        return int(page.evaluate("window.Htx.task.id"))

    def draw(self, box: Box) -> None:
        """Draw a box, in pixels of the frame. The label is chosen by its key."""
        count = "window.Htx.annotationStore.selected.regions.length"
        before = self.hand.page.evaluate(count)
        self.hand.press("1")
        self.hand.drag(self._at(box[0], box[1]), self._at(box[2], box[3]))
        self.hand.page.wait_for_function(f"() => {count} > {before}", timeout=30_000)

    def _at(self, x: float, y: float) -> tuple[float, float]:
        canvas = self.hand.page.locator(".konvajs-content canvas").first.bounding_box()
        assert canvas is not None
        return (canvas["x"] + x / self.size[0] * canvas["width"], canvas["y"] + y / self.size[1] * canvas["height"])

    def submit(self) -> None:
        with self.hand.page.expect_response(lambda answer: answer.request.method == "POST" and
                                            "/annotations" in answer.url, timeout=SLOW):
            self.hand.click("button:has-text('Submit')")


def sign_in(page: Page) -> None:
    settings = get_settings()
    page.goto(f"{settings.label_studio_url}/user/login/")
    page.fill("input[name=email]", settings.label_studio_user)
    page.fill("input[name=password]", settings.label_studio_password.get_secret_value())
    page.click("button[type=submit]")
    page.wait_for_url(lambda url: "/login" not in url)
