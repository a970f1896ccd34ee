"""New labels for tasks that already have an annotation: offered as additions to it, never as a second annotation.

A label is new to an annotation when it was computed after the annotation was last changed and the annotation has no
region of it. So what a person removed is not offered again, and what they drew themselves is not doubled. Regions are
added by changing the annotation, which keeps its author; Label Studio has no bulk call for that: some 0.1 s a task.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from argus.answers.review import Added, AdditionExample, AdditionsBand, LeftAnnotation
from argus.errors import ArgusError
from argus.labelstudio.client import LabelStudio
from argus.labelstudio.filters import before, chunks, condition
from argus.labelstudio.regions import count_objects, read_labels
from argus.labelstudio.types import Annotation, Draft, Region, Task
from label_studio_config import projects
from label_studio_config.recipe import recipe_for
from search_service.review import prediction_store, store
from search_service.review.candidates import CHUNK, Review, of_version, page_of_tasks, predictions_of, read_tasks
from search_service.review.store import AddedItem

Progress = Callable[[int, int], None]
_EXAMPLES = 12
_ONE_ANNOTATION = (condition("total_annotations", "equal", 1), condition("cancelled_annotations", "equal", 0),
                   condition("draft_exists", "equal", False, "Boolean"),
                   condition("completed_at", "greater", "1970-01-01T00:00:00.000000Z", "Datetime"))


@dataclass(frozen=True)
class Offer:
    """Regions that could be added to one annotation.

    Attributes:
        changed: the annotation's `updated_at` when it was read.
    """

    task: int
    annotation: int
    changed: str
    regions: Sequence[Region]

    @property
    def score(self) -> float:
        """The lowest of the new regions, 0-1."""
        return min(float(region.get("score") or 0) for region in self.regions)


def offers(review: Review, min_score: float, max_score: float | None) -> Iterator[Offer]:
    """Yield what could be added, for tasks whose new regions' lowest score lies in `[min_score, max_score)`."""
    computed = _computed(review)
    if not computed:
        return
    newest = max(at for labels in computed.values() for at in labels.values())
    conditions = [of_version(review), *_ONE_ANNOTATION, before(newest)]
    last = 0
    while tasks := page_of_tasks(review, [*conditions, condition("id", "greater", last)], 1000,
                                 include="id,completed_at")["tasks"]:
        last = tasks[-1]["id"]
        newer = [task["id"] for task in tasks if any(
            at > datetime.fromisoformat(task["completed_at"]) for at in computed.get(task["id"], {}).values())]
        for chunk in chunks(newer, CHUNK):
            ours = _our_changes(chunk)
            for task in read_tasks(review, chunk, conditions):
                offer = _offer(review, task, computed[task["id"]], ours)
                if offer and offer.score >= min_score and (max_score is None or offer.score < max_score):
                    yield offer


@dataclass
class Tally:
    """What offers come to; no more is kept of them.

    Attributes:
        regions: objects, not single regions: box and mask of one count once.
        examples: the objects of the lowest scores, to look at before they are added. One without an upright box (a
            polygon) is none.
    """

    tasks: int = 0
    objects: int = 0
    examples: list[AdditionExample] = field(default_factory=list)

    def add(self, offer: Offer) -> None:
        self.tasks += 1
        self.objects += count_objects(offer.regions)
        self.examples = sorted([*self.examples, *_boxes(offer)],
                               key=lambda one: (one.score or 0, one.task))[:_EXAMPLES]

    def answer(self) -> AdditionsBand:
        return AdditionsBand(tasks=self.tasks, objects=self.objects, examples=self.examples)


def _boxes(offer: Offer) -> list[AdditionExample]:
    return [AdditionExample(
                task=offer.task, label=read_labels([region])[0], score=region.get("score"),
                box=[value["x"] / 100, value["y"] / 100, (value["x"] + value["width"]) / 100,
                     (value["y"] + value["height"]) / 100])
            for region in offer.regions for value in [region["value"]] if region["type"] == "rectanglelabels"]


def _computed(review: Review) -> dict[int, dict[str, datetime]]:
    """Return `{task: {label: when its detections were computed}}` for the labels of the current recipe."""
    computed: dict[int, dict[str, datetime]] = {}
    for row in prediction_store.computed(review.project_id, recipe_for(projects.load(review.project_id))):
        computed.setdefault(row.task_id, {})[row.label] = row.created_at
    return computed


def _our_changes(tasks: Sequence[int]) -> dict[tuple[int, datetime], datetime]:
    """Return `{(annotation, its updated_at by our undo): its updated_at before us}`."""
    return {(change.annotation_id, change.updated_at): change.before_at for change in store.undone_changes(tasks)}


def _offer(review: Review, task: Task, computed: Mapping[str, datetime],
           ours: Mapping[tuple[int, datetime], datetime]) -> Offer | None:
    (annotation,), predictions = task["annotations"], predictions_of(review, task)
    if len(predictions) != 1:
        return None
    changed = datetime.fromisoformat(annotation["updated_at"])
    while (annotation["id"], changed) in ours:
        changed = ours[annotation["id"], changed]
    images = {region.get("to_name") for region in predictions[0]["result"]}  # the one that Argus works on
    drawn = set(read_labels([region for region in annotation["result"] if region.get("to_name") in {None, *images}]))
    new = {label for label, at in computed.items() if at > changed} - drawn
    regions = [region for region in predictions[0]["result"] if new.issuperset(read_labels([region]) or {""})]
    return Offer(task["id"], annotation["id"], annotation["updated_at"], regions) if regions else None


def add(acceptance: int, found: Sequence[Offer], person: LabelStudio,
        progress: Progress | None) -> Added:
    """Add the offered regions to their annotations, each recorded before and after; return what became of them.

    Raises:
        ArgusError: what Label Studio answered; what was added until then stays and is recorded.
    """
    added = objects = 0
    reasons: Counter[str] = Counter()
    for number, offer in enumerate(found, start=1):
        reason = _add_one(acceptance, offer, person)
        if reason:
            reasons[reason] += 1
        else:
            added, objects = added + 1, objects + count_objects(offer.regions)
        if progress:
            progress(number, len(found))
    return Added(acceptance=acceptance, added_tasks=added, added_objects=objects, skipped=sum(reasons.values()),
                 reasons=dict(reasons))


def _add_one(acceptance: int, offer: Offer, person: LabelStudio) -> str:
    """Add one offer; return why not, or ''."""
    path = f"/api/annotations/{offer.annotation}/"
    try:
        annotation: Annotation = person.get(path)
    except ArgusError as error:
        if error.code != "not_found":
            raise
        return "deleted meanwhile"
    if annotation["updated_at"] != offer.changed:
        return "changed meanwhile"
    ids = [region["id"] for region in offer.regions]
    store.request_addition(acceptance, offer.task, offer.annotation, ids, count_objects(offer.regions), offer.changed)
    try:
        stored: Annotation = person.patch(path, {"result": [*annotation["result"], *offer.regions]})
    except ArgusError:  # it may have been done all the same
        settle_additions(person, acceptance)
        raise
    _complete(acceptance, offer.task, ids, stored["result"], stored["updated_at"])
    return ""


def settle_additions(ls: LabelStudio, acceptance: int) -> None:
    """Complete the record of additions that were asked for and never answered."""
    for item in store.requested_additions(acceptance):
        try:
            annotation: Annotation | None = ls.get(f"/api/annotations/{item.annotation_id}/")
        except ArgusError as error:
            if error.code != "not_found":
                raise
            annotation = None
        result, changed = (annotation["result"], annotation["updated_at"]) if annotation else ([], None)
        _complete(acceptance, item.task_id, item.region_ids, result, changed)


def _complete(acceptance: int, task: int, ids: Sequence[str], result: Sequence[Region], changed: str | None) -> None:
    state = "accepted" if {region.get("id") for region in result}.issuperset(ids) else "skipped"
    store.settle_addition(acceptance, task, state, changed)


def undo_additions(ls: LabelStudio, items: Sequence[AddedItem], progress: Progress | None) -> list[LeftAnnotation]:
    """Take our regions out of the annotations that nobody has changed since; return those left, and why."""
    left: list[LeftAnnotation] = []
    for number, item in enumerate(items, start=1):
        store.request_addition_undo(item)
        reason, changed = _take_back(ls, item)
        store.settle_addition_undo(item, "kept" if reason else "undone", changed)
        if reason:
            left.append(LeftAnnotation(task=item.task_id, annotation=item.annotation_id, reason=reason))
        if progress:
            progress(number, len(items))
    return left


def _take_back(ls: LabelStudio, item: AddedItem) -> tuple[str, datetime | str | None]:
    """Return why the regions stay, or '', and the annotation's last change that is ours."""
    path = f"/api/annotations/{item.annotation_id}/"
    try:
        annotation: Annotation = ls.get(path)
    except ArgusError as error:
        if error.code != "not_found":
            raise
        return "deleted already", item.updated_at
    if item.undo_asked_at and not any(region.get("id") in item.region_ids for region in annotation["result"]):
        return "", annotation["updated_at"]  # done, only the answer never came
    if datetime.fromisoformat(annotation["updated_at"]) != item.updated_at:
        return "changed since", item.updated_at
    drafts: list[Draft] = ls.get(f"/api/tasks/{item.task_id}/drafts")  # of everybody
    if any(draft.get("annotation") == annotation["id"] for draft in drafts):
        return "somebody is changing it", item.updated_at
    kept = [region for region in annotation["result"] if region.get("id") not in item.region_ids]
    return "", ls.patch(path, {"result": kept})["updated_at"]
