"""What may be on the list of a sample, and what of a list may be accepted: tasks exactly as they were delivered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from argus.answers.trust import Kind
from argus.errors import ArgusError
from argus.labelstudio.filters import NO_SCORE, UNREVIEWED, chunks, score_range
from argus.labelstudio.types import Condition
from ml_backend.suspicion.store import suspected
from search_service.review import objects
from search_service.review.candidates import CHUNK, Review, list_ids, of_version, read_ids
from search_service.review.corrections import corrected_objects
from search_service.review.judged import shown_on
from search_service.review.set_aside import decisions
from search_service.review.verification import listing_store
from search_service.review.verification.listing_store import OnList
from search_service.review.verification.sample import FRAMES, Scope
from search_service.review.verification.store import NewItem
from search_service.review.verification.thresholds import FRAME_EDGE, Listed

_WHOLE = (0.0, 0.0, 1.0, 1.0)


def scope_of(review: Review, kind: Kind, label: str | None) -> Scope:
    """Return what a sample is asked for.

    Args:
        label: the only one whose objects are to be listed; None: all.

    Raises:
        ArgusError: `bad_request` for a label of empty frames, `unknown_label`.
    """
    labels = sorted(asked.label for asked in objects.asked_for(review.project_id, review.model_version))
    if kind == FRAMES and label is not None:
        raise ArgusError("bad_request", "A sample of frames in which nothing was found is about all labels.",
                         "Leave the label out.")
    if label is not None and label not in labels:
        raise ArgusError("unknown_label", f"The predictions have no label {label!r}.",
                         f"They have: {', '.join(labels)}.")
    return Scope(kind, tuple(labels) if kind == FRAMES else (label,) if label else ())


def candidates(review: Review, lowest: float, scope: Scope) -> list[NewItem]:
    """Return what of all tasks from a threshold up is unreviewed, undecided, and on no list.

    Only tasks whose objects are known exactly as they were delivered: what is accepted must be what was listed.

    Raises:
        ArgusError: `nothing_selected`.
    """
    items = _empty_frames(review, scope) if scope.kind == FRAMES else _objects(review, lowest, scope)
    if items:
        return items
    hint = "Go on with the samples that are there, or run the model on further tasks."
    if scope.kind == FRAMES:
        raise ArgusError("nothing_selected", "No frame in which nothing was found is left that is on no list yet.",
                         hint)
    of = f" of {scope.label}" if scope.label else ""
    raise ArgusError("nothing_selected", f"No object{of} from {lowest:g} up is left that is on no list yet. An object "
                     "is on one list only, of its label or of all labels.", hint)


def _free(review: Review, scope: Scope, conditions: Sequence[Condition]) -> list[int]:
    """Return the tasks that are unreviewed, undecided, and not on a list that has of them what this one would have."""
    known = {*listing_store.listed_tasks(review.project_id, review.model_version, scope), *decisions(review),
             *corrected_objects(review)}
    return [task for task in list_ids(review, [of_version(review), *UNREVIEWED, *conditions]) if task not in known]


def _objects(review: Review, lowest: float, scope: Scope) -> list[NewItem]:
    delivered = listing_store.delivered_objects(review.project_id, review.model_version)
    items = []
    for task, found in shown_on(review, _free(review, scope, score_range(lowest, None))).items():
        low = min(one.score for one in found)  # of all labels: the task is accepted as a whole
        own = [one for one in found if scope.label in (None, one.label)]
        if low >= lowest and len({one.name for one in found}) == len(found) == delivered.get(task):
            items += [NewItem(Listed(task, one.name, low), one.label, one.score, one.box, len(found) - len(own))
                      for one in own]
    return items


def _empty_frames(review: Review, scope: Scope) -> list[NewItem]:
    delivered = listing_store.delivered_objects(review.project_id, review.model_version)
    return [NewItem(Listed(task, "", FRAME_EDGE), "", FRAME_EDGE, _WHOLE)
            for task in _free(review, scope, [NO_SCORE]) if delivered.get(task) == 0]


def acceptable(review: Review, scope: Scope, listed: Mapping[int, OnList]) -> list[int]:
    """Return the tasks that are unreviewed, neither set aside nor to be checked first nor corrected, and that have
    exactly the objects on the list, and as many others as when they were listed."""
    aside = {*decisions(review), *corrected_objects(review), *suspected(review.model_version, list(listed))}
    delivered = listing_store.delivered_objects(review.project_id, review.model_version)
    same = [task for task in as_listed(review, scope, listed)
            if task not in aside and delivered.get(task) == listed[task].regions]
    return [task for chunk in chunks(same, CHUNK)
            for task in sorted(read_ids(review, chunk, [of_version(review), *UNREVIEWED]))]


def as_listed(review: Review, scope: Scope, listed: Mapping[int, OnList]) -> list[int]:
    """Return the tasks that show exactly the objects on the list, those of other labels aside."""
    found = shown_on(review, list(listed))
    return [task for task, of in listed.items()
            if {one.name for one in found.get(task, ()) if scope.label in (None, one.label)} == of.names - {""}]
