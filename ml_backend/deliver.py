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
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from psycopg.types.json import Jsonb
from rq.timeouts import BaseTimeoutException

from argus.db import Row, connect
from argus.errors import ArgusError, as_argus_error
from argus.expiring import Expiring
from argus.labelstudio import get_label_studio
from argus.settings import get_settings
from label_studio_config.concepts import LabelPlan
from label_studio_config.recipe import Recipe, plan_for, recipe_for
from ml_backend import detections, projects
from ml_backend.regions import Found, Region, build_regions, count_objects, mark_unsure, prediction_score

log = logging.getLogger(__name__)
_BULK = 100
_CLEANUP_LOCK = 0x41524F56  # any constant of our own
_SLOW_STORE = 4.0  # a busy Label Studio was seen to take this many times as long to store a prediction
_STORE_TIMEOUT = 120.0  # seconds for a bulk import; Label Studio gets slower as a project grows

# A look at the project for every chunk would cost as much as the push. Forgotten soon: Label Studio may forget too.
_shown_lately = Expiring[int, str](seconds=30.0)

Outcome = Literal["stored", "later"] | ArgusError
"""`stored`: Label Studio has it, up to date. `later`: another channel holds the claim, or nobody knows yet."""


@dataclass(frozen=True)
class Built:
    """A prediction made from stored detections of `labels` (sorted). `digest` changes when its content does."""

    task_id: int
    result: list[Region]
    score: float | None
    digest: str
    labels: list[str]

    def to_prediction(self, model_version: str) -> dict[str, Any]:
        """Return the form that `/predict` answers with and the bulk import takes (plus its `task`)."""
        return {"result": self.result, "score": self.score, "model_version": model_version}


def build(plan: LabelPlan, recipe: Recipe, task_ids: Sequence[int]) -> dict[int, Built]:
    """Return the union over the labels computed so far, by task; a task without any is left out.

    What only a preview asked for is not part of it.
    """
    return {task: _build(plan, task, found) for task, found in detections.load(task_ids, recipe).items()}


def _build(plan: LabelPlan, task_id: int, found: Mapping[str, Found]) -> Built:
    result = mark_unsure(build_regions(plan, found), get_settings().band_high)
    score = prediction_score(result)
    digest = hashlib.sha256(json.dumps([result, score], sort_keys=True).encode()).hexdigest()[:16]
    return Built(task_id, result, score, digest, sorted(found))


def claim(project_id: int, model_version: str, built: Iterable[Built], channel: Literal["predict", "push"]) -> set[int]:
    """Take the right to deliver, and return the tasks for which it was still free. A deleted task is free to nobody.

    Label Studio stores an answer's predictions one by one: the claims of a large answer grow old later.
    """
    rows = [{"task_id": b.task_id, "score": b.score, "regions": count_objects(b.result), "digest": b.digest,
             "labels": b.labels} for b in built]
    grace = _SLOW_STORE * get_settings().predict_store_seconds * len(rows) if channel == "predict" else 0.0
    with connect() as connection:
        taken = connection.execute(
            "INSERT INTO prediction (task_id, model_version, project_id, channel, claimed_at, score, regions, digest, "
            "labels) SELECT new.task_id, %s, %s, %s, now() + make_interval(secs => %s), new.score, new.regions, "
            "new.digest, new.labels FROM jsonb_to_recordset(%s) AS new (task_id bigint, score real, regions int, "
            "digest text, labels text[]) JOIN task ON task.id = new.task_id ON CONFLICT DO NOTHING RETURNING task_id",
            (model_version, project_id, channel, grace, Jsonb(rows))).fetchall()
    return {row["task_id"] for row in taken}


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


def _push(project_id: int, task_ids: Sequence[int]) -> dict[int, Outcome]:
    project = projects.load(project_id)
    plan, recipe = plan_for(project), recipe_for(project)
    built = build(plan, recipe, task_ids)
    outcomes: dict[int, Outcome] = {}
    held = _rows(recipe.model_version, built)
    outcomes |= settle(project_id, recipe.model_version, sorted(held))
    busy = _is_storing(project_id)
    mine = set() if busy else claim(project_id, recipe.model_version, [
        b for t, b in built.items() if not isinstance(outcomes.get(t), ArgusError)], "push")
    outcomes |= _create(project_id, recipe.model_version, [built[t] for t in sorted(mine)])
    held = _rows(recipe.model_version, built)
    for task_id in built:
        row = held.get(task_id)
        if row is not None and row["state"] == "stored":
            outcomes[task_id] = _update(plan, recipe, row, built[task_id])
        outcomes.setdefault(task_id, "later" if row is not None or busy else _gone(task_id))
    if "stored" in outcomes.values() and _shown_lately.get(project_id) != recipe.model_version:
        show_version(project)
    return outcomes


def _is_storing(project_id: int) -> bool:
    """Whether Label Studio may be storing an answer of several tasks.

    At its end it counts the predictions of all tasks it had asked for, in one transaction; an import into the same
    project at that moment was seen to end in a deadlock of its database, and a person got an error.
    """
    with connect() as connection:
        row = connection.execute(
            "SELECT count(*) > 1 AS busy FROM prediction WHERE project_id = %s AND channel = 'predict' "
            "AND state = 'claimed' AND claimed_at > now() - make_interval(secs => %s)",
            (project_id, get_settings().claim_seconds)).fetchone()
    return bool(row and row["busy"])


def settle(project_id: int, model_version: str, task_ids: Sequence[int]) -> dict[int, Outcome]:
    """Compare claims with what Label Studio has: confirm, release, or leave them alone.

    Returns:
        `unknown_task` for tasks that Label Studio no longer has; nothing for the others.
    """
    if not task_ids:
        return {}
    held = _rows(model_version, task_ids)  # before the look at Label Studio: what changes after it is not ours to judge
    listed = {task["id"]: task for task in projects.listed_tasks(project_id, task_ids, fields="all")}
    outcomes: dict[int, Outcome] = {t: _gone(t) for t in task_ids if t not in listed}
    _release(model_version, list(outcomes))
    seen: dict[int, int | None] = {}
    for task_id in listed:
        ids = sorted(p["id"] for p in listed[task_id].get("predictions") or () if p["model_version"] == model_version)
        if ids:
            seen[task_id] = ids[0]
            for extra in ids[1:]:  # an answer and a push whose fate was unknown: the first one counts
                log.warning("a duplicate prediction is removed", extra={"task": task_id, "prediction": extra})
                _forgiving(lambda extra=extra: get_label_studio().delete(f"/api/predictions/{extra}/"))
        elif task_id in held:
            _release_unseen(held[task_id])
    _stored(model_version, seen)
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
                _release(model_version, [b.task_id for left in [batch, *batches] for b in left])
                raise
            if not 400 <= error.details.get("status", 0) < 500:  # it may have been stored: only reading back can tell
                log.warning("a push ended without an answer", extra={"code": error.code, "tasks": len(batch)})
                continue
            if len(batch) > 1:
                batches += [batch[:len(batch) // 2], batch[len(batch) // 2:]]
                continue
            outcomes[batch[0].task_id] = _refusal(batch[0].task_id, error)
            _release(model_version, [batch[0].task_id])
            continue
        if answer["created"] == len(batch):  # all of them, in one transaction: no need to read back what was sent
            _stored(model_version, {b.task_id: None for b in batch})
            continue
        log.warning("Label Studio kept only some predictions", extra={"sent": len(batch), "kept": answer["created"]})
        outcomes |= settle(project_id, model_version, [b.task_id for b in batch])
    return outcomes


def _update(plan: LabelPlan, recipe: Recipe, row: Row, built: Built) -> Outcome:
    """Bring one stored prediction up to date, holding its row."""
    if (row["digest"], row["labels"]) == (built.digest, built.labels):
        return "stored"
    task_id, version = row["task_id"], recipe.model_version
    with connect() as connection:
        locked = connection.execute("SELECT * FROM prediction WHERE task_id = %s AND model_version = %s FOR UPDATE",
                                    (task_id, version)).fetchone()
        fresh = build(plan, recipe, [task_id]).get(task_id)
        if locked is None or fresh is None or locked["prediction_id"] is None:
            return "later"  # its id is known once it was read back
        if locked["digest"] != fresh.digest:
            try:
                get_label_studio().patch(f"/api/predictions/{locked['prediction_id']}/",
                                         {"result": fresh.result, "score": fresh.score})
            except ArgusError as error:
                return "later" if error.code in ("not_found", "label_studio_unreachable") else error
        connection.execute(
            "UPDATE prediction SET digest = %s, score = %s, regions = %s, labels = %s "
            "WHERE task_id = %s AND model_version = %s",
            (fresh.digest, fresh.score, count_objects(fresh.result), fresh.labels, task_id, version))
    return "stored"


def _rows(model_version: str, task_ids: Iterable[int]) -> dict[int, Row]:
    with connect() as connection:
        return {row["task_id"]: row for row in connection.execute(
            "SELECT * FROM prediction WHERE model_version = %s AND task_id = ANY(%s)", (model_version, list(task_ids)))}


def _stored(model_version: str, predictions: Mapping[int, int | None]) -> None:
    """Record that Label Studio has these tasks' predictions, and their ids where they were seen."""
    with connect() as connection:
        connection.execute(
            "UPDATE prediction SET state = 'stored', prediction_id = coalesce(seen.id, prediction_id) "
            "FROM unnest(%s::bigint[], %s::bigint[]) AS seen (task_id, id) "
            "WHERE prediction.task_id = seen.task_id AND model_version = %s",
            (list(predictions), list(predictions.values()), model_version))


def _release(model_version: str, task_ids: Sequence[int]) -> None:
    with connect() as connection:
        connection.execute("DELETE FROM prediction WHERE model_version = %s AND task_id = ANY(%s)",
                           (model_version, list(task_ids)))


def _release_unseen(row: Row) -> None:
    """Release a claim Label Studio knows nothing of, unless it is young, or moved on since `row` was read."""
    with connect() as connection:
        connection.execute(
            "DELETE FROM prediction WHERE task_id = %(task_id)s AND model_version = %(model_version)s "
            "AND state = %(state)s AND claimed_at = %(claimed_at)s "
            "AND (state = 'stored' OR claimed_at < now() - make_interval(secs => %(old)s))",
            {**row, "old": get_settings().claim_seconds})


def _gone(task_id: int) -> ArgusError:
    return ArgusError("unknown_task", f"Label Studio no longer has task {task_id}.", task=task_id)


def _refusal(task_id: int, error: ArgusError) -> ArgusError:
    return _gone(task_id) if "not found in project" in error.message else error


def _forgiving(call: Any) -> None:
    try:
        call()
    except ArgusError as error:
        if error.code != "not_found":
            raise


def show_version(project: Row) -> None:
    """Make Label Studio's score column and bands read this version, once at least one prediction has it."""
    from label_studio_config.project import ensure_model_version

    version = recipe_for(project).model_version
    ensure_model_version(get_label_studio(), project["id"], version)
    _shown_lately[project["id"]] = version


def remove_old_versions(project_id: int) -> int | None:
    """Rebuild what older recipes predicted from stored detections, then remove the older ones.

    Returns:
        How many were removed; None when a delivery is unsettled and nothing was removed yet.

    Raises:
        ArgusError: as `push`.
    """
    with connect() as lock:  # one at a time: a version's removal makes Label Studio forget which one it shows
        lock.execute("SELECT pg_advisory_xact_lock(%s, %s)", (_CLEANUP_LOCK, project_id))
        return _remove_old_versions(project_id)


def _remove_old_versions(project_id: int) -> int | None:
    project = projects.load(project_id)
    current = recipe_for(project).model_version
    with connect() as connection:
        old = connection.execute("SELECT task_id, model_version FROM prediction WHERE project_id = %s "
                                 "AND model_version <> %s", (project_id, current)).fetchall()
    tasks = sorted({row["task_id"] for row in old})
    detections.adopt(tasks, recipe_for(project))  # prompts that were previewed and then kept: their finds are there
    outcomes: dict[int, Outcome] = {}
    for begin in range(0, len(tasks), _BULK):
        outcomes |= push(project_id, tasks[begin:begin + _BULK])
    if "later" in outcomes.values():
        return None
    for version in sorted({row["model_version"] for row in old}):
        get_label_studio().delete(f"/api/projects/{project_id}/model-versions/", {"model_version": version})
        with connect() as connection:
            connection.execute("DELETE FROM prediction WHERE project_id = %s AND model_version = %s",
                               (project_id, version))
    if "stored" in outcomes.values():
        show_version(project)
    return len(old)
