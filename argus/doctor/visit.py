"""What the doctor has a worker do: say how it stands, and fetch an image as its jobs would. Runs inside the worker."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from argus import __version__, queues
from argus.doctor import disk
from argus.errors import as_argus_error
from argus.images import get_images, open_image
from argus.labelstudio.data import TaskImage
from argus.settings import get_settings

# Who has a model looks at it, too.
EXAMINE = {"siglip": "search_service.jobs.examine", "sam3": "ml_backend.jobs.examine",
           "default": "argus.doctor.visit.examine", "export": "argus.doctor.visit.examine"}


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
    said |= asdict(disk.look(home))
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
