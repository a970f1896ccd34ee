"""`argus search --sheet`: the first hits in one picture."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from argus.answers.search import Hit
from argus.errors import ArgusError
from argus_cli.output_hits import clock

MOST = 200  # hits
_COLUMNS, _SIDE, _CAPTION, _GAP = 5, 240, 20, 8  # pixels, but for the first


def write_sheet(file: Path, hits: Sequence[Hit]) -> int:
    """Draw up to 200 hits, best first, and return how many of their images could not be read: their places stay grey.

    Raises:
        ArgusError: `bad_request` when there is no hit, or `file` cannot be written as an image.
    """
    from search_service.pictures.thumbnails import thumbnail

    if not hits:
        raise ArgusError("bad_request", "There are no hits to draw.", "Leave out --sheet, or search for other words.")
    shown: list[tuple[str, bytes | None]] = []
    for hit in hits[:MOST]:
        try:
            picture: bytes | None = thumbnail(hit.task, _SIDE)[0]
        except ArgusError:
            picture = None
        shown.append((_caption(hit), picture))
    try:
        draw(shown).save(file)
    except (OSError, ValueError) as error:
        raise ArgusError("bad_request", f"{file} cannot be written: {error}",
                         "Name a file in an existing folder that ends in .jpg or .png.") from error
    return sum(picture is None for _, picture in shown)


def draw(shown: Sequence[tuple[str, bytes | None]]) -> Image.Image:
    """Return the pictures, JPEGs of at most 240 pixels a side, in rows of five, each above its caption."""
    rows, columns = math.ceil(len(shown) / _COLUMNS), min(_COLUMNS, len(shown))
    across, down = _SIDE + _GAP, _SIDE + _CAPTION + _GAP
    sheet = Image.new("RGB", (columns * across + _GAP, rows * down + _GAP), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    for place, (caption, picture) in enumerate(shown):
        x, y = _GAP + place % _COLUMNS * across, _GAP + place // _COLUMNS * down
        if picture is None:
            pen.rectangle((x, y, x + _SIDE - 1, y + _SIDE - 1), "lightgrey")
        else:
            with Image.open(io.BytesIO(picture)) as image:
                sheet.paste(image, (x + (_SIDE - image.width) // 2, y + (_SIDE - image.height) // 2))
        pen.text((x, y + _SIDE + 2), caption, "black", font)
    return sheet


def _caption(hit: Hit) -> str:
    return " · ".join(part for part in (f"task {hit.task}", f"{hit.similarity:.3f}", clock(hit.video_time)) if part)
