"""Predictions reach Label Studio here, each by exactly one channel.

A row of `prediction` is the claim on (task, model_version): who inserts it delivers, by answering `/predict` or by
pushing. A bulk import that says it kept all it was sent settles its claims. Nothing is said about what became of an
answer, or of an import that was cut off: such a claim is settled by reading back: found → `stored`; not found and older
than `claim_seconds` → the row is deleted and anyone may claim again. A row that says `stored` while Label Studio has
nothing means that a person deleted the prediction; it is released at once.

A stored prediction whose content changed (another label was computed) is updated in place under the row's lock, rebuilt
inside it, so that two updates end with the newer content.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from rq.timeouts import BaseTimeoutException

from argus.db import alone, locks, together
from argus.errors import ArgusError, as_argus_error, is_outage
from argus.labelstudio import get_label_studio
from argus.settings import get_settings
from argus.ttl_cache import Expiring
from label_studio_config import projects
from label_studio_config.label_config import LabelPlan
from label_studio_config.projects import ProjectRow
from label_studio_config.recipe import Recipe, plan_for, recipe_for
from ml_backend.detection import store
from ml_backend.engines.base import Found
from ml_backend.predictions import claim_store
from ml_backend.predictions.claim_store import Built, Claim
from ml_backend.predictions.regions import build_regions, mark_unsure, prediction_score
from ml_backend.suspicion import store as suspicions
from ml_backend.suspicion.refresh import refresh

log = logging.getLogger(__name__)
_BULK = 100
_REMOVAL_SECONDS = 1800  # as long as its job may take
_STORE_TIMEOUT = 120.0  # seconds for a bulk import; Label Studio gets slower as a project grows

# A look at the project for every chunk would cost as much as the push. Forgotten soon: Label Studio may forget too.
_shown_lately = Expiring[int, str](seconds=30.0)

Outcome = Literal["stored", "later"] | ArgusError
"""`stored`: Label Studio has it, up to date. `later`: another channel holds the claim, or nobody knows yet."""


def build(plan: LabelPlan, recipe: Recipe, task_ids: Sequence[int]) -> dict[int, Built]:
    """Return the union over the labels computed so far, by task; a task without any is left out.

    What only a preview asked for is not part of it.
    """
    suspected = suspicions.suspected(recipe.model_version, task_ids)
    return {task: _build(plan, task, found, task in suspected)
            for task, found in store.load(task_ids, recipe).items()}


def _build(plan: LabelPlan, task_id: int, found: Mapping[str, Found], suspected: bool) -> Built:
    result = mark_unsure(build_regions(plan, found), get_settings().band_high)
    score = 0.0 if suspected else prediction_score(result)  # so it is in no band, here and in Label Studio's tabs
    digest = hashlib.sha256(json.dumps([result, score], sort_keys=True).encode()).hexdigest()[:16]
    return Built(task_id, result, score, digest, sorted(found))


def push(project_id: int, task_ids: Sequence[int]) -> dict[int, Outcome]:
    """Bring Label Studio's predictions of these tasks up to date, and say how it went for each.

    Tasks without stored detections are left out of the answer. Calling it again is harmless. A task whose prediction
    cannot be made fails alone.

    Raises:
        ArgusError: `unknown_project`, `bad_label_config`, `label_studio_unreachable` (call again).
    """
    try:
        return _push(project_id, task_ids)
    except (ArgusError, BaseTimeoutException):
        raise
    except Exception as error:
        if len(task_ids) == 1:
            return {task_ids[0]: as_argus_error(error, task=task_ids[0])}
        log.warning("a delivery failed; its tasks are tried one by one", exc_info=error)
    return {task: outcome for task_id in task_ids for task, outcome in push(project_id, [task_id]).items()}


def follow(project_id: int, task_ids: Sequence[int]) -> dict[int, Outcome]:
    """`push`, for what nobody asked the model for: nothing while a change of the recipe waits for its run."""
    return push(project_id, task_ids) if projects.has_begun(projects.load(project_id)) else {}


def _push(project_id: int, task_ids: Sequence[int]) -> dict[int, Outcome]:
    project = projects.load(project_id)
    plan, recipe = plan_for(project), recipe_for(project)
    unscored = store.without_verdict(task_ids, recipe)
    outcomes: dict[int, Outcome] = dict.fromkeys(sorted(unscored), "later")  # delivered once, with the final score
    task_ids = [task for task in task_ids if task not in unscored]
    _suspect(project_id, recipe, task_ids)
    built = build(plan, recipe, task_ids)
    outcomes |= settle(project_id, recipe.model_version, sorted(claim_store.claims_of(recipe.model_version, built)))
    busy = claim_store.is_storing(project_id)
    mine = set() if busy else claim_store.claim(project_id, recipe.model_version, [
        b for t, b in built.items() if not isinstance(outcomes.get(t), ArgusError)], "push")
    outcomes |= _create(project_id, recipe.model_version, [built[t] for t in sorted(mine)])
    claims = claim_store.claims_of(recipe.model_version, built)
    for task_id in built:
        claim = claims.get(task_id)
        if claim is not None and claim.state == "stored":
            outcomes[task_id] = _update(plan, recipe, claim, built[task_id])
        outcomes.setdefault(task_id, "later" if claim is not None or busy else _gone(task_id))
    if "stored" in outcomes.values() and _shown_lately.get(project_id) != recipe.model_version:
        show_version(project)
    return outcomes


def _suspect(project_id: int, recipe: Recipe, task_ids: Sequence[int]) -> None:
    """Tell anew what is suspected of tasks; a failure of that keeps no prediction back."""
    try:
        refresh(project_id, recipe, task_ids)
    except BaseTimeoutException:
        raise
    except Exception as error:
        if is_outage(error):
            raise
        log.warning("suspicions could not be computed", extra={"project": project_id}, exc_info=error)


def rescore(project_id: int) -> int:
    """Let the scores of delivered predictions say which tasks are to be checked first; return how many did not.

    A frame that arrives changes what is suspected of those before it. Raises as `push`.
    """
    tasks = suspicions.out_of_step(project_id, recipe_for(projects.load(project_id)).model_version, _BULK)
    if tasks:
        push(project_id, tasks)
    return len(tasks)


def settle(project_id: int, model_version: str, task_ids: Sequence[int]) -> dict[int, Outcome]:
    """Compare claims with what Label Studio has: confirm, release, or leave them alone.

    Returns:
        `unknown_task` for tasks that Label Studio no longer has; nothing for the others.
    """
    if not task_ids:
        return {}
    # Before the look at Label Studio: what changes after it is not ours to judge.
    claims = claim_store.claims_of(model_version, task_ids)
    listed = {task["id"]: task for task in projects.listed_tasks(project_id, task_ids, fields="all")}
    outcomes: dict[int, Outcome] = {t: _gone(t) for t in task_ids if t not in listed}
    claim_store.release(model_version, list(outcomes))
    seen: dict[int, int | None] = {}
    for task_id in listed:
        ids = sorted(p["id"] for p in listed[task_id].get("predictions") or () if p["model_version"] == model_version)
        if ids:
            seen[task_id] = ids[0]
            for extra in ids[1:]:  # an answer and a push whose fate was unknown: the first one counts
                log.warning("a duplicate prediction is removed", extra={"task": task_id, "prediction": extra})
                _forgiving(lambda extra=extra: get_label_studio().delete(f"/api/predictions/{extra}/"))
        elif task_id in claims:
            claim_store.release_unseen(claims[task_id])
    claim_store.confirm(model_version, seen)
    return outcomes


def _create(project_id: int, model_version: str, built: Sequence[Built]) -> dict[int, Outcome]:
    """Import predictions we hold the claim on, in bulk; a refused batch is halved until the refused ones are alone."""
    outcomes: dict[int, Outcome] = {}
    batches = [list(built[i:i + _BULK]) for i in range(0, len(built), _BULK)]
    while batches:
        batch = batches.pop()
        body = [{"task": b.task_id, **b.to_prediction(model_version)} for b in batch]
        try:
            answer = get_label_studio().post(f"/api/projects/{project_id}/import/predictions", body,
                                             timeout=_STORE_TIMEOUT)
        except ArgusError as error:
            if error.code == "label_studio_unauthorized":  # nothing went in, and nothing of the rest will
                claim_store.release(model_version, [b.task_id for left in [batch, *batches] for b in left])
                raise
            if not 400 <= error.details.get("status", 0) < 500:  # it may have been stored: only reading back can tell
                log.warning("a push ended without an answer", extra={"code": error.code, "tasks": len(batch)})
                continue
            if len(batch) > 1:
                batches += [batch[:len(batch) // 2], batch[len(batch) // 2:]]
                continue
            outcomes[batch[0].task_id] = _refusal(batch[0].task_id, error)
            claim_store.release(model_version, [batch[0].task_id])
            continue
        if answer["created"] == len(batch):  # all of them, in one transaction: no need to read back what was sent
            claim_store.confirm(model_version, {b.task_id: None for b in batch})
            continue
        log.warning("Label Studio kept only some predictions", extra={"sent": len(batch), "kept": answer["created"]})
        outcomes |= settle(project_id, model_version, [b.task_id for b in batch])
    return outcomes


def _update(plan: LabelPlan, recipe: Recipe, claim: Claim, built: Built) -> Outcome:
    """Bring one stored prediction up to date, holding its row."""
    if (claim.digest, claim.labels) == (built.digest, built.labels):
        return "stored"
    task_id, version = claim.task_id, recipe.model_version
    with together():
        locked = claim_store.lock_claim(version, task_id)
        fresh = build(plan, recipe, [task_id]).get(task_id)
        if locked is None or fresh is None or locked.prediction_id is None:
            return "later"  # its id is known once it was read back
        if locked.digest != fresh.digest:
            try:
                get_label_studio().patch(f"/api/predictions/{locked.prediction_id}/",
                                         {"result": fresh.result, "score": fresh.score})
            except ArgusError as error:
                return "later" if error.code in ("not_found", "label_studio_unreachable") else error
        claim_store.record_content(version, fresh)
    return "stored"


def _gone(task_id: int) -> ArgusError:
    return ArgusError("unknown_task", f"Label Studio no longer has task {task_id}.", task=task_id)


def _refusal(task_id: int, error: ArgusError) -> ArgusError:
    """Return why a prediction was refused. The sentence about a deleted task quotes the whole prediction first, and we
    keep only the beginning of what a server says; so the task is looked for."""
    try:
        get_label_studio().get(f"/api/tasks/{task_id}/")
    except ArgusError as looked:
        return _gone(task_id) if looked.code == "not_found" else error
    return error


def _forgiving(call: Any) -> None:
    try:
        call()
    except ArgusError as error:
        if error.code != "not_found":
            raise


def show_version(project: ProjectRow) -> None:
    """Make Label Studio's score column and bands read this version, once at least one prediction has it."""
    from label_studio_config.connect import ensure_model_version

    version = recipe_for(project).model_version
    ensure_model_version(get_label_studio(), project["id"], version)
    _shown_lately[project["id"]] = version


def remove_old_versions(project_id: int) -> int | None:
    """Rebuild what older recipes predicted from stored detections, then remove the older ones. What the other engine
    predicts stays beside it.

    Returns:
        How many were removed, none while a change of the recipe waits for its run; None when a delivery is unsettled
        and nothing was removed yet.

    Raises:
        ArgusError: as `push`.
    """
    # One at a time: a version's removal makes Label Studio forget which one it shows.
    with alone(locks.REMOVE_OLD_PREDICTIONS, project_id, seconds=_REMOVAL_SECONDS, busy=ArgusError(
            "conflict", f"Older predictions of project {project_id} are being removed already.")):
        return _remove_old_versions(project_id)


def _remove_old_versions(project_id: int) -> int | None:
    project = projects.load(project_id)
    if not projects.has_begun(project):
        return 0
    current = recipe_for(project).model_version
    old = claim_store.old_predictions(project_id, [current, project["other_version"]])
    tasks = sorted({prediction.task_id for prediction in old})
    store.adopt(tasks, recipe_for(project))  # prompts that were previewed and then kept: their finds are there
    outcomes: dict[int, Outcome] = {}
    for begin in range(0, len(tasks), _BULK):
        outcomes |= push(project_id, tasks[begin:begin + _BULK])
    if "later" in outcomes.values():
        return None
    for version in sorted({prediction.model_version for prediction in old}):
        get_label_studio().delete(f"/api/projects/{project_id}/model-versions/", {"model_version": version})
        claim_store.forget_version(project_id, version)
    if "stored" in outcomes.values():
        show_version(project)
    return len(old)
