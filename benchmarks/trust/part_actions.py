"""What 300 frames cost a person until their labels are right, beside the baseline: actions in Chromium.

A truthful reviewer, who knows what the renderer knows, works on both builds. On this build's page: *Check first*, all
at once; the wall of all objects; all frames as thumbnails with boxes, where an object that three frames on end lack is
drawn on one of them, and *Check first* once more; then all is accepted. The baseline's ways are in
`benchmarks.trust.baseline_ways`; the cheapest counts that reaches the quality. An action is a click, a key, a drag or a
touch that the driver sends; opening the first page is none. The second way is the first one and a pass over every
frame: its pass is counted by a model, which is held against 20 frames that are really driven.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from benchmarks.side_by_side.build import Build
    from benchmarks.trust.known_frames import Lines, Work

KEYS = ("actions_ratio", "final_precision", "final_recall")
PRECISION, RECALL = 0.99, 0.97  # least quality of labels that are compared
_Found = TypeVar("_Found")
_SAMPLE = 20  # frames of the second way that are driven


def measure() -> Mapping[str, float]:
    from benchmarks.side_by_side.build import HERE, Build, baseline_tree
    from benchmarks.trust.known_frames import Lines

    with tempfile.TemporaryDirectory(prefix="argus-actions-") as name:
        folder = Path(name)
        lines = Lines(folder)
        print(f"{len(lines.things)} frames, {sum(map(len, lines.things.values()))} objects", flush=True)
        ours, precision, recall = on(Build("this build", HERE, folder / "this"), lines, our_page)
        theirs = on(Build("baseline", baseline_tree(), folder / "baseline"), lines, cheapest)
    return {"actions_ratio": round(ours / theirs, 4), "final_precision": round(precision, 4),
            "final_recall": round(recall, 4)}


def on(build: Build, lines: Lines, work: Callable[[Page, Work], _Found]) -> _Found:
    """Start a build, let its model predict all frames, and return what a reviewer's work on them comes to."""
    try:
        build.start()
        filled = lines.predicted(build)
        with browser() as page:
            try:
                return work(page, filled)
            except Exception:
                page.screenshot(path=Path(tempfile.gettempdir()) / "argus-actions.png")
                raise
    finally:
        build.stop()


@contextmanager
def browser() -> Iterator[Page]:
    from playwright.sync_api import sync_playwright

    # High enough for all rows of Label Studio's list of regions: one that scrolls moves them under the mouse.
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=os.environ.get("ARGUS_CHROMIUM"), args=["--no-sandbox"])
        yield chromium.new_context(viewport={"width": 1440, "height": 1400}, locale="en-GB").new_page()
        chromium.close()


def our_page(page: Page, work: Work) -> tuple[int, float, float]:
    """Return the actions on this build's page, and the precision and recall that they lead to."""
    from benchmarks.trust.known_frames import quality
    from benchmarks.trust.our_page import Reviewer

    reviewer = Reviewer(page, work)
    reviewer.review()
    precision, recall = quality(work)
    print(f"this build's page: {reviewer.hand.told()}; precision {precision:.4f}, recall {recall:.4f}", flush=True)
    return reviewer.hand.actions, precision, recall


def cheapest(page: Page, work: Work) -> int:
    """Return the actions of the cheapest of the baseline's ways that reaches the quality."""
    from benchmarks.trust import baseline_ways as ways
    from benchmarks.trust.known_frames import quality

    ways.sign_in(page, work)
    alone = ways.page_alone(page, work)
    reached = quality(work)
    found = [(alone.actions, reached)]
    print(f"the baseline's page alone: {alone.told()}; precision and recall {reached}", flush=True)
    counted = ways.pass_over(work)
    found.append((alone.actions + sum(counted.values()), (1.0, 1.0)))
    for task, actions in ways.Stream(page, work).some_after_the_page(ways.some(counted, _SAMPLE)):
        assert actions == counted[task], f"task {task} took {actions} actions, not {counted[task]}"
    print(f"its page, then every frame in Label Studio: {found[-1][0]} actions", flush=True)
    ways.forget_annotations(work)
    stream = ways.Stream(page, work).label_studio_alone()
    found.append((stream.actions, quality(work)))
    print(f"Label Studio alone: {stream.told()}; precision and recall {found[-1][1]}", flush=True)
    return min(actions for actions, (precision, recall) in found if precision >= PRECISION and recall >= RECALL)
