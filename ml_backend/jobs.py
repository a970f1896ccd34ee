"""What the SAM 3 worker runs. The web processes name these functions but never import this module."""

from __future__ import annotations

import functools
import logging
import time
from typing import Any

from argus import queues
from argus.errors import ArgusError
from argus.images import get_images, open_image
from argus.settings import get_settings
from label_studio_config.recipe import checkpoint_identity, plan_for, recipe_for
from ml_backend import projects, runs
from ml_backend.detecting import detect_tasks
from ml_backend.engines import Sam3Engine, load_engine
from ml_backend.engines.base import not_among
from ml_backend.interactive import Request
from ml_backend.predict import enqueue_for_answer
from ml_backend.regions import Found, build_regions

log = logging.getLogger(__name__)
CHUNK_SECONDS = 1.0  # a person's click waits for at most this long, and the step in work


def get_engine() -> Sam3Engine:
    """Return this process's engine, loaded and tested at the first call, and again when the checkpoint was replaced.

    Raises what `load_engine` says.
    """
    return _load(checkpoint_identity(get_settings()))


@functools.lru_cache(maxsize=1)
def _load(identity: str) -> Sam3Engine:
    began = time.monotonic()
    engine = load_engine(get_settings())
    engine.self_test()
    log.info("engine ready", extra={"checkpoint": identity, "seconds": round(time.monotonic() - began, 1)})
    return engine


def prepare() -> None:
    """Load the model before the first job; a model that cannot be loaded ends the worker at once."""
    get_engine()


def detect_chunk(run_id: int, task_ids: list[int]) -> dict[str, int]:
    """Detect what a run still needs on these tasks; the push follows as a job of its own.

    A chunk that takes longer than `CHUNK_SECONDS` goes back to the queue with what is left: clicks get in between.
    """
    run = runs.load_run(run_id)
    todo = runs.take(run_id, task_ids)
    if not todo:
        runs.finish_if_done(run_id)
        return {"done": 0, "failed": 0, "rest": 0}
    try:
        recipe = recipe_for(projects.load(run["project_id"]))
        labels = [label for label in run["labels"] if label in {c.label for c in recipe.concepts}]
        if not labels:
            raise ArgusError("unknown_label", "None of the run's labels is in the labelling config any more.")
    except ArgusError as error:
        if error.code == "database_unreachable":
            raise
        runs.fail(run_id, dict.fromkeys(todo, error))
        runs.finish_if_done(run_id)
        return {"done": 0, "failed": len(todo), "rest": 0}
    outcome = detect_tasks(get_engine(), recipe, labels, todo, CHUNK_SECONDS)
    runs.fail(run_id, outcome.failed)
    runs.mark(run_id, outcome.done, "detected")
    runs.untake(run_id, outcome.rest)
    runs.enqueue_push(run_id, outcome.done)
    runs.enqueue_detection(run_id, outcome.rest)
    runs.finish_if_done(run_id)
    return {"done": len(outcome.done), "failed": len(outcome.failed), "rest": len(outcome.rest)}


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
    outcome = detect_tasks(get_engine(), recipe, [c.label for c in recipe.concepts], task_ids, CHUNK_SECONDS)
    follow = enqueue_for_answer(queues.SAM3, project_id, outcome.rest, deadline) if outcome.rest else None
    return {"failed": list(outcome.failed), "next": follow}


def detect_interactive(project_id: int, image_url: str, request: dict[str, Any]) -> dict[str, Any]:
    """Answer a smart tool: return `{"result": regions, "score"}`, or the packed error of what went wrong."""
    try:
        asked = Request.from_json(request)
        fetched = get_images().fetch(image_url)
        image, key = open_image(fetched.data), fetched.sha256.hex()  # a file that is replaced has other features
        if asked.points:
            found = get_engine().click(image, key, asked.points_in(image.size), asked.point_signs)
        else:
            found = get_engine().find(image, key, asked.prompts, asked.exemplars_in(image.size))
        plan = plan_for(projects.load(project_id))
        found = not_among(found, asked.existing_in(image.size), get_settings().nms_iou)
        entry = Found(*image.size, found)
        return {"result": build_regions(asked.narrow(plan), {asked.label: entry})}
    except ArgusError as error:
        return queues.pack(error)
