"""What Argus opens is what Chromium shows: which way up, how large, which pixels."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from PIL import Image, ImageChops, ImageStat
from playwright.sync_api import Browser

from argus.images.fetcher import open_image
from benchmarks.odd_inputs import image_files
from benchmarks.odd_inputs.chromium import Chromium
from search_service.export.files import inspect_image

pytestmark = pytest.mark.browser
TURNED = image_files.turned_jpegs() | image_files.turned_others()
# Chromium leaves out the last rows of such a file, and the files are compared with the whole one.
WITHOUT_END = "JPEG without its end"


@pytest.fixture(scope="module")
def chromium(browser: Browser) -> Iterator[Chromium]:
    page = browser.new_page()
    page.goto("about:blank")
    yield Chromium(page, browser.version)
    page.close()


def test_there_are_enough_of_each_kind() -> None:
    assert len(TURNED) >= 24
    assert {name.split(",")[0] for name in TURNED} >= {"PNG", "WebP", "AVIF", "GIF"}


@pytest.mark.parametrize("name", TURNED)
def test_a_picture_is_turned_as_chromium_turns_it(chromium: Chromium, name: str) -> None:
    same_as_shown(chromium, TURNED[name], TURNED[name])


@pytest.mark.parametrize("name", image_files.damaged())
def test_what_is_broken_around_a_picture_costs_nothing(chromium: Chromium, name: str) -> None:
    data = image_files.damaged()[name]
    same_as_shown(chromium, data + b"\xff\xd9" if name == WITHOUT_END else data, data)


def same_as_shown(chromium: Chromium, reference: bytes, data: bytes) -> None:
    shown = chromium.shows(reference)
    assert shown is not None
    image = open_image(data)
    assert list(image.size) == shown["size"] == list(inspect_image(data)[:2])
    picture = Image.new("RGB", (4, 4))
    picture.putdata([tuple(pixel) for pixel in shown["pixels"]])
    points = image.resize((4, 4), Image.Resampling.NEAREST)
    assert max(high for _, high in ImageStat.Stat(ImageChops.difference(picture, points)).extrema) <= 12


def test_transparent_grey_of_16_bits(chromium: Chromium) -> None:
    grey = Image.new("I;16", (64, 32), 30_000)
    grey.paste(50_000, (0, 0, 32, 32))
    file = io.BytesIO()
    grey.save(file, "PNG")
    data = image_files.png(image_files.chunk(b"tRNS", (30_000).to_bytes(2, "big")), body=file.getvalue())
    same_as_shown(chromium, data, data)
