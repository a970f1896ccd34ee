"""What the SAM 3 worker runs. The web processes name these functions but never import this module."""

from __future__ import annotations

import functools
import logging
import os
import socket
import time
import uuid
from typing import Any

from rq import get_current_job
from rq.timeouts import BaseTimeoutException

from argus import queues, trace
from argus.devices import choose_device
from argus.doctor import visit
from argus.errors import ArgusError, as_argus_error, is_outage, may_pass
from argus.settings import get_settings
from label_studio_config.recipe import Recipe, checkpoint_identity, recipe_for
from ml_backend import estimates, projects, run_jobs, run_tasks
from ml_backend.detecting import Outcome, detect_tasks
from ml_backend.engines import Sam3Engine, load_engine
from ml_backend.pace import Pace
from ml_backend.predict import enqueue_for_answer

log = logging.getLogger(__name__)
CHUNK_SECONDS = 1.0  # a person's click waits for about this long, or for one image that takes longer
_TOO_LONG = ArgusError("timeout", "Detecting took longer than a job may.",
                       "Is the worker's machine overloaded? A smaller ARGUS_SAM3_RESOLUTION is quicker.", alone=True)
AGAIN_SECONDS = 5.0  # a self-test that took longer at the start is not repeated while people may be waiting
_pace = Pace()  # one engine a process


def get_engine() -> Sam3Engine:
    """Return this process's engine, loaded and tested at the first call, and again when the checkpoint was replaced.

    Raises what `load_engine` says.
    """
    return _load(checkpoint_identity(get_settings()))[0]


@functools.lru_cache(maxsize=1)
def _load(identity: str) -> tuple[Sam3Engine, float]:
    """Return the engine, and the seconds that its self-test took."""
    began = time.monotonic()
    engine = load_engine(get_settings())
    tested = time.monotonic()
    engine.self_test()  # one image, one prompt: the first estimate of a checkpoint that has not worked here yet
    seconds = time.monotonic() - tested
    estimates.record_first(identity, _worker_name(), seconds)
    log.info("engine ready", extra={"checkpoint": identity, "seconds": round(time.monotonic() - began, 1)})
    return engine, seconds


def prepare() -> None:
    """Load the model before the first job; a model that cannot be loaded ends the worker at once."""
    get_engine()


def examine() -> dict[str, Any]:
    """Job of the doctor: how this worker stands, and whether its model passes the test of its start again."""
    def tested() -> dict[str, Any]:
        settings = get_settings()
        engine, seconds = _load(checkpoint_identity(settings))
        device, _ = choose_device(settings.device, settings.dtype)
        fresh = seconds < AGAIN_SECONDS
        if fresh:
            began = time.monotonic()
            engine.self_test()
            seconds = time.monotonic() - began
        return {"checkpoint": settings.sam3_model, "device": str(device), "seconds": seconds, "fresh": fresh}

    return visit.examine(tested)


def unread_prompts(prompts: list[str]) -> Any:
    """Return of each prompt the end that the model does not read; an expected failure as `argus.queues.pack` does."""
    try:
        return get_engine().unread(prompts)
    except ArgusError as error:
        return queues.pack(error)


def detect_next(project_id: int) -> dict[str, int]:
    """Detect what one of the project's runs still needs on a few tasks; the push follows as a job of its own.

    A chunk ends after `CHUNK_SECONDS`, and its successor goes to the end of the queue: clicks and other projects get
    in between. When nothing is free to be taken there is no successor.
    """
    taken = run_tasks.take(project_id, _job_id(), get_settings().chunk_tasks)
    if taken is None:
        return {"done": 0, "failed": 0, "rest": 0}
    run_id = taken.run["id"]
    trace.add(run=run_id)
    try:
        outcome = _detect(project_id, taken)
    except BaseTimeoutException:
        run_tasks.fail_for_now(run_id, dict.fromkeys(taken.task_ids, _TOO_LONG))
        raise
    except Exception as error:  # of the chunk as a whole: the engine, or what nobody expected
        if is_outage(error):
            raise
        ours = as_argus_error(error)
        if ours is not error:
            ours.details["alone"] = True
        run_tasks.fail_for_now(run_id, dict.fromkeys(taken.task_ids, ours))
        outcome = Outcome()
    run_tasks.fail(run_id, {t: e for t, e in outcome.failed.items() if not may_pass(e)})
    run_tasks.fail_for_now(run_id, {t: e for t, e in outcome.failed.items() if may_pass(e)})
    run_tasks.detected(run_id, outcome.done, outcome.seconds, _worker_name())
    run_tasks.untake(run_id, outcome.rest)
    run_jobs.enqueue_push(run_id)
    run_jobs.enqueue_detection(project_id)
    run_tasks.finish_if_done(run_id)
    return {"done": len(outcome.done), "failed": len(outcome.failed), "rest": len(outcome.rest)}


def _detect(project_id: int, taken: run_tasks.Taken) -> Outcome:
    try:
        recipe = recipe_for(projects.load(project_id))
        labels = [label for label in taken.run["labels"] if label in {c.label for c in recipe.concepts}]
        if not labels:
            raise ArgusError("unknown_label", "None of the run's labels is in the labelling config any more.")
    except ArgusError as error:
        if error.code == "database_unreachable":
            raise
        return Outcome(failed=dict.fromkeys(taken.task_ids, error))
    return _timed(recipe, labels, taken.task_ids)


def _timed(recipe: Recipe, labels: list[str], task_ids: list[int]) -> Outcome:
    outcome = detect_tasks(get_engine(), recipe, labels, task_ids, CHUNK_SECONDS, pace=_pace)
    estimates.record(recipe.checkpoint, _worker_name(), len(outcome.seconds), outcome.pairs,
                     sum(outcome.seconds.values()))
    return outcome


def _job_id() -> str:
    job = get_current_job(connection=queues.get_redis())
    return job.id if job else f"no-job-{uuid.uuid4().hex}"  # called by hand: freed at the next look for lost jobs


@functools.cache
def _worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def detect_for_answer(project_id: int, task_ids: list[int], deadline: float) -> dict[str, Any]:
    """Detect every label of the recipe for a `/predict` that waits; what is found is stored, not pushed.

    Args:
        deadline: Unix time after which nobody waits any more; the tasks belong to a run then.

    Returns:
        `{"failed": [task ids], "next": id of the job that goes on with what is left, or None}`.
    """
    if time.time() >= deadline:
        return {"failed": [], "next": None}
    recipe = recipe_for(projects.load(project_id))
    outcome = _timed(recipe, [c.label for c in recipe.concepts], task_ids)
    follow = enqueue_for_answer(queues.SAM3, project_id, outcome.rest, deadline) if outcome.rest else None
    return {"failed": list(outcome.failed), "next": follow}


@queues.answering
def detect_for_preview(project_id: int, task_id: int, overrides: dict[str, Any], labels: list[str]) -> dict[str, Any]:
    """Detect labels of a recipe that may never be kept on one task; what is found is stored as previewed.

    Args:
        overrides: prompts and thresholds by label, as the project's own would be after the change.

    Returns:
        `{}`, or the packed error of what went wrong.
    """
    trace.add(task=task_id)
    recipe = recipe_for({**projects.load(project_id), "overrides": overrides})
    outcome = detect_tasks(get_engine(), recipe, labels, [task_id], CHUNK_SECONDS, previewed=True, pace=_pace)
    return queues.pack(outcome.failed[task_id]) if task_id in outcome.failed else {}
