"""Review by score: what is left in each band, accepting in bulk, and taking an acceptance back.

Label Studio holds the truth: predictions of the project's current model version, and annotations. What it cannot tell,
who accepted what in one go, is recorded here, task by task, before it is asked and again after it answered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from argus.db import Row
from argus.db import connect as database
from argus.errors import ArgusError
from argus.export.objects import count_objects
from argus.labelstudio.client import LabelStudio
from argus.settings import get_settings
from label_studio_config.views import band_views, review_bands
from ml_backend.review_counts import count_delivered, review_status
from ml_backend.review_tasks import (
    CHUNK,
    NO_SCORE,
    UNREVIEWED,
    Review,
    chunks,
    condition,
    count_tasks,
    list_ids,
    of_version,
    open_review,
    predictions_of,
    prepare,
    read_ids,
    read_tasks,
    score_range,
    walk_tasks,
)
from ml_backend.set_aside import decisions

__all__ = ["accept", "accept_plan", "acceptances", "count_selected", "make_band_views", "review_status", "set_edges",
           "undo"]

_LOCK, _LOCK_SECONDS = 0x41524756, 60
Progress = Callable[[int, int], None]


def accept(project_id: int, *, min_score: float = 0.9, max_score: float | None = None, nothing_found: bool = False,
           task_ids: Sequence[int] | None = None, accepted_by: str = "", ls: LabelStudio | None = None,
           progress: Progress | None = None) -> dict[str, Any]:
    """Turn the predictions of a score range into annotations, on tasks that nobody has annotated or skipped.

    The task's score is its lowest region's. Tasks whose prediction has no regions are never part of a range; they are
    accepted by `nothing_found=True` alone, which makes empty annotations. Calling again accepts nothing more, and two
    calls at once wait for each other.

    Args:
        min_score, max_score: `min_score <= score`, and `score < max_score` unless that is None.
        task_ids: exactly these tasks, whatever their score, also those that were set aside.
        accepted_by: kept in the record; Label Studio stamps the annotations with the token's owner.
        progress: called with (tasks handled, tasks in all).

    Returns:
        `{"acceptance": id or None, "accepted_tasks", "accepted_regions": objects, "skipped", "reasons": {why: tasks}}`

    Raises:
        ArgusError: `unknown_project`; `bad_request`; `conflict` when another acceptance takes over a minute; what Label
            Studio answered, with `acceptance` and `accepted_tasks` in its details: those stay accepted and recorded.
    """
    selection = _selection(min_score, max_score, nothing_found, task_ids)
    review = open_review(project_id, ls)
    with _locked(project_id):
        prepare(review)
        _settle(review)
        total = count_tasks(review, _selected(review, selection), selection.get("task_ids"))
        if not total:
            return _Acceptance(None, review, selection).result()
        acceptance = _Acceptance.open(review, selection, accepted_by)
        acceptance.run(total, progress)
        return acceptance.result()


def accept_plan(project_id: int, *, min_score: float = 0.9, max_score: float | None = None,
                nothing_found: bool = False, task_ids: Sequence[int] | None = None,
                ls: LabelStudio | None = None) -> dict[str, int]:
    """Return what `accept` would do now, without doing it: the question to ask a person first.

    Returns:
        `{"tasks", "regions": objects on them, "set_aside": tasks of the range that stay out because of a decision}`

    Raises:
        ArgusError: as `accept`.
    """
    selection = _selection(min_score, max_score, nothing_found, task_ids)
    review = open_review(project_id, ls)
    prepare(review)
    conditions = _selected(review, selection)
    ids = list_ids(review, conditions) if task_ids is None else [
        task for chunk in chunks(task_ids, CHUNK) for task in read_ids(review, chunk, conditions)]
    aside = set(decisions(review)) if task_ids is None else set()
    free = [task for task in ids if task not in aside]
    return {"tasks": len(free), "regions": 0 if nothing_found else count_delivered(review, free),
            "set_aside": len(ids) - len(free)}


def count_selected(project_id: int, *, min_score: float = 0.9, max_score: float | None = None,
                   nothing_found: bool = False, ls: LabelStudio | None = None) -> int:
    """Return how many tasks `accept` would find; a prediction that is odd in itself may still be left out."""
    return accept_plan(project_id, min_score=min_score, max_score=max_score, nothing_found=nothing_found,
                       ls=ls)["tasks"]


def _selection(min_score: float, max_score: float | None, nothing_found: bool,
               task_ids: Sequence[int] | None) -> dict[str, Any]:
    """Return the selection as the record keeps it. Raises `bad_request`, `nothing_selected`."""
    if task_ids is not None:
        if not task_ids:
            raise ArgusError("nothing_selected", "No task was selected.", "Select at least one object.")
        return {"task_ids": sorted(set(task_ids)), "nothing_found": nothing_found}
    if not 0 <= min_score <= 1 or (max_score is not None and not min_score < max_score):
        raise ArgusError("bad_request", f"This is not a range of scores: {min_score} to {max_score}.",
                         "Scores go from 0 to 1, and the upper end lies above the lower one.")
    if nothing_found:
        return {"nothing_found": True}
    return {"min_score": min_score, "max_score": max_score, "nothing_found": False}


def _selected(review: Review, selection: Mapping[str, Any]) -> list[dict[str, Any]]:
    conditions = [of_version(review), *UNREVIEWED]
    if selection["nothing_found"]:
        return [*conditions, NO_SCORE]
    if "task_ids" in selection:
        return conditions
    return conditions + score_range(selection["min_score"], selection["max_score"])


def _walk(review: Review, selection: Mapping[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """Yield the selected tasks in full, a chunk at a time."""
    conditions = _selected(review, selection)
    if "task_ids" not in selection:
        yield from walk_tasks(review, conditions, CHUNK)
        return
    for chunk in chunks(selection["task_ids"], CHUNK):
        if tasks := read_tasks(review, chunk, conditions):
            yield tasks


class _Acceptance:
    """One acceptance while it runs, and its record."""

    def __init__(self, id: int | None, review: Review, selection: Mapping[str, Any]) -> None:
        self.id, self._review, self._selection = id, review, selection
        self._conditions = _selected(review, selection)
        self._aside = set() if "task_ids" in selection else set(decisions(review))
        self._tasks = self._regions = 0
        self._reasons: Counter[str] = Counter()

    @classmethod
    def open(cls, review: Review, selection: Mapping[str, Any], accepted_by: str) -> _Acceptance:
        with database() as connection:
            row = connection.execute(
                "INSERT INTO acceptance (project_id, model_version, selection, accepted_by) VALUES (%s, %s, %s, %s) "
                "RETURNING id", (review.project_id, review.model_version, Jsonb(selection), accepted_by)).fetchone()
        assert row is not None
        return cls(row["id"], review, selection)

    def result(self) -> dict[str, Any]:
        return {"acceptance": self.id, "accepted_tasks": self._tasks, "accepted_regions": self._regions,
                "skipped": sum(self._reasons.values()), "reasons": dict(self._reasons)}

    def run(self, total: int, progress: Progress | None) -> None:
        done = 0
        try:
            for tasks in _walk(self._review, self._selection):
                self._accept(tasks)
                done += len(tasks)
                if progress:
                    progress(done, max(done, total))
        except ArgusError as error:
            self._finish("failed", error)
            raise ArgusError(error.code, error.message, error.hint, acceptance=self.id, accepted_tasks=self._tasks,
                             **error.details) from error
        self._finish("done", None)

    def _finish(self, state: str, error: ArgusError | None) -> None:
        with database() as connection:
            connection.execute("UPDATE acceptance SET state = %s, error = %s, finished_at = now() WHERE id = %s",
                               (state, Jsonb(error.to_json()) if error else None, self.id))

    def _accept(self, tasks: Sequence[dict[str, Any]]) -> None:
        """Record, ask, look: each step finds the truth even when the one before it was cut off.

        The conditions go along, so that a task which a person annotates between the steps is left out.
        """
        items = self._plan(tasks)
        if not items:
            return
        with database() as connection, connection.cursor() as cursor:
            cursor.executemany("INSERT INTO acceptance_item (acceptance_id, task_id, prediction_id, regions) "
                               "VALUES (%s, %s, %s, %s)", [(self.id, *item) for item in items])
        body = {"selectedItems": {"all": False, "included": [task for task, _, _ in items]},
                "filters": {"conjunction": "and", "items": self._conditions},
                "model_version": self._review.model_version}
        try:
            self._review.ls.post(f"/api/dm/actions?id=predictions_to_annotations&project={self._review.project_id}",
                                 body, timeout=120)
        finally:  # also after a time-out: it may have been done all the same
            accepted, objects, missed = _look(self._review, self.id)
            self._tasks, self._regions = self._tasks + accepted, self._regions + objects
            self._reasons["annotated meanwhile"] += missed
            self._reasons += Counter()  # drops zeros

    def _plan(self, tasks: Sequence[dict[str, Any]]) -> list[tuple[int, int, int]]:
        """Return (task, prediction, objects) of each task that may be accepted; count the reasons of the others."""
        items = []
        for task in tasks:
            predictions = predictions_of(self._review, task)
            objects = count_objects(predictions[0]["result"]) if predictions else 0
            if task["id"] in self._aside:
                self._reasons["rejected or sent to be fixed"] += 1
            elif len(predictions) != 1:
                self._reasons["more than one prediction of this version"] += 1
            elif bool(predictions[0]["result"]) == bool(self._selection["nothing_found"]):
                self._reasons["score and regions do not fit"] += 1
            else:
                items.append((task["id"], predictions[0]["id"], objects))
        return items


def _look(review: Review, acceptance: int | None) -> tuple[int, int, int]:
    """Settle the items of an acceptance that were asked for; return (tasks accepted, their objects, tasks not)."""
    with database() as connection:
        asked: list[Row] = connection.execute("SELECT * FROM acceptance_item WHERE acceptance_id = %s "
                                              "AND state = 'asked'", (acceptance,)).fetchall()
    made: dict[int, dict[str, Any]] = {}
    for chunk in chunks([item["task_id"] for item in asked], CHUNK):
        for task in read_tasks(review, chunk):
            made |= {a["parent_prediction"]: a for a in task["annotations"] if a.get("parent_prediction")}
    found = [item for item in asked if item["prediction_id"] in made]
    with database() as connection, connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE acceptance_item SET state = %s, annotation_id = %s, updated_at = %s "
            "WHERE acceptance_id = %s AND task_id = %s",
            [("accepted", a["id"], a["updated_at"], acceptance, item["task_id"])
             if (a := made.get(item["prediction_id"])) else ("skipped", None, None, acceptance, item["task_id"])
             for item in asked])
    return len(found), sum(item["regions"] for item in found), len(asked) - len(found)


def _settle(review: Review) -> None:
    """Complete the records of acceptances that were cut off. The caller holds the lock, so none of them still runs."""
    with database() as connection:
        rows = connection.execute(
            "SELECT DISTINCT a.id, a.state FROM acceptance a LEFT JOIN acceptance_item i ON i.acceptance_id = a.id "
            "WHERE a.project_id = %s AND (a.state = 'open' OR i.state = 'asked')", (review.project_id,)).fetchall()
    for row in rows:
        _look(review, row["id"])
        error = ArgusError("internal", "The process that accepted ended before it was done.")
        with database() as connection:
            connection.execute("UPDATE acceptance SET state = 'failed', finished_at = now(), "
                               "error = coalesce(error, %s) WHERE id = %s", (Jsonb(error.to_json()), row["id"]))


def undo(acceptance_id: int, *, ls: LabelStudio | None = None, progress: Progress | None = None) -> dict[str, Any]:
    """Delete the annotations that an acceptance made, as long as nobody has touched them since.

    Afterwards their predictions can be accepted again. An annotation that was changed, or that somebody has an unsaved
    draft of, stays.

    Returns:
        `{"acceptance", "undone": n, "left": [{"task", "annotation", "reason"}]}`

    Raises:
        ArgusError: `not_found`; `conflict` when another acceptance takes over a minute.
    """
    with database() as connection:
        row = connection.execute("SELECT project_id FROM acceptance WHERE id = %s", (acceptance_id,)).fetchone()
    if row is None:
        raise ArgusError("not_found", f"There is no acceptance {acceptance_id}.",
                         "`argus review status` lists the last ones.")
    review = open_review(row["project_id"], ls)
    with _locked(review.project_id):
        _settle(review)
        with database() as connection:
            items = connection.execute("SELECT * FROM acceptance_item WHERE acceptance_id = %s AND state IN "
                                       "('accepted', 'kept') ORDER BY task_id", (acceptance_id,)).fetchall()
        left: list[dict[str, Any]] = []
        for number, chunk in enumerate(chunks(items, CHUNK)):
            tasks = {task["id"]: task for task in read_tasks(review, [item["task_id"] for item in chunk])}
            left += _undo_chunk(review, chunk, tasks)
            if progress:
                progress(number * CHUNK + len(chunk), len(items))
        with database() as connection:
            connection.execute("UPDATE acceptance SET state = 'undone' WHERE id = %s", (acceptance_id,))
    return {"acceptance": acceptance_id, "undone": len(items) - len(left), "left": left}


def _undo_chunk(review: Review, items: Sequence[Row], tasks: Mapping[int, dict[str, Any]]) -> list[dict[str, Any]]:
    """Delete annotations that are still as they were made; return those that stay, and why."""
    reasons = {item["task_id"]: _reason_to_keep(item, tasks.get(item["task_id"])) for item in items}
    free = [item for item in items if not reasons[item["task_id"]]]
    alone = [item["task_id"] for item in free if len(tasks[item["task_id"]]["annotations"]) == 1
             and not tasks[item["task_id"]]["drafts"]]
    deleted = _delete_only_annotations(review, alone)
    for item in free:
        if item["task_id"] not in deleted:  # beside a person's own annotation or draft
            review.ls.delete(f"/api/annotations/{item['annotation_id']}/")
    with database() as connection, connection.cursor() as cursor:
        cursor.executemany("UPDATE acceptance_item SET state = %s WHERE acceptance_id = %s AND task_id = %s",
                           [("kept" if reasons[item["task_id"]] else "undone", item["acceptance_id"], item["task_id"])
                            for item in items])
    return [{"task": item["task_id"], "annotation": item["annotation_id"], "reason": reasons[item["task_id"]]}
            for item in items if reasons[item["task_id"]]]


def _reason_to_keep(item: Row, task: Mapping[str, Any] | None) -> str:
    """Return why the annotation of an item may not be deleted, or ''."""
    annotation = next((a for a in (task or {}).get("annotations", ()) if a["id"] == item["annotation_id"]), None)
    if annotation is None:
        return "deleted already"
    if datetime.fromisoformat(annotation["updated_at"]) != item["updated_at"]:
        return "changed since"
    if any(draft.get("annotation") == annotation["id"] for draft in (task or {}).get("drafts", ())):
        return "somebody is changing it"
    return ""


def _delete_only_annotations(review: Review, tasks: Sequence[int]) -> set[int]:
    """Delete the annotations of tasks that have exactly one; return the tasks that are without one afterwards.

    One call instead of one for each, which takes seconds instead of minutes. The conditions go along, so that a task
    which got a second annotation meanwhile is left out.
    """
    if not tasks:
        return set()
    one = [condition("total_annotations", "equal", 1), condition("cancelled_annotations", "equal", 0)]
    review.ls.post(f"/api/dm/actions?id=delete_tasks_annotations&project={review.project_id}",
                   {"selectedItems": {"all": False, "included": list(tasks)},
                    "filters": {"conjunction": "and", "items": one}}, timeout=120)
    if count_tasks(review, UNREVIEWED, tasks) == len(tasks):
        return set(tasks)
    return {task["id"] for task in read_tasks(review, tasks, UNREVIEWED)}


def acceptances(project_id: int, limit: int = 20) -> list[dict[str, Any]]:
    """Return a project's last acceptances, newest first: id, state, selection, who, when, and tasks by outcome."""
    with database() as connection:
        rows = connection.execute(
            "SELECT a.id, a.state, a.selection, a.accepted_by, a.created_at, a.error, "
            "count(*) FILTER (WHERE i.state = 'accepted') AS accepted, count(*) FILTER (WHERE i.state = 'undone') AS "
            "undone, count(*) FILTER (WHERE i.state = 'kept') AS kept FROM acceptance a "
            "LEFT JOIN acceptance_item i ON i.acceptance_id = a.id WHERE a.project_id = %s "
            "GROUP BY a.id ORDER BY a.id DESC LIMIT %s", (project_id, limit)).fetchall()
    return [dict(row) | {"created_at": row["created_at"].isoformat()} for row in rows]


def make_band_views(project_id: int, *, ls: LabelStudio | None = None) -> dict[str, int]:
    """Create or correct the views of the bands in Label Studio's Data Manager; return `{band: view id}`."""
    review = open_review(project_id, ls)
    prepare(review)
    return band_views(review.ls, project_id, review_bands(review.edges.high, review.edges.medium), review.model_version)


def set_edges(project_id: int, high: float | None, medium: float | None, *,
              ls: LabelStudio | None = None) -> dict[str, Any]:
    """Move a project's band edges, and its band views in Label Studio with them.

    The edges are kept only when the views could be put right too, so that page and Label Studio never differ.

    Args:
        high, medium: lower edges of the bands, 0-1; None means the setting.

    Returns:
        `{"edges": {"high", "medium"}, "views": {band: view id}}`

    Raises:
        ArgusError: `bad_request`, `unknown_project`, `label_studio_unreachable`.
    """
    old = open_review(project_id, ls)
    settings = get_settings()
    top, middle = (default if edge is None else edge
                   for edge, default in ((high, settings.band_high), (medium, settings.band_medium)))
    if not 0 < middle <= top <= 1:
        raise ArgusError("bad_request", f"These are no band edges: high {top:g}, medium {middle:g}.",
                         "Edges lie above 0 and up to 1, and the high one is not below the medium one.")
    prepare(old)
    views = band_views(old.ls, project_id, review_bands(top, middle), old.model_version)
    with database() as connection:
        connection.execute("UPDATE project SET band_high = %s, band_medium = %s WHERE id = %s",
                           (high, medium, project_id))
    return {"edges": {"high": top, "medium": middle}, "views": views}


@contextmanager
def _locked(project_id: int) -> Iterator[None]:
    """Hold the project's review lock: accepting and undoing happen one at a time, whichever process asks."""
    try:
        with database() as connection:
            connection.execute(f"SET LOCAL lock_timeout = '{_LOCK_SECONDS}s'")
            connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", (_LOCK, project_id))
            yield
    except psycopg.errors.LockNotAvailable as error:
        raise ArgusError("conflict", f"Another acceptance in project {project_id} is still running.",
                         "Try again when it is done; `argus review status` shows it.") from error
