"""`/predict`: exactly one entry per task, in order, within the time Label Studio and a waiting person have.

What is already computed is answered at once. The rest goes to the SAM 3 worker and is waited for until the deadline;
what is still missing then becomes a run that pushes. `[]` means "not ready": Label Studio stores nothing and asks
again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from typing import Any, Never

from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer

from argus import queue_names
from argus.errors import QUEUE_OUTAGES, ArgusError
from argus.jobs import queues
from argus.labelstudio.task_data import TaskImage
from argus.labelstudio.types import Task
from argus.settings import Settings
from label_studio_config import arm_store, projects
from label_studio_config.label_config import LabelPlan
from label_studio_config.projects import ProjectRow
from label_studio_config.recipe import Recipe, plan_for, recipe_for
from ml_backend.detection import store
from ml_backend.detection.step_size import FEW_TASKS
from ml_backend.predictions import claim_store, delivery, jobs
from ml_backend.predictions.claim_store import NewPrediction
from ml_backend.runs import runs, task_states
from ml_backend.runs.scheduling import enqueue_for_answer
from ml_backend.smart_tools.asking import SmartTools
from ml_backend.smart_tools.request import Request

log = logging.getLogger(__name__)
LABEL_STUDIO_PATIENCE = 100.0  # seconds Label Studio 1.23 waits for /predict
_MARGIN = 10.0
_SETTLE_SECONDS = 2.0
_ENDED = (JobStatus.FINISHED, JobStatus.FAILED, JobStatus.STOPPED, JobStatus.CANCELED)

Answer = NewPrediction | list[Never]  # the list is empty: not ready, or another channel delivers it


class Predictor:
    """Answers `/predict`. The calls that wait at a time are bounded: `/health` always finds a thread."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._seats = threading.BoundedSemaphore(settings.predict_waiters)
        self._smart_tools = SmartTools(settings)

    def answer(self, project: ProjectRow, tasks: Sequence[Task]) -> list[Answer]:
        """Return one entry per task: its prediction, or `[]` when it is not ready or another channel delivers it."""
        plan, recipe = plan_for(project), recipe_for(project)
        labels = [c.label for c in recipe.concepts]
        usable = projects.remember_tasks(project["id"], plan.image, tasks)
        usable -= arm_store.held(project["id"], sorted(usable))
        ids = [t["id"] for t in tasks if t["id"] in usable]
        lacking = list(store.missing(ids, recipe, labels))
        failed: set[int] = set()
        if lacking and self._seats.acquire(blocking=False):
            try:
                failed = self._wait(project["id"], lacking, self.deadline(len(tasks)))
            finally:
                self._seats.release()
            lacking = list(store.missing(lacking, recipe, labels))
        complete = [t for t in ids if t not in set(lacking)]
        store.adopt(complete, recipe, labels)
        ready = self._claim(project["id"], plan, recipe, complete)
        self._leave_to_run(project["id"], labels, lacking, failed, opened=len(tasks) == 1)
        return [ready.get(t["id"], []) for t in tasks]

    def deadline(self, count: int) -> float:
        """Return the seconds this answer may take: a person waits for one task, Label Studio stores many one by one."""
        if count == 1:
            return self.settings.predict_deadline_single
        left = LABEL_STUDIO_PATIENCE - count * self.settings.predict_store_seconds - _MARGIN
        return max(0.0, min(self.settings.predict_deadline, left))

    def _wait(self, project_id: int, task_ids: list[int], seconds: float) -> set[int]:
        """Let the worker detect, and wait for it; return the tasks that failed."""
        size = min(self.settings.chunk_tasks, FEW_TASKS)
        queue = queue_names.SAM3_NOW if len(task_ids) == 1 else queue_names.SAM3
        end = time.time() + seconds
        try:
            with queues.reachable():
                return self._collect({enqueue_for_answer(queue, project_id, task_ids[i:i + size], end)
                                      for i in range(0, len(task_ids), size)}, end)
        except ArgusError as error:
            if error.code not in QUEUE_OUTAGES | {"busy"}:
                raise
            log.warning("the queue takes no jobs; nothing is computed now", extra={"reason": error.message})
            return set()

    @staticmethod
    def _collect(names: set[str], end: float) -> set[int]:
        failed: set[int] = set()
        pause = 0.01
        while names and time.time() < end:
            for job in Job.fetch_many(sorted(names), connection=queues.get_redis(), serializer=JSONSerializer):
                if job is not None and (status := job.get_status(refresh=False)) in _ENDED:
                    names.discard(job.id)
                    result = job.latest_result() if status == JobStatus.FINISHED else None
                    said = (result and result.return_value) or {}
                    failed |= set(said.get("failed", ()))
                    names |= {said["next"]} if said.get("next") else set()
            time.sleep(pause)
            pause = min(pause * 1.3, 0.2)
        return failed

    @staticmethod
    def _claim(project_id: int, plan: LabelPlan, recipe: Recipe, task_ids: list[int]) -> dict[int, NewPrediction]:
        """Claim what is computed. A task that Label Studio asks for although we delivered it may have lost it: look."""
        built = delivery.build(plan, recipe, task_ids)
        version = recipe.model_version
        mine = claim_store.claim(project_id, version, built.values(), "predict")
        if taken := [t for t in built if t not in mine]:
            try:
                delivery.settle(project_id, version, taken)
                mine |= claim_store.claim(project_id, version, [built[t] for t in taken], "predict")
            except ArgusError as error:
                log.warning("claims could not be checked", extra={"code": error.code, "reason": error.message})
        if mine:  # confirmed by reading back, once Label Studio has had the time to store them
            wait = _SETTLE_SECONDS + 2 * len(mine) * 0.16
            try:
                jobs.schedule("ml_backend.predictions.jobs.push_tasks", project_id, sorted(mine), seconds=wait)
            except ArgusError as error:  # the claims are ours: answer all the same, the background pass confirms them
                log.warning("the answer is confirmed later, not at once", extra={"code": error.code})
        return {t: built[t].to_prediction(version) for t in mine}

    @staticmethod
    def _leave_to_run(project_id: int, labels: list[str], lacking: list[int], failed: set[int], opened: bool) -> None:
        """Make a run of what is missing, unless one is at it: people click again while they wait.

        A broken image that is merely opened starts none, or each look would.
        """
        expected = task_states.expected(project_id, labels, lacking) if lacking else set()
        wanted = [t for t in lacking if not (opened and t in failed) and t not in expected]
        if not wanted:
            return
        try:
            runs.create_run(project_id, labels, wanted, {"source": "retrieve"})
        except ArgusError as error:
            log.warning("no run for what is missing", extra={"code": error.code, "reason": error.message})

    def interact(self, project: ProjectRow, task: Task, context: Any) -> NewPrediction:
        """Answer a smart tool in one round trip.

        Raises:
            ArgusError: `bad_request`, `unknown_label`, and what `SmartTools.ask` raises.
        """
        plan = plan_for(project)
        request = Request.from_context(context, plan)
        url = projects.image_url(task.get("data"), plan.image)
        if url is None:
            raise ArgusError("bad_request", f"The task has no image under {plan.image.key!r}.")
        answer = self._smart_tools.ask(TaskImage(project["id"], task["id"], url), request)
        scores = [r["score"] for r in answer["result"]]
        return {"result": answer["result"], "score": min(scores, default=None),
                "model_version": recipe_for(project).model_version}
