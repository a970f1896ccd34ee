"""Images ahead of the model: what becomes of one that cannot be had."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from argus.errors import ArgusError
from argus.labelstudio.task_data import TaskImage
from search_service.embedding import prefetch
from search_service.embedding.prefetch import Unusable


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
