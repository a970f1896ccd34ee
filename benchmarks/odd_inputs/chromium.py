"""What Chromium shows of an image file: the reference for everything that a person sees in Label Studio."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Page, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
GRID = 4  # rows and columns of points at which pixels are compared
# Points lie in the middle of the fields of a GRID × GRID board, so that an odd file's last pixels do not decide.
_SHOW = """async ([code, grid]) => {
  const bytes = Uint8Array.from(atob(code), (c) => c.charCodeAt(0));
  const image = new Image();
  const shown = new Promise((resolve) => { image.onload = () => resolve(true); image.onerror = () => resolve(false); });
  image.src = URL.createObjectURL(new Blob([bytes]));
  document.body.append(image);
  if (!await shown) return null;
  const canvas = document.createElement('canvas');
  canvas.width = image.naturalWidth; canvas.height = image.naturalHeight;
  const context = canvas.getContext('2d');
  context.fillStyle = 'white';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0);
  image.remove();
  const pixels = [];
  for (let row = 0; row < grid; row++) for (let column = 0; column < grid; column++)
    pixels.push([...context.getImageData(Math.floor((column + 0.5) * canvas.width / grid),
                                         Math.floor((row + 0.5) * canvas.height / grid), 1, 1).data].slice(0, 3));
  return {size: [canvas.width, canvas.height], pixels};
}"""


def executable() -> str | None:
    """Return the browser to drive: ARGUS_CHROMIUM, one on PATH, else the one Playwright downloaded (None)."""
    return os.environ.get("ARGUS_CHROMIUM") or next((found for name in _NAMES if (found := shutil.which(name))), None)


class Chromium:
    """Shows image files."""

    def __init__(self, page: Page, version: str) -> None:
        self._page, self.name = page, f"Chromium {version.split('.')[0]}"

    def shows(self, data: bytes, grid: int = GRID) -> dict[str, Any] | None:
        """Return `{"size": [width, height], "pixels": [[r, g, b], ...]}`, row by row, or None when it shows nothing."""
        found: dict[str, Any] | None = self._page.evaluate(_SHOW, [base64.b64encode(data).decode(), grid])
        return found


@contextmanager
def chromium() -> Iterator[Chromium]:
    """Run Chromium for a block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=[
            "--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"])
        page = browser.new_page()
        page.goto("about:blank")
        yield Chromium(page, browser.version)
        browser.close()
