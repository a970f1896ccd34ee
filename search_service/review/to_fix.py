"""The tasks that are set aside: which can be accepted without the rejected objects, and what keeps each of the others.
"""

from __future__ import annotations

from collections.abc import Mapping

from argus.answers.to_fix import LeftToFix, ToFix, WhyToFix
from argus.labelstudio.client import LabelStudio
from ml_backend.suspicion.store import suspected
from search_service.review import objects, prediction_store
from search_service.review.candidates import Review, open_review
from search_service.review.corrections import corrected_objects
from search_service.review.judged import judged_tasks, shown_on, unjudged
from search_service.review.set_aside import Verdict, decisions, open_tasks


def waiting(project_id: int, *, ls: LabelStudio | None = None) -> ToFix:
    """Return how many tasks are set aside, and what keeps those that no judgement so far makes ready.

    Raises:
        ArgusError: `unknown_project`, `label_studio_unreachable`.
    """
    review = open_review(project_id, ls)
    tasks = open_tasks(review)
    ready = judged_tasks(review, tasks)
    reasons: dict[WhyToFix, list[int]] = {}
    for task, why in _reasons(review, [task for task in tasks if task not in set(ready)]).items():
        reasons.setdefault(why, []).append(task)
    return ToFix(tasks=len(tasks), ready=len(ready), left=[
        LeftToFix(reason=why, tasks=found) for why, found in sorted(reasons.items())])


def _reasons(review: Review, tasks: list[int]) -> dict[int, WhyToFix]:
    decided, shown = decisions(review, tasks), shown_on(review, tasks)
    corrected, right = corrected_objects(review, tasks), objects.right_objects(review, tasks)
    disputed: dict[int, set[str]] = {}
    for row in prediction_store.disputed_objects(review.project_id, review.model_version, tasks):
        disputed.setdefault(row.task_id, set()).add(row.object)
    suspects = suspected(review.model_version, tasks)
    found: dict[int, WhyToFix] = {}
    for task in tasks:
        said = {name for name in (*decided.get(task, {}), *corrected.get(task, {})) if name}
        here = shown.get(task, [])
        open_ones = unjudged(here, review.edges.high, said | right.get(task, set()))
        found[task] = (_to_be_fixed(decided.get(task, {}))
                       or ("gone" if said - {one.name for one in here} else None)
                       or ("check_first" if task in suspects else None)
                       or ("disputed" if open_ones & disputed.get(task, set()) else "unjudged"))
    return found


def _to_be_fixed(decided: Mapping[str, Verdict]) -> WhyToFix | None:
    """Return whether a person is to fix a task as a whole, or one of its objects."""
    if "" in decided:
        return "whole"
    return "unsure" if "fix" in decided.values() else None
