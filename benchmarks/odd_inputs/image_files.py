"""Makers of odd image files: one small picture in many coats. Shared with the tests."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterable, Sequence

import numpy as np
from PIL import Image

SIZE = (64, 32)  # as stored; turned by a quarter it is 32 × 64
ORIENTATION, XRESOLUTION = 0x0112, 0x011A
BYTE, ASCII, SHORT, LONG, RATIONAL, SIGNED_SHORT, SIGNED_LONG = 1, 2, 3, 4, 5, 8, 9
_LETTER = {BYTE: "B", ASCII: "B", SHORT: "H", LONG: "L", SIGNED_SHORT: "h", SIGNED_LONG: "l"}
HEADER = b"Exif\0\0"
PNG_HEAD = b"\x89PNG\r\n\x1a\n"


def board() -> Image.Image:
    """Return a picture of 4 × 2 fields of 16 pixels, each of another colour: no two ways to turn it look alike."""
    colours = [(220, 40, 40), (40, 200, 40), (40, 60, 220), (230, 220, 40),
               (30, 30, 30), (200, 60, 200), (60, 210, 220), (250, 250, 250)]
    fields = np.array(colours, np.uint8).reshape(2, 4, 3)
    return Image.fromarray(fields.repeat(16, axis=0).repeat(16, axis=1))


def saved(format: str, image: Image.Image | None = None, **options: object) -> bytes:
    """Return the board (or `image`) as a file of a format as Pillow writes it."""
    file = io.BytesIO()
    (image or board()).save(file, format, **({"quality": 92} if format in ("JPEG", "WEBP", "AVIF") else {}) | options)
    return file.getvalue()


def tiff_head(entries: Iterable[tuple[int, int, int, bytes]], order: str = "<") -> bytes:
    """Return an EXIF block without its header: one directory of (tag, type, count, value or offset as 4 bytes)."""
    listed = list(entries)
    parts = [b"II*\0" if order == "<" else b"MM\0*", struct.pack(order + "LH", 8, len(listed))]
    parts += [struct.pack(order + "HHL", tag, kind, count) + value.ljust(4, b"\0")[:4]
              for tag, kind, count, value in listed]
    return b"".join(parts) + b"\0\0\0\0"


def orientation(value: int, order: str = "<", kind: int = SHORT, count: int = 1) -> tuple[int, int, int, bytes]:
    """Return the directory entry that says how a picture is turned."""
    return ORIENTATION, kind, count, struct.pack(order + _LETTER[kind], value)


def exif(value: int, order: str = "<", kind: int = SHORT, count: int = 1) -> bytes:
    """Return an EXIF block without its header that says orientation `value` and nothing else."""
    return tiff_head([orientation(value, order, kind, count)], order)


def segment(marker: int, content: bytes) -> bytes:
    """Return a segment of a JPEG."""
    return struct.pack(">HH", marker, len(content) + 2) + content


def jpeg(*segments: bytes, body: bytes | None = None) -> bytes:
    """Return the board as JPEG with these segments right behind its beginning."""
    plain = body or saved("JPEG", subsampling=0)
    return plain[:2] + b"".join(segments) + plain[2:]


def app1(content: bytes, header: bytes = HEADER) -> bytes:
    """Return an EXIF segment of a JPEG."""
    return segment(0xFFE1, header + content)


def chunk(name: bytes, content: bytes, crc: int | None = None) -> bytes:
    """Return a chunk of a PNG."""
    right = zlib.crc32(name + content)
    return struct.pack(">L", len(content)) + name + content + struct.pack(">L", right if crc is None else crc)


def png(*chunks: bytes, late: Sequence[bytes] = (), body: bytes | None = None) -> bytes:
    """Return the board as PNG with these chunks behind its IHDR, and `late` ones before its IEND."""
    plain = body or saved("PNG")
    return plain[:33] + b"".join(chunks) + plain[33:-12] + b"".join(late) + plain[-12:]


def xmp(value: int) -> bytes:
    """Return an XMP packet that says orientation `value`."""
    return (f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
            f'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="{value}"/></rdf:RDF>'
            f'</x:xmpmeta>').encode()


def raw_profile(value: int) -> bytes:
    """Return the text chunk in which older programs keep EXIF in a PNG."""
    block = HEADER + exif(value)
    text = f"\nexif\n{len(block):8}\n{block.hex()}\n".encode()
    return chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(text))


def turned_jpegs() -> dict[str, bytes]:
    """Return JPEG files that a browser turns, or does not although something in them says so."""
    found = {f"EXIF {value}, {'little' if order == '<' else 'big'} endian": jpeg(app1(exif(value, order), ))
             for value in range(2, 9) for order in "<>"}
    found |= {f"EXIF 6 as {name}": jpeg(app1(exif(6, kind=kind))) for name, kind in
              {"BYTE": BYTE, "LONG": LONG, "SSHORT": SIGNED_SHORT, "SLONG": SIGNED_LONG, "ASCII": ASCII}.items()}
    found |= {f"EXIF {value}, no orientation": jpeg(app1(exif(value))) for value in (0, 9, 65535)}
    found |= {
        "EXIF 6, count 2": jpeg(app1(exif(6, count=2))), "EXIF 6, count 0": jpeg(app1(exif(6, count=0))),
        "EXIF header twice": jpeg(app1(HEADER + exif(6))),
        "EXIF header without fill byte": jpeg(app1(exif(6), b"Exif\0")),
        "EXIF header with another fill byte": jpeg(app1(exif(6), b"Exif\0\xff")),
        "two EXIF segments, 6 then 3": jpeg(app1(exif(6)), app1(exif(3))),
        "two EXIF segments, 1 then 6": jpeg(app1(exif(1)), app1(exif(6))),
        "two EXIF segments, broken then 6": jpeg(app1(b"II*\0"), app1(exif(6))),
        "two EXIF segments, none then 6": jpeg(app1(tiff_head([])), app1(exif(6))),
        "two orientations in one directory, 6 then 3": jpeg(app1(tiff_head([orientation(6), orientation(3)]))),
        "two orientations in one directory, 9 then 6": jpeg(app1(tiff_head([orientation(9), orientation(6)]))),
        "two orientations in one directory, LONG 3 then 6": jpeg(app1(tiff_head([
            orientation(3, kind=LONG), orientation(6)]))),
        "orientation in the sub-directory alone": jpeg(app1(_with_directory(6))),
        "orientation in the second directory alone": jpeg(app1(_with_second_directory(6))),
        "directory that ends early": jpeg(app1(exif(6)[:-6])),
        "directory without its end": jpeg(app1(exif(6)[:-4])),
        "directory of the wrong length": jpeg(app1(exif(6)[:8] + b"\x09\0" + exif(6)[10:])),
        "XMP 6 alone": jpeg(segment(0xFFE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp(6))),
        "XMP 3 and EXIF 6": jpeg(segment(0xFFE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp(3)), app1(exif(6))),
        "EXIF behind the tables": _late_exif(6),
        "EXIF in another segment": jpeg(segment(0xFFE3, HEADER + exif(6))),
        "several pictures in one file": saved("MPO", exif=HEADER + exif(6), save_all=True, append_images=[board()]),
        "progressive": jpeg(app1(exif(8)), body=saved("JPEG", progressive=True)),
        "grey": jpeg(app1(exif(5)), body=saved("JPEG", board().convert("L"))),
    }
    return found


def _with_directory(value: int) -> bytes:
    root = tiff_head([(0x8769, LONG, 1, struct.pack("<L", 26))])
    return root + exif(value)[8:]


def _with_second_directory(value: int) -> bytes:
    root = tiff_head([(XRESOLUTION, SHORT, 1, b"\x48\0")])
    return root[:-4] + struct.pack("<L", len(root)) + exif(value)[8:]


def _late_exif(value: int) -> bytes:
    plain = saved("JPEG", subsampling=0)
    at = plain.index(b"\xff\xda")
    return plain[:at] + app1(exif(value)) + plain[at:]


def turned_others() -> dict[str, bytes]:
    """Return PNG, WebP, AVIF and GIF files of the same kind."""
    found = {f"PNG, eXIf {value}": png(chunk(b"eXIf", exif(value, order))) for value, order in
             ((2, "<"), (3, ">"), (6, "<"), (7, ">"))}
    found |= {
        "PNG, eXIf 6 behind the pixels": png(late=[chunk(b"eXIf", exif(6))]),
        "PNG, eXIf 6 as LONG": png(chunk(b"eXIf", exif(6, kind=LONG))),
        "PNG, eXIf with a header": png(chunk(b"eXIf", HEADER + exif(6))),
        "PNG, two eXIf, 6 then 3": png(chunk(b"eXIf", exif(6)), chunk(b"eXIf", exif(3))),
        "PNG, eXIf 6 with a wrong checksum": png(chunk(b"eXIf", exif(6), crc=1)),
        "PNG, raw profile 6": png(raw_profile(6)),
        "PNG, XMP 6": png(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp(6))),
        "PNG, palette, eXIf 8": png(chunk(b"eXIf", exif(8)), body=saved("PNG", board().quantize(8))),
        "WebP, EXIF 6": saved("WEBP", exif=exif(6)), "WebP, EXIF 6 with a header": saved("WEBP", exif=HEADER + exif(6)),
        "WebP, lossless, EXIF 3": saved("WEBP", exif=exif(3), lossless=True),
        "WebP, XMP 6": saved("WEBP", xmp=xmp(6)),
        "AVIF, XMP 6": saved("AVIF", xmp=xmp(6), subsampling="4:4:4"),
        "GIF, XMP 6": saved("GIF", board().quantize(8), comment=xmp(6)),
    }
    found |= {f"AVIF, turned as by EXIF {value}": saved("AVIF", exif=exif(value), subsampling="4:4:4")
              for value in range(2, 9)}
    found["AVIF, EXIF 6 that irot and imir do not repeat"] = avif_exif_alone(6)
    return found


def avif_exif_alone(value: int) -> bytes:
    """Return an AVIF whose EXIF says `value` while its own way of turning pictures says nothing."""
    upright = saved("AVIF", exif=tiff_head([(XRESOLUTION, SHORT, 1, b"\x48\0")]), subsampling="4:4:4")
    return upright.replace(tiff_head([(XRESOLUTION, SHORT, 1, b"\x48\0")]), exif(value))
