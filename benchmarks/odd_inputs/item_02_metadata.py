"""2. Metadata never costs the picture; the limits are our settings; every kind of grey is a picture or a clear no."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.odd_inputs import Case, image_files, product, settings
from benchmarks.odd_inputs.chromium import chromium
from benchmarks.odd_inputs.picture_probes import exported, opened

ITEMS = (2,)
_KINDS = ("uint8", "uint16", "int16", "uint32", "int32", "float32")


def cases(work: Path) -> Iterator[Case]:
    with chromium() as browser:
        for instance, data in image_files.damaged().items():
            # Chromium leaves out the last rows of a JPEG without its end; what is right is the picture with it.
            shown = browser.shows(data + b"\xff\xd9" if instance == "JPEG without its end" else data)
            yield Case(2, "what is broken around a picture does not cost it", instance, browser.name, shown,
                       opened.__name__, base64.b64encode(data).decode(), tolerance=12)
        file = work / "wide.png"
        file.write_bytes(image_files.wide_png(14_000))
        shown = browser.shows(file.read_bytes())
        yield Case(2, "the limits are our settings", "PNG of 196 million pixels, ARGUS_MAX_IMAGE_PIXELS=400000000",
                   browser.name, shown and shown["size"], "wide", [str(file), 400_000_000])
        yield Case(2, "the limits are our settings", "PNG of 196 million pixels, ARGUS_MAX_IMAGE_PIXELS=120000000",
                   "our setting", "refused: image_too_large", "wide", [str(file), 120_000_000])
    right = [255 * step / 8 for step in range(9)]
    for kind in _KINDS:
        for order in "<>":
            data = image_files.tiff(image_files.ramp(kind), order)
            refused = (kind, order) == ("uint32", ">")
            yield Case(2, "a TIFF's numbers are a grey ramp or a clear refusal",
                       f"TIFF of {kind}, {'little' if order == '<' else 'big'} endian", "arithmetic",
                       "refused: bad_image" if refused else right, "ramp", base64.b64encode(data).decode(), 1.0)
    turned = image_files.tiff(image_files.ramp("uint8"), more=[
        (image_files.ORIENTATION, image_files.SHORT, 1, struct.pack("<L", 6))])
    yield Case(2, "a TIFF is turned once", "TIFF with orientation 6, size in an export", "TIFF 6.0, tag 274", [4, 9],
               exported.__name__, base64.b64encode(turned).decode())


def wide(argument: list[Any]) -> Any:
    """Return the size of an image file that is opened under a limit of pixels."""
    path, pixels = argument
    with settings(max_image_pixels=pixels):
        return list(product("argus.images.fetcher", "argus.images", "open_image")(Path(path).read_bytes()).size)


def ramp(argument: str) -> Any:
    """Return the greys of the first row."""
    image = product("argus.images.fetcher", "argus.images", "open_image")(base64.b64decode(argument))
    return [image.getpixel((x, 0))[0] for x in range(image.width)]
