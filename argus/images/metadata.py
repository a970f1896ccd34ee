"""The picture of a file without its metadata, and which way up a browser shows it. Pure functions over bytes.

A picture is decoded from a copy without metadata, so that a broken or huge text, EXIF or colour profile cannot cost it:
what is not there is not parsed. Which way up it is follows Chromium, in which people draw regions in Label Studio, and
not Pillow, which also believes XMP, text chunks and numbers of a wrong type. Measured with Chromium 150 and 156, and
held to the Chromium at hand by `tests/browser/test_upright.py`:

* JPEG: the first APP1 segment that begins with `Exif\\0` and any byte; PNG: the first `eXIf` chunk with a right
  checksum in front of the pixels. In it the first orientation of type SHORT, count 1 and value 1-8 counts, in the first
  directory or in the EXIF directory that an entry of it points to.
* AVIF: its own properties (`irot`, `imir`), never its EXIF.
* WebP, GIF, BMP: never. XMP: never, whatever the format.
* TIFF, which Chromium does not show: its own orientation tag.

EXIF is read here by hand because Pillow's reader follows another rule and raises on values that a browser passes over.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8"
TIFF = (b"II*\0", b"MM\0*")
ORIENTATION = 0x0112
_EXIF_DIRECTORY = 0x8769
_SHORT, _LONG = 3, 4
_TRANSPARENT = {0: 2, 2: 6}  # bytes of a transparent colour, by the colour type in a PNG's head: grey and RGB
_PNG_END = b"\0\0\0\0IEND\xaeB`\x82"


def without_metadata(data: bytes) -> tuple[bytes, int]:
    """Return the same picture without metadata, and its EXIF orientation (1 without one).

    A file of another format, or one that does not keep to its own, comes back as it is.
    """
    if data[:2] == JPEG:
        return _strip_jpeg(data)
    if data[:8] == PNG:
        return _strip_png(data)
    if data[4:8] == b"ftyp":
        return _without_exif_item(data), 1
    return data, 1


def _strip_jpeg(data: bytes) -> tuple[bytes, int]:
    view, at, exif = memoryview(data), 2, None
    kept = [view[:2]]
    while len(data) >= at + 4 and data[at] == 0xFF:
        marker, length = data[at + 1], max(2, int.from_bytes(data[at + 2:at + 4], "big"))
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker == 0xDA or not 0xC0 <= marker <= 0xFE or 0xD0 <= marker <= 0xD9 or at + 2 + length > len(data):
            break
        if marker == 0xE1 and exif is None and data[at + 4:at + 9] == b"Exif\0":
            exif = data[at + 10:at + 2 + length]
        if _draws(marker, data[at + 4:at + 2 + length]):
            kept.append(view[at:at + 2 + length])
        at += 2 + length
    return b"".join([*kept, view[at:]]), exif_orientation(exif or b"")


def _draws(marker: int, content: bytes) -> bool:
    """Whether pixels depend on a segment: on all but comments and APPn, and on the two of these that say how colours
    are coded, when they are long enough to be read.
    """
    return not (marker == 0xFE or 0xE0 <= marker <= 0xEF) \
        or (marker == 0xE0 and content.startswith(b"JFIF\0") and len(content) >= 14) \
        or (marker == 0xEE and content.startswith(b"Adobe") and len(content) >= 12)


def _strip_png(data: bytes) -> tuple[bytes, int]:
    """The end is written anew, so that a file without one is none the worse; a chunk that was cut off is closed."""
    kept: list[bytes | memoryview] = [PNG]
    exif, pixels = None, False
    for name, content, crc in _chunks(data):
        pixels = pixels or name == b"IDAT"
        if name == b"IEND":
            break
        if name == b"eXIf" and exif is None and not pixels and crc == _checksum(name, content):
            exif = bytes(content)
        clear = name == b"tRNS" and len(content) == _TRANSPARENT.get(data[25], len(content)) \
            and crc == _checksum(name, content)
        if name[:1].isupper() or clear:  # a capital says: nothing is shown without it
            kept += [len(content).to_bytes(4, "big"), name, content, crc]
    return b"".join([*kept, _PNG_END]), exif_orientation(exif or b"")


def without_checksum(data: bytes) -> bytes:
    """Return a PNG whose pixels end where their checksum (Adler-32) begins: a browser does not look at it."""
    head = data[:data.index(b"IDAT") - 4]
    pixels = b"".join(content for name, content, _ in _chunks(data) if name == b"IDAT")[:-4]
    return b"".join([head, len(pixels).to_bytes(4, "big"), b"IDAT", pixels, _checksum(b"IDAT", pixels), _PNG_END])


def _chunks(data: bytes) -> Iterator[tuple[bytes, memoryview, bytes]]:
    """Yield name, content and checksum of each chunk of a PNG; one that is cut off gets that of what is left of it."""
    view, at = memoryview(data), len(PNG)
    while at + 8 <= len(data):
        length, name = int.from_bytes(view[at:at + 4], "big"), bytes(view[at + 4:at + 8])
        content, crc = view[at + 8:at + 8 + length], bytes(view[at + 8 + length:at + 12 + length])
        yield name, content, crc if len(crc) == 4 else _checksum(name, content)
        at += 12 + length


def _checksum(name: bytes, content: bytes | memoryview) -> bytes:
    return zlib.crc32(content, zlib.crc32(name)).to_bytes(4, "big")


def _without_exif_item(data: bytes) -> bytes:
    """Return an AVIF whose EXIF has a name that nobody looks for; no byte moves, for the file's offsets count them."""
    plain = bytearray(data)
    for meta, meta_end in _boxes(data, 0, len(data), b"meta"):
        for items, items_end in _boxes(data, meta + 4, meta_end, b"iinf"):
            for item, _ in _boxes(data, items + (6 if data[items] == 0 else 8), items_end, b"infe"):
                kind = item + (8 if data[item] == 2 else 10)
                if data[kind:kind + 4] == b"Exif":
                    plain[kind:kind + 4] = b"skip"
    return data if plain == data else bytes(plain)


def _boxes(data: bytes, at: int, end: int, wanted: bytes) -> Iterator[tuple[int, int]]:
    """Yield (begin, end) of the contents of the boxes of a name, among those that lie side by side in a range."""
    while at + 8 <= end:
        size = int.from_bytes(data[at:at + 4], "big") or end - at
        if size < 8 or at + size > end:
            return
        if data[at + 4:at + 8] == wanted:
            yield at + 8, at + size
        at += size


def exif_orientation(block: bytes) -> int:
    """Return the orientation (1-8) that an EXIF block without its header says to Chromium; 1 when it says none."""
    if block[:4] not in TIFF or len(block) < 8:
        return 1
    order = "<" if block[:1] == b"I" else ">"
    return _orientation(block, order, struct.unpack_from(order + "L", block, 4)[0], nested=False) or 1


def _orientation(block: bytes, order: str, at: int, *, nested: bool) -> int | None:
    if at + 2 > len(block):
        return None
    number = struct.unpack_from(order + "H", block, at)[0]
    for place in range(at + 2, min(at + 2 + 12 * number, len(block) - 11), 12):
        tag, kind, count = struct.unpack_from(order + "HHL", block, place)
        if (tag, kind, count) == (ORIENTATION, _SHORT, 1):
            value: int = struct.unpack_from(order + "H", block, place + 8)[0]
            if 1 <= value <= 8:
                return value
        if (tag, kind, count) == (_EXIF_DIRECTORY, _LONG, 1) and not nested:
            inner = struct.unpack_from(order + "L", block, place + 8)[0]
            if found := _orientation(block, order, inner, nested=True):
                return found
            nested = True  # thousands of entries that point to thousands would take minutes
    return None
