"""What a job may name. Whoever can write to the queue server can name any function; a worker runs none but these."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from rq.exceptions import DeserializationError
from rq.job import Job

log = logging.getLogger(__name__)
JOBS = frozenset({
    "argus.jobs.self_check.examine",
    "argus.jobs.self_check.fetch_image",
    "ml_backend.smart_tools.jobs.answer_smart_tool",
    "ml_backend.sam3_worker.detect_jobs.detect_for_answer",
    "ml_backend.sam3_worker.detect_jobs.detect_for_preview",
    "ml_backend.sam3_worker.detect_jobs.detect_next",
    "ml_backend.sam3_worker.engine.examine",
    "ml_backend.sam3_worker.detect_jobs.unread_prompts",
    "ml_backend.sam3_worker.engine.prepare",  # asked for by who wants to know that the model is loaded
    "ml_backend.predictions.jobs.push_next",
    "ml_backend.predictions.jobs.push_tasks",
    "ml_backend.predictions.jobs.remove_old_versions",
    "ml_backend.predictions.jobs.reshape",
    "search_service.periodic.sync_job",
    "search_service.export.jobs.run",
    "search_service.vectors.indexes.update",
    "search_service.embedding.object_jobs.embed_objects",
    "search_service.embedding.worker.calibration",
    "search_service.embedding.worker.embed",
    "search_service.embedding.worker.encode_crops",
    "search_service.embedding.worker.encode_image",
    "search_service.embedding.worker.encode_text",
    "search_service.embedding.worker.examine",
    "search_service.embedding.worker.unread_text",
    "search_service.views.saved_searches.refresh_job",
    "search_service.views.query_tabs.fill",
    "search_service.views.view_ranks.write_job",
})
# Names in queues that an earlier build left behind, and what they are called now. What is not here is asked for anew.
RENAMED = {
    "ml_backend.jobs.detect_next": "ml_backend.sam3_worker.detect_jobs.detect_next",
    "ml_backend.push_jobs.push_next": "ml_backend.predictions.jobs.push_next",
    "ml_backend.push_jobs.push_tasks": "ml_backend.predictions.jobs.push_tasks",
    "ml_backend.push_jobs.remove_old_versions": "ml_backend.predictions.jobs.remove_old_versions",
    "search_service.exports.run": "search_service.export.jobs.run",
    "search_service.indexes.update": "search_service.vectors.indexes.update",
    "search_service.jobs.embed": "search_service.embedding.worker.embed",
    "search_service.saved.refresh_job": "search_service.views.saved_searches.refresh_job",
    "search_service.tabs.fill": "search_service.views.query_tabs.fill",
}


class RefusedJob(Exception):
    """A job that none of our processes has made."""


class OurJob(Job):
    """A job as workers read it: RQ imports and calls what it names, here only if that is in `JOBS`.

    Ours have no callbacks and no webhooks, so these are left out, also where RQ calls them for a worker that died.
    """

    success_callback = failure_callback = stopped_callback = None

    def restore(self, raw_data: Any) -> Any:
        restored = super().restore(raw_data)
        self.webhooks = []
        return restored

    @property
    def func(self) -> Callable[..., Any]:
        """The function. Raises `RefusedJob`, after which the job is not tried again."""
        if self.func_name in RENAMED:
            self.func_name = RENAMED[self.func_name]
        if self.func_name not in JOBS or self.instance is not None:
            self.retries_left = 0
            log.error("a job was refused", extra={"job": self.id, "function": name_of(self), "queue": self.origin})
            raise RefusedJob(f"{name_of(self)} is no job of Argus.")
        function: Callable[..., Any] = super().func
        return function


def name_of(job: Job) -> str:
    """Return the name of a job's function, for the log; empty when the job cannot be read."""
    try:
        return str(job.func_name)[:100]
    except DeserializationError:
        return ""
