"""What the examples of a label would make: a verifier, and what it would change. Nothing is stored."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from argus.answers import teaching as answers
from argus.errors import ArgusError
from label_studio_config import projects
from label_studio_config.bands import Edges, edges_of
from label_studio_config.recipe import verifier_key
from search_service.embedding.texts import UNAVAILABLE, encode_texts
from search_service.review.teaching import store
from search_service.review.teaching.examples import Collected, Known, TaughtConcept
from search_service.review.teaching.fit import Bools, Floats, Verifier
from search_service.review.teaching.scoring import row_of, verifier_of
from search_service.review.teaching.store import Embedded
from search_service.review.teaching.trial import AMONG, Trial, against, attempt, chosen

MOST = 20_000  # objects that a draft is tried on
_SHOWN = 12  # pictures of each kind
_WORDS_SECONDS = 3.0  # that a worker is waited for


@dataclass(frozen=True)
class Draft:
    """A verifier that was tried; `used` are the examples it was made of."""

    key: str
    verifier: Verifier
    trial: Trial
    used: list[Known]


def make(of: TaughtConcept, collected: Collected) -> tuple[Draft | None, Trial]:
    """Fit a verifier to examples and try it. Under a second."""
    examples = collected.examples() if collected.known else None
    if examples is None:
        return None, Trial.lacking(0, 0)
    trial = attempt(examples, _among(of), _words(of))
    if (likeness := likeness_of(of)) is not None:
        trial = against(trial, examples, likeness.scores(examples.scores, examples.crops))
    if trial.verifier is None:
        return None, trial
    taken = chosen(examples.right)
    used = [one for one, is_in in zip(collected.known, taken.tolist(), strict=True) if is_in]
    verifier = trial.verifier
    content = [round(v, 9) for v in (verifier.bias, verifier.slope, *verifier.weights.tolist())]
    return Draft(verifier_key(of.source_key, content), verifier, trial, used), trial


def likeness_of(of: TaughtConcept) -> Verifier | None:
    """Return what makes the scores of a label with references as long as it is not taught; None for another label."""
    if not of.recipe.made_by_references(of.concept):
        return None
    row = row_of(of.project_id, replace(of.recipe, taught=()), of.concept)
    return verifier_of(row) if of.model and row.model_id == of.model.id else None


def _words(of: TaughtConcept) -> Floats | None:
    """Return the embedding of the label's name; None while no worker makes one."""
    if of.model is None:
        return None
    try:
        return np.array(encode_texts(of.model, [of.label], _WORDS_SECONDS)[0], np.float64)
    except ArgusError as error:
        if error.code not in UNAVAILABLE:
            raise
        return None


def _among(of: TaughtConcept) -> Floats | None:
    """Return crops of all labels, looked at or not: how crops differ among each other is known from all of them."""
    if of.model is None:
        return None
    asked = {one.label: of.recipe.source_key(one) for one in of.recipe.concepts}
    first = store.first_embedded(of.project_id, asked, AMONG // len(asked))
    found = store.crops(of.project_id, of.model, first)
    return np.array([found[number] for number in sorted(found)], np.float64) if found else None


def describe(of: TaughtConcept, draft: Draft) -> answers.VerifierDraft:
    """Return what a draft would change, and what it is made of."""
    right = np.array([one.said.is_right for one in draft.used])
    crops = np.array([one.crop for one in draft.used])
    fitted = draft.verifier.scores([one.found.score for one in draft.used], crops)
    pull = np.argsort(-np.abs(right - fitted), kind="stable")[:_SHOWN]
    off = np.abs(right - draft.trial.held_out)
    mistakes = [place for place in np.argsort(-off, kind="stable")[:_SHOWN] if off[place] > 0.5]
    return answers.VerifierDraft(
        key=draft.key, paid=draft.trial.paid, figures=answers.VerifierFigures(**figures(draft.trial)),
        changes=_changes(of, draft), pulling=[_example(draft, int(place)) for place in pull],
        mistakes=[_example(draft, int(place)) for place in mistakes])


def figures(trial: Trial) -> store.Figures:
    return {"ranked": round(trial.ranked, 4), "ranked_by_score": round(trial.ranked_by_score, 4),
            "loss": round(trial.loss, 4), "loss_of_curve": round(trial.loss_of_curve, 4)}


def _example(draft: Draft, place: int) -> answers.TaughtObject:
    one = draft.used[place]
    return answers.TaughtObject(task=one.said.task_id, object=one.said.object, box=_box(one.box),
                                before=round(one.found.score, 4), after=round(float(draft.trial.held_out[place]), 4),
                                right=one.said.is_right)


def _box(box: list[float]) -> answers.Box:
    return (box[0], box[1], box[2], box[3])


def _changes(of: TaughtConcept, draft: Draft) -> answers.VerifierChanges:
    every = store.count_embedded(of.project_id, of.label, of.source_key)
    found = [one for one in store.embedded(of.project_id, of.label, of.source_key, MOST) if one.score < 1]
    crops = store.crops(of.project_id, of.model, [one.id for one in found]) if of.model else {}
    found = [one for one in found if one.id in crops]
    edges = edges_of(projects.load(of.project_id))
    if not found:
        return answers.VerifierChanges(objects=0, of=every, shown=0, hidden=0, into_high=0, out_of_high=0, crops=[])
    vectors, scores = np.array([crops[one.id] for one in found]), np.array([one.score for one in found])
    before, after = _now(of, scores, vectors), draft.verifier.scores(scores, vectors)
    return _counted(of, edges, found, every, np.round(before, 6), np.round(after, 6))


def _now(of: TaughtConcept, scores: Floats, vectors: Floats) -> Floats:
    """Return the scores that are shown now."""
    if of.key == of.source_key:
        return scores
    return verifier_of(row_of(of.project_id, of.recipe, of.concept)).scores(scores, vectors)


def _counted(of: TaughtConcept, edges: Edges, found: list[Embedded], every: int, before: Floats,
             after: Floats) -> answers.VerifierChanges:
    threshold = of.concept.threshold
    was, will = before >= threshold, after >= threshold
    was_high, will_high = before >= edges.high, after >= edges.high
    moved: Bools = (was != will) | (was_high != will_high)
    most = [place for place in np.argsort(-np.abs(after - before), kind="stable").tolist() if moved[place]][:_SHOWN]
    crops = [answers.TaughtObject(task=found[place].task_id, object="", box=_box(found[place].box),
                                  before=round(float(before[place]), 4), after=round(float(after[place]), 4))
             for place in most]
    return answers.VerifierChanges(
        objects=len(found), of=every, shown=int((~was & will).sum()), hidden=int((was & ~will).sum()),
        into_high=int((~was_high & will_high).sum()), out_of_high=int((was_high & ~will_high).sum()), crops=crops)
