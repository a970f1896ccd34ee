"""Images ahead of the model: threads fetch, decode and resize the next batches while it computes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from PIL import Image

from argus import trace
from argus.errors import ArgusError, as_argus_error
from argus.images.fetcher import get_images, open_image
from argus.images.video_files import a_video, begins_as_video
from argus.labelstudio.task_data import TaskImage
from search_service.embedding import near_duplicates, store
from search_service.embedding.encoder import Pixels

FETCHERS = 4  # threads that work ahead of the model
Prepare = Callable[[Image.Image], Image.Image | Pixels]


@dataclass(frozen=True)
class Fetched:
    """An image ready for the model. `digest` is the sha256 of the file, `dhash` as of `near_duplicates.dhash`."""

    task_id: int
    url: str
    digest: bytes
    image: Image.Image | Pixels
    dhash: bytes


@dataclass(frozen=True)
class Unusable:
    """An image that could not be had, or (then `digest` is known) that could not be read."""

    task_id: int
    url: str
    digest: bytes | None
    error: ArgusError


Batch = list[Fetched | Unusable]


def batches(fetchers: ThreadPoolExecutor, todo: Sequence[TaskImage], size: Callable[[], int],
            max_side: int, prepare: Prepare = lambda image: image) -> Iterator[Batch]:
    """Yield the images in batches of the size that is right just then; the next ones load meanwhile.

    Args:
        max_side: see `argus.images.fetcher.open_image`.
        prepare: what the model needs of an image; done in the threads too.
    """
    futures: list[Future[Fetched | Unusable]] = []
    started = taken = 0
    try:
        while taken < len(todo):
            now = size()
            while started < min(len(todo), taken + 2 * now + FETCHERS):
                image = todo[started]
                futures.append(fetchers.submit(trace.carried(_fetch, task=image.task_id), image, max_side, prepare))
                started += 1
            batch = [future.result() for future in futures[:now]]
            del futures[:now]
            taken += len(batch)
            _record(batch)
            yield batch
    finally:
        for future in futures:
            future.cancel()


def _fetch(task: TaskImage, max_side: int, prepare: Prepare) -> Fetched | Unusable:
    digest = None
    try:
        file = get_images().fetch(task)
        digest = file.sha256
        image = _opened(file.data, max_side)
        return Fetched(task.task_id, task.url, digest, prepare(image), near_duplicates.dhash(image))
    except Exception as error:
        return Unusable(task.task_id, task.url, digest, as_argus_error(error))


def _opened(data: bytes, max_side: int) -> Image.Image:
    try:
        return open_image(data, max_side)
    except ArgusError as error:
        raise a_video() if begins_as_video(data[:1024]) else error from error


def _record(batch: Batch) -> None:
    """Keep which images were fetched, before the model begins: it may take long, and people look at the progress."""
    if fetched := {item.task_id: (item.url, item.digest) for item in batch if item.digest}:
        store.record_fetched(fetched)
