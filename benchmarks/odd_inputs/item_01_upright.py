"""1. Images are upright as a browser shows them, in everything that opens one."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.odd_inputs import Case, image_files, product
from benchmarks.odd_inputs.chromium import GRID, chromium

ITEMS = (1,)


def cases(work: Path) -> Iterator[Case]:
    with chromium() as browser:
        for instance, data in (image_files.turned_jpegs() | image_files.turned_others()).items():
            shown = browser.shows(data)
            yield Case(1, "a picture is turned as a browser turns it", instance, browser.name, shown, "opened",
                       base64.b64encode(data).decode(), tolerance=12)
            if instance in ("XMP 6 alone", "EXIF 6, big endian", "WebP, EXIF 6", "PNG, raw profile 6"):
                yield Case(1, "an export states the size that a browser shows", instance, browser.name,
                           shown and shown["size"], "exported", base64.b64encode(data).decode())


def opened(argument: str) -> Any:
    """Return what predictions, crops, thumbnails and searches by image see: size, and pixels at Chromium's points."""
    image = product("argus.images.fetcher", "argus.images", "open_image")(base64.b64decode(argument))
    width, height = image.size
    points = [(int((column + 0.5) * width / GRID), int((row + 0.5) * height / GRID))
              for row in range(GRID) for column in range(GRID)]
    return {"size": [width, height], "pixels": [list(image.getpixel(point)) for point in points]}


def exported(argument: str) -> Any:
    """Return width and height that a COCO file states."""
    inspect_image = product("search_service.export.files", "argus.export.files", "inspect_image")
    return list(inspect_image(base64.b64decode(argument))[:2])
