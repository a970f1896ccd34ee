"""Review by score: what is left in each band, accepting in bulk, and taking an acceptance back.

Label Studio holds the truth: predictions of the project's current model version, and annotations. What it cannot tell,
who accepted what in one go, is recorded here, task by task, before it is asked and again after it answered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from argus import audit
from argus.answers.projects import Bands
from argus.answers.review import Accepted, AcceptPlan, Added, AdditionsPlan, MovedBands, SelectionSpec, Undone
from argus.db import alone, locks
from argus.errors import ArgusError
from argus.labelstudio.client import LabelStudio
from argus.labelstudio.users import sign_in
from argus.settings import get_settings
from label_studio_config import projects
from label_studio_config.bands import Edges
from label_studio_config.views import band_views
from search_service.review import prediction_store, store
from search_service.review.acceptance import Acceptance, selected
from search_service.review.additions import Tally, add, offers, undo_additions
from search_service.review.candidates import Review, count_tasks, open_review, prepare
from search_service.review.confirmation import settle
from search_service.review.judged import judged_tasks
from search_service.review.records import close_record, open_record
from search_service.review.status import review_status
from search_service.review.undo import settle_undone, undo_items

__all__ = ["accept", "accept_plan", "add_labels", "additions_plan", "complete_records", "count_selected",
           "make_band_views", "review_status", "set_edges", "undo"]

_LOCK_SECONDS = 60
Progress = Callable[[int, int], None]


def accept(project_id: int, *, min_score: float = 0.9, max_score: float | None = None, nothing_found: bool = False,
           task_ids: Sequence[int] | None = None, without_rejected: bool = False, judged: bool = False,
           token: str = "", sample: int | None = None, ls: LabelStudio | None = None,
           progress: Progress | None = None) -> Accepted:
    """Turn the predictions of a score range into annotations, on tasks that nobody has annotated or skipped.

    The task's score is its lowest region's. Tasks whose prediction has no regions are never part of a range; they are
    accepted by `nothing_found=True` alone, which makes empty annotations. Calling again accepts nothing more, and two
    calls at once wait for each other.

    Args:
        min_score, max_score: `min_score <= score`, and `score < max_score` unless that is None.
        task_ids: exactly these tasks, whatever their score, also those that were set aside.
        without_rejected: accept also the tasks that wait because of rejected objects, without these. What is to be
            fixed waits on.
        judged: the tasks whose unsure objects were all judged, whatever their score, without what was rejected; with
            `task_ids`, those among them. Their sure objects count as right, which is stored as `implied`.
        token: personal access token of the person who accepts: the annotations carry their name, and the record their
            e-mail. Without one they carry the name of the service's token, and the record who acts (`argus.audit`).
        sample: whose objects were verified; the record names it.
        progress: called with (tasks handled, tasks in all).

    Raises:
        ArgusError: `unknown_project`; `bad_request`; `unauthorized` for an unknown token; `conflict` when another
            acceptance takes over a minute; what Label Studio answered, with `acceptance` and `accepted_tasks` in its
            details: those stay accepted and recorded.
    """
    selection = _selection(min_score, max_score, nothing_found, task_ids, without_rejected, judged)
    if sample is not None:
        selection["sample"] = sample
    review = open_review(project_id, ls)
    person = sign_in(token) if token else None
    asks = person.ls if person else review.ls
    with _locked(project_id):
        prepare(review)
        settle(review)
        settle_undone(review)
        _find_judged(review, selection)
        total = count_tasks(review, selected(review, selection), selection.get("task_ids"))
        if not total:
            return Acceptance(None, review, selection, asks).result()
        acceptance = Acceptance.open(review, selection, asks, person)
        acceptance.run(total, progress)
        return acceptance.result()


def complete_records(project_id: int, *, ls: LabelStudio | None = None) -> None:
    """Find out what became of acceptances that were cut off, as every acceptance does first. Raises as `accept`."""
    review = open_review(project_id, ls)
    with _locked(project_id):
        settle(review)
        settle_undone(review)


def accept_plan(project_id: int, *, min_score: float = 0.9, max_score: float | None = None,
                nothing_found: bool = False, task_ids: Sequence[int] | None = None, without_rejected: bool = False,
                judged: bool = False, ls: LabelStudio | None = None) -> AcceptPlan:
    """Return what `accept` would do now, without doing it: the question to ask a person first.

    Raises:
        ArgusError: as `accept`.
    """
    selection = _selection(min_score, max_score, nothing_found, task_ids, without_rejected, judged)
    review = open_review(project_id, ls)
    prepare(review)
    _find_judged(review, selection)
    return Acceptance(None, review, selection, review.ls).plan()


def count_selected(project_id: int, *, min_score: float = 0.9, max_score: float | None = None,
                   nothing_found: bool = False, ls: LabelStudio | None = None) -> int:
    """Return how many tasks `accept` would find; a prediction that is odd in itself may still be left out."""
    return accept_plan(project_id, min_score=min_score, max_score=max_score, nothing_found=nothing_found,
                       ls=ls).tasks


def _selection(min_score: float, max_score: float | None, nothing_found: bool, task_ids: Sequence[int] | None,
               without_rejected: bool = False, judged: bool = False) -> SelectionSpec:
    """Return the selection as the record keeps it. Raises `bad_request`, `nothing_selected`."""
    chosen = _range(min_score, max_score, nothing_found, task_ids)
    if judged:
        ids = chosen.get("task_ids")
        chosen = {"nothing_found": False, "judged": True} if ids is None else {
            "task_ids": ids, "nothing_found": False, "judged": True}
    if judged or without_rejected:
        chosen["without_rejected"] = True
    return chosen


def _find_judged(review: Review, selection: SelectionSpec) -> None:
    """Name the tasks of a selection of judged ones."""
    if selection.get("judged"):
        selection["task_ids"] = judged_tasks(review, selection.get("task_ids"))


def _range(min_score: float, max_score: float | None, nothing_found: bool,
           task_ids: Sequence[int] | None) -> SelectionSpec:
    if task_ids is not None:
        if not task_ids:
            raise ArgusError("nothing_selected", "No task was selected.", "Select at least one object.")
        return {"task_ids": sorted(set(task_ids)), "nothing_found": nothing_found}
    if not 0 <= min_score <= 1 or (max_score is not None and not min_score < max_score):
        raise ArgusError("bad_request", f"Not a range of scores: {min_score} to {max_score}.",
                         "Scores go from 0 to 1, and the upper end lies above the lower one.")
    if nothing_found:
        return {"nothing_found": True}
    return {"min_score": min_score, "max_score": max_score, "nothing_found": False}


def additions_plan(project_id: int, *, min_score: float = 0.9, max_score: float | None = None,
                   ls: LabelStudio | None = None) -> AdditionsPlan:
    """Return what `add_labels` would add now: objects of newly computed labels, on tasks that are annotated already.

    Raises:
        ArgusError: as `accept`.
    """
    _selection(min_score, max_score, False, None)
    review = open_review(project_id, ls)
    prepare(review)
    bands = {band: Tally() for band in ("high", "medium", "low")}
    for offer in offers(review, min_score, max_score):
        bands[review.edges.band(offer.score)].add(offer)
    return AdditionsPlan(tasks=sum(one.tasks for one in bands.values()),
                         objects=sum(one.objects for one in bands.values()),
                         bands={band: one.answer() for band, one in bands.items()})


def add_labels(project_id: int, *, min_score: float = 0.9, max_score: float | None = None, token: str = "",
               ls: LabelStudio | None = None, progress: Progress | None = None) -> Added:
    """Add objects of newly computed labels to the annotations that tasks already have; `undo` takes them out again.

    Args:
        min_score, max_score: range of the lowest score among a task's new regions.
        token: as for `accept`; an annotation keeps its author.

    Raises:
        ArgusError: as `accept`.
    """
    selection = _selection(min_score, max_score, False, None)
    selection["additions"] = True
    review = open_review(project_id, ls)
    person = sign_in(token) if token else None
    with _locked(project_id):
        prepare(review)
        settle(review)
        found = list(offers(review, min_score, max_score))
        if not found:
            return Added(acceptance=None, added_tasks=0, added_objects=0, skipped=0, reasons={})
        acceptance = open_record(review, selection, person)
        try:
            report = add(acceptance, found, person.ls if person else review.ls, progress)
        except ArgusError as error:
            close_record(acceptance, "failed", error)
            raise ArgusError(error.code, error.message, error.hint, acceptance=acceptance, **error.details) from error
        close_record(acceptance, "done", None)
        return report


def undo(acceptance_id: int, *, ls: LabelStudio | None = None, progress: Progress | None = None) -> Undone:
    """Delete the annotations that an acceptance made, as long as nobody has touched them since.

    Afterwards their predictions can be accepted again. An annotation that was changed, or that somebody has an unsaved
    draft of, stays.

    Raises:
        ArgusError: `not_found`; `conflict` when another acceptance takes over a minute.
    """
    project_id = store.project_of(acceptance_id)
    if project_id is None:
        raise ArgusError("not_found", f"There is no acceptance {acceptance_id}.",
                         "`argus review status` lists the last ones.")
    audit.about(project=project_id)
    review = open_review(project_id, ls)
    with _locked(review.project_id):
        settle(review)
        store.void_certificates(acceptance_id, f"Acceptance {acceptance_id} was taken back.")
        items, additions = store.accepted_items(acceptance_id), store.accepted_additions(acceptance_id)
        left = undo_items(review, items, progress) if items else undo_additions(review.ls, additions, progress)
        prediction_store.take_implied_back(acceptance_id)
        store.mark_acceptance_undone(acceptance_id)
    return Undone(acceptance=acceptance_id, undone=len(items or additions) - len(left), left=left)


def make_band_views(project_id: int, *, ls: LabelStudio | None = None) -> dict[str, int]:
    """Create or correct the views of the bands in Label Studio's Data Manager; return `{band: view id}`."""
    review = open_review(project_id, ls)
    prepare(review)
    return band_views(review.ls, project_id, review.edges.ranges(), review.model_version)


def set_edges(project_id: int, high: float | None, medium: float | None, *,
              ls: LabelStudio | None = None) -> MovedBands:
    """Move a project's band edges, and its band views in Label Studio with them.

    The edges are kept only when the views could be put right too, so that page and Label Studio never differ.

    Args:
        high, medium: lower edges of the bands, 0-1; None means the setting.

    Raises:
        ArgusError: `bad_request`, `unknown_project`, `label_studio_unreachable`.
    """
    old = open_review(project_id, ls)
    settings = get_settings()
    top, middle = (default if edge is None else edge
                   for edge, default in ((high, settings.band_high), (medium, settings.band_medium)))
    if not 0 < middle <= top <= 1:
        raise ArgusError("bad_request", f"Not a pair of band edges: high {top:g}, medium {middle:g}.",
                         "Edges lie above 0 and up to 1, and the high one is not below the medium one.")
    prepare(old)
    views = band_views(old.ls, project_id, Edges(top, middle, old.edges.check_first).ranges(), old.model_version)
    projects.set_edges(project_id, high, medium)
    return MovedBands(edges=Bands(high=top, medium=middle), views=views)


def _locked(project_id: int) -> AbstractContextManager[None]:
    """Hold the project's review lock: accepting and undoing happen one at a time, whichever process asks."""
    return alone(locks.REVIEW, project_id, seconds=_LOCK_SECONDS, busy=ArgusError(
        "conflict", f"Another acceptance in project {project_id} is still running.",
        "Try again when it is done; `argus review status` shows it."))
