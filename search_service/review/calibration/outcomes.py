"""Outcomes: what people said of predicted objects, where it says something of those nobody looked at.

- A sample's judgements are random within each step of its ladder, and stand for that step's objects.
- Verdicts on the page, and annotations made in Label Studio of a prediction, are no random sample: people look where it
  is worth it. They count for a class of scores of a label only when every object of the class was looked at.
- Acceptance in bulk is no outcome: nobody looked.

Outcomes hold for what SAM 3 was asked. With new prompts or weights there are none; with other thresholds, the same.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from label_studio_config import projects, version_store
from label_studio_config.recipe import recipe_for
from label_studio_config.version_store import Asked
from search_service.review import prediction_store
from search_service.review.calibration import store
from search_service.review.calibration.curves import CLASSES
from search_service.review.calibration.store import Outcome

Class = tuple[str, int]  # a label and the number of a class of its scores


@dataclass(frozen=True)
class Outcomes:
    """Args:
        labels: of the recipe.
        counted: what says something of all objects of its class.
        left_out: by label, objects of the page that do not.
    """

    labels: tuple[str, ...]
    counted: tuple[Outcome, ...]
    left_out: Mapping[str, int]


def remember(project_id: int) -> None:
    """Store what SAM 3 is asked for the labels of a project now; called when people begin to judge.

    Raises `unknown_project`.
    """
    version_store.remember(recipe_for(projects.load(project_id)))


def load(project_id: int) -> Outcomes:
    """Return the outcomes that hold for a project's recipe. Raises `unknown_project`."""
    row = projects.load(project_id)
    recipe = recipe_for(row)
    version_store.remember(recipe)
    same = version_store.asking_the_same(recipe)
    sampled = store.of_samples(project_id, same)
    paged = [*store.of_annotations(project_id, same), *store.of_page(project_id, same)]
    version = row["model_version"] or recipe.model_version
    shown = _shown(project_id, version_store.asked_for(version, recipe), version)
    counted, left_out = weighed(sampled, paged, shown)
    return Outcomes(tuple(sorted(c.label for c in recipe.concepts)), tuple(counted), left_out)


def _shown(project_id: int, asked: Sequence[Asked], version: str) -> Counter[Class]:
    """Return how many objects of each class the delivered predictions show."""
    tasks = [one.task_id for one in prediction_store.delivered(project_id, version)]
    return Counter((one.label, class_of(one.score)) for one in prediction_store.shown_scores(asked, version, tasks))


def class_of(score: float) -> int:
    """Return the number of a score's class, from 0."""
    return min(bisect_right(CLASSES, round(score, 4)) - 1, len(CLASSES) - 2)


def weighed(sampled: Sequence[Outcome], paged: Sequence[Outcome],
            shown: Mapping[Class, int]) -> tuple[list[Outcome], dict[str, int]]:
    """Return the outcomes that count, with their weights, and by label how many of the page do not.

    Each object counts once; what was said of it in a sample goes first. In a class that was looked at in full all
    objects weigh the same.

    Args:
        shown: objects by class.
    """
    by_object = {(one.task_id, one.object): one for one in (*paged, *sampled)}
    in_sample = {(one.task_id, one.object) for one in sampled}
    looked_at = Counter(_class(one) for one in by_object.values())
    whole = {of for of, count in looked_at.items() if count >= shown.get(of, 0) > 0}
    counted, left_out = [], Counter[str]()
    for key, one in by_object.items():
        if _class(one) in whole:
            counted.append(one._replace(weight=1.0))
        elif key in in_sample:
            counted.append(one)
        else:
            left_out[one.label] += 1
    return counted, dict(left_out)


def _class(one: Outcome) -> Class:
    return one.label, class_of(one.score)


def by_label(outcomes: Iterable[Outcome]) -> dict[str, list[Outcome]]:
    found: dict[str, list[Outcome]] = {}
    for one in outcomes:
        found.setdefault(one.label, []).append(one)
    return found
