"""The way from a web process to the SAM 3 worker for a person who waits."""

from __future__ import annotations

import threading
from typing import cast

from argus import queue_names
from argus.errors import ArgusError
from argus.jobs import queues
from argus.labelstudio.task_data import TaskImage
from argus.settings import Settings
from ml_backend.runs import scheduling
from ml_backend.smart_tools.request import Answer, Request

_GOES_ON = ("It goes on with this image and keeps what it has: try again in a moment. If every new image takes so "
            "long, docs/smart-tools.md says what helps.")


class SmartTools:
    """Asks the worker. The calls that wait at a time are bounded: other requests always find a thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.seats = threading.BoundedSemaphore(settings.predict_waiters)

    def ask(self, image: TaskImage, request: Request) -> Answer:
        """Return what the worker finds.

        It goes on with a question that was given up: encoding the image is most of its work, and the next click on the
        image finds it done.

        Raises:
            ArgusError: `worker_missing`, `timeout`, `queue_unreachable`, `busy`, `not_ready` when too many wait
                already, and what fetching the image raises.
        """
        if not self.seats.acquire(blocking=False):
            raise ArgusError("not_ready", "Too many interactive requests.", "Try again in a moment.")
        try:
            return cast(Answer, queues.call(
                queue_names.SAM3_NOW, "ml_backend.smart_tools.jobs.answer_smart_tool", image.project_id, image.task_id,
                image.url, request.to_json(), deadline=self._settings.predict_deadline_click,
                timeout=scheduling.work_seconds(1)))
        except ArgusError as error:
            if error.code == "timeout" and error.details.get("begun"):
                raise ArgusError("timeout", error.message, _GOES_ON) from error
            raise
        finally:
            self.seats.release()
