"""Images ahead of the model, from one chunk to the next."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from PIL import Image

from argus.labelstudio.task_data import TaskImage
from ml_backend.detection.ahead import FETCHERS, KEPT, KEPT_PIXELS, Ahead

Fetch = Callable[[TaskImage], Image.Image]


def image(number: int, url: str = "") -> TaskImage:
    return TaskImage(1, number, url or f"/{number}.jpg")


@pytest.fixture
def fetched() -> list[int]:
    return []


@pytest.fixture
def fetch(fetched: list[int]) -> Fetch:
    def one(wanted: TaskImage) -> Image.Image:
        fetched.append(wanted.task_id)
        return Image.new("RGB", (4, 3))
    return one


def test_ahead__what_was_not_taken_is_there_in_the_next_chunk(fetch: Fetch, fetched: list[int]) -> None:
    ahead = Ahead()
    with ahead.chunk():
        for number in range(4):
            ahead.load(image(number), fetch)
        assert ahead.take(image(0)).result().size == (4, 3)
        for number in range(1, 4):
            wait(ahead, number)
    with ahead.chunk():
        for number in range(1, 4):
            ahead.load(image(number), fetch)
            ahead.take(image(number)).result()
    assert sorted(fetched) == [0, 1, 2, 3]


def wait(ahead: Ahead, number: int) -> None:
    """Wait until an image is loaded, and leave it there."""
    future = ahead.take(image(number))
    future.result()
    ahead._ready[image(number)] = future


def test_ahead__another_image_of_the_task_is_fetched(fetch: Fetch, fetched: list[int]) -> None:
    ahead = Ahead()
    with ahead.chunk():
        ahead.load(image(1), fetch)
        wait(ahead, 1)
    with ahead.chunk():
        ahead.load(image(1, "/other.jpg"), fetch)
        ahead.take(image(1, "/other.jpg")).result()
    assert fetched == [1, 1]


def test_ahead__what_failed_is_tried_again(fetch: Fetch, fetched: list[int]) -> None:
    ahead = Ahead()

    def away(wanted: TaskImage) -> Image.Image:
        raise OSError("away")

    with ahead.chunk():
        ahead.load(image(1), away)
        with pytest.raises(OSError, match="away"):
            wait(ahead, 1)
        ahead.load(image(1), away)
    with ahead.chunk():
        ahead.load(image(1), fetch)
        ahead.take(image(1)).result()
    assert fetched == [1]


def test_ahead__keeps_few_images_and_few_pixels(fetch: Fetch) -> None:
    ahead = Ahead()
    with ahead.chunk():
        for number in range(3 * KEPT):
            ahead.load(image(number), fetch)
            wait(ahead, number)
    assert sorted(ahead._ready, key=lambda one: one.task_id) == [image(number) for number in range(2 * KEPT, 3 * KEPT)]
    large = Image.new("1", (KEPT_PIXELS // 1000, 600))
    with ahead.chunk():
        for number in range(100, 103):
            ahead.load(image(number), lambda wanted: large)
            wait(ahead, number)
    assert len(ahead._ready) == 1


def test_ahead__a_chunk_that_fails_leaves_nothing_that_has_not_begun(fetch: Fetch, fetched: list[int]) -> None:
    ahead, going_on = Ahead(), threading.Event()

    def slow(wanted: TaskImage) -> Image.Image:
        going_on.wait(60)
        return fetch(wanted)

    def fail() -> None:
        with ahead.chunk():
            for number in range(FETCHERS + 5):
                ahead.load(image(number), slow)
            threading.Timer(0.2, going_on.set).start()
            raise RuntimeError("the time is over")

    with pytest.raises(RuntimeError, match="over"):
        fail()
    assert len(fetched) == FETCHERS == len(ahead._ready)
