"""What the doctor has a worker do: say how it stands, and fetch an image as its jobs would. Runs inside the worker."""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from argus import __version__
from argus.errors import as_argus_error
from argus.images.fetcher import get_images, open_image
from argus.jobs import queues
from argus.labelstudio.task_data import TaskImage
from argus.settings import get_settings

# Who has a model looks at it, too.
EXAMINE = {"siglip": "search_service.embedding.worker.examine", "sam3": "ml_backend.sam3_worker.engine.examine",
           "default": "argus.jobs.self_check.examine", "export": "argus.jobs.self_check.examine"}


def examine(model: Callable[[], dict[str, Any]] | None = None) -> dict[str, Any]:
    """Job of each role's first queue.

    Args:
        model: tests the role's model and returns `{"checkpoint", "device", "seconds", "fresh"}`, or raises.

    Returns:
        `{"version", "host", "time", "home", "free", "writable"}` and, of a role with a model, `"model"`: what `model`
        returned, or a packed error. `time` is Unix time, `free` bytes.
    """
    home = get_settings().home
    said: dict[str, Any] = {"version": __version__, "host": socket.gethostname(), "home": str(home)}
    said |= asdict(look(home))
    if model:
        try:
            said["model"] = model()
        except Exception as error:
            said["model"] = queues.pack(as_argus_error(error))
    return said | {"time": time.time()}


def fetch_image(project_id: int, task_id: int, url: str) -> Any:
    """Job: fetch a task's image past the cache and decode it. Returns `{"bytes", "width", "height"}` or an error."""
    try:
        data = get_images().download(TaskImage(project_id, task_id, url))
        image = open_image(data)
    except Exception as error:
        return queues.pack(as_argus_error(error))
    return {"bytes": len(data), "width": image.width, "height": image.height}


@dataclass(frozen=True)
class Disk:
    """Bytes that are free, and whether this process may write."""

    free: int
    writable: bool


def look(home: Path) -> Disk:
    """Return how the disk stands that holds `home`, or will hold it once it is made."""
    place = next(folder for folder in (home, *home.absolute().parents) if folder.exists())
    return Disk(shutil.disk_usage(place).free, os.access(place, os.W_OK))
