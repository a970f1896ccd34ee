"""What verifiers in use make of detections, stored beside these; whatever reads detections reads the new ones then."""

from __future__ import annotations

import numpy as np

from argus.db import together
from label_studio_config import projects, version_store
from label_studio_config.label_config import Concept
from label_studio_config.recipe import Recipe, recipe_for, reference_key
from ml_backend.detection.store import Item
from search_service.review.teaching import store
from search_service.review.teaching.fit import Verifier
from search_service.review.teaching.store import VerifierRow, Waiting
from search_service.vectors.store import Model, Vectors
from search_service.vectors.tables import current_model

_TASKS = 200  # of one transaction


def score_all(project_id: int, made: VerifierRow, former_key: str = "") -> int:
    """Let a verifier look at what it has not looked at; return on how many tasks.

    Args:
        former_key: of the detections that are shown now: what people added to them is kept.
    """
    model, count = current_model(), 0
    while True:
        with together():
            rows = store.waiting(project_id, made, _TASKS)
            if rows:
                _score(project_id, model, made, rows, former_key)
        count += len(rows)
        if len(rows) < _TASKS:
            return count


def score_new(project_id: int) -> int:
    """Let the verifiers in use look at what was detected since, and forget what those made that are not in use; return
    on how many tasks. Raises `unknown_project`, `bad_label_config`."""
    row = projects.load(project_id)
    count = 0
    taught = (recipe := recipe_for(row)).taught_concepts()
    for concept in taught:
        count += score_all(project_id, row_of(project_id, recipe, concept))
    used = [key for own in row["verifiers"].values() for key in own.values()]
    # What is shown until the next run may be of other words or references than the recipe's.
    used += [asked.concept_key for asked in version_store.asked_for(row["model_version"], recipe)]
    store.forget_unused(project_id, [*used, *(recipe.concept_key(concept) for concept in taught)])
    return count


def row_of(project_id: int, recipe: Recipe, concept: Concept) -> VerifierRow:
    """Return what makes the scores of a concept: a verifier it was taught, or its references. Raises `not_found`."""
    key, source, made = recipe.concept_key(concept), recipe.source_key(concept), recipe.made_by_references(concept)
    if made and key == reference_key(source, made):
        return store.by_references(project_id, concept.label, source, made)
    return store.verifier(project_id, key)


def _score(project_id: int, model: Model | None, made: VerifierRow, rows: list[Waiting], former_key: str) -> None:
    tasks = [row.task_id for row in rows]
    # Embeddings of another search model mean nothing to it: what was detected since has the model's own score.
    crops = store.crops_of(project_id, model, made, tasks) if model and model.id == made.model_id else {}
    added = store.added_by_hand(made.label, former_key, tasks) if former_key not in ("", made.source_key) else {}
    verifier = verifier_of(made)
    store.store_made(made, [(row, _items(verifier, row, crops, added.get(row.task_id, []), hidden=bool(made.made)))
                            for row in rows])


def verifier_of(made: VerifierRow) -> Verifier:
    return Verifier(made.bias, made.slope, np.array(made.weights, np.float64), 0.0)


def _items(verifier: Verifier, row: Waiting, crops: dict[tuple[int, int], Vectors], added: list[Item], *,
           hidden: bool) -> list[Item]:
    """Return a task's detections with their new scores, best first. One that a person added keeps its 1, and one
    without an embedding its score, or 0 where that is `hidden`: it was found by a word for everything."""
    own = [place for place, item in enumerate(row.items) if item["score"] < 1]
    places = [place for place in own if (row.task_id, place) in crops]
    items: list[Item] = [dict(item) for item in row.items]  # type: ignore[misc]
    for place in own if hidden else ():
        items[place]["score"] = 0.0
    if places:
        scores = verifier.scores([row.items[place]["score"] for place in places],
                                 np.array([crops[row.task_id, place] for place in places]))
        for place, score in zip(places, scores.tolist(), strict=True):
            items[place]["score"] = round(min(score, 0.999999), 6)  # 1 is for what people added
    boxes = [item["box"] for item in items]
    items += [item for item in added if item["box"] not in boxes]
    return sorted(items, key=lambda item: -item["score"])
