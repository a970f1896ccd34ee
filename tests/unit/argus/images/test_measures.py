"""How bright and how sharp images are."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter

from argus.images.measures import measure
from demo.draw import Split
from demo.scenes import make_scene, render_scene


@pytest.fixture(scope="module", params=["full", "empty"])
def picture(request: pytest.FixtureRequest) -> Image.Image:
    seeds = (seed for seed in range(100) if bool(make_scene(Split.TRAIN, seed).parts) == (request.param == "full"))
    return render_scene(make_scene(Split.TRAIN, next(seeds)), 960)[0]


def test_blurring_takes_the_sharpness_and_not_the_brightness(picture: Image.Image) -> None:
    before, after = measure(picture), measure(picture.filter(ImageFilter.GaussianBlur(9)))
    assert after.sharpness < before.sharpness / 2
    assert after.brightness == pytest.approx(before.brightness, abs=0.1)


def test_darkening_takes_the_brightness(picture: Image.Image) -> None:
    before, after = measure(picture), measure(picture.point(lambda value: value // 10))
    assert after.brightness == pytest.approx(before.brightness / 10, abs=0.02)


def test_a_dark_picture_with_a_light_part_is_not_dark() -> None:
    pixels = np.zeros((100, 100), np.uint8)
    pixels[:40, :40] = 200
    assert measure(Image.fromarray(pixels)).brightness == pytest.approx(200 / 255, abs=0.01)


@pytest.mark.parametrize("size", [(1, 1), (5000, 3), (3, 5000), (320, 180)])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "CMYK", "I;16"])
def test_every_size_and_mode_is_measured(size: tuple[int, int], mode: str) -> None:
    found = measure(Image.new(mode, size))
    assert 0 <= found.brightness <= 1 and 0 <= found.sharpness <= 1
