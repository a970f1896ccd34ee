"""One acceptance: its items recorded, Label Studio asked, and looked at what became of it.

What costs time is Label Studio's reading and writing of masks. So a task is not read in full where the record of
deliveries says which prediction it has and Label Studio, which counts cheaply, counts the same tasks: then its own
action is most of the time (`python -m benchmarks.accept`). Wherever anything differs, the tasks are read in full.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from argus.answers.review import Accepted, AcceptPlan, SelectionSpec
from argus.errors import ArgusError
from argus.labelstudio.client import LabelStudio
from argus.labelstudio.filters import (
    NO_SCORE,
    UNREVIEWED,
    chunks,
    condition,
    matching,
    score_range,
    selection,
)
from argus.labelstudio.regions import count_objects
from argus.labelstudio.types import Condition, Task
from argus.labelstudio.users import Person
from label_studio_config.bands import LEAST
from ml_backend.suspicion.store import suspected_late
from search_service.review import prediction_store, store
from search_service.review.candidates import (
    CHUNK,
    KNOWN_CHUNK,
    Review,
    count_tasks,
    list_ids,
    of_version,
    predictions_of,
    read_ids,
    read_tasks,
    walk_tasks,
)
from search_service.review.confirmation import confirm_accepted
from search_service.review.copies import Kept, copies_version, put_copies, remove_copies
from search_service.review.corrections import Corrector, corrected_objects, corrections
from search_service.review.records import close_record, open_record
from search_service.review.set_aside import decisions
from search_service.review.status import count_delivered
from search_service.review.store import Item

Progress = Callable[[int, int], None]
DOES_NOT_FIT = ("not_found", "bad_request", "unknown_label")  # a correction
_ONE_PREDICTION = condition("total_predictions", "equal", 1)


def selected(review: Review, selection: SelectionSpec) -> list[Condition]:
    """Return the conditions of a selection: of our version, not reviewed, and in its range of scores."""
    conditions = [of_version(review), *UNREVIEWED]
    if selection["nothing_found"]:
        return [*conditions, NO_SCORE]
    if "task_ids" in selection:
        return conditions
    least = LEAST if review.edges.check_first else 0.0  # what is to be checked first has the score 0
    return conditions + score_range(max(selection["min_score"], least), selection["max_score"])


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
        self._decide()
        # Suspected just now, and delivered with a score that does not say so yet.
        self._suspected = set() if "task_ids" in selection else suspected_late(review.project_id, review.model_version)
        self._aside |= self._suspected
        self._corrector = Corrector(review)
        self._tasks = self._objects = 0
        self._reasons: Counter[str] = Counter()

    def _decide(self) -> None:
        """Find out which tasks get an annotation that differs from their prediction, and which stay out."""
        decided, named = decisions(self._review), "task_ids" in self._selection
        if "sample" in self._selection:  # its certificate is about objects as they were listed
            self._corrections, self._aside = {}, {*decided, *corrected_objects(self._review)}
            return
        self._corrections = corrections(self._review, decided, named=named,
                                        without_rejected=self._selection.get("without_rejected", False))
        self._aside = set() if named else decided.keys() - self._corrections.keys()

    @classmethod
    def open(cls, review: Review, selection: SelectionSpec, person: LabelStudio,
             owner: Person | None) -> Acceptance:
        return cls(open_record(review, selection, owner), review, selection, person)

    def result(self) -> Accepted:
        return Accepted(acceptance=self.id, accepted_tasks=self._tasks, accepted_objects=self._objects,
                        skipped=sum(self._reasons.values()), reasons=dict(self._reasons))

    def plan(self) -> AcceptPlan:
        """Return what would be accepted now, as `review.accept_plan` tells it.

        Label Studio only counts, where it and our record agree; else the tasks are listed, without their regions.
        """
        ids, counted = self._selection.get("task_ids"), not self._selection["nothing_found"]
        total = count_tasks(self._review, self._conditions, ids)
        aside = count_tasks(self._review, self._conditions, sorted(self._aside)) if total and self._aside else 0
        known = [item for chunk in chunks(self._delivered() if total else (), KNOWN_CHUNK)
                 for item in self._confirmed(chunk)]
        changed = self._changed() if total else []
        objects = sum(regions for _, _, regions in known) + count_delivered(self._review, changed)
        if len(known) + len(changed) != total - aside:
            listed = list_ids(self._review, self._conditions) if ids is None else [
                task for chunk in chunks(ids, CHUNK) for task in read_ids(self._review, chunk, self._conditions)]
            objects = count_delivered(self._review, [task for task in listed if task not in self._aside])
        made = [self._corrections[task] for task in changed]
        rejected, added = sum(len(one.rejected) for one in made), sum(len(one.added) for one in made)
        return AcceptPlan(tasks=total - aside, objects=(objects - rejected if counted else 0) + added, set_aside=aside,
                          rejected=rejected, corrected=sum(len(one.changes) for one in made) + added)

    def _changed(self) -> list[int]:
        """Return the tasks of the selection whose annotation will differ from their prediction."""
        ids = set(self._corrections) & set(self._selection.get("task_ids", self._corrections)) - self._aside
        return [task for chunk in chunks(sorted(ids), CHUNK)
                for task in read_ids(self._review, chunk, self._conditions)]

    def run(self, total: int, progress: Progress | None) -> None:
        """Accept all of the selection.

        Raises:
            ArgusError: what Label Studio answered, with `acceptance` and `accepted_tasks` in its details.
        """
        done = 0
        try:
            for count, items, kept in self._items():
                if items:
                    self._accept(items, self._review.model_version)
                if kept:
                    self._accept_copies(kept)
                done += count
                if progress:
                    progress(done, max(done, total))
        except ArgusError as error:
            close_record(self.id, "failed", error)
            raise ArgusError(error.code, error.message, error.hint, acceptance=self.id, accepted_tasks=self._tasks,
                             **error.details) from error
        close_record(self.id, "done", None)

    def _items(self) -> Iterator[tuple[int, list[Item], list[Kept]]]:
        """Yield (tasks looked at, what of them may be accepted as it is, and as it was corrected): first what is known,
        then what must be read."""
        for chunk in chunks(self._delivered(), KNOWN_CHUNK):
            items = self._confirmed(chunk)
            yield len(items), items, []
        for tasks in self._walk():
            kept = [one for task in tasks if task["id"] in self._corrections for one in self._keep(task)]
            yield len(tasks), self._plan([task for task in tasks if task["id"] not in self._corrections]), kept

    def _delivered(self) -> list[Item]:
        """Return what our record of deliveries has in the selection, reviewed or not."""
        rows = prediction_store.not_accepted(self._review.project_id, self._review.model_version,
                                             self._selection.get("task_ids"))
        return [(row.task_id, row.prediction_id, row.regions) for row in rows if row.prediction_id is not None
                and row.task_id not in self._aside and row.task_id not in self._corrections
                and self._in_range(row.score, row.regions)]

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

    def _walk(self) -> Iterator[list[Task]]:
        """Yield the selected tasks that are left, in full, a chunk at a time."""
        if "task_ids" not in self._selection:
            yield from walk_tasks(self._review, self._conditions, CHUNK)
            return
        for chunk in chunks(self._selection["task_ids"], CHUNK):
            if count_tasks(self._review, self._conditions, chunk):
                yield read_tasks(self._review, chunk, self._conditions)

    def _plan(self, tasks: Sequence[Task]) -> list[Item]:
        """Return what may be accepted of the tasks; count the reasons of the others."""
        items = []
        for task in tasks:
            if reason := self._reason_against(task):
                self._reasons[reason] += 1
            else:
                (prediction,) = predictions_of(self._review, task)
                items.append((task["id"], prediction["id"], count_objects(prediction["result"])))
        return items

    def _reason_against(self, task: Task) -> str:
        """Return why a task may not be accepted, or ''."""
        predictions = predictions_of(self._review, task)
        if task["id"] in self._suspected:
            return "to be checked first"
        if task["id"] in self._aside:
            return "rejected or sent to be fixed"
        if task["annotations"]:  # Label Studio has not counted it
            return "annotated meanwhile"
        if len(predictions) != 1:
            return "more than one prediction of this version"
        if bool(predictions[0]["result"]) == bool(self._selection["nothing_found"]):
            return "score and regions do not fit"
        return ""

    def _keep(self, task: Task) -> Iterator[Kept]:
        """Yield the prediction of a task as it was corrected; count the reason against it."""
        if reason := self._reason_against(task):
            self._reasons[reason] += 1
            return
        (prediction,) = predictions_of(self._review, task)
        try:
            regions = self._corrector.regions(task["id"], prediction["result"], self._corrections[task["id"]])
        except ArgusError as error:
            if error.code not in DOES_NOT_FIT:
                raise
            self._reasons["what was said of an object does not fit the prediction"] += 1
            return
        yield Kept(task["id"], prediction["id"], regions, count_objects(regions))

    def _accept_copies(self, kept: Sequence[Kept]) -> None:
        """Accept predictions as they were corrected; the copies that this needs are gone afterwards."""
        try:
            put_copies(self._review, self.id, kept)
            self._accept([(one.task, one.prediction, one.objects) for one in kept], copies_version(self._review))
        finally:
            remove_copies(self._review, self.id)

    def _accept(self, items: Sequence[Item], version: str) -> None:
        """Record, ask, look: each step finds the truth even when the one before it was cut off.

        The conditions go along, so that a task which a person annotates between the steps is left out.

        Args:
            version: of the predictions that the annotations are made of.
        """
        store.request_items(self.id, items)
        body = {**selection([task for task, _, _ in items]), "filters": matching(self._conditions),
                "model_version": version}
        created = -1
        try:
            answer = self._person.post(
                f"/api/dm/actions?id=predictions_to_annotations&project={self._review.project_id}", body, timeout=300)
            said = re.search(r"\d+", str(answer.get("detail")))
            created = int(said[0]) if said else -1
        finally:  # also after a time-out: it may have been done all the same
            accepted, objects, missed = confirm_accepted(self._review, self.id, all_made=created == len(items))
            self._tasks, self._objects = self._tasks + accepted, self._objects + objects
            self._reasons["annotated meanwhile"] += missed
            self._reasons += Counter()  # drops zeros
