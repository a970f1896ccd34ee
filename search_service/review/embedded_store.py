"""Which objects under review have the embedding of their crop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from argus.db.statements import fetch
from label_studio_config.recipe import Recipe

_EMBEDDED = """
    SELECT o.id, o.task_id, o.label, o.score::float8 AS score, CASE WHEN w.key = w.source THEN o.place ELSE (
        SELECT i.place::int FROM detection s JOIN detection d ON (d.task_id, d.label) = (s.task_id, s.label)
        CROSS JOIN LATERAL jsonb_array_elements(d.items) WITH ORDINALITY AS i (item, place)
        WHERE (s.task_id, s.label, s.concept_key, d.concept_key) = (o.task_id, o.label, o.concept_key, w.key)
        AND i.item->'box' = s.items->(o.place - 1)->'box' LIMIT 1) END AS place
    FROM object o JOIN unnest(%(labels)s::text[], %(sources)s::text[], %(keys)s::text[]) AS w (label, source, key)
    ON (o.label, o.concept_key) = (w.label, w.source) WHERE o.task_id = ANY(%(tasks)s)
"""


class EmbeddedObject(NamedTuple):
    """An object with an embedding; `place` is as of `prediction_store.ShownObject`, `score` is the model's own."""

    id: int
    task_id: int
    label: str
    score: float
    place: int


def embedded_objects(recipe: Recipe, task_ids: Sequence[int]) -> list[EmbeddedObject]:
    """Return the objects of a recipe on these tasks that have an embedding; what a verifier sorted anew is found by its
    box."""
    concepts = recipe.concepts
    return fetch(EmbeddedObject, _EMBEDDED, {
        "labels": [c.label for c in concepts], "sources": [recipe.source_key(c) for c in concepts],
        "keys": [recipe.concept_key(c) for c in concepts], "tasks": [*set(task_ids)]})
