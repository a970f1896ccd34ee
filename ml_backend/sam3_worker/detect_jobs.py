"""What the SAM 3 worker runs. The web processes name these functions but never import this module."""

from __future__ import annotations

import time
import uuid
from typing import TypedDict

from rq import get_current_job
from rq.timeouts import BaseTimeoutException

from argus import queue_names, trace
from argus.errors import ArgusError, as_argus_error, is_outage
from argus.jobs import queues
from argus.settings import get_settings
from label_studio_config import projects
from label_studio_config.label_config import Override
from label_studio_config.recipe import Recipe, recipe_for
from ml_backend.detection.ahead import Ahead
from ml_backend.detection.batch import Outcome, detect_tasks
from ml_backend.detection.step_size import Paces
from ml_backend.runs import estimates, scheduling, task_states
from ml_backend.runs.scheduling import enqueue_for_answer
from ml_backend.sam3_worker import engine

CHUNK_SECONDS = 1.0  # a person's click waits for about this long, or for one image that takes longer
_TOO_LONG = ArgusError("timeout", "Detection exceeded the time limit of a job.",
                       "Is the worker's machine overloaded? A smaller ARGUS_SAM3_RESOLUTION is quicker.", alone=True)
_paces, _ahead = Paces(), Ahead()


class Answered(TypedDict):
    """What a `/predict` that waits is told: tasks that failed, and the id of the job that goes on with the rest."""

    failed: list[int]
    next: str | None


@queues.answering
def unread_prompts(prompts: list[str]) -> list[str]:
    """Return of each prompt the end that the model does not read; a failure as `queues.pack` does."""
    return engine.get_engine().unread(prompts)


def detect_next(project_id: int) -> dict[str, int]:
    """Detect what one of the project's runs still needs on a few tasks; the push follows as a job of its own.

    A chunk ends after `CHUNK_SECONDS`, and its successor goes to the end of the queue: clicks and other projects get
    in between. When nothing is free to be taken there is no successor.
    """
    taken = task_states.take(project_id, _job_id(), _paces.last(project_id).tasks(
        CHUNK_SECONDS, get_settings().chunk_tasks))
    if taken is None:
        return {"done": 0, "failed": 0, "rest": 0}
    run_id = taken.run.id
    trace.add(run=run_id)
    try:
        outcome = _detect(project_id, taken)
    except BaseTimeoutException:
        task_states.fail_attempt(run_id, dict.fromkeys(taken.task_ids, _TOO_LONG))
        raise
    except Exception as error:  # of the chunk as a whole: the engine, or what nobody expected
        if is_outage(error):
            raise
        ours = as_argus_error(error)
        if ours is not error:
            ours.details["alone"] = True
        task_states.fail_attempt(run_id, dict.fromkeys(taken.task_ids, ours))
        outcome = Outcome()
    task_states.finish_chunk(run_id, outcome, engine.worker_name())
    scheduling.enqueue_after_chunk(project_id, run_id, detected=bool(outcome.done))
    return {"done": len(outcome.done), "failed": len(outcome.failed), "rest": len(outcome.rest)}


def _detect(project_id: int, taken: task_states.Taken) -> Outcome:
    try:
        recipe = recipe_for(projects.load(project_id))
        labels = [label for label in taken.run.labels if label in {c.label for c in recipe.concepts}]
        if not labels:
            raise ArgusError("unknown_label", "None of the run's labels is in the labelling config any more.")
        engine.engine_of(recipe)  # what cannot be loaded now cannot be loaded later
    except ArgusError as error:
        if is_outage(error):
            raise
        return Outcome(failed=dict.fromkeys(taken.task_ids, error))
    return _timed(project_id, recipe, labels, taken.task_ids)


def _timed(project_id: int, recipe: Recipe, labels: list[str], task_ids: list[int]) -> Outcome:
    outcome = detect_tasks(engine.engine_of(recipe), recipe, labels, task_ids, CHUNK_SECONDS,
                           pace=_paces.of(project_id, recipe.checkpoint), ahead=_ahead)
    estimates.record(recipe.checkpoint, engine.worker_name(), len(outcome.seconds), outcome.pairs,
                     sum(outcome.seconds.values()))
    return outcome


def _job_id() -> str:
    job = get_current_job(connection=queues.get_redis())
    return job.id if job else f"no-job-{uuid.uuid4().hex}"  # called by hand: freed at the next look for lost jobs


def detect_for_answer(project_id: int, task_ids: list[int], deadline: float) -> Answered:
    """Detect every label of the recipe for a `/predict` that waits; what is found is stored, not pushed.

    Args:
        deadline: Unix time after which nobody waits any more; the tasks belong to a run then.
    """
    if time.time() >= deadline:
        return {"failed": [], "next": None}
    recipe = recipe_for(projects.load(project_id))
    outcome = _timed(project_id, recipe, [c.label for c in recipe.concepts], task_ids)
    follow = enqueue_for_answer(queue_names.SAM3, project_id, outcome.rest, deadline) if outcome.rest else None
    return {"failed": list(outcome.failed), "next": follow}


class Stored(TypedDict):
    """Nothing: what was found is in the table `detection`."""


@queues.answering
def detect_for_preview(project_id: int, task_id: int, overrides: dict[str, Override], labels: list[str]) -> Stored:
    """Detect labels of a recipe that may never be kept on one task; what is found is stored as previewed.

    Args:
        overrides: prompts and thresholds by label, as the project's own would be after the change.

    Raises:
        ArgusError: what went wrong with the task, as the packed answer.
    """
    trace.add(task=task_id)
    recipe = recipe_for({**projects.load(project_id), "overrides": overrides})
    outcome = detect_tasks(engine.engine_of(recipe), recipe, labels, [task_id], CHUNK_SECONDS, previewed=True,
                           pace=_paces.of(project_id, recipe.checkpoint))
    if error := outcome.failed.get(task_id):
        raise error
    return Stored()
