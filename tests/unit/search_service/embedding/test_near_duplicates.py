"""Near-duplicates by hand-checkable frames: hash, window, and what counts as the original."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from search_service.embedding.near_duplicates import Frame, dhash, distance, duplicates

FAR, NEAR = np.array([0, 1], np.float32), np.array([1, 0], np.float32)


def scene(x: int = 100, level: int = 110, noise: int = 0) -> Image.Image:
    """A grey belt with a dark part whose left edge is at `x` of 640 pixels."""
    image = Image.new("RGB", (640, 360), (level,) * 3)
    ImageDraw.Draw(image).rectangle((x, 100, x + 200, 260), fill=(30, 30, 35))
    if noise:
        pixels = np.asarray(image, np.int16) + np.random.default_rng(noise).normal(0, 4, (360, 640, 3))
        image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    return image


def test_dhash__noise_and_brightness_change_little_and_a_moved_part_much() -> None:
    still = dhash(scene())
    assert len(still) == 32
    assert distance(still, dhash(scene(noise=1))) <= 6
    assert distance(still, dhash(scene(level=125))) <= 6
    assert distance(still, dhash(scene(x=160))) > 6
    assert distance(still, dhash(Image.new("RGB", (640, 360)))) > 6


def test_distance__counts_bits() -> None:
    assert distance(b"\x00\xff", b"\x01\x0f") == 5


def frames(*spec: tuple[float, str, np.ndarray]) -> list[Frame]:
    """Frames of `(seconds, hash letter, vector)`, numbered from 1."""
    return [Frame(number, seconds, letter.encode() * 32, vector)
            for number, (seconds, letter, vector) in enumerate(spec, 1)]


def test_duplicates__the_first_is_the_original_and_both_signs_must_agree() -> None:
    found = duplicates(frames((0, "a", NEAR), (1, "a", NEAR), (2, "z", NEAR), (3, "a", FAR), (4, "a", NEAR)),
                       seconds=30, bits=6, similarity=0.98)
    assert found == {1: None, 2: 1, 3: None, 4: None, 5: 1}


def test_duplicates__outside_the_window_a_frame_counts_as_new() -> None:
    still = frames(*((float(second), "a", NEAR) for second in range(8)))
    assert duplicates(still, seconds=3, bits=6, similarity=0.98) == {1: None, 2: 1, 3: 1, 4: 1, 5: None, 6: 5, 7: 5,
                                                                     8: 5}


def test_duplicates__goes_on_from_the_frames_that_were_kept_before() -> None:
    first, second = frames((0, "a", NEAR), (1, "a", NEAR))
    assert duplicates([second], [first], seconds=30, bits=6, similarity=0.98) == {2: 1}


def test_duplicates__a_window_of_nothing_marks_nothing() -> None:
    still = frames((0, "a", NEAR), (1, "a", NEAR))
    assert set(duplicates(still, seconds=0, bits=6, similarity=0.98).values()) == {None}
