"""A look at what a run would find, on a dozen images, before it is started. No prediction and no review sees it.

What is found is stored, marked as previewed, below the display threshold too: a threshold is then tried without the
model, and a run with the same prompts computes these images no second time. The jobs have a queue between the clicks
of people and the bulk. Asking again with the same images and prompts is how progress is seen.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import redis
from rq import Worker
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer

from argus import queue_names
from argus.answers.base import Error
from argus.answers.runs import Preview, PreviewMask, PreviewObject, PreviewTask
from argus.errors import ArgusError
from argus.jobs import queues
from argus.labelstudio.regions import object_id
from label_studio_config import projects
from label_studio_config.label_config import Override
from label_studio_config.recipe import Recipe, plan_for, recipe_for
from ml_backend.detection import store
from ml_backend.detection.store import to_items
from ml_backend.engines.base import Found
from ml_backend.runs import prompt_reading
from ml_backend.runs.recipes import merged

MAX_TASKS = 12
_SECONDS = 600  # a full-size model on a slow CPU
_ENDED = (JobStatus.FINISHED, JobStatus.FAILED, JobStatus.STOPPED, JobStatus.CANCELED)


def preview(project_id: int, task_ids: Sequence[int], concepts: Sequence[Mapping[str, Any]], *,
            retry: bool = False) -> Preview:
    """Return what is known of these images, and put what is missing on the queue.

    Args:
        task_ids: at most `MAX_TASKS` tasks of the project.
        concepts: as `recipes.change_recipe` takes them; the labels to look for.
        retry: try images again that failed before.

    Raises:
        ArgusError: `unknown_project`, `unknown_label`, `bad_request`, `nothing_selected`, `worker_missing`,
            `queue_unreachable`.
    """
    if not task_ids or len(task_ids) > MAX_TASKS:
        raise ArgusError("nothing_selected" if not task_ids else "bad_request",
                         f"A preview takes 1 to {MAX_TASKS} images, not {len(task_ids)}.")
    project = projects.load(project_id)
    overrides = merged(project, concepts)
    recipe = recipe_for({**project, "overrides": overrides}).untaught
    plan = plan_for(project)
    labels = [plan.concept(str(c["label"])).label for c in concepts]
    recipe.require(labels)
    lacking = store.missing(task_ids, recipe, labels)
    jobs = _jobs(project_id, recipe, overrides, labels, list(lacking), retry) if lacking else {}
    found = store.load(task_ids, recipe, previewed=True)
    tasks = [PreviewTask(task=task, state="failed", error=Error(**error.to_json())) if (error := jobs.get(task)) else
             PreviewTask(task=task, state="waiting") if task in lacking else
             _done(task, {label: found[task][label] for label in labels}) for task in task_ids]
    return Preview(ready=all(task.state != "waiting" for task in tasks), tasks=tasks,
                   unread=prompt_reading.unread(recipe.prompts(labels)))


def _jobs(project_id: int, recipe: Recipe, overrides: Mapping[str, Override], labels: list[str],
          task_ids: Sequence[int], retry: bool) -> dict[int, ArgusError | None]:
    """Look after the jobs of these tasks: those that ended without a result give the reason, new ones are enqueued.

    While others' previews fill the queue, the rest is enqueued by whoever asks again.
    """
    asked = [(c.label, recipe.concept_key(c)) for c in recipe.concepts if c.label in labels]
    digest = hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:12]
    names = {task: f"preview-{digest}-{task}" for task in task_ids}
    state: dict[int, ArgusError | None] = {}
    full = False
    try:
        fetched = Job.fetch_many(list(names.values()), connection=queues.get_redis(), serializer=JSONSerializer)
        workers = Worker.all(connection=queues.get_redis())
        if not any(queue_names.SAM3_PREVIEW in worker.queue_names() for worker in workers):
            raise ArgusError("worker_missing", "No SAM 3 worker is running, so nothing can be previewed.",
                             "If you just started one, it is still loading its model. Otherwise start one with "
                             "`argus worker sam3`; `argus doctor` says why the last one ended.")
    except redis.RedisError as error:
        raise queues.refusal(error) from error
    for (task, name), job in zip(names.items(), fetched, strict=True):
        ended = job is None or job.get_status(refresh=False) in _ENDED
        state[task] = _error_of(job) if job is not None and ended and not retry else None
        if ended and state[task] is None and not full:
            try:
                queues.enqueue(queue_names.SAM3_PREVIEW, "ml_backend.sam3_worker.detect_jobs.detect_for_preview",
                               project_id, task, dict(overrides), labels, job_id=name, timeout=_SECONDS, retries=0)
            except ArgusError as error:
                if not (full := error.code == "busy"):
                    raise
    return state


def _error_of(job: Job) -> ArgusError | None:
    """Return why an ended job stored nothing; None when it did its work and only the store has lost it since."""
    result = job.latest_result()
    if result is None or result.type != result.Type.SUCCESSFUL:
        return ArgusError("internal", "The SAM 3 worker stopped while processing this image.",
                          "Its log says why; try the preview again.")
    try:
        queues.unpack(result.return_value)
    except ArgusError as error:
        return error
    return None


def _done(task: int, found: Mapping[str, Found]) -> PreviewTask:
    objects: list[PreviewObject] = []
    width = height = 0
    for label, entry in found.items():
        width, height = entry.width, entry.height
        for item in to_items(entry.detections):
            box = [round(v / side, 5) for v, side in zip(item["box"], (width, height) * 2, strict=True)]
            objects.append(PreviewObject(object=object_id(label, item["box"]), label=label,
                                         score=round(item["score"], 4), box=box,
                                         mask=PreviewMask(**mask) if (mask := item["mask"]) else None))
    return PreviewTask(task=task, state="done", objects=objects, width=width, height=height)
