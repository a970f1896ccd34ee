"""Raw detections in PostgreSQL: kept below the display threshold too, so that a new threshold needs no model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import psycopg
from psycopg.types.json import Json

from argus.db import connect
from argus.errors import ArgusError
from label_studio_config.recipe import Recipe
from ml_backend.engines.base import Detections, Mask
from ml_backend.regions import Found

_INSERT = """
INSERT INTO detection (task_id, label, concept_key, width, height, items) VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (task_id, label, concept_key) DO UPDATE
SET width = excluded.width, height = excluded.height, items = excluded.items, created_at = now()
"""


def to_items(detections: Detections) -> list[dict[str, Any]]:
    """Return the JSON form of detections: `[{"score", "box": [x0, y0, x1, y1] in pixels, "mask": {...} | None}]`."""
    return [{"score": round(score, 6), "box": [round(v, 2) for v in box], "mask": mask.to_json() if mask else None}
            for score, box, mask in zip(detections.scores.tolist(), detections.boxes.tolist(), detections.masks,
                                        strict=True)]


def from_items(items: Sequence[Mapping[str, Any]]) -> Detections:
    """Return what `to_items` was given, rounded as it was stored."""
    return Detections(np.array([i["score"] for i in items], np.float32),
                      np.array([i["box"] for i in items], np.float32).reshape(-1, 4),
                      [Mask.from_json(i["mask"]) if i["mask"] else None for i in items])


def store(task_id: int, recipe: Recipe, size: tuple[int, int], found: Mapping[str, Detections]) -> None:
    """Keep what was found on one task's image of `size` (width, height) pixels, by label; overwrites what was there.

    Raises:
        ArgusError: `unknown_task` when the task was deleted meanwhile.
    """
    concepts = {c.label: c for c in recipe.concepts}
    rows = [(task_id, label, recipe.concept_key(concepts[label]), *size, Json(to_items(detections)))
            for label, detections in found.items()]
    try:
        with connect() as connection, connection.cursor() as cursor:
            cursor.executemany(_INSERT, rows)
    except psycopg.errors.ForeignKeyViolation as error:
        raise ArgusError("unknown_task", f"Task {task_id} was deleted.", task=task_id) from error


def load(task_ids: Sequence[int], recipe: Recipe) -> dict[int, dict[str, Found]]:
    """Return the stored detections of the recipe's labels by task and label; what was not computed is not there."""
    found: dict[int, dict[str, Found]] = {}
    for row in _rows("task_id, label, width, height, items", task_ids, recipe):
        found.setdefault(row["task_id"], {})[row["label"]] = Found(row["width"], row["height"],
                                                                   from_items(row["items"]))
    return found


def missing(task_ids: Sequence[int], recipe: Recipe, labels: Sequence[str]) -> dict[int, list[str]]:
    """Return the labels that have not been computed, by task, in the recipe's order; complete tasks are left out."""
    have = {(row["task_id"], row["label"]) for row in _rows("task_id, label", task_ids, recipe)}
    wanted = [c.label for c in recipe.concepts if c.label in set(labels)]
    lacking = {task: [label for label in wanted if (task, label) not in have] for task in task_ids}
    return {task: names for task, names in lacking.items() if names}


def _rows(columns: str, task_ids: Sequence[int], recipe: Recipe) -> list[dict[str, Any]]:
    keys = [(c.label, recipe.concept_key(c)) for c in recipe.concepts]
    query = (f"SELECT {columns} FROM detection JOIN unnest(%s::text[], %s::text[]) AS wanted (label, concept_key) "
             "USING (label, concept_key) WHERE task_id = ANY(%s)")
    labels, digests = [k[0] for k in keys], [k[1] for k in keys]
    with connect() as connection:
        return connection.execute(query.encode(), (labels, digests, list(task_ids))).fetchall()
