"""The examples of a label: verdicts on detections, with the detections' own scores and their crops' embeddings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from argus.errors import ArgusError
from argus.labelstudio.regions import object_id
from label_studio_config import projects
from label_studio_config.label_config import Concept
from label_studio_config.recipe import Recipe, recipe_for
from search_service.review.teaching import store
from search_service.review.teaching.fit import Examples
from search_service.review.teaching.store import Found, Said
from search_service.vectors.store import Model, Vectors
from search_service.vectors.tables import current_model


@dataclass(frozen=True)
class TaughtConcept:
    """A label of a project as it is asked for. `model` is the search model; None before there is one."""

    project_id: int
    recipe: Recipe
    concept: Concept
    model: Model | None

    @property
    def label(self) -> str:
        return self.concept.label

    @property
    def source_key(self) -> str:
        return self.recipe.source_key(self.concept)

    @property
    def is_taught(self) -> bool:
        """Whether a verifier of its examples is in use."""
        return any((one.label, one.source_key) == (self.label, self.source_key) for one in self.recipe.taught)

    @property
    def key(self) -> str:
        """What the scores that are shown are stored under."""
        return self.recipe.concept_key(self.concept)


@dataclass(frozen=True)
class Known:
    """An example whose crop is embedded."""

    said: Said
    found: Found
    crop: Vectors

    @property
    def box(self) -> list[float]:
        """Its box as fractions of the image's sides."""
        sides = [self.found.width, self.found.height] * 2
        return [round(v / side, 5) for v, side in zip(self.found.box, sides, strict=True)]


@dataclass(frozen=True)
class Collected:
    """The examples of a label. `waiting` ones have no embedding yet, and `gone` ones no detection any more."""

    known: list[Known]
    waiting: int
    gone: int

    @property
    def right(self) -> int:
        return sum(one.said.is_right for one in self.known)

    def examples(self) -> Examples:
        return Examples.of([one.found.score for one in self.known], np.array([one.crop for one in self.known]),
                           [one.said.is_right for one in self.known], [one.said.group for one in self.known])


def open_label(project_id: int, label: str) -> TaughtConcept:
    """Return a label of a project. Raises `unknown_project`, `unknown_label`, `bad_label_config`."""
    recipe = recipe_for(projects.load(project_id))
    concept = next((one for one in recipe.concepts if one.label == label), None)
    if concept is None:
        raise ArgusError("unknown_label", f"The project has no label {label!r}.",
                         f"It has: {', '.join(sorted(one.label for one in recipe.concepts))}.")
    return TaughtConcept(project_id, recipe, concept, current_model())


def collect(of: TaughtConcept) -> Collected:
    """Return what people said of a label's detections, as far as it can teach. A person's own score of 1, for what they
    added, says nothing of the model's."""
    said = store.said(of.project_id, of.label)
    here = {(one.task_id, one.object): one for one in said if one.there}
    found = {(one.task_id, object_id(of.label, [float(v) for v in np.array(one.box, np.float32)])): one
             for one in store.found(of.label, of.source_key, sorted({task for task, _ in here})) if one.score < 1}
    matched = [(one, found[key]) for key, one in here.items() if key in found]
    crops = store.crops(of.project_id, of.model, [one.object for _, one in matched if one.object]) if of.model else {}
    known = [Known(one, detection, crops[detection.object]) for one, detection in matched if detection.object in crops]
    return Collected(known, len(matched) - len(known), len(said) - len(matched))
