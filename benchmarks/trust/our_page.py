"""A reviewer who knows the truth, on this build's page: *Check first*, the wall of all objects, what no model found for
frames on end, then all accepted."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from playwright.sync_api import Page, expect

from benchmarks.hands import SLOW, Hand
from benchmarks.side_by_side.build import wait_for
from benchmarks.trust.known_frames import HIT, SIZE, Predicted, Thing, Work, mistakes, pixels, right_label
from demo.truth import iou
from demo.vocabulary import LABELS

_THE_SAME = 0.9  # IoU of a suspicion's box with the shown object that it is about
_ON_END = 3  # frames that lack an object of a label, for one of them to be opened and drawn on


class Reviewer:
    """Says what is so of everything that the page asks or shows; draws only what catches the eye among thumbnails."""

    def __init__(self, page: Page, work: Work) -> None:
        self.hand, self.work = Hand(page), work
        self.wrong: dict[int, list[Predicted]] = {}
        self.rejected: set[int] = set()
        self.lacking: dict[int, list[Thing]] = {}
        by_task = defaultdict[int, list[Predicted]](list)
        for one in shown(work):
            by_task[one.task].append(one)
        self.shown = dict(by_task)
        for task, things in work.things.items():
            self.wrong[task], self.lacking[task] = mistakes(by_task[task], things)

    def review(self) -> None:
        """Do all of it, counted; the frames are annotated then."""
        page, build = self.hand.page, self.work.build
        page.goto(f"http://127.0.0.1:{build.ports['SEARCH_SERVICE']}/?project={self.work.project}&screen=review")
        expect(page.locator(".band").first).to_be_visible(timeout=SLOW)
        self._told("at first")
        self._check_first()
        self._told("Check first")
        self._wall()
        self._told("all objects")
        self._overview()
        self._told("drawn on thumbnails' frames")
        self._check_first()
        self._told("Check first again")
        self._accept()
        self._told("accepting")

    def _told(self, what: str) -> None:
        lacking, wrong = (sum(map(len, found.values())) for found in (self.lacking, self.wrong))
        print(f"  {what}: {self.hand.actions} actions so far, {wrong} wrong, {lacking} lacking", flush=True)

    def _check_first(self) -> None:
        """Answer all that the page suspects, a screen at a time: what is so is chosen, then one key answers all."""
        page, wall = self.hand.page, self.hand.page.locator("#check-first .check-wall")
        self._open("check_first")
        way = page.locator("#check-way")
        expect(way).not_to_be_empty(timeout=SLOW)
        if way.inner_text() == "All at once":
            self.hand.click("#check-way")
        expect(wall).to_have_attribute("data-left", re.compile("[0-9]+"), timeout=SLOW)
        while left := int(wall.get_attribute("data-left") or 0):
            asked = self._call("review/check-first/wall")["suspicions"]
            chosen = [one["id"] for one in asked if self._is_so(one)]
            for number in chosen:
                self.hand.click(f".check-wall [data-suspicion='{number}']")
            with page.expect_response(lambda one: one.url.endswith("/check-first/answers"), timeout=SLOW) as stored:
                if page.evaluate("document.activeElement?.dataset.suspicion ?? ''"):
                    self.hand.press("a")
                else:
                    self.hand.click("#check-answer")
            assert stored.value.ok, stored.value.text()
            expect(wall).not_to_have_attribute("data-left", str(left), timeout=SLOW)
            page.wait_for_load_state("networkidle")

    def _is_so(self, suspicion: dict[str, Any]) -> bool:
        """Tell whether the object is missing as it is shown, or what is odd is wrong; and remember what becomes of it.
        """
        if suspicion["box"] is None:
            return False
        x, y, width, height = (side / 100 for side in suspicion["box"])
        task, label, box = suspicion["task"], suspicion["label"], pixels((x, y, x + width, y + height))
        if suspicion["lacking"]:
            found = next((one for one in self.lacking[task] if one.label == label and iou(one.box, box) >= HIT), None)
            if found:
                self.lacking[task].remove(found)
            return found is not None
        wrong = self.wrong.get(task, [])
        odd = [one for one in wrong if one.label == label and iou(one.box, box) >= _THE_SAME]
        self.wrong[task] = [one for one in wrong if one not in odd]
        return bool(odd)

    def _wall(self) -> None:
        """Mark what is wrong, by its right label where that is all, then the rest as right."""
        self._open("all")
        crops = self.hand.page.locator(".wall .crop")
        expect(crops.first).to_be_visible(timeout=SLOW)
        more = self.hand.page.locator(".wall > button", has_text="more")
        while more.is_visible():
            before = crops.count()
            self.hand.click(".wall > button:visible")
            expect(crops).not_to_have_count(before, timeout=SLOW)
        by_label = defaultdict[str, list[Predicted]](list)
        for task, wrong in self.wrong.items():
            for one in wrong:
                thing = right_label(one, self.lacking[task])
                if thing:
                    self.lacking[task].remove(thing)
                else:
                    self.rejected.add(task)
                by_label[thing.label if thing else ""].append(one)
        for label, some in by_label.items():
            self._say(some, str(LABELS.index(label) + 1) if label else "r")
        self.hand.click(".wall-tools .rest:enabled")
        expect(self.hand.page.locator(".wall-said")).to_contain_text("right", timeout=SLOW)
        self.wrong = {}

    def _say(self, some: Iterable[Predicted], key: str) -> None:
        for one in some:
            self.hand.click(f".wall .crop[data-object='{one.task}/{one.name}'] .face")
        with self.hand.page.expect_response(lambda one: "/wall/verdicts" in one.url, timeout=SLOW) as stored:
            self.hand.press(key)
        assert stored.value.ok, stored.value.text()

    def _overview(self) -> None:
        """Go through all frames as thumbnails with boxes. Where frames on end lack the same object, it is drawn on the
        one in their middle; *Check first* asks about the others then."""
        page = self.hand.page
        self.hand.click("#nav-search")
        self.hand.click("#browse-time")
        hits = page.locator(".hit")
        expect(hits.first).to_be_visible(timeout=SLOW)
        self.hand.press("b")
        while (count := hits.count()) < len(self.work.things):
            self.hand.press("End")
            expect(hits).not_to_have_count(count, timeout=SLOW)
        drawn = self._on_end()
        for task, thing in drawn:
            self.hand.click(f".hit[data-task='{task}'] .open")
            self._draw(task, [thing], "#hit-preview")
            self.lacking[task].remove(thing)
            preview = page.locator("#hit-preview")
            expect(preview).to_contain_text("saved in Label Studio", timeout=SLOW)
            self.hand.press("Escape")
            page.wait_for_timeout(500)
            if preview.is_visible():  # the first one ended the drawing
                self.hand.press("Escape")
            expect(preview).to_be_hidden(timeout=SLOW)
        self.hand.click("#nav-review")
        if drawn:
            wait_for(lambda: self._asked_of_neighbours([task for task, _ in drawn]), 120, "nothing was asked of them")

    def _asked_of_neighbours(self, drawn: Iterable[int]) -> bool:
        asked = self._call("review/check-first", limit=200)["suspicions"]
        return set(drawn) <= {one["other"] for one in asked}

    def _on_end(self) -> list[tuple[int, Thing]]:
        """Return a frame, and what is to be drawn on it, of each `_ON_END` frames or more that lack one of a label."""
        lacks = sorted((label, self.work.frames[task], task) for task, things in self.lacking.items()
                       for label in {thing.label for thing in things})
        tracks: list[list[tuple[str, int]]] = []
        last = ("", ("", -1))
        for label, (video, number), task in lacks:
            if last != (label, (video, number - 1)):
                tracks.append([])
            tracks[-1].append((label, task))
            last = label, (video, number)
        found = []
        for track in tracks:
            clean = [place for place, (_, task) in enumerate(track) if task not in self.rejected]
            if len(track) >= _ON_END and clean:
                label, task = track[min(clean, key=lambda place: abs(place - len(track) // 2))]
                found.append((task, next(one for one in self.lacking[task] if one.label == label)))
        return found

    def _draw(self, task: int, things: Iterable[Thing], dialog: str) -> None:
        """Draw objects in the large picture that opens, and save them."""
        page, large = self.hand.page, self.hand.page.locator(dialog)
        expect(large.locator(".frame:not(.waiting)")).to_be_visible(timeout=SLOW)
        expect(large.locator(".edit-tools:not(.only-look)")).to_be_visible(timeout=SLOW)
        expect(large.locator("h2")).to_contain_text(f"{task}", timeout=SLOW)
        self.hand.press("b")
        for thing in things:
            self.hand.press(str(LABELS.index(thing.label) + 1))
            self._drag(thing, dialog)
        with page.expect_response(lambda one: one.request.method == "PUT", timeout=SLOW) as stored:
            self.hand.press("Enter")
        assert stored.value.ok, stored.value.text()

    def _accept(self) -> None:
        """Accept what was judged, then the frames in which nothing was found."""
        page = self.hand.page
        if page.locator(".band.to_fix").is_visible():
            self._open("to_fix")
            self._agree("#accept-judged")
        for band in ("high", "medium", "low", "nothing_found"):
            if int(page.inner_text(f".band.{band} b").replace(",", "")):
                self._open(band)
                if band == "nothing_found":
                    self._draw_what_empty_frames_lack()
                if page.locator("#accept-band").is_visible():
                    self._agree("#accept-band")

    def _draw_what_empty_frames_lack(self) -> None:
        """Look at the frames in which nothing was found, all on one screen; draw and save what one of them lacks."""
        page, dialog = self.hand.page, self.hand.page.locator("dialog.look")
        crops = page.locator(".crop-area .crop")
        tasks = [int((one.get_attribute("data-object") or "").split("/")[0]) for one in crops.all()]
        for task in [task for task in tasks if self.lacking[task]]:
            self.hand.click(f".crop-area .crop[data-object='{task}/'] .face")
            self.hand.press("Enter")
            self._draw(task, self.lacking.pop(task), "dialog.look")
            expect(page.locator(f".crop-area .crop[data-object='{task}/']")).to_have_count(0, timeout=SLOW)
            if dialog.is_visible():
                expect(dialog.locator(".edit-tools:not(.only-look)")).to_be_visible(timeout=SLOW)
                self.hand.press("Escape")
                expect(dialog).to_be_hidden(timeout=SLOW)

    def _drag(self, thing: Thing, dialog: str) -> None:
        """Draw the box of an object in the large picture."""
        frame = self.hand.page.locator(f"{dialog} .frame").bounding_box()
        assert frame is not None
        (x0, y0, x1, y1), (width, height) = thing.box, SIZE
        across, down = frame["width"] / width, frame["height"] / height
        self.hand.drag((frame["x"] + x0 * across, frame["y"] + y0 * down),
                       (frame["x"] + x1 * across, frame["y"] + y1 * down))

    def _agree(self, button: str) -> None:
        page = self.hand.page
        left = page.inner_text(".band.all b")
        self.hand.click(f"{button}:enabled")
        self.hand.click("dialog button[value=yes]")
        expect(page.locator("#review-text")).to_contain_text("Accepted", timeout=SLOW)
        expect(page.locator("progress:visible")).to_have_count(0, timeout=SLOW)
        expect(page.locator(".band.all b")).not_to_have_text(left, timeout=SLOW)

    def _open(self, band: str) -> None:
        page = self.hand.page
        if page.get_attribute(f".band.{band}", "aria-current") != "true":
            self.hand.click(f".band.{band}")
        expect(page.locator(f".band.{band}")).to_have_attribute("aria-current", "true", timeout=SLOW)
        page.wait_for_load_state("networkidle")

    def _call(self, path: str, **params: Any) -> Any:
        return self.work.build.call("GET", f"/projects/{self.work.project}/{path}", **params)


def shown(work: Work) -> list[Predicted]:
    """Return every object that the page shows on unreviewed frames."""
    found: list[Predicted] = []
    after: str | None = ""
    while after is not None:
        page = work.build.call("GET", f"/projects/{work.project}/review/wall", limit=200, after=after)
        found += [Predicted(one["task"], one["object"], one["label"], one["score"], pixels(one["box"]))
                  for one in page["shown"]]
        after = page["next"]
    return found
