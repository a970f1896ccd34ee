"""JPEG files for tests: plain ones, and the demo's drawn scenes."""

from __future__ import annotations

import functools
import io

from PIL import Image

from demo.draw import Split
from demo.scenes import SceneObject, make_scene, render_scene


def plain(colour: tuple[int, int, int], size: tuple[int, int] = (64, 48)) -> bytes:
    """One colour, `size` = (width, height) in pixels."""
    return _file(Image.new("RGB", size, colour))


def scene(seed: int | str, width: int = 640, split: Split = Split.HELD_OUT) -> bytes:
    """The scene of this seed, `width` pixels wide; the models were not trained on it."""
    return scene_and_objects(seed, width, split)[0]


@functools.cache
def scene_and_objects(seed: int | str, width: int = 640,
                      split: Split = Split.HELD_OUT) -> tuple[bytes, list[SceneObject]]:
    """The same, and what is on it."""
    image, objects = render_scene(make_scene(split, seed), width)
    return _file(image), objects


def _file(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=90)
    return buffer.getvalue()
