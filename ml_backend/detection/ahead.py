"""Images ahead of the model: threads fetch and decode the next ones while it works."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from PIL import Image

from argus import trace
from argus.labelstudio.task_data import TaskImage

FETCHERS = 4
KEPT, KEPT_PIXELS = 8, 40_000_000  # images from one chunk to the next, and their pixels all together (3 bytes each)


class Ahead:
    """Loads images in threads. What a chunk did not come to is kept for the next one: it goes on with those tasks."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(FETCHERS, "fetch")
        self._ready: dict[TaskImage, Future[Image.Image]] = {}

    def load(self, image: TaskImage, fetch: Callable[[TaskImage], Image.Image]) -> None:
        """Begin to load an image that is not there yet."""
        if image not in self._ready:
            self._ready[image] = self._threads.submit(trace.carried(fetch, task=image.task_id), image)
        self._ready[image] = self._ready.pop(image)  # what was asked for last stays longest

    def take(self, image: TaskImage) -> Future[Image.Image]:
        """Return an image that `load` was called for; it is not kept any longer."""
        return self._ready.pop(image)

    @contextlib.contextmanager
    def chunk(self) -> Iterator[None]:
        """Load and take inside of this. At its end, of what was loaded and not taken, some is kept for the next."""
        try:
            yield
        finally:
            self._keep_some()

    def _keep_some(self) -> None:
        for future in self._ready.values():
            future.cancel()
        loaded = {image: future for image, future in self._ready.items()
                  if not future.cancelled() and future.exception() is None}
        self._ready, pixels = {}, 0
        for image, future in list(loaded.items())[:-KEPT - 1:-1]:
            pixels += future.result().width * future.result().height
            if pixels <= KEPT_PIXELS:
                self._ready[image] = future
