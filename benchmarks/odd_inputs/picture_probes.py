"""The probes that the items about pictures share."""

from __future__ import annotations

import base64
from typing import Any

from benchmarks.odd_inputs.case import product
from benchmarks.odd_inputs.chromium import GRID


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
