"""Makers of odd image files: one small picture in many coats. Shared with the tests."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
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


def damaged() -> dict[str, bytes]:
    """Return files whose picture is whole and whose metadata is broken, huge or cut off."""
    text = tiff_head([orientation(6), (XRESOLUTION, ASCII, 4, b"300\0")])
    plain, still = saved("JPEG", subsampling=0), saved("PNG")
    return {
        "JPEG, EXIF with a resolution in letters": jpeg(app1(text)),
        "JPEG, EXIF with a resolution of no bytes": jpeg(app1(tiff_head([(XRESOLUTION, RATIONAL, 1, b"\xff" * 4)]))),
        "JPEG, EXIF that is no EXIF": jpeg(app1(b"\0" * 40)),
        "JPEG, empty EXIF": jpeg(app1(b"")),
        "JPEG, JFIF cut short": jpeg(segment(0xFFE0, b"JFIF\0")),
        "JPEG, Adobe segment cut short": jpeg(segment(0xFFEE, b"Adobe\0")),
        "JPEG, broken colour profile": jpeg(segment(0xFFE2, b"ICC_PROFILE\0\x02\x01" + b"\xff" * 50)),
        "JPEG, broken list of pictures": jpeg(segment(0xFFE2, b"MPF\0II*\0\x08\0\0\0\xff\xff" + b"\xff" * 24)),
        "JPEG, list of pictures that is text": jpeg(segment(0xFFE2, b"MPF\0" + tiff_head([
            (45056, 7, 4, b"0100"), (45057, ASCII, 4, b"two\0"), (45058, LONG, 1, b"\1\0\0\0")]))),
        "JPEG, broken Photoshop block": jpeg(segment(0xFFED, b"Photoshop 3.0\x008BIM\x03\xed\0\0\0\0\0\x04\0\0\0\0")),
        "JPEG, 20 comments of 60 kB": jpeg(*[segment(0xFFFE, b"x" * 60_000)] * 20),
        "JPEG, a segment of no length": jpeg(b"\xff\xe5\0\0"),
        "JPEG without its end": plain[:-2],
        "JPEG, progressive, without its end": saved("JPEG", progressive=True)[:-2],
        "JPEG, zeros in place of its end": plain[:-2] + bytes(300),
        "PNG, text of 2 MB": png(chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(bytes(2_000_000)))),
        "PNG, 100 texts of 1 MB": png(*[chunk(b"zTXt", b"note\0\0" + zlib.compress(bytes(1_000_000)))] * 100),
        "PNG, broken text": png(chunk(b"zTXt", b"note\0\0not deflated"), chunk(b"iTXt", b"note")),
        "PNG, text with a wrong checksum": png(chunk(b"tEXt", b"note\0text", crc=7)),
        "PNG, text behind the pixels with a wrong checksum": png(late=[chunk(b"tEXt", b"note\0text", crc=7)]),
        "PNG, broken colour profile": png(chunk(b"iCCP", b"name\0\0not deflated")),
        "PNG, colour profile of 3 MB": png(chunk(b"iCCP", b"name\0\0" + zlib.compress(bytes(3_000_000)))),
        "PNG, short gAMA, cHRM and pHYs": png(chunk(b"gAMA", b"\1"), chunk(b"cHRM", b"\1"), chunk(b"pHYs", b"\1")),
        "PNG, broken EXIF": png(chunk(b"eXIf", b"\xff" * 30)),
        "PNG, EXIF with a resolution in letters": png(chunk(b"eXIf", text)),
        "PNG, empty animation": png(chunk(b"acTL", bytes(8))),
        "PNG, broken animation": png(chunk(b"acTL", b"\1")),
        "PNG without its end": still[:-12],
        "PNG, end cut short": still[:-5],
        "PNG, pixels without their checksum": still[:-16],
        "PNG, pixels with a wrong checksum": still[:-16] + b"\0\0\0\0" + still[-12:],
        "PNG, pixels whose inner checksum is wrong": png(body=still[:-20] + bytes(4) + still[-16:]),
        "PNG, transparent colour of one byte": png(chunk(b"tRNS", b"\0")),
        "PNG, end with a wrong checksum": still[:-4] + b"\0\0\0\0",
        "WebP, broken EXIF": saved("WEBP", exif=b"\xff" * 30),
        "WebP, broken colour profile": saved("WEBP", icc_profile=b"\xff" * 30),
        "WebP, a byte more than its head says": saved("WEBP") + b"\0",
        "AVIF, broken EXIF": _avif_with(b"\xff" * 40),
        "AVIF, EXIF with a resolution in letters": _avif_with(text),
        "GIF, comment of 300 kB": saved("GIF", board().quantize(8), comment=b"x" * 300_000),
        "GIF without its end": saved("GIF", board().quantize(8))[:-1],
    }


def _avif_with(block: bytes) -> bytes:
    """Return an AVIF with this in the place of its EXIF, cut or filled up to the same length."""
    there = tiff_head([(XRESOLUTION, SHORT, 1, b"\x48\0"), (XRESOLUTION + 1, SHORT, 1, b"\x48\0")])
    return saved("AVIF", exif=there, subsampling="4:4:4").replace(there, block.ljust(len(there), b"\0")[:len(there)])


def tiff(values: NDArray[np.generic], order: str = "<", photometric: int = 1,
         more: Iterable[tuple[int, int, int, bytes]] = ()) -> bytes:
    """Return grey values of shape (H, W) as TIFF, whatever kind of numbers they are; `order` as in `struct`.

    Args:
        photometric: 1 when zero is black, 0 when it is white.
        more: further entries of the directory: (tag, type, count, 4 bytes).
    """
    height, width = values.shape
    pixels = values.astype(values.dtype.newbyteorder(order)).tobytes()  # type: ignore[arg-type]
    kind = {"u": 1, "i": 2, "f": 3}[values.dtype.kind]
    numbers = {256: width, 257: height, 258: 8 * values.dtype.itemsize, 259: 1, 262: photometric, 273: 0, 277: 1,
               278: height, 279: len(pixels), 339: kind}
    begin = 8 + 2 + 12 * (len(numbers) + len(list(more))) + 4
    entries = [(tag, LONG, 1, struct.pack(order + "L", begin if tag == 273 else number))
               for tag, number in numbers.items()]
    return tiff_head(sorted([*entries, *more]), order) + pixels


def ramp(kind: str) -> NDArray[np.generic]:
    """Return a ramp from black to white, 4 rows of 9 equal steps, over the whole range of a kind of number (0-1 for
    floats).
    """
    steps = np.tile(np.arange(9), (4, 1))
    if np.dtype(kind).kind == "f":
        return (steps / 8).astype(kind)
    info = np.iinfo(kind)
    return np.array([[int(info.min) + (int(info.max) - int(info.min)) * int(step) // 8 for step in row]
                     for row in steps], kind)


def wide_png(side: int) -> bytes:
    """Return a black PNG of `side` × `side` pixels of one bit: 24 kB for 196 million pixels."""
    packer = zlib.compressobj(9)
    row = bytes(1 + (side + 7) // 8)
    pixels = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    head = struct.pack(">LLBBBBB", side, side, 1, 0, 0, 0, 0)
    return PNG_HEAD + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
