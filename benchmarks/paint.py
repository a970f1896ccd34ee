"""How fast the page shows a search of 2,000 images, and how smoothly they scroll, in Chromium on real servers.

    python -m benchmarks.paint [--tasks 2000]

The images are rendered scenes, forty of them, each many times; thumbnails are made as the page asks for them.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time

from playwright.sync_api import Page, expect, sync_playwright

from argus.settings import get_settings
from benchmarks.annotate.report import machine
from benchmarks.annotate.world import make_project, world
from benchmarks.hands import SLOW

_FRAMES = """() => { window.gaps = []; let last = performance.now(); const tick = (now) => {
  window.gaps.push(now - last); last = now; requestAnimationFrame(tick); }; requestAnimationFrame(tick); }"""


def first_paint(page: Page) -> tuple[float, float]:
    """Search; return (seconds from Enter to the first hits on the screen, milliseconds of it after the answer)."""
    page.fill("#query", "cpu")
    began = time.perf_counter()
    page.press("#query", "Enter")
    expect(page.locator(".hit").first).to_be_visible(timeout=SLOW)
    seconds = time.perf_counter() - began
    page.wait_for_timeout(1000)
    return seconds, page.evaluate("performance.getEntriesByName('argus-paint')[0].duration")


def scroll(page: Page, count: int) -> list[float]:
    """Scroll to the last of the hits; return the milliseconds between frames."""
    page.evaluate(_FRAMES)
    page.mouse.move(700, 500)
    deadline = time.monotonic() + 300
    while page.locator(".hit").count() < count or not page.evaluate(
            "innerHeight + scrollY > document.documentElement.scrollHeight - 200"):
        page.mouse.wheel(0, 600)
        page.wait_for_timeout(50)
        assert time.monotonic() < deadline, page.locator(".hit").count()
    return list(page.evaluate("window.gaps"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=2000)
    asked = parser.parse_args()
    with world() as stack, sync_playwright() as playwright:
        from search_service.sync.progress import sync_progress

        stack.start("siglip-worker")
        project, _ = make_project(asked.tasks, 640)
        while (embedded := sync_progress(project).embedded) < asked.tasks:
            print(f"  {embedded} embedded", file=sys.stderr, flush=True)
            time.sleep(10)
        browser = playwright.chromium.launch(executable_path=os.environ.get("ARGUS_CHROMIUM"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900}, locale="en-GB")
        page.goto(f"{get_settings().search_service_url}/?project={project}&screen=search")
        page.locator("#query").wait_for()
        seconds, paint = first_paint(page)
        gaps = sorted(scroll(page, asked.tasks))
        browser.close()
    print(f"{asked.tasks} images ({machine()})\nEnter to the first hits on the screen: {seconds:.2f} s; "
          f"after the answer: {paint:.0f} ms\nscrolled to the last: {len(gaps)} frames, "
          f"median {statistics.median(gaps):.0f} ms, 95 % within {gaps[int(0.95 * len(gaps))]:.0f} ms, "
          f"slowest {gaps[-1]:.0f} ms")


if __name__ == "__main__":
    main()
