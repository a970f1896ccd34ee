"""One acceptance: its items recorded, Label Studio asked, and looked at what became of it.

What costs time is Label Studio's reading and writing of masks. So a task is not read in full where the record of
deliveries says which prediction it has and Label Studio, which counts cheaply, counts the same tasks: then its own
action is most of the time (`python -m benchmarks.accept`). Wherever anything differs, the tasks are read in full.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from argus.answers.review import Accepted, AcceptPlan, SelectionSpec
from argus.errors import ArgusError
from argus.labelstudio.client import LabelStudio
from argus.labelstudio.filters import (
    NO_SCORE,
    UNREVIEWED,
    changed_at,
    chunks,
    condition,
    matching,
    score_range,
    selection,
)
from argus.labelstudio.regions import count_objects
from argus.labelstudio.users import Person
from search_service.review import prediction_store, store
from search_service.review.additions import settle_additions
from search_service.review.candidates import (
    CHUNK,
    Review,
    count_made,
    count_tasks,
    list_ids,
    of_version,
    page_of_tasks,
    predictions_of,
    read_ids,
    read_tasks,
    walk_tasks,
)
from search_service.review.records import close_record, open_record
from search_service.review.set_aside import decisions
from search_service.review.status import count_delivered
from search_service.review.store import AcceptedItem, Item, Made

Progress = Callable[[int, int], None]
_ONE_PREDICTION = condition("total_predictions", "equal", 1)
# A column is only computed when a filter names it: ids of the annotations, and when the newest was made.
_MADE = (condition("total_annotations", "equal", 1), condition("annotations_ids", "empty", False, "List"),
         condition("completed_at", "greater", "1970-01-01T00:00:00.000000Z", "Datetime"))


def selected(review: Review, selection: SelectionSpec) -> list[dict[str, Any]]:
    """Return the conditions of a selection: of our version, not reviewed, and in its range of scores."""
    conditions = [of_version(review), *UNREVIEWED]
    if selection["nothing_found"]:
        return [*conditions, NO_SCORE]
    if "task_ids" in selection:
        return conditions
    return conditions + score_range(selection["min_score"], selection["max_score"])


class Acceptance:
    """One acceptance while it runs, and its record.

    Args:
        id: of the row in `acceptance`; None when there is nothing to accept.
        selection: as the row keeps it.
        person: whose token asks Label Studio for the annotations, which carry their name.
    """

    def __init__(self, id: int | None, review: Review, selection: SelectionSpec, person: LabelStudio) -> None:
        self.id, self._review, self._selection, self._person = id, review, selection, person
        self._conditions = selected(review, selection)
        self._aside = set() if "task_ids" in selection else set(decisions(review))
        self._tasks = self._regions = 0
        self._reasons: Counter[str] = Counter()

    @classmethod
    def open(cls, review: Review, selection: SelectionSpec, person: LabelStudio,
             owner: Person | None) -> Acceptance:
        return cls(open_record(review, selection, owner), review, selection, person)

    def result(self) -> Accepted:
        return Accepted(acceptance=self.id, accepted_tasks=self._tasks, accepted_regions=self._regions,
                        skipped=sum(self._reasons.values()), reasons=dict(self._reasons))

    def plan(self) -> AcceptPlan:
        """Return what would be accepted now, as `review.accept_plan` tells it.

        Label Studio only counts, where it and our record agree; else the tasks are listed, without their regions.
        """
        ids, counted = self._selection.get("task_ids"), not self._selection["nothing_found"]
        total = count_tasks(self._review, self._conditions, ids)
        aside = count_tasks(self._review, self._conditions, sorted(self._aside)) if total and self._aside else 0
        known = [item for chunk in chunks(self._delivered() if total else (), CHUNK) for item in self._confirmed(chunk)]
        objects = sum(regions for _, _, regions in known)
        if len(known) != total - aside:
            listed = list_ids(self._review, self._conditions) if ids is None else [
                task for chunk in chunks(ids, CHUNK) for task in read_ids(self._review, chunk, self._conditions)]
            objects = count_delivered(self._review, [task for task in listed if task not in self._aside])
        return AcceptPlan(tasks=total - aside, regions=objects if counted else 0, set_aside=aside)

    def run(self, total: int, progress: Progress | None) -> None:
        """Accept all of the selection.

        Raises:
            ArgusError: what Label Studio answered, with `acceptance` and `accepted_tasks` in its details.
        """
        done = 0
        try:
            for count, items in self._items():
                if items:
                    self._accept(items)
                done += count
                if progress:
                    progress(done, max(done, total))
        except ArgusError as error:
            close_record(self.id, "failed", error)
            raise ArgusError(error.code, error.message, error.hint, acceptance=self.id, accepted_tasks=self._tasks,
                             **error.details) from error
        close_record(self.id, "done", None)

    def _items(self) -> Iterator[tuple[int, list[Item]]]:
        """Yield (tasks looked at, what of them may be accepted): first what is known, then what must be read."""
        for chunk in chunks(self._delivered(), CHUNK):
            items = self._confirmed(chunk)
            yield len(items), items
        for tasks in self._walk():
            yield len(tasks), self._plan(tasks)

    def _delivered(self) -> list[Item]:
        """Return what our record of deliveries has in the selection, reviewed or not."""
        rows = prediction_store.not_accepted(self._review.project_id, self._review.model_version,
                                             self._selection.get("task_ids"))
        return [(row.task_id, row.prediction_id, row.regions) for row in rows if row.prediction_id is not None
                and row.task_id not in self._aside and self._in_range(row.score, row.regions)]

    def _in_range(self, score: float | None, regions: int) -> bool:
        if self._selection["nothing_found"] or score is None or not regions:
            return bool(self._selection["nothing_found"]) and score is None and not regions
        if "task_ids" in self._selection:
            return True
        upper = self._selection["max_score"]
        return bool(round(score, 4) >= self._selection["min_score"] and (upper is None or round(score, 4) < upper))

    def _confirmed(self, items: Sequence[Item]) -> list[Item]:
        """Return those that Label Studio has in the selection too, each with a single prediction."""
        conditions, ids = [*self._conditions, _ONE_PREDICTION], [task for task, _, _ in items]
        count = count_tasks(self._review, conditions, ids)
        if count == len(items):
            return list(items)
        found = set(read_ids(self._review, ids, conditions)) if count else set()
        return [item for item in items if item[0] in found]

    def _walk(self) -> Iterator[list[dict[str, Any]]]:
        """Yield the selected tasks that are left, in full, a chunk at a time."""
        if "task_ids" not in self._selection:
            yield from walk_tasks(self._review, self._conditions, CHUNK)
            return
        for chunk in chunks(self._selection["task_ids"], CHUNK):
            if count_tasks(self._review, self._conditions, chunk):
                yield read_tasks(self._review, chunk, self._conditions)

    def _plan(self, tasks: Sequence[dict[str, Any]]) -> list[Item]:
        """Return what may be accepted of the tasks; count the reasons of the others."""
        items = []
        for task in tasks:
            predictions = predictions_of(self._review, task)
            objects = count_objects(predictions[0]["result"]) if predictions else 0
            if task["id"] in self._aside:
                self._reasons["rejected or sent to be fixed"] += 1
            elif task["annotations"]:  # Label Studio has not counted it
                self._reasons["annotated meanwhile"] += 1
            elif len(predictions) != 1:
                self._reasons["more than one prediction of this version"] += 1
            elif bool(predictions[0]["result"]) == bool(self._selection["nothing_found"]):
                self._reasons["score and regions do not fit"] += 1
            else:
                items.append((task["id"], predictions[0]["id"], objects))
        return items

    def _accept(self, items: Sequence[Item]) -> None:
        """Record, ask, look: each step finds the truth even when the one before it was cut off.

        The conditions go along, so that a task which a person annotates between the steps is left out.
        """
        store.request_items(self.id, items)
        body = {**selection([task for task, _, _ in items]), "filters": matching(self._conditions),
                "model_version": self._review.model_version}
        created = -1
        try:
            answer = self._person.post(
                f"/api/dm/actions?id=predictions_to_annotations&project={self._review.project_id}", body, timeout=300)
            said = re.search(r"\d+", str(answer.get("detail")))
            created = int(said[0]) if said else -1
        finally:  # also after a time-out: it may have been done all the same
            accepted, objects, missed = confirm_accepted(self._review, self.id, all_made=created == len(items))
            self._tasks, self._regions = self._tasks + accepted, self._regions + objects
            self._reasons["annotated meanwhile"] += missed
            self._reasons += Counter()  # drops zeros


def confirm_accepted(review: Review, acceptance: int | None, *, all_made: bool = False) -> tuple[int, int, int]:
    """Settle the items of an acceptance that were asked for; return (tasks accepted, their objects, tasks not).

    Args:
        all_made: Label Studio said that it made as many annotations as it was asked for. It makes one a prediction at
            most, so a task that had none and has one now has ours.
    """
    requested = store.requested_items(acceptance)
    made: dict[int, Made] = {}
    for chunk in chunks(requested, CHUNK):
        if all_made:
            made |= _confirm_by_timestamp(review, [item.task_id for item in chunk])
        made |= _read(review, [item for item in chunk if item.task_id not in made])
    store.settle_items(requested, made)
    accepted = [item for item in requested if item.task_id in made]
    return len(accepted), sum(item.regions for item in accepted), len(requested) - len(accepted)


def _confirm_by_timestamp(review: Review, ids: Sequence[int]) -> dict[int, Made]:
    """Return what was made by task, without reading a region.

    The action stamps all its tasks with one time. When as many tasks as were asked for have that stamp and exactly one
    annotation, nothing else happened to any of them; the annotation is known by its task, its prediction and the stamp,
    and its id is looked up when it is needed. Else the tasks are listed; one with another stamp is left to `_read`.
    """
    first = page_of_tasks(review, _MADE, 1, ids)["tasks"]
    if first and count_tasks(review, [_MADE[0], changed_at(first[0]["updated_at"])], ids) == len(ids):
        return dict.fromkeys(ids, Made(None, None, first[0]["updated_at"]))
    tasks = page_of_tasks(review, _MADE, len(ids), ids)["tasks"]
    stamps = Counter(task["updated_at"] for task in tasks).most_common(1)
    return {task["id"]: Made(int(task["annotations_ids"]), task["completed_at"], task["updated_at"]) for task in tasks
            if task["updated_at"] == stamps[0][0]}


def _read(review: Review, items: Sequence[AcceptedItem]) -> dict[int, Made]:
    by_prediction = {item.prediction_id: item.task_id for item in items}
    tasks = read_tasks(review, [item.task_id for item in items])
    touched = count_made(review, tasks)
    return {by_prediction[a["parent_prediction"]]: Made(a["id"], touched.get(a["id"], a["created_at"]), None)
            for task in tasks for a in task["annotations"] if a.get("parent_prediction") in by_prediction}


def settle(review: Review) -> None:
    """Complete the records of acceptances that were cut off. The caller holds the lock, so none of them still runs."""
    for acceptance in store.unsettled(review.project_id):
        confirm_accepted(review, acceptance)
        settle_additions(review.ls, acceptance)
        store.fail_cut_off(acceptance, ArgusError("internal",
                                                  "The process stopped before the acceptance was complete."))
