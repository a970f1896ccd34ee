"""What the doctor has a worker do: say how it stands, and fetch an image as its jobs would. Runs inside the worker."""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NotRequired, TypedDict

from argus import __version__
from argus.errors import as_argus_error
from argus.images.fetcher import get_images, open_image
from argus.jobs import queues
from argus.jobs.queues import Packed
from argus.labelstudio.task_data import TaskImage
from argus.settings import get_settings

# Who has a model looks at it, too.
EXAMINE = {"siglip": "search_service.embedding.worker.examine", "sam3": "ml_backend.sam3_worker.engine.examine",
           "default": "argus.jobs.self_check.examine", "export": "argus.jobs.self_check.examine"}


class ModelTest(TypedDict):
    """A model that passed its self-test in so many `seconds`; `fresh`: just now, and not when it was loaded."""

    checkpoint: str
    device: str
    seconds: float
    fresh: bool


class Examined(TypedDict):
    """How a worker stands: `time` is its clock, Unix seconds; `free` are bytes of the disk that holds `home`.

    Workers of other versions answer with these fields, too: one may be added, and none be renamed.
    """

    version: str
    host: str
    home: str
    free: int
    writable: bool
    model: NotRequired[ModelTest | Packed]
    time: float


class FetchedImage(TypedDict):
    """An image file of so many `bytes`; its sides are pixels."""

    bytes: int
    width: int
    height: int


def examine(model: Callable[[], ModelTest] | None = None) -> Examined:
    """Job of each role's first queue.

    Args:
        model: tests the role's model, or raises.
    """
    home = get_settings().home
    disk = look(home)
    tested: ModelTest | Packed | None = None
    try:
        tested = model() if model else None
    except Exception as error:
        tested = queues.pack(as_argus_error(error))
    said = Examined(version=__version__, host=socket.gethostname(), home=str(home), free=disk.free,
                    writable=disk.writable, time=time.time())
    if tested is not None:
        said["model"] = tested
    return said


@queues.answering
def fetch_image(project_id: int, task_id: int, url: str) -> FetchedImage:
    """Job: fetch a task's image past the cache and decode it; what goes wrong is packed."""
    data = get_images().download(TaskImage(project_id, task_id, url))
    image = open_image(data)
    return FetchedImage(bytes=len(data), width=image.width, height=image.height)


@dataclass(frozen=True)
class Disk:
    """Bytes that are free, and whether this process may write."""

    free: int
    writable: bool


def look(home: Path) -> Disk:
    """Return how the disk stands that holds `home`, or will hold it once it is made."""
    place = next(folder for folder in (home, *home.absolute().parents) if folder.exists())
    return Disk(shutil.disk_usage(place).free, os.access(place, os.W_OK))
