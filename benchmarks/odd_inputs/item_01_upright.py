"""1. Images are upright as a browser shows them, in everything that opens one."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

from benchmarks.odd_inputs import Case, image_files
from benchmarks.odd_inputs.chromium import chromium
from benchmarks.odd_inputs.picture_probes import exported, opened

ITEMS = (1,)


def cases(work: Path) -> Iterator[Case]:
    with chromium() as browser:
        for instance, data in (image_files.turned_jpegs() | image_files.turned_others()).items():
            shown = browser.shows(data)
            yield Case(1, "a picture is turned as a browser turns it", instance, browser.name, shown, opened.__name__,
                       base64.b64encode(data).decode(), tolerance=12)
            if instance in ("XMP 6 alone", "EXIF 6, big endian", "WebP, EXIF 6", "PNG, raw profile 6"):
                yield Case(1, "an export states the size that a browser shows", instance, browser.name,
                           shown and shown["size"], exported.__name__, base64.b64encode(data).decode())
