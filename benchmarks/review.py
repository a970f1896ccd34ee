"""The demo's work in Chromium: searched, annotated and reviewed with Argus, against every box drawn by hand.

    python -m benchmarks.review [--tasks 50] [--by-hand 10]

Both are done by a script with real mouse and key events on the real pages, and both make the same data set: the boxes
of one label on the frames that a search finds. A script knows where the boxes are (the renderer wrote them down) and
does not think, so the seconds are those of the machine: what the pages, the model and Label Studio take. What a person
adds to each action is not modelled; the numbers of actions are what to multiply it with.

By hand, one frame in a few is drawn, in Label Studio's own labelling stream, and the rest is extrapolated. It gets the
frames as a present: finding them among all is not counted, nor is the export.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from argus import home as argus_home
from argus.settings import Settings, get_settings
from argus_cli.stack import Stack
from argus_cli.stack.ports import free_port
from argus_cli.stack.template import copy_home, template_home, temporary_home
from benchmarks.annotate.report import machine
from benchmarks.hands import SLOW, Editor, Hand, sign_in
from demo.measure import regions_of
from demo.story import LABEL, LABELS, Story
from demo.truth import Region, Truth, iou, quality

CHECKPOINTS = Path(__file__).parent.parent / "demo" / "checkpoints"


@contextmanager
def demo() -> Iterator[Story]:
    """The demo's stack and project, its frames embedded, nothing annotated."""
    home = copy_home(template_home(Settings(_env_file=None)), temporary_home())  # type: ignore[call-arg]
    settings = Settings(  # type: ignore[call-arg]
        _env_file=None, home=home, label_studio_port=free_port(), ml_backend_port=free_port(),
        search_service_port=free_port(), siglip_model=str(CHECKPOINTS / "siglip2-tiny"),
        sam3_model=str(CHECKPOINTS / "sam3-tiny"), torch_threads=1, log_level="WARNING")
    with Stack(settings) as stack:
        os.environ.update({name: value for name, value in stack.env.items() if name.startswith("ARGUS_")})
        get_settings.cache_clear()
        story = Story(home, said)
        for step in (story.render, story.connect, story.import_frames, story.embed):
            step()
        yield story
    argus_home.forget(home)


def with_argus(page: Page, story: Story, count: int) -> Hand:
    """Search, choose the first `count` hits, annotate, review every band and export.

    A wrong object is rejected, which keeps its task out of the acceptance; the task is drawn anew in Label Studio.
    """
    hand = Hand(page)
    page.goto(f"{get_settings().search_service_url}/?project={story.project}&screen=search")
    page.locator("#query").wait_for()
    hand.start()
    hand.click("#query")
    hand.type(LABEL)
    hand.press("Enter")
    expect(page.locator(".hit")).not_to_have_count(0, timeout=SLOW)
    hand.click(".pick >> nth=0")
    hand.click(f".pick >> nth={count - 1}", modifiers=["Shift"])
    story.requested = [int(box.get_attribute("value") or 0) for box in page.locator(".pick:checked").all()]
    hand.click("#to-annotate")
    hand.click("#annotate:enabled")
    expect(page.locator("#run-text")).to_contain_text("done: ", timeout=SLOW)
    said(f"annotated after {hand.stop():.0f} s")
    hand.click("text=Review the result")
    expect(page.locator(".band").first).to_be_visible(timeout=SLOW)
    wrong = [task for band in ("high", "medium", "low", "nothing_found") if int(page.inner_text(f".band.{band} b"))
             for task in _review(hand, story, band)]
    said(f"reviewed after {hand.stop():.0f} s, {len(wrong)} tasks to fix")
    if wrong:
        _fix(hand, story, wrong)
    hand.click("#nav-export")
    hand.click("#export-go:enabled")
    with page.expect_download(timeout=SLOW):
        hand.click(".exports .done button.primary")
    hand.stop()
    return hand


def _review(hand: Hand, story: Story, band: str) -> list[int]:
    """Reject what is wrong in a band (the high one is trusted), accept the rest, and return the tasks to be fixed."""
    page = hand.page
    if page.get_attribute(f".band.{band}", "aria-current") != "true":
        hand.click(f".band.{band}")
    expect(page.locator(f".band.{band}")).to_have_attribute("aria-current", "true")
    expect(page.locator(".crop").first).to_be_visible(timeout=SLOW)
    wrong = {}
    if band in ("medium", "low"):
        wrong = _wrong(story, band)
        hand.looked += page.locator(".crop").count()
    for task, name in wrong.items():
        hand.click(f".crop[data-object='{name}'] .face")
        hand.press("r")
        expect(page.locator(f".crop[data-object^='{task}/']")).to_have_count(0, timeout=SLOW)
    if page.locator(".crop").count():
        hand.click("#accept-band:enabled")
        hand.click("dialog button[value=yes]")
        expect(page.locator("#review-text")).to_contain_text("Accepted", timeout=SLOW)
        expect(page.locator(".crop")).to_have_count(0, timeout=SLOW)
    return list(wrong)


def _wrong(story: Story, band: str) -> dict[int, str]:
    """Return `{task: its first object that is none, as the page names it}` of a band."""
    truth, frames = Truth(story.truth), story.frames()
    width, height = truth.size
    found: dict[int, str] = {}
    for one in story.api("GET", f"/projects/{story.project}/review/objects",
                         params={"band": band, "limit": 200})["objects"]:
        x0, y0, x1, y1 = one["box"]
        box = (x0 * width, y0 * height, x1 * width, y1 * height)
        if all(iou(box, right) < 0.5 for right in truth.boxes(frames[one["task"]], LABEL)):
            found.setdefault(one["task"], f"{one['task']}/{one['object']}")
    return found


def _fix(hand: Hand, story: Story, tasks: Sequence[int]) -> None:
    """Open each task from the page, delete what was predicted, draw what is there."""
    truth, frames, page = Truth(story.truth), story.frames(), hand.page
    hand.click(".band.to_fix")
    for task in tasks:
        hand.click(f".crop[data-object^='{task}/'] .face")
        with page.expect_popup() as opened:
            hand.press("f")
        hand.page = opened.value
        hand.page.on("dialog", lambda dialog: dialog.accept())
        editor = Editor(hand, truth.size)
        editor.wait()
        hand.press("Control+Backspace")  # delete all regions …
        hand.press("Enter")  # … and say yes
        for box in truth.boxes(frames[task], LABEL):
            editor.draw(box)
        editor.submit()
        hand.press("Control+w")
        hand.page.close()
        hand.page = page


def by_hand(page: Page, story: Story, count: int) -> tuple[Hand, int]:
    """Draw every box of `count` frames, spread evenly, in a project without predictions; return how many it were."""
    truth, frames = Truth(story.truth), story.frames()
    chosen = story.requested[::max(1, len(story.requested) // count)][:count]
    config = ('<View><RectangleLabels name="box" toName="image">' + "".join(f'<Label value="{x}"/>' for x in LABELS)
              + '</RectangleLabels><Image name="image" value="$image"/></View>')
    project = story.ls.post("/api/projects/", {"title": "By hand", "label_config": config})["id"]
    images = {task["id"]: task["data"]["image"] for task in story.ls.tasks(story.project)}
    story.ls.post(f"/api/projects/{project}/import", [{"image": images[task]} for task in chosen])
    mine = dict(zip(sorted(task["id"] for task in story.ls.tasks(project)), chosen, strict=True))
    hand, boxes = Hand(page), 0
    editor = Editor(hand, truth.size)
    page.goto(f"{get_settings().label_studio_url}/projects/{project}/data?labeling=1")
    editor.wait()
    hand.start()
    for done in range(len(chosen)):
        task = editor.wait()
        for box in truth.boxes(frames[mine[task]], LABEL):
            editor.draw(box)
            boxes += 1
        editor.submit()
        if done + 1 < len(chosen):
            page.wait_for_function(f"window.Htx?.task && window.Htx.task.id !== {task}", timeout=SLOW)
    hand.stop()
    return hand, boxes


def said(line: str) -> None:
    print(f"  {line}", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=50)
    parser.add_argument("--by-hand", type=int, default=10, help="Frames that are drawn by hand.")
    asked = parser.parse_args()
    with demo() as story, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ.get("ARGUS_CHROMIUM"), args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
        page = context.new_page()
        sign_in(page)
        argus = with_argus(page, story, asked.tasks)
        truth, frames = Truth(story.truth), story.frames()
        boxes = sum(len(truth.boxes(frames[task], LABEL)) for task in story.requested)
        made = annotated_regions(story)
        drawn, drawn_boxes = by_hand(context.new_page(), story, asked.by_hand)
        browser.close()
    right = quality(made, truth, LABEL)
    all_seconds = drawn.seconds * boxes / drawn_boxes
    all_actions = (drawn.keys + drawn.drags) * boxes / drawn_boxes + drawn.clicks * asked.tasks / asked.by_hand
    print(f"{asked.tasks} frames with {boxes} boxes of {LABEL!r} ({machine()})\n"
          f"with Argus: {argus.told()}, {argus.looked} objects looked at; precision {right['precision']:.3f}, "
          f"recall {right['recall']:.3f}\n"
          f"by hand: {asked.by_hand} frames with {drawn_boxes} boxes: {drawn.told()}\n"
          f"by hand, all of them: {all_actions:.0f} actions, {all_seconds:.0f} s of the machine\n"
          f"ratio: actions {all_actions / argus.actions:.1f} ×, seconds {all_seconds / argus.seconds:.1f} ×")


def annotated_regions(story: Story) -> list[tuple[int, list[Region]]]:
    """Return (frame, boxes of its annotation) of every task that was asked for."""
    asked = set(story.requested)
    return [(int(str(task["data"]["frame_number"])), regions_of(task["annotations"]))
            for task in story.ls.tasks(story.project) if task["id"] in asked]


if __name__ == "__main__":
    main()
