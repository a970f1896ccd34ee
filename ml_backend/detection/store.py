"""Raw detections in PostgreSQL: kept below the display threshold too, so that a new threshold needs no model.

What a preview found is kept as well, and marked: it saves a run the model's time, and is part of no prediction before
somebody asks for its label.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import psycopg
from psycopg.types.json import Json

from argus.db import connect
from argus.errors import ArgusError
from label_studio_config.recipe import Recipe
from ml_backend.engines.base import Detections, Found, Mask

_INSERT = """
INSERT INTO detection (task_id, label, concept_key, width, height, items, left_out, previewed)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (task_id, label, concept_key) DO UPDATE
SET width = excluded.width, height = excluded.height, items = excluded.items, created_at = now(),
    left_out = excluded.left_out,
    previewed = detection.previewed AND excluded.previewed
"""
# Asked for now, or before with other prompts. From now on it counts as computed: who annotated the task meanwhile has
# not seen it.
_ADOPT = """
UPDATE detection d SET previewed = false, created_at = now()
FROM unnest(%(labels)s::text[], %(keys)s::text[]) AS wanted (label, concept_key)
WHERE d.label = wanted.label AND d.concept_key = wanted.concept_key AND d.task_id = ANY(%(tasks)s) AND d.previewed
AND (d.label = ANY(%(asked)s) OR EXISTS (SELECT FROM detection other WHERE other.task_id = d.task_id
                                         AND other.label = d.label AND NOT other.previewed))
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


def store(task_id: int, recipe: Recipe, size: tuple[int, int], found: Mapping[str, Detections],
          previewed: bool = False) -> None:
    """Keep what was found on one task's image of `size` (width, height) pixels, by label; overwrites what was there.

    Args:
        previewed: only a preview asked for it.

    Raises:
        ArgusError: `unknown_task` when the task was deleted meanwhile.
    """
    concepts = {c.label: c for c in recipe.concepts}
    rows = [(task_id, label, recipe.concept_key(concepts[label]), *size, Json(to_items(detections)),
             detections.left_out, previewed)
            for label, detections in found.items()]
    try:
        with connect() as connection, connection.cursor() as cursor:
            cursor.executemany(_INSERT, rows)
    except psycopg.errors.ForeignKeyViolation as error:
        raise ArgusError("unknown_task", f"Task {task_id} was deleted.", task=task_id) from error


def adopt(task_ids: Sequence[int], recipe: Recipe, labels: Sequence[str] = ()) -> None:
    """Let predictions show what previews found: of `labels`, and of what these tasks were asked for before."""
    with connect() as connection:
        connection.execute(_ADOPT, {**_wanted(recipe), "tasks": list(task_ids), "asked": list(labels)})


def load(task_ids: Sequence[int], recipe: Recipe, *, previewed: bool = False) -> dict[int, dict[str, Found]]:
    """Return the stored detections of the recipe's labels by task and label; what was not computed is not there.

    Args:
        previewed: also what only a preview asked for.
    """
    found: dict[int, dict[str, Found]] = {}
    for row in _rows("task_id, label, width, height, items, previewed", task_ids, recipe):
        if row["previewed"] and not previewed:
            continue
        found.setdefault(row["task_id"], {})[row["label"]] = Found(row["width"], row["height"],
                                                                   from_items(row["items"]))
    return found


def missing(task_ids: Sequence[int], recipe: Recipe, labels: Sequence[str]) -> dict[int, list[str]]:
    """Return the labels that have not been computed, by task, in the recipe's order; complete tasks are left out.

    What a preview found was computed.
    """
    have = {(row["task_id"], row["label"]) for row in _rows("task_id, label", task_ids, recipe)}
    wanted = [c.label for c in recipe.concepts if c.label in set(labels)]
    lacking = {task: [label for label in wanted if (task, label) not in have] for task in task_ids}
    return {task: names for task, names in lacking.items() if names}


def _rows(columns: str, task_ids: Sequence[int], recipe: Recipe) -> list[dict[str, Any]]:
    query = (f"SELECT {columns} FROM detection JOIN unnest(%(labels)s::text[], %(keys)s::text[]) AS wanted "
             "(label, concept_key) USING (label, concept_key) WHERE task_id = ANY(%(tasks)s)")
    with connect() as connection:
        return connection.execute(query.encode(), {**_wanted(recipe), "tasks": list(task_ids)}).fetchall()


def _wanted(recipe: Recipe) -> dict[str, list[str]]:
    return {"labels": [c.label for c in recipe.concepts], "keys": [recipe.concept_key(c) for c in recipe.concepts]}
