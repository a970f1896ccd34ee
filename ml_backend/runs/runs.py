"""Runs: "label these tasks with these labels". What a person asks for, stops, resumes and looks at.

The states of a run's tasks are in `run_tasks`, the jobs that carry them in `run_jobs`, the cost in `estimates`.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import cast

from pydantic import JsonValue

from argus import audit
from argus.answers.runs import Estimate, LeftOut, Run, RunError
from argus.db import together
from argus.errors import ArgusError
from label_studio_config import arm_store, engine_store, projects
from label_studio_config.projects import ProjectRow
from label_studio_config.recipe import Recipe, plan_for, recipe_for
from ml_backend.detection import store
from ml_backend.runs import estimates, prompt_reading, run_store, scheduling, task_states
from ml_backend.runs.run_store import RunRow, StateCount, TaskState

log = logging.getLogger(__name__)
_SHOWN_ERRORS = 100
_RATE_SECONDS = 60  # the rate is what ended within this time: a run that was resumed is judged by today


def create_run(project_id: int, labels: Sequence[str], task_ids: Sequence[int],
               settings: Mapping[str, object] | None = None, max_tasks: int | None = None) -> int:
    """Record a run, put its work on the queue, and return its id.

    Args:
        labels: labels of the project's config; empty means all of them.
        task_ids: tasks of the project; one that does not exist becomes a failed task of the run.
        settings: where the tasks came from, for the record (`{"source": "search", "query": …}`).
        max_tasks: take no more than this many, those first that the model has not seen yet.

    Raises:
        ArgusError: `unknown_project`, `bad_label_config`, `unknown_label`, `nothing_selected`, `queue_unreachable`
            (the run is recorded then, and starts when the queue is back).
    """
    looked = projects.refresh(project_id, begin=False)
    recipe, chosen, wanted, held = _select(looked, labels, task_ids, max_tasks)
    project = projects.remember(project_id, looked["label_config"])  # only now: a run that is refused changes nothing
    known = projects.known_tasks(project, wanted)
    drawn = arm_store.held(project_id, wanted)  # those that were not known before were drawn just now
    wanted = _not_held(wanted, drawn)
    record: dict[str, object] = {**(settings or {}), "recipe": _recipe_json(recipe, chosen)}
    if held := held + len(drawn):
        record["without_predictions"] = held
    run_id = run_store.add(project_id, chosen, record, project["model_version"], audit.actor().person, wanted)
    audit.about(f"run {run_id}")
    task_states.fail(run_id, {t: _unknown_task(project_id, t) for t in wanted if t not in known})
    task_states.finish_if_done(run_id)
    if engine_store.has_old_versions(project):
        scheduling.enqueue_cleanup(project_id)
    if known - drawn:
        scheduling.ensure_detection_jobs(project_id)
    return run_id


def estimate(project_id: int, labels: Sequence[str], task_ids: Sequence[int],
             max_tasks: int | None = None) -> Estimate:
    """Return what `create_run` with the same arguments would cost: see `estimates.estimate`; with `unread`, see
    `prompt_reading`. Starts and changes nothing.

    Raises:
        ArgusError: `unknown_project`, `bad_label_config`, `unknown_label`, `nothing_selected`.
    """
    recipe, chosen, wanted, _ = _select(projects.refresh(project_id, begin=False), labels, task_ids, max_tasks)
    return Estimate(**dict(estimates.estimate(recipe, chosen, wanted)),
                    unread=prompt_reading.unread(recipe.prompts(chosen)))


def _select(project: ProjectRow, labels: Sequence[str], task_ids: Sequence[int],
            max_tasks: int | None) -> tuple[Recipe, list[str], list[int], int]:
    """Return the recipe, its labels, the tasks, and how many were left out because they are labelled without
    predictions."""
    listed = list(dict.fromkeys(task_ids))
    if not listed:
        raise ArgusError("nothing_selected", "No task was selected.", "Select tasks, or give a query that finds some.")
    held = arm_store.held(project["id"], listed)
    wanted = _not_held(listed, held)
    plan, recipe = plan_for(project), recipe_for(project)
    chosen = list(dict.fromkeys(plan.concept(label).label for label in labels)) or [c.label for c in recipe.concepts]
    recipe.require(chosen)
    if max_tasks is not None and max_tasks < len(wanted):
        lacking = store.missing(wanted, recipe, chosen)
        wanted = sorted(wanted, key=lambda task: task not in lacking)[:max_tasks]
    return recipe, chosen, wanted, len(held)


def _not_held(tasks: Sequence[int], held: Collection[int]) -> list[int]:
    """Return the tasks that something may be predicted on. Raises `nothing_selected` when there is none."""
    if len(held) == len(tasks):
        raise ArgusError("nothing_selected", f"Selected tasks are to be labelled without predictions: all {len(held)}.",
                         "Label them by hand, or switch the control arm off: argus trust arm --share 0.")
    return [task for task in tasks if task not in held]


def _recipe_json(recipe: Recipe, labels: Sequence[str]) -> dict[str, JsonValue]:
    return {"checkpoint": recipe.checkpoint, "engine": recipe.detector or "sam3", "labels": [
        {"label": c.label, "prompts": list(c.prompts), "threshold": c.threshold}
        for c in recipe.concepts if c.label in labels]}


def _unknown_task(project_id: int, task_id: int) -> ArgusError:
    return ArgusError("unknown_task", f"Project {project_id} has no task {task_id}.", task=task_id)


def cancel_run(run_id: int) -> Run:
    """Stop a run: no further chunk is begun, a chunk in work is kept for a later run. Returns its progress.

    Raises:
        ArgusError: `unknown_run`, `conflict` when it has ended.
    """
    run = run_store.load(run_id)
    audit.about(project=run.project_id)
    if not run_store.cancel(run_id):
        raise ArgusError("conflict", f"Run {run_id} has already ended: it is {run.state}.")
    return run_progress(run_id)


def resume_run(run_id: int) -> Run:
    """Go on with what is missing, cancelled tasks included; harmless while the run goes on. Returns its progress.

    Raises:
        ArgusError: `unknown_run`, `queue_unreachable` (it goes on when the queue is back).
    """
    return _reopen(run_id, "cancelled")


def retry_failed(run_id: int) -> Run:
    """Try the failed tasks again. Returns the run's progress.

    Raises:
        ArgusError: as `resume_run`.
    """
    return _reopen(run_id, "failed")


def _reopen(run_id: int, state: TaskState) -> Run:
    run = run_store.load(run_id)
    audit.about(project=run.project_id)
    if run_store.reopen(run_id, state):
        scheduling.ensure_detection_jobs(run.project_id)
        scheduling.enqueue_push(run_id)
    return run_progress(run_id)


def run_progress(run_id: int) -> Run:
    """Return the run: counts, state, the first errors, tasks a second and the seconds left as far as known.

    `left_out` says how many objects were found beyond `max_detections` of an image and label, and on how many tasks.

    Raises:
        ArgusError: `unknown_run`.
    """
    run = run_store.load(run_id)
    errors = [RunError(task=e.task_id, code=e.code, message=e.message, hint=e.hint)
              for e in run_store.failed_tasks(run_id, _SHOWN_ERRORS)]
    return _describe([run], {run_id: errors})[0]


def list_runs(project_id: int, limit: int = 50) -> list[Run]:
    """Return the project's newest runs, newest first: as `run_progress`, with one example of each kind of error."""
    with together():
        rows = run_store.newest(project_id, limit)
        kinds = run_store.error_kinds([row.id for row in rows])
    return _describe(rows, {run.id: [RunError(task=k.task, code=k.code, message=k.message, tasks=k.tasks)
                                     for k in kinds if k.run_id == run.id] for run in rows})


def _describe(runs: Sequence[RunRow], errors: Mapping[int, list[RunError]]) -> list[Run]:
    ids = [run.id for run in runs]
    with together():
        counts = run_store.state_counts(ids, _RATE_SECONDS)
        seconds = {row.id: row.seconds for row in run_store.durations(ids)}
        left_out = {row.run_id: LeftOut(objects=row.objects, tasks=row.tasks) for row in run_store.left_out(ids)}
    return [_progress(run, [row for row in counts if row.run_id == run.id], seconds.get(run.id), errors[run.id],
                      left_out.get(run.id, LeftOut(objects=0, tasks=0))) for run in runs]


def _progress(run: RunRow, states: Sequence[StateCount], seconds: float | None, errors: list[RunError],
              left_out: LeftOut) -> Run:
    counts = Counter({row.state: row.n for row in states})
    left = counts["waiting"] + counts["detected"]
    going = run.state in ("queued", "running")
    rate = _rate(counts["done"] + counts["failed"], sum(row.lately for row in states), seconds, going)
    return Run(
        id=run.id, project=run.project_id, labels=run.labels, state=run.state,
        requested=counts.total(), waiting=left, detected=counts["detected"], done=counts["done"],
        failed=counts["failed"], cancelled=counts["cancelled"], in_work=sum(row.in_work for row in states),
        computed=sum(row.computed for row in states), model_version=run.model_version,
        settings=run.settings, errors=errors, created_at=run.created_at, started_at=run.started_at,
        finished_at=run.finished_at, seconds=round(seconds, 1) if seconds is not None else None,
        rate=round(rate, 3) if rate else None, seconds_left=round(left / rate, 1) if rate and going else None,
        left_out=left_out, without_predictions=cast(int, run.settings.get("without_predictions", 0)))


def _rate(ended: int, lately: int, seconds: float | None, going: bool) -> float | None:
    """Return tasks a second: of the last minute while the run goes on, else of all its time."""
    if not seconds or not ended:
        return None
    return lately / min(seconds, _RATE_SECONDS) if going and lately else ended / seconds
