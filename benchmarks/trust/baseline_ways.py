"""The ways to the same labels with the baseline, on its pages: by clicks, keys and drags that are counted.

1. The page alone: on each band, what is wrong is chosen and rejected, the rest is accepted. What a frame lacks cannot
   be added there, and a frame with a rejected object waits without an annotation.
2. The page, then every frame in Label Studio.
3. Label Studio alone: its labelling stream, which shows the baseline's predictions; on each frame what is wrong is
   deleted or gets its right label, what is missing is drawn, and *Submit* brings the next one.

The reviewer knows the truth and takes the fewest actions: a key where there is one, only boxes (the baseline's masks
are left as they are), no box moved that is right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from benchmarks.hands import SLOW, Editor, Hand
from benchmarks.trust.known_frames import (
    SIZE,
    Predicted,
    Thing,
    Work,
    boxes_of,
    mistakes,
    pixels,
    right_label,
    tasks,
)
from demo.vocabulary import LABELS

_BANDS = ("high", "medium", "low")
_TRIES = 10
_MOMENT = 3_000  # milliseconds: a row that is there can be hovered sooner
_DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def sign_in(page: Page, work: Work) -> None:
    page.goto(f"{_label_studio(work)}/user/login/")
    page.fill("input[name=email]", "argus@example.com")
    page.fill("input[name=password]", "argus-demo")
    page.click("button[type=submit]")
    page.wait_for_url(lambda url: "/login" not in url)


def _label_studio(work: Work) -> str:
    return f"http://127.0.0.1:{work.build.ports['LABEL_STUDIO']}"


def page_alone(page: Page, work: Work) -> Hand:
    """The first way, all of it."""
    hand = Hand(page)
    page.goto(f"http://127.0.0.1:{work.build.ports['SEARCH_SERVICE']}/?project={work.project}&screen=review")
    expect(page.locator(".band").first).to_be_visible(timeout=SLOW)
    for band in (*_BANDS, "nothing_found"):
        if not int(page.inner_text(f".band.{band} b").replace(",", "")):
            continue
        if page.get_attribute(f".band.{band}", "aria-current") != "true":
            hand.click(f".band.{band}")
        expect(page.locator(f".band.{band}")).to_have_attribute("aria-current", "true")
        page.wait_for_load_state("networkidle")
        _reject(hand, _wrong(work, band) if band in _BANDS else [])
        if page.locator("#accept-band").is_visible():
            hand.click("#accept-band:enabled")
            hand.click("dialog button[value=yes]")
            expect(page.locator("#review-text")).to_contain_text("Accepted", timeout=SLOW)
            page.wait_for_load_state("networkidle")
    return hand


def _reject(hand: Hand, wrong: Sequence[Predicted]) -> None:
    """Choose all that is wrong, page by page, and reject it with one key. The page forgets some of what is chosen when
    it refreshes itself meanwhile: that is chosen and rejected again, which is no action of its own."""
    page = hand.page
    cards = [f".crop[data-object='{one.task}/{one.name}']" for one in wrong]
    if not wrong:
        return
    for card in cards:
        while not page.locator(card).count():
            _show_more(hand)
        hand.click(f"{card} input")
    hand.click("#reject:enabled")
    for _ in range(_TRIES):
        try:
            return expect(page.locator(", ".join(cards))).to_have_count(0, timeout=SLOW / _TRIES)
        except AssertionError:
            for card in cards:
                if page.locator(f"{card} input").count():
                    page.check(f"{card} input")
            page.click("#reject:enabled")
    raise TimeoutError("the page does not reject what was chosen")


def _show_more(hand: Hand) -> None:
    """Load the next objects. The page drops what is asked while it refreshes itself: then it is asked again, which is
    no action of its own."""
    crops, button = hand.page.locator(".crop"), ".crop-area > button:visible"
    before = crops.count()
    hand.click(button)
    for _ in range(_TRIES):
        try:
            return expect(crops).not_to_have_count(before, timeout=SLOW / _TRIES)
        except AssertionError:
            hand.page.click(button)
    raise TimeoutError(f"the page shows {before} objects and no more")


def _wrong(work: Work, band: str) -> list[Predicted]:
    """Return what is wrong in a band, in the page's order."""
    by_task: dict[int, list[Predicted]] = {}
    listed = shown(work, band)
    for one in listed:
        by_task.setdefault(one.task, []).append(one)
    wrong = {one for task, some in by_task.items() for one in mistakes(some, work.things[task])[0]}
    return [one for one in listed if one in wrong]


def shown(work: Work, band: str) -> list[Predicted]:
    """Return the objects that the baseline's page shows in a band, in its order."""
    found: list[Predicted] = []
    after: str | None = ""
    while after is not None:
        page = work.build.call("GET", f"/projects/{work.project}/review/objects", band=band, limit=200, after=after)
        found += [Predicted(one["task"], one["object"], one["label"], one["score"], pixels(one["box"]))
                  for one in page["objects"]]
        after = page["next"]
    return found


def pass_over(work: Work) -> dict[int, int]:
    """Return the actions that each frame takes in Label Studio after the page: one to open it, two for each object that
    is deleted, relabelled or drawn, and one to store what was changed, or was not accepted."""
    counted = {}
    for task in tasks(work.build, work.project):
        made = [one for one in task["annotations"] if not one["was_cancelled"]]
        wrong, lacking = mistakes(boxes_of(task["id"], (made or task["predictions"])[0]["result"]),
                                  work.things[task["id"]])
        mended = 0
        for one in wrong:
            thing = right_label(one, lacking)
            if thing:
                lacking.remove(thing)
            mended += 1
        mended += len(lacking)
        counted[task["id"]] = 1 + 2 * mended + (mended > 0 or not made)
    return counted


def some(counted: Mapping[int, int], count: int) -> list[int]:
    """Return frames to drive: every kind of count, the costliest first."""
    by_actions = sorted(counted, key=lambda task: (-counted[task], task))
    return by_actions[:: max(1, len(by_actions) // count)][:count]


def forget_annotations(work: Work) -> None:
    """Delete every annotation of the project; its predictions stay."""
    work.build.label_studio("POST", f"/api/dm/actions?id=delete_tasks_annotations&project={work.project}", json={
        "selectedItems": {"all": True, "excluded": []}})


def _tab_of_all(work: Work) -> int:
    """Return a new tab of all tasks: without one, the stream is of the tab that the page made, *Review: to fix*."""
    made = work.build.label_studio("POST", "/api/dm/views/", json={
        "project": work.project, "data": {"title": "All", "type": "list", "target": "tasks"}})
    return int(made["id"])


class Stream:
    """Label Studio's editor on one frame after the other, at the hand of somebody who knows the truth."""

    def __init__(self, page: Page, work: Work) -> None:
        self.hand, self.work = Hand(page), work
        self.editor = Editor(self.hand, SIZE)
        self.mended = Counter[str]()

    def label_studio_alone(self) -> Hand:
        """The third way, all of it."""
        page = self.hand.page
        tab = _tab_of_all(self.work)
        page.goto(f"{_label_studio(self.work)}/projects/{self.work.project}/data?tab={tab}&labeling=1")
        for done in range(1, len(self.work.things) + 1):
            task = self.editor.wait()
            self.mend(task)
            self.submit()
            if done % 50 == 0:
                print(f"  {done} frames, {self.hand.actions} actions, {dict(self.mended)}", flush=True)
            if done < len(self.work.things):
                page.wait_for_function(f"window.Htx?.task && window.Htx.task.id !== {task}", timeout=SLOW)
        return self.hand

    def some_after_the_page(self, frames: Sequence[int]) -> Iterator[tuple[int, int]]:
        """Do the second way's second half on some frames; yield each with the actions that it took."""
        for task in frames:
            before, mended = self.hand.actions, self.mended.total()
            self.hand.page.goto(f"{_label_studio(self.work)}/projects/{self.work.project}/data?task={task}")
            self.hand.clicks += 1  # on the frame in the list, or on the next one
            self.editor.wait()
            stored = bool(self.hand.page.evaluate("window.Htx.annotationStore.selected.pk"))
            self.mend(task)
            if self.mended.total() > mended or not stored:
                self.submit()
            yield task, self.hand.actions - before

    def mend(self, task: int) -> None:
        """Make the boxes of the frame that is shown right."""
        regions = self._boxes()
        wrong, lacking = mistakes(regions, self.work.things[task])
        for one in wrong:
            thing = right_label(one, lacking)
            self._choose(one)
            if thing:
                lacking.remove(thing)
                self._say_label(thing.label)
            else:
                self.hand.press("Backspace")
            self.mended["relabelled" if thing else "deleted"] += 1
        for thing in lacking:
            self._draw(thing)
            self.mended["drawn"] += 1

    def _boxes(self) -> list[Predicted]:
        found: list[list[Any]] = self.hand.page.evaluate("""() => window.Htx.annotationStore.selected.regions
            .filter((region) => region.type === 'rectangleregion').map((region) => {
              const { x, y, width, height } = region.serialize().value;
              return [region.cleanId, region.labels[0], region.score ?? 1, x, y, width, height];
            })""")
        return [Predicted(0, name, label, score, pixels((x / 100, y / 100, (x + w) / 100, (y + h) / 100)))
                for name, label, score, x, y, w, h in found]

    def _choose(self, one: Predicted) -> None:
        """Click on a box's row in the list of regions: the one that shows the box when the mouse is on it."""
        page = self.hand.page
        for _ in range(_TRIES):  # the list is made anew while it is walked: then once more
            row = self._row_of(one)
            if row:
                self.hand.clicks += 1
                row.click(timeout=SLOW)
                page.wait_for_function("(name) => window.Htx.annotationStore.selected.regions"
                                       ".find((region) => region.cleanId === name).inSelection", arg=one.name)
                return
        raise LookupError(f"no row of the list shows {one}")

    def _row_of(self, one: Predicted) -> Locator | None:
        page = self.hand.page
        for row in page.locator("[class*='outliner-item__title']").all():
            try:
                row.hover(timeout=_MOMENT)
            except PlaywrightTimeoutError:
                return None
            page.evaluate(_DRAWN)  # until then the row before may still be the one that is shown
            if page.evaluate("(name) => window.Htx.annotationStore.selected.regions"
                             ".find((region) => region.cleanId === name).highlighted", one.name):
                return row
        return None

    def _say_label(self, label: str) -> None:
        self.hand.press(str(LABELS.index(label) + 1))

    def _draw(self, thing: Thing) -> None:
        """Draw a box. While a region is selected, the label's key and the mouse would change that one. Without
        *Control*, a drag that begins on a box would move that one."""
        page, regions = self.hand.page, "window.Htx.annotationStore.selected.regions"
        before = page.evaluate(f"{regions}.length")
        if page.evaluate(f"{regions}.some((region) => region.inSelection)"):
            self.hand.press("Escape")
            page.wait_for_function(f"!{regions}.some((region) => region.inSelection)", timeout=SLOW)
        self._say_label(thing.label)
        x0, y0, x1, y1 = thing.box
        at = self.editor._at
        page.keyboard.down("Control")
        self.hand.drag(at(x0, y0), at(x1, y1))
        page.keyboard.up("Control")
        page.wait_for_function(f"() => {regions}.length > {before}", timeout=30_000)

    def submit(self) -> None:
        """Store the frame's annotation by its key, a new one or a changed one."""
        with self.hand.page.expect_response(lambda answer: answer.request.method in ("POST", "PATCH") and
                                            "/annotations" in answer.url, timeout=SLOW):
            self.hand.press("Control+Enter")
