"""What the default worker runs for this package: deliveries. Imports no torch."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from rq import Queue
from rq.serializers import JSONSerializer

from argus import queue_names, trace
from argus.errors import ArgusError
from argus.jobs import queues
from label_studio_config import projects
from label_studio_config.recipe import recipe_for
from ml_backend.predictions import claim_store, delivery
from ml_backend.predictions.delivery import Outcome
from ml_backend.runs import run_store, scheduling, task_states

log = logging.getLogger(__name__)
_AGAIN_SECONDS = 5
_RESHAPE_SECONDS = 60  # others get their turn
_MOST = 100  # tasks of one job: others get their turn in between
_FINAL = ("not_found", "unknown_project", "bad_label_config")  # trying again would only say the same


def push_next(run_id: int) -> dict[str, int]:
    """Deliver what a run has detected so far, at most `_MOST` tasks, and record how each ended.

    A task whose claim somebody else holds stays as it is: `reconcile_runs` looks at it again a few seconds later.
    """
    trace.add(run=run_id)
    scheduling.push_begins(run_id)
    run = run_store.load(run_id)
    todo = task_states.detected_tasks(run_id, _MOST)
    outcomes: Mapping[int, Outcome]
    try:
        outcomes = delivery.push(run.project_id, todo) if todo else {}
    except ArgusError as error:
        if error.code not in _FINAL:
            raise
        outcomes = dict.fromkeys(todo, error)
    done = [t for t, o in outcomes.items() if o == "stored"]
    errors = {t: o for t, o in outcomes.items() if isinstance(o, ArgusError)}
    # Detections that vanished: the task was deleted, or the prompts changed under the run. Detecting finds out.
    lost = [t for t in todo if t not in outcomes]
    task_states.mark_delivered(run_id, done)
    task_states.fail(run_id, errors)
    if lost:
        task_states.requeue(run_id, lost)
        scheduling.ensure_detection_jobs(run.project_id)
    if len(todo) == _MOST and (done or errors):
        scheduling.enqueue_push(run_id)
    if len(todo) < _MOST:
        delivery.rescore(run.project_id)
    task_states.finish_if_done(run_id)
    return {"done": len(done), "failed": len(errors), "later": len(todo) - len(done) - len(errors) - len(lost)}


def push_tasks(project_id: int, task_ids: list[int]) -> dict[str, int]:
    """Bring the predictions of these tasks up to date, as `delivery.follow`: confirm answers to `/predict`, add labels
    that came since."""
    outcomes = delivery.follow(project_id, task_ids)
    count = [o if isinstance(o, str) else "failed" for o in outcomes.values()]
    return {name: count.count(name) for name in ("stored", "later", "failed")}


def remove_old_versions(project_id: int) -> int:
    """Rebuild and remove what older recipes predicted; put off while a delivery is unsettled."""
    removed = delivery.remove_old_versions(project_id)
    if removed is None:
        schedule("ml_backend.predictions.jobs.remove_old_versions", project_id, seconds=_AGAIN_SECONDS)
        return 0
    return removed


def reshape(project_id: int) -> int:
    """Give predictions the shapes that the labelling config asks for now, for a minute at most; return how many tasks
    were looked at. Nothing is detected anew. What is left, or held by somebody else, comes with the next job."""
    ends, looked_at = time.monotonic() + _RESHAPE_SECONDS, 0
    while time.monotonic() < ends:
        project = projects.load(project_id)
        if not projects.has_begun(project):
            break  # what is there is of a recipe that does not count any more from the next run on, which ends this
        tasks = claim_store.tasks_to_reshape(project_id, recipe_for(project).model_version, _MOST)
        outcomes = delivery.push(project_id, tasks) if tasks else {}
        later = [task for task, outcome in outcomes.items() if outcome == "later"]
        done_to = min(later) - 1 if later else max(tasks, default=None)
        claim_store.reshaped(project_id, project["label_config"], done_to)
        looked_at += len(tasks)
        if later or not tasks:
            break
    return looked_at


def schedule(function: str, *args: Any, seconds: float) -> None:
    """Run a job on the default worker after a while. Losing it costs only time: `reconcile_runs` makes up for it.

    Raises:
        ArgusError: `queue_unreachable`.
    """
    with queues.reachable():
        queue = Queue(queue_names.DEFAULT, connection=queues.get_redis(), serializer=JSONSerializer)
        queue.enqueue_in(timedelta(seconds=seconds), function, *args, result_ttl=600)
