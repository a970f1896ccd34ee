"""What a project reports about its scores, label by label, its thresholds, and the work it took."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from argus.answers import calibration as answers
from label_studio_config import projects, version_store
from label_studio_config.recipe import recipe_for
from search_service.review.calibration import arm, store
from search_service.review.calibration.curves import Calibration, Floats, d_ece, fit_calibration, score_classes
from search_service.review.calibration.hints import hints
from search_service.review.calibration.intervals import interval
from search_service.review.calibration.outcomes import Outcomes, by_label, load
from search_service.review.calibration.sentences import arm_line, label_line, labour_line
from search_service.review.calibration.store import Outcome
from search_service.review.candidates import open_review
from search_service.review.verification import store as samples
from search_service.review.verification.reports import steps_of
from search_service.review.verification.sample import FRAMES
from search_service.review.verification.thresholds import Step

CURVE: Final = (0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98)
_PARTS = 5  # the curve's error is measured on each part with a curve fitted to the others
_LEAST_FOR_ERROR = 20  # outcomes of a label
_GRID = 0.02


def labels_of(project_id: int) -> list[answers.LabelTrust]:
    """Return what is known of the scores of a project's labels, by name. Raises `unknown_project`."""
    found = load(project_id)
    fitted, held_out = _fit(found.counted), _held_out(found.counted)
    own = by_label(found.counted)
    return [_label(label, own.get(label, []), fitted, held_out, found) for label in found.labels]


def _fit(outcomes: Sequence[Outcome]) -> Calibration:
    return fit_calibration([one.score for one in outcomes], [one.is_right for one in outcomes],
                           [one.label for one in outcomes], [one.weight for one in outcomes],
                           [(one.label, one.group) for one in outcomes])


def _held_out(outcomes: Sequence[Outcome]) -> dict[tuple[int, str], float]:
    """Return the chance of each outcome's object, by a curve of the outcomes of other groups."""
    groups = {group: place % _PARTS for place, group in enumerate(sorted({one.group for one in outcomes}))}
    found: dict[tuple[int, str], float] = {}
    for part in range(_PARTS):
        fitted = _fit([one for one in outcomes if groups[one.group] != part])
        for label, own in by_label(one for one in outcomes if groups[one.group] == part).items():
            chance = fitted.chance([one.score for one in own], label)
            if chance is not None:
                found |= {(one.task_id, one.object): float(p) for one, p in zip(own, chance, strict=True)}
    return found


def _label(label: str, own: Sequence[Outcome], fitted: Calibration, held_out: dict[tuple[int, str], float],
           found: Outcomes) -> answers.LabelTrust:
    scores, right = [one.score for one in own], [one.is_right for one in own]
    classes = score_classes(scores, right, [one.weight for one in own], [one.group for one in own])
    chance = fitted.chance(CURVE, label)
    predicted = [(held_out[one.task_id, one.object], one.is_right) for one in own
                 if (one.task_id, one.object) in held_out]
    seen = [answers.ScoreClassSeen(start=one.start, end=one.end, outcomes=round(one.outcomes, 1), share=one.share,
                                   low=one.low, high=one.high) for one in classes]
    return answers.LabelTrust(
        label=label, outcomes=len(own), right=sum(right), left_out=found.left_out.get(label, 0), classes=seen,
        curve=[] if chance is None else [answers.CurvePoint(score=score, chance=round(float(p), 4))
                                         for score, p in zip(CURVE, chance, strict=True)],
        score_error=_error(scores, right), curve_error=_error([p for p, _ in predicted], [ok for _, ok in predicted]),
        line=label_line(label, len(own), seen))


def _error(chance: Sequence[float], right: Sequence[bool]) -> answers.CalibrationError | None:
    if len(chance) < _LEAST_FOR_ERROR:
        return None
    error, noise = d_ece(chance, right)
    return answers.CalibrationError(error=round(error, 4), noise=round(noise, 4))


def sweeps_of(project_id: int) -> list[answers.Sweep]:
    """Return what samples of the current predictions say of their thresholds: the newest of all labels, and the newest
    of each label, newest first."""
    found: dict[str | None, samples.Head] = {}
    for number in samples.sample_ids(project_id, open_review(project_id).model_version):
        head = samples.head(number)
        if head.scope.kind != FRAMES:
            found.setdefault(head.scope.label, head)
    return [_sweep(head) for head in found.values()]


def _sweep(head: samples.Head) -> answers.Sweep:
    rows = store.in_drawn_order(head.id)
    low = np.array([row.low for row in rows])
    right = np.array([np.nan if row.is_right is None else row.is_right for row in rows])
    steps = {step.count.edge: step for step in steps_of(head)}
    grid = np.arange(head.edges[-1], 1, _GRID).round(4).tolist()
    return answers.Sweep(sample=head.id, label=head.scope.label, target=head.target, steps=[
        _swept(edge, low, right, steps.get(edge)) for edge in sorted({*grid, *head.edges}, reverse=True)])


def _swept(edge: float, low: Floats, right: Floats, step: Step | None) -> answers.SweepStep:
    """Args:
        low: of each object in drawn order, the lowest score of its task. right: 1, 0, or nan for an open one.
    """
    inside = right[low >= edge]
    open_ones = np.flatnonzero(np.isnan(inside))
    seen = inside[:open_ones[0]] if len(open_ones) else inside
    judged, good = len(seen), int(seen.sum())
    below, above = interval(good, judged)
    return answers.SweepStep(
        edge=edge, objects=len(inside), kept=len(inside) / len(low), judged=judged, wrong=judged - good,
        share=good / judged if judged else None, low=below, high=above, on_ladder=step is not None,
        certified=step is not None and step.certified, least_right=step.least_right if step else None)


def hints_of(project_id: int) -> list[answers.CorrectionHint]:
    """Return what the corrections so far suggest to change. Raises `unknown_project`."""
    recipe = recipe_for(projects.load(project_id))
    versions = sorted({one.model_version for one in version_store.asking_the_same(recipe)})
    return hints(store.judged(project_id, versions), store.asked_below(project_id, versions),
                 {one.label: one.threshold for one in recipe.concepts})


def labour(project_id: int) -> answers.Labour:
    """Return what people did in a project's review. Raises `unknown_project`."""
    open_review(project_id)
    *counted, objects = store.count_actions(project_id)
    names = ("judgements", "verdicts", "acceptances", "set_aside")
    total, compared = sum(counted), arm.figures(project_id)
    return answers.Labour(
        project=project_id, actions=dict(zip(names, counted, strict=True)), total=total, accepted_objects=objects,
        actions_per_object=total / objects if objects else None, minutes_saved=compared.minutes_saved, arm=compared,
        line=" ".join(filter(None, (labour_line(total, objects), arm_line(compared)))))
