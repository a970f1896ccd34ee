"""What to look at next: a few objects whose verdicts teach most, and what the last verdicts changed.

Drafts are made anew each time, so each batch follows from all verdicts before it. Nothing is stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from argus.answers.review import WallObject
from argus.answers.teaching import LastVerdicts, TaughtObject, TeachMe
from label_studio_config import projects
from label_studio_config.recipe import Recipe, recipe_for
from search_service.review import arrangement, objects, standing, wall, wall_store
from search_service.review.candidates import Review, open_review
from search_service.review.objects import Shown
from search_service.review.prediction_store import ShownObject
from search_service.review.set_aside import decisions
from search_service.review.teaching import drafts, store
from search_service.review.teaching.drafts import Draft
from search_service.review.teaching.examples import Collected, TaughtConcept, collect, open_label
from search_service.review.teaching.fit import Bools, Floats
from search_service.review.teaching.picking import Candidates, moved, pick

LAST = 20  # verdicts whose effect is told
_PICTURES = 6  # of what they changed


@dataclass(frozen=True, eq=False)
class _Label:
    """The embedded objects of a label under review, and its draft.

    Attributes:
        scores: the model's own, (n,); `crops`: (n, d); `judged`: (n,) whether somebody said what the object is.
    """

    of: TaughtConcept
    collected: Collected
    draft: Draft | None
    rows: list[Shown]
    scores: Floats
    crops: Floats
    judged: Bools


def next_objects(project_id: int, label: str | None = None, limit: int = 12) -> TeachMe:
    """Return the objects on unreviewed tasks whose verdicts would teach most, of one label or mixed over all.

    Raises:
        ArgusError: `unknown_project`, `unknown_label`, `bad_label_config`.
    """
    review = open_review(project_id)
    recipe = recipe_for(projects.load(project_id))
    ids = standing.unreviewed(review, None, ())
    rows = objects.rows_of(project_id, review.model_version, ids, label)
    shown = [objects.named(row) for row in rows]
    said = _said(review, shown)
    labels = _labels(project_id, recipe, rows, shown, said)
    picked = pick([_candidates(one) for one in labels], limit)
    chosen = [_open(labels[place])[candidate] for place, candidate in picked]
    left = sum((one.task, one.name) not in said for one in shown)
    return TeachMe(shown=[_listed(one) for one in chosen], left=left,
                   waiting=left - sum(int((~one.judged).sum()) for one in labels),
                   objects=wall.counts(review, ids), learned=_learned(project_id, labels))


def _said(review: Review, shown: Sequence[Shown]) -> set[tuple[int, str]]:
    """Return the objects of which something was said: by a verdict, or in a band."""
    tasks = sorted({one.task for one in shown})
    said = {(one.task_id, one.object) for one in wall_store.judged(review.project_id, review.model_version, tasks)}
    return said | {(task, name) for task, decided in decisions(review, tasks).items() for name in decided}


def _labels(project_id: int, recipe: Recipe, rows: Sequence[ShownObject], shown: Sequence[Shown],
            said: set[tuple[int, str]]) -> list[_Label]:
    found = arrangement.embedded(project_id, recipe, rows)
    if found is None:
        return []
    names = np.array([shown[place].label for place in found.places])
    made = []
    for label in sorted(set(names.tolist())):
        mine = np.flatnonzero(names == label)
        own = [shown[found.places[at]] for at in mine]
        of = open_label(project_id, label)
        collected = collect(of)
        draft, _ = drafts.make(of, collected)
        made.append(_Label(of, collected, draft, own, found.scores[mine], found.crops[mine].astype(np.float64),
                           np.array([(one.task, one.name) in said for one in own])))
    return made


def _candidates(one: _Label) -> Candidates:
    crops, scores, threshold = one.crops[~one.judged], one.scores[~one.judged], one.of.concept.threshold
    used = one.draft.used if one.draft else one.collected.known
    judged = np.array([known.crop for known in used], np.float64).reshape(-1, crops.shape[1])
    right = np.array([known.said.is_right for known in used], bool)
    if one.draft is None:
        return Candidates(moved(scores, right), crops, threshold, judged, right, np.zeros(len(used)), False)
    errors = np.abs(right - one.draft.trial.held_out)
    return Candidates(one.draft.verifier.scores(scores, crops), crops, threshold, judged, right, errors,
                      one.draft.trial.paid)


def _open(one: _Label) -> list[Shown]:
    return [row for row, judged in zip(one.rows, one.judged.tolist(), strict=True) if not judged]


def _listed(one: Shown) -> WallObject:
    return WallObject(task=one.task, object=one.name, label=one.label, score=one.score, box=list(one.box), verdict="",
                      new_label="")


def _learned(project_id: int, labels: Sequence[_Label]) -> LastVerdicts | None:
    """Return what the last verdicts changed in the drafts; None before there are any."""
    last = store.last_said(project_id, LAST)
    recent = {(one.task_id, one.object) for one in last}
    changed: list[tuple[float, TaughtObject]] = []
    now_shown = now_hidden = 0
    for one in labels:
        if not any(row.label == one.of.label for row in last):
            continue
        before, after = _shown_scores(one, _draft_without(one, recent)), _shown_scores(one, one.draft)
        was, is_ = before >= one.of.concept.threshold, after >= one.of.concept.threshold
        now_shown, now_hidden = now_shown + int((~was & is_).sum()), now_hidden + int((was & ~is_).sum())
        changed += [(abs(after[at] - before[at]), _changed(one.rows[at], before[at], after[at]))
                    for at in np.flatnonzero(was != is_)]
    pictures = [picture for _, picture in sorted(changed, key=lambda one: -one[0])[:_PICTURES]]
    return LastVerdicts(verdicts=len(last), shown=now_shown, hidden=now_hidden, crops=pictures) if last else None


def _draft_without(one: _Label, recent: set[tuple[int, str]]) -> Draft | None:
    kept = [known for known in one.collected.known if (known.said.task_id, known.said.object) not in recent]
    draft, _ = drafts.make(one.of, Collected(kept, one.collected.waiting, one.collected.gone))
    return draft


def _shown_scores(one: _Label, draft: Draft | None) -> Floats:
    """Return the scores that would be shown with a draft: its own where it may be used."""
    return draft.verifier.scores(one.scores, one.crops) if draft and draft.trial.paid else one.scores


def _changed(row: Shown, before: float, after: float) -> TaughtObject:
    x0, y0, x1, y1 = row.box
    return TaughtObject(task=row.task, object=row.name, box=(x0, y0, x1, y1), before=round(float(before), 4),
                        after=round(float(after), 4))
