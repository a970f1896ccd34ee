"""Images ahead of the model: what is done in the threads, and what becomes of one that cannot be had."""

from __future__ import annotations

import io
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from argus.errors import ArgusError
from argus.images.fetcher import FetchedImage
from argus.labelstudio.task_data import TaskImage
from search_service.embedding import prefetch
from search_service.embedding.prefetch import Fetched, Unusable


class Broken:
    """Stands in for the image fetcher: every address raises what it is given."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def fetch(self, image: TaskImage) -> None:
        raise self.error


def fetched(error: Exception, monkeypatch: pytest.MonkeyPatch) -> ArgusError:
    monkeypatch.setattr(prefetch, "get_images", lambda: Broken(error))
    with ThreadPoolExecutor(1) as pool:
        ((item,),) = prefetch.batches(pool, [TaskImage(3, 7, "/data/x.jpg")], lambda: 4, 256)
    assert isinstance(item, Unusable) and item.task_id == 7
    return item.error


def test_an_image_that_fails_unexpectedly_keeps_its_reason_for_the_log(monkeypatch: pytest.MonkeyPatch,
                                                                       caplog: pytest.LogCaptureFixture) -> None:
    error = fetched(RuntimeError("password is hunter2"), monkeypatch)
    assert error.code == "internal"
    assert "hunter2" not in str(error.to_json())
    assert "hunter2" in caplog.text
    assert "task 7" in error.hint  # under which the log names it


def test_an_error_of_ours_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = ArgusError("image_unreachable", "It does not answer.", "Is it up?")
    assert fetched(ours, monkeypatch) is ours


class Grey:
    """Stands in for the image fetcher: every address has a grey PNG of 6 × 4 pixels."""

    def fetch(self, image: TaskImage) -> FetchedImage:
        file = io.BytesIO()
        Image.new("RGB", (6, 4), "grey").save(file, "PNG")
        return FetchedImage(file.getvalue(), b"digest")


def test_what_the_model_needs_of_an_image_is_made_in_the_threads_and_fails_alone(
        monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefetch, "get_images", Grey)
    monkeypatch.setattr(prefetch.store, "record_fetched", lambda fetched: None)
    threads: list[threading.Thread] = []

    def prepare(image: Image.Image) -> Image.Image:
        threads.append(threading.current_thread())
        if len(threads) == 2:
            raise MemoryError
        return image.resize((2, 2))

    with ThreadPoolExecutor(1) as pool:
        (batch,) = prefetch.batches(pool, [TaskImage(3, task, f"/{task}.png") for task in range(3)], lambda: 3, 256,
                                    prepare)
    assert threading.main_thread() not in threads and len(threads) == 3
    first, failed, last = batch
    assert isinstance(first, Fetched) and isinstance(first.image, Image.Image) and first.image.size == (2, 2)
    assert len(first.dhash) == 32  # of the image, not of what the model needs
    assert isinstance(failed, Unusable) and failed.digest == b"digest"
    assert isinstance(last, Fetched)
