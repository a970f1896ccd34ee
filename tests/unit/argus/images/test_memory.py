"""Small pictures in a bounded memory: the same picture as the plain way makes, and the budget they share."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image

from argus.errors import ArgusError
from argus.images import memory
from argus.images.fetcher import open_image
from argus.images.files import OpenedFile
from argus.images.memory import Budget, picture_part
from argus.settings import get_settings
from tests.waiting import wait_for

# What a process needs to decode each file whose name it reads, and what was said beforehand, in bytes. Each is decoded
# in a fork: the peak of a process never falls, and a new interpreter for each takes most of a second.
MEASURE = """
import os, sys
from pathlib import Path
from PIL import Image
from argus.images.files import open_file
from argus.images.memory import decode_bytes

def peak():
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024

Image.preinit(), Image.init()
for line in sys.stdin:
    if os.fork():
        os.wait()
        continue
    opened = open_file(Path(line.strip()).read_bytes())
    before, said = peak(), decode_bytes(opened, opened.image.size)
    opened.load()
    print(peak() - before, said, flush=True)
    os._exit(0)
"""


def picture(width: int = 400, height: int = 300) -> Image.Image:
    """Every place looks different, and smooth: however it is made smaller, it stays nearly the same."""
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return Image.fromarray(np.stack([x, y, (255 - x) / 2 + y / 4], 2).astype(np.uint8))


def file(image: Image.Image, form: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def turned(value: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = value
    return exif


def close(one: Image.Image, other: Image.Image, most: float = 3) -> bool:
    assert one.size == other.size
    return bool(np.abs(np.asarray(one, float) - np.asarray(other, float)).mean() < most)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_picture_part__the_part_that_the_plain_way_gives_however_it_is_turned(form: str, orientation: int) -> None:
    data = file(picture(1600, 1200), form, exif=turned(orientation))
    plain = open_image(data)
    box = (plain.width // 8, plain.height // 4, plain.width // 2, plain.height // 3)
    for side in (400, 80):
        expected = plain.crop(box)
        expected.thumbnail((side, side), Image.Resampling.LANCZOS)
        assert close(picture_part(data, side, lambda whole: box), expected)
    whole = plain.copy()
    whole.thumbnail((100, 100), Image.Resampling.LANCZOS)
    assert close(picture_part(data, 100), whole)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "CMYK", "I;16", "F"])
def test_picture_part__every_mode_as_the_plain_way(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "TILE", 64)
    plain = picture()
    if mode == "I;16":
        plain = Image.fromarray(np.asarray(plain.convert("L")).astype(np.uint16) * 256)
    elif mode == "F":
        plain = Image.fromarray(np.asarray(plain.convert("L")).astype(np.float32) * 7)
    elif mode == "P":
        plain = plain.quantize(64)
        plain.info["transparency"] = 3
    elif mode != "RGB":
        plain = plain.convert(mode)
        if "A" in mode:
            plain.putalpha(picture().getchannel("R"))
    data = file(plain, "TIFF" if mode in ("CMYK", "F") else "PNG")
    expected = open_image(data)
    expected = expected.resize((100, 75), Image.Resampling.LANCZOS, reducing_gap=2.0)
    assert close(picture_part(data, 100), expected, 6 if mode == "1" else 3)


def test_picture_part__an_exif_after_the_pixels_of_a_png_does_not_count_as_in_the_plain_way() -> None:
    data = file(picture(), exif=turned(6))
    start = data.index(b"eXIf") - 4
    length = int.from_bytes(data[start:start + 4], "big") + 12
    end = data.index(b"IEND") - 4
    late = data[:start] + data[start + length:end] + data[start:start + length] + data[end:]
    assert picture_part(data, 100).size == (75, 100) and open_image(data).size == (300, 400)
    assert picture_part(late, 100).size == (100, 75) and open_image(late).size == (400, 300)


def test_picture_part__a_small_part_grows_only_so_much_and_by_area_keeps_thin_ones_high() -> None:
    data = file(picture())
    assert picture_part(data, 224, lambda _: (10, 10, 30, 20), enlarge=4.0).size == (80, 40)
    assert picture_part(data, 4000).size == (400, 300)
    assert picture_part(file(picture(3000, 30)), 100, by_area=True).size == (1000, 10)


def test_picture_part__a_damaged_file_gives_its_memory_back() -> None:
    whole = file(picture(), "JPEG")
    before = memory.get_budget().free
    for data in (whole[:len(whole) // 3], b"not an image"):
        with pytest.raises(ArgusError) as caught:
            picture_part(data, 100)
        assert caught.value.code == "bad_image"
    assert memory.get_budget().free == before


@pytest.fixture(scope="module")
def large() -> Image.Image:
    return picture(4000, 3000)


FAST = {"compress_level": 1}
KINDS = {"png": FAST, "rgba.png": FAST, "grey.png": FAST, "jpg": {}, "progressive.jpg": {"progressive": True},
         "progressive444.jpg": {"progressive": True, "subsampling": 0}, "webp": {"method": 0}, "avif": {"speed": 10},
         "jp2": {}, "gif": {}, "bmp": {}, "ppm": {}, "tif": {}, "one-strip.tif": {"compression": "tiff_lzw",
                                                                              "strip_size": 2**30}}


@pytest.fixture(scope="module")
def measuring() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen([sys.executable, "-c", MEASURE], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as process:
        yield process


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("kind", KINDS)
def test_decode_bytes__what_is_said_beforehand_is_enough_for_every_format(
        kind: str, large: Image.Image, measuring: subprocess.Popen[str], tmp_path: Path) -> None:
    image = large.copy()
    if kind == "rgba.png":
        image.putalpha(128)
    path = tmp_path / f"large.{kind}"
    (image.convert("L") if kind == "grey.png" else image).save(path, **KINDS[kind])  # type: ignore[arg-type]
    assert measuring.stdin and measuring.stdout
    measuring.stdin.write(f"{path}\n")
    measuring.stdin.flush()
    needed, said = map(int, measuring.stdout.readline().split())
    assert needed < said + 8 * 2**20, f"{needed / 2**20:.0f} MiB, {said / 2**20:.0f} were said"


def test_budget__what_never_fits_is_refused_with_the_setting_that_helps() -> None:
    with pytest.raises(ArgusError, match="takes 2 MiB of memory, and there are 1") as caught, Budget(2**20).hold(2**21):
        pass
    assert caught.value.code == "image_too_large" and "ARGUS_PICTURE_MEMORY_MB" in caught.value.hint


def test_budget__what_does_not_fit_now_waits_its_turn_and_is_told_to_come_again() -> None:
    budget = Budget(100, patience=0.1, waiters=1)
    with budget.hold(60), budget.hold(40):
        with pytest.raises(ArgusError) as caught, budget.hold(1):
            pass
        assert caught.value.code == "busy" and caught.value.details["retry_after"] == memory.AGAIN
    assert budget.free == 100


def test_budget__first_come_first_served_and_only_so_many_wait() -> None:
    budget, order = Budget(100, patience=60, waiters=2), []
    threads = []

    def take(name: str, size: int) -> None:
        with budget.hold(size):
            order.append(name)

    with budget.hold(50):
        for place, (name, size) in enumerate((("large", 100), ("small", 10)), 1):  # the small one does not overtake
            threads.append(threading.Thread(target=take, args=(name, size)))
            threads[-1].start()
            wait_for(lambda place=place: len(budget._queue) == place, 60)  # type: ignore[misc]
        with pytest.raises(ArgusError) as caught, budget.hold(1):
            pass
        assert caught.value.code == "busy" and order == []
    for thread in threads:
        thread.join(60)
    assert order == ["large", "small"] and budget.free == 100


def test_budget__a_small_one_need_not_wait_behind_a_large_one() -> None:
    budget, taken = Budget(100, patience=60, small=10), []
    with budget.hold(50):
        large = threading.Thread(target=lambda: taken.append(budget.hold(100).__enter__()))
        large.start()
        wait_for(lambda: len(budget._queue) == 1, 60)
        with budget.hold(10):
            assert (budget.free, taken) == (40, [])
    large.join(60)
    assert taken == [None]


def test_the_default_budget_decodes_a_plain_picture_of_the_pixel_limit() -> None:
    settings = get_settings()
    image = Image.new("RGB", (1, 1))
    image._size = (settings.max_image_pixels // 10_000, 10_000)
    opened = OpenedFile(image, 1, b"", cut=False)
    assert memory.decode_bytes(opened, image.size) + 32 * 1600**2 <= settings.picture_memory_mb * 2**20
