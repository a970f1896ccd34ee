"""What went wrong with single images, kept with their tasks."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Protocol

from argus.errors import ArgusError, as_argus_error, may_pass
from search_service.embedding import store
from search_service.vectors.model_change import MAX_ATTEMPTS

log = logging.getLogger(__name__)


class Keep(Protocol):
    def __call__(self, task_id: int, error: ArgusError, *, passing: bool, final: bool) -> None: ...


def record(errors: Mapping[int, ArgusError], attempts: Mapping[int, int], keep: Keep = store.record_failure) -> int:
    """Keep what went wrong by task, and return how many there were. What may pass is tried again, up to
    `MAX_ATTEMPTS`; a video is marked as one.

    Args:
        attempts: how often each task was tried, this time included.
        keep: writes it down.
    """
    for task_id, error in errors.items():
        if error.code == "video_file":
            store.mark_video(task_id)
        else:
            _record(task_id, error, attempts[task_id], keep)
    return len(errors)


def _record(task_id: int, error: ArgusError, attempts: int, keep: Keep) -> None:
    passing = may_pass(error) or error.code == "internal"
    final = not passing or attempts >= MAX_ATTEMPTS
    keep(task_id, error, passing=passing, final=final)
    log.warning("an image or its objects were not embedded",
                extra={"task": task_id, "code": error.code, "final": final})


def told(error: Exception, task_id: int) -> ArgusError:
    """Return the error of an image at which the worker raised."""
    if isinstance(error, MemoryError) or "out of memory" in str(error).lower():
        return ArgusError("out_of_memory", "This image alone does not fit into the memory of the SigLIP worker.",
                          "Free some, or run the worker on another device.")
    return as_argus_error(error, task=task_id)
