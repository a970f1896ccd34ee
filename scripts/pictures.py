"""Take the pictures of the page in docs/pictures, from a running stack (`argus demo`).

    python scripts/pictures.py [--project 1] [--query cpu] [--only search,review]

That of *Which model* needs a detector in ARGUS_DETECTORS; the first one is shown.

Each is one screen at one width, theme and language; the file's name says which. The palette is cut to 256 colours,
which nobody sees on a page and which halves the files.
"""

from __future__ import annotations

import argparse
import functools
import io
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from argus.settings import get_settings  # noqa: E402
from tests.browser.conftest import chromium_path  # noqa: E402

WIDE, PHONE, TALL = (1440, 900), (390, 844), (1440, 1300)
# The doctor names folders of this machine, which are nobody's business.
SHORT_PATHS = """folder => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) texts.currentNode.data = texts.currentNode.data.replaceAll(folder, "");
}"""
# The demo's queries: in three languages, with an exclusion, and for something that its video never shows.
QUERIES = {"cpu": "cpu", "red-fan": "red fan", "japanese": "赤いファン", "german": "roter Lüfter",
           "without": "cpu -fan", "nothing": "elephant"}
LOOKS: dict[str, dict[str, Any]] = {"": {}, "-dark": {"dark": True},
                                    "-phone": {"size": PHONE}, "-ja": {"japanese": True}}


def still(page: Page) -> None:
    """Do nothing."""


@dataclass(frozen=True)
class Picture:
    """One file: what to open, what to wait for, and how it is looked at; the whole window, or a part of it."""

    name: str
    address: str
    ready: str
    size: tuple[int, int] = WIDE
    dark: bool = False
    japanese: bool = False
    act: Callable[[Page], None] = still
    part: str = ""


def pictures(project: int, query: str, task: int, detector: str) -> Iterator[Picture]:
    """Yield every picture; `task` is shown large, and `detector` is chosen where there is one."""
    base, search = f"?project={project}", f"?project={project}&screen=search&q={query}"
    for kind, looks in LOOKS.items():
        yield Picture(f"home{kind}", f"{base}&screen=home", ".sample li:last-child img", **looks)
    yield Picture("search", search, ".hit img", act=choose)
    yield Picture("search-dark", search, ".hit img", dark=True, act=choose)
    yield Picture("search-phone", search, ".hit img", PHONE, act=choose)
    yield Picture("search-ja", search, ".hit img", japanese=True, act=choose)
    for name, asked in QUERIES.items():
        yield Picture(f"search-query-{name}", f"{base}&screen=search&q={quote(asked)}", ".hit img")
    yield Picture("search-rare", f"{base}&screen=search&browse=rare", ".hit img")
    yield Picture("preview", f"{search}&task={task}", ".regions .line")
    screens = {"annotate": (f"annotate&from=search&q={query}&labels={query}", "#preview", look_ahead),
               "review": ("review", ".crop img", still),
               "export": ("export&source=both", ".bars li", still),
               "setup": ("setup", "section[aria-labelledby=s-doctor] .checks li", still)}
    for screen, (address, ready, act) in screens.items():
        shown = f"{base}&screen={address}"
        yield Picture(screen, shown, ready, act=act)
        yield Picture(f"{screen}-dark", shown, ready, dark=True, act=act)
        yield Picture(f"{screen}-phone", shown, ready, PHONE)
        yield Picture(f"{screen}-ja", shown, ready, japanese=True, act=act)
    yield Picture("review-large", f"{base}&screen=review", ".crop img", act=enlarge)
    yield Picture("review-crops-phone", f"{base}&screen=review", ".crop img", PHONE, act=to_the_crops)
    yield Picture("verify", f"{base}&screen=review&band=high", "#verify-band", act=verify)
    if detector:
        yield Picture("engine", f"{base}&screen=annotate&from=all", "#engine", TALL, part=".engine",
                      act=functools.partial(choose_detector, name=detector))
    yield Picture("review-additions", f"{base}&screen=review", "#additions .addable img", act=to_the_additions)


def choose(page: Page) -> None:
    for place in (0, 1, 3):
        page.locator(".pick").nth(place).click()


def look_ahead(page: Page) -> None:
    page.click("#preview")
    page.locator(".preview-grid .regions .line").nth(5).wait_for(timeout=120_000)
    page.wait_for_timeout(5000)


def choose_detector(page: Page, name: str) -> None:
    """Choose it without keeping it, and show what its classes stand for."""
    page.select_option("#engine", name)
    page.locator(".engine-classes details:not([open]) summary").click()
    page.wait_for_selector("#engine-keep:not([hidden])")


def enlarge(page: Page) -> None:
    page.locator(".face").first.dblclick()
    page.wait_for_selector("dialog.look .line")


def to_the_crops(page: Page) -> None:
    page.locator(".band-head").scroll_into_view_if_needed()
    page.mouse.wheel(0, 400)


def verify(page: Page) -> None:
    """Judge a few objects of the sample: of a demo that is thrown away."""
    page.click("#verify-band")
    for _ in range(12):
        page.wait_for_selector(".judging:not([hidden])")
        shown = page.get_attribute(".judging", "data-place")
        page.keyboard.press("a")
        page.wait_for_selector(f".judging:not([data-place='{shown}'])")
    page.wait_for_timeout(1000)


def to_the_additions(page: Page) -> None:
    page.locator("#additions").scroll_into_view_if_needed()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--project", type=int, default=1)
    parser.add_argument("--query", default="cpu")
    parser.add_argument("--only", default="", help="Names or beginnings of names, separated by commas.")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures")
    options = parser.parse_args()
    wanted = tuple(filter(None, options.only.split(",")))
    base = get_settings().search_service_url
    answer = requests.get(f"{base}/api/v1/projects/{options.project}/search", timeout=60,
                          params={"q": options.query, "limit": 1})
    answer.raise_for_status()
    options.out.mkdir(parents=True, exist_ok=True)
    shown = answer.json()["hits"][0]["task"], a_detector(base, options.project)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox"])
        for picture in pictures(options.project, options.query, *shown):
            if not wanted or picture.name.startswith(wanted):
                data = take(browser, base, picture)
                (options.out / f"{picture.name}.png").write_bytes(data)
                print(f"{picture.name}: {len(data) // 1024} KB", flush=True)
        browser.close()


def a_detector(base: str, project: int) -> str:
    """Return the name of the first detector that can be used, "" where there is none."""
    answer = requests.get(f"{base}/api/v1/projects/{project}/engine", timeout=60)
    answer.raise_for_status()
    return next((one["name"] for one in answer.json()["detectors"] if not one["error"]), "")


def take(browser: Browser, base: str, picture: Picture) -> bytes:
    """Return the screen as a PNG of 256 colours."""
    context = browser.new_context(viewport={"width": picture.size[0], "height": picture.size[1]},
                                  color_scheme="dark" if picture.dark else "light",
                                  is_mobile=picture.size == PHONE, has_touch=picture.size == PHONE,
                                  locale="ja-JP" if picture.japanese else "en-GB")
    page = context.new_page()
    page.goto(f"{base}/{picture.address}")
    page.wait_for_selector(picture.ready, timeout=60_000)
    picture.act(page)
    page.wait_for_load_state("networkidle")
    if picture.size != PHONE:
        page.mouse.move(0, 0)
    page.wait_for_timeout(1000)
    page.evaluate(SHORT_PATHS, f"{ROOT}/")
    data = page.locator(picture.part).screenshot() if picture.part else page.screenshot()
    shot = Image.open(io.BytesIO(data)).convert("RGB")
    context.close()
    buffer = io.BytesIO()
    shot.quantize(256, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


if __name__ == "__main__":
    main()
