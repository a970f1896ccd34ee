"""Opening of odd files. Which way up they are is held to Chromium in `tests/browser/test_upright.py`."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from random import Random

import numpy as np
import pytest
from PIL import Image
from rq.timeouts import JobTimeoutException

import argus
from argus.errors import ArgusError
from argus.images import files as opening
from argus.images.fetcher import image_header, open_image
from argus.images.metadata import exif_orientation, without_metadata
from argus.settings import get_settings
from benchmarks.odd_inputs import image_files as odd

STORED, TURNED = (64, 32), (32, 64)


def greys(image: Image.Image) -> list[int]:
    """Return the first row's first channel."""
    return [image.getpixel((x, 0))[0] for x in range(image.width)]


def test_only_one_module_opens_images() -> None:
    root = Path(argus.__file__).parents[1]
    openers = [path for package in ("argus", "ml_backend", "search_service", "label_studio_config")
               for path in (root / package).rglob("*.py") if "Image.open(" in path.read_text(encoding="utf-8")]
    assert [path.name for path in openers] == ["files.py"]


@pytest.mark.parametrize(("name", "size"), [
    ("EXIF 6, little endian", TURNED), ("EXIF 8, big endian", TURNED), ("EXIF 3, big endian", STORED),
    ("EXIF 6 as LONG", STORED), ("EXIF 6, count 2", STORED), ("EXIF header twice", STORED), ("XMP 6 alone", STORED),
    ("XMP 3 and EXIF 6", TURNED), ("two EXIF segments, 1 then 6", STORED),
    ("orientation in the sub-directory alone", TURNED), ("several pictures in one file", TURNED)])
def test_open_image__a_jpeg_is_turned_by_its_first_exif_alone(name: str, size: tuple[int, int]) -> None:
    data = odd.turned_jpegs()[name]
    assert open_image(data).size == image_header(data)[:2] == size


@pytest.mark.parametrize(("name", "size"), [
    ("PNG, eXIf 6", TURNED), ("PNG, eXIf 6 behind the pixels", STORED), ("PNG, two eXIf, 6 then 3", TURNED),
    ("PNG, eXIf 6 with a wrong checksum", STORED), ("PNG, raw profile 6", STORED), ("PNG, XMP 6", STORED),
    ("WebP, EXIF 6", STORED), ("WebP, XMP 6", STORED), ("AVIF, XMP 6", STORED),
    ("AVIF, turned as by EXIF 6", TURNED), ("AVIF, EXIF 6 that irot and imir do not repeat", STORED)])
def test_open_image__other_formats_are_turned_by_what_a_browser_believes(name: str, size: tuple[int, int]) -> None:
    data = odd.turned_others()[name]
    assert open_image(data).size == image_header(data)[:2] == size


@pytest.mark.parametrize("value", range(1, 9))
def test_open_image__a_corner_goes_where_exif_says(value: int) -> None:
    """The red corner is the first one of the stored picture. Which one is it for a person? (EXIF 2.32, 4.6.4)"""
    seen = open_image(odd.jpeg(odd.app1(odd.exif(value))))
    right, below = seen.width - 1, seen.height - 1
    corner = {1: (0, 0), 2: (right, 0), 3: (right, below), 4: (0, below), 5: (0, 0), 6: (right, 0), 7: (right, below),
              8: (0, below)}[value]
    assert seen.getpixel(corner)[0] > 200 and seen.getpixel(corner)[1] < 60


def test_exif_orientation__thousands_of_directories_take_no_time() -> None:
    entry = struct.pack("<HHLL", 0x8769, 4, 1, 8)  # each says: look into the directory that this one is
    assert exif_orientation(b"II*\0" + struct.pack("<LH", 8, 0xFFFF) + entry * 0xFFFF) == 1


def test_without_metadata__keeps_how_colours_are_coded() -> None:
    cmyk, rgb = io.BytesIO(), io.BytesIO()
    Image.new("CMYK", (8, 8), (200, 10, 30, 40)).save(cmyk, "JPEG")
    Image.new("RGB", (8, 8), (200, 10, 30)).save(rgb, "JPEG", keep_rgb=True)
    for file in (cmyk, rgb):
        plain, _ = without_metadata(odd.jpeg(odd.segment(0xFFFE, b"hello"), body=file.getvalue()))
        assert b"hello" not in plain
        with Image.open(file) as theirs:
            assert open_image(file.getvalue()).tobytes() == theirs.convert("RGB").tobytes()


@pytest.mark.parametrize("name", odd.damaged())
def test_open_image__what_is_broken_around_a_picture_costs_nothing(name: str) -> None:
    image = open_image(odd.damaged()[name])
    board = odd.board()
    if image.size == TURNED:
        board = board.transpose(Image.Transpose.ROTATE_270)
    difference = np.abs(np.asarray(image, np.int16) - np.asarray(board, np.int16))
    assert np.median(difference) <= 6  # fields of one colour; JPEG blurs their edges


@pytest.mark.parametrize(("cut", "options"), [(3, {}), (10, {}), (100, {}), (150, {"progressive": True})])
def test_open_image__a_picture_that_is_cut_off_is_refused(cut: int, options: dict[str, bool]) -> None:
    with pytest.raises(ArgusError) as caught:
        open_image(odd.saved("JPEG", **options)[:-cut])
    assert caught.value.code == "bad_image"


def test_open_image__our_limit_counts_and_no_librarys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow refuses more than 179 million pixels, whatever our setting is."""
    data = odd.saved("JPEG", Image.new("L", (14_000, 14_000)))
    with pytest.raises(ArgusError) as caught:
        open_image(data, 256)
    assert (caught.value.code, "14000 × 14000" in caught.value.message) == ("image_too_large", True)
    monkeypatch.setenv("ARGUS_MAX_IMAGE_PIXELS", "400000000")
    get_settings.cache_clear()
    try:
        assert open_image(data, 256).size == (1750, 1750)
        assert image_header(odd.wide_png(14_000)) == (14_000, 14_000, "PNG")
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("kind", ["uint8", "uint16", "int16", "uint32", "int32", "float32"])
def test_open_image__a_tiff_of_any_numbers_is_the_ramp_that_a_person_expects(kind: str, order: str) -> None:
    data = odd.tiff(odd.ramp(kind), order)
    if (kind, order) == ("uint32", ">"):
        with pytest.raises(ArgusError, match="32-bit integers with the lowest byte first are"):
            open_image(data)
        return
    row = greys(open_image(data))
    assert row == pytest.approx([255 * step / 8 for step in range(9)], abs=1)


def test_open_image__numbers_without_an_agreed_white_go_from_smallest_to_largest() -> None:
    floats = odd.ramp("float32") * 900 - 300
    floats[2, :4] = np.nan
    counts = odd.ramp("uint32") // 2**20
    for values in (floats, counts):
        row = greys(open_image(odd.tiff(values)))
        assert row == pytest.approx([255 * step / 8 for step in range(9)], abs=1)
    assert open_image(odd.tiff(floats)).getpixel((1, 2)) == (0, 0, 0)
    half = odd.ramp("float32") / 2  # from 0 to 1 there is an agreed white
    assert open_image(odd.tiff(half)).getpixel((8, 0)) == (128, 128, 128)


def test_open_image__white_is_zero_in_some_tiffs() -> None:
    for kind in ("uint8", "uint16", "float32"):
        assert open_image(odd.tiff(odd.ramp(kind), photometric=0)).getpixel((0, 0))[0] == 255


@pytest.mark.parametrize(("values", "reason"), [
    *((odd.ramp(kind), "sample format is not supported, only") for kind in ("float64", "uint64", "float16")),
    (odd.ramp("float32") * np.nan, "no pixel of it is a number")])
def test_open_image__a_tiff_that_is_not_read_says_why(values: np.ndarray, reason: str) -> None:
    with pytest.raises(ArgusError) as caught:
        open_image(odd.tiff(values))
    assert caught.value.code == "bad_image"
    assert reason in caught.value.message


def test_open_image__a_tiff_is_turned_by_its_tag_once() -> None:
    upright = odd.ramp("uint8")
    by_tag = odd.tiff(upright, more=[(odd.ORIENTATION, odd.SHORT, 1, struct.pack("<L", 6))])
    assert open_image(by_tag).size == image_header(by_tag)[:2] == (4, 9)
    packet = odd.xmp(6)
    file = io.BytesIO()
    Image.fromarray(upright).save(file, "TIFF", tiffinfo={700: packet})
    assert open_image(file.getvalue()).size == image_header(file.getvalue())[:2] == (9, 4)


def test_open_image__a_ppm_of_16_bits_keeps_its_greys() -> None:
    data = b"P5 3 1 65535\n" + struct.pack(">3H", 0, 32_768, 65_535)
    assert greys(open_image(data)) == [0, 128, 255]


@pytest.mark.parametrize("error", [struct.error("unpack"), TypeError("what"), KeyError(7), ZeroDivisionError()])
def test_open_image__whatever_a_decoder_raises_is_a_bad_image(monkeypatch: pytest.MonkeyPatch,
                                                              error: Exception) -> None:
    def fails(data: bytes) -> None:
        raise error

    monkeypatch.setattr(opening, "_open", fails)
    for look in (open_image, image_header):
        with pytest.raises(ArgusError) as caught:
            look(odd.saved("JPEG"))
        assert caught.value.code == "bad_image"
        assert "Replace the file" in caught.value.hint


@pytest.mark.parametrize("error", [JobTimeoutException("the job's time is over"), MemoryError()])
def test_open_image__what_is_not_the_files_fault_is_not_told_as_that(monkeypatch: pytest.MonkeyPatch,
                                                                     error: Exception) -> None:
    def fails(data: bytes) -> None:
        raise error

    monkeypatch.setattr(opening, "_open", fails)
    with pytest.raises(type(error)):
        open_image(odd.saved("JPEG"))


def test_open_image__any_damage_is_a_picture_or_a_clear_no() -> None:
    """Bytes changed, cut out, put in and cut off: 1,500 files of all formats."""
    random = Random(5)
    whole = [*odd.turned_others().values(), *odd.turned_jpegs().values(), odd.saved("TIFF"), odd.saved("BMP"),
             odd.saved("JPEG2000"), odd.saved("PPM")]
    opened = 0
    for _ in range(1500):
        data = bytearray(random.choice(whole))
        for _ in range(random.choice([1, 1, 2, 5])):
            at = random.randrange(len(data))
            kind = random.randrange(4)
            data[at:at + (0, 1, 12, len(data))[kind]] = random.randbytes((6, 1, 0, 0)[kind])
            data = data or bytearray(1)
        for look in (open_image, image_header):
            try:
                look(bytes(data))
                opened += 1
            except ArgusError as error:
                assert error.code in ("bad_image", "image_too_large")
    assert 300 < opened < 2700
