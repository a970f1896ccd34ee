"""Raw detections in PostgreSQL: kept below the display threshold too, so that a new threshold needs no model.

What a preview found is kept as well, and marked: it saves a run the model's time, and is part of no prediction before
somebody asks for its label.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypedDict, TypeVar

import numpy as np
import psycopg
from psycopg.types.json import Json

from argus.db import connect, together
from argus.db.statements import execute, fetch, fetch_numbers
from argus.errors import ArgusError
from argus.images.measures import Measures
from label_studio_config.recipe import Recipe
from ml_backend.engines.base import Detections, Found, Mask, StoredMask

_INSERT = """
INSERT INTO detection (task_id, label, concept_key, width, height, items, left_out, previewed, brightness, sharpness)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (task_id, label, concept_key) DO UPDATE
SET width = excluded.width, height = excluded.height, items = excluded.items, created_at = now(),
    left_out = excluded.left_out, brightness = excluded.brightness, sharpness = excluded.sharpness,
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


class Item(TypedDict):
    """A detection as it is stored: `box` is x0 y0 x1 y1 in pixels."""

    score: float
    box: list[float]
    mask: StoredMask | None


class StoredFound(NamedTuple):
    """The detections of a label on a task's image of `width` × `height` pixels; `previewed`: for a preview only."""

    task_id: int
    label: str
    width: int
    height: int
    items: list[Item]
    previewed: bool


class Computed(NamedTuple):
    """A label that was looked for on a task."""

    task_id: int
    label: str


class _Items(NamedTuple):
    items: list[Item]


_T = TypeVar("_T", StoredFound, Computed)


def to_items(detections: Detections) -> list[Item]:
    """Return the JSON form of detections."""
    return [{"score": round(score, 6), "box": [round(v, 2) for v in box], "mask": mask.to_json() if mask else None}
            for score, box, mask in zip(detections.scores.tolist(), detections.boxes.tolist(), detections.masks,
                                        strict=True)]


def from_items(items: Sequence[Item]) -> Detections:
    """Return what `to_items` was given, rounded as it was stored."""
    return Detections(np.array([i["score"] for i in items], np.float32),
                      np.array([i["box"] for i in items], np.float32).reshape(-1, 4),
                      [Mask.from_json(i["mask"]) if i["mask"] else None for i in items])


def store(task_id: int, recipe: Recipe, size: tuple[int, int], found: Mapping[str, Detections],
          previewed: bool = False, measures: Measures | None = None) -> None:
    """Keep what was found on one task's image of `size` (width, height) pixels, by label; overwrites what was there.

    Args:
        previewed: only a preview asked for it.
        measures: of the image.

    Raises:
        ArgusError: `unknown_task` when the task was deleted meanwhile.
    """
    concepts = {c.label: c for c in recipe.concepts}
    rows = [(task_id, label, recipe.concept_key(concepts[label]), *size, Json(to_items(detections)),
             detections.left_out, previewed, *(measures or (None, None)))
            for label, detections in found.items()]
    try:
        with connect() as connection, connection.cursor() as cursor:
            cursor.executemany(_INSERT, rows)
    except psycopg.errors.ForeignKeyViolation as error:
        raise ArgusError("unknown_task", f"Task {task_id} was deleted.", task=task_id) from error


def replace_item(task_id: int, recipe: Recipe, label: str, old: Item | None, new: Item | None) -> bool:
    """Put a detection of a label in the place of another, add one or take one out; False when it is not (any more) so.

    Args:
        old, new: None: there is none before, or none afterwards.
    """
    key = {c.label: recipe.concept_key(c) for c in recipe.concepts}.get(label)
    with together():
        rows = fetch(_Items, "SELECT items FROM detection WHERE task_id = %s AND label = %s AND concept_key = %s "
                     "AND NOT previewed FOR UPDATE", (task_id, label, key))
        if not rows or (old is not None and old not in rows[0].items):
            return False
        items = sorted([*(item for item in rows[0].items if item != old), *([new] if new else [])],
                       key=lambda item: -item["score"])
        execute("UPDATE detection SET items = %s WHERE task_id = %s AND label = %s AND concept_key = %s",
                (Json(items), task_id, label, key))
    return True


def adopt(task_ids: Sequence[int], recipe: Recipe, labels: Sequence[str] = ()) -> None:
    """Let predictions show what previews found: of `labels`, and of what these tasks were asked for before."""
    with connect() as connection:
        connection.execute(_ADOPT, {**_wanted(recipe.untaught), "tasks": list(task_ids), "asked": list(labels)})


def load(task_ids: Sequence[int], recipe: Recipe, *, previewed: bool = False) -> dict[int, dict[str, Found]]:
    """Return the stored detections of the recipe's labels by task and label; what was not computed is not there.

    Args:
        previewed: also what only a preview asked for.
    """
    found: dict[int, dict[str, Found]] = {}
    for row in _rows(StoredFound, task_ids, recipe):
        if previewed or not row.previewed:
            found.setdefault(row.task_id, {})[row.label] = Found(row.width, row.height, from_items(row.items))
    return found


def missing(task_ids: Sequence[int], recipe: Recipe, labels: Sequence[str]) -> dict[int, list[str]]:
    """Return the labels that have not been computed, by task, in the recipe's order; complete tasks are left out.

    What a preview found was computed.
    """
    have = set(_rows(Computed, task_ids, recipe))
    wanted = [c.label for c in recipe.concepts if c.label in set(labels)]
    lacking = {task: [label for label in wanted if Computed(task, label) not in have] for task in task_ids}
    return {task: names for task, names in lacking.items() if names}


def without_verdict(task_ids: Sequence[int], recipe: Recipe) -> set[int]:
    """Return the tasks with detections that a verifier has not looked at yet: they have no final score."""
    taught = recipe.taught_concepts()
    if not taught:
        return set()
    return set(fetch_numbers(
        "SELECT DISTINCT d.task_id FROM detection d JOIN unnest(%s::text[], %s::text[], %s::text[]) AS w (label, "
        "source_key, key) ON w.label = d.label AND w.source_key = d.concept_key WHERE d.task_id = ANY(%s) "
        "AND NOT d.previewed AND NOT EXISTS (SELECT FROM detection made WHERE made.task_id = d.task_id "
        "AND made.label = d.label AND made.concept_key = w.key)",
        ([c.label for c in taught], [recipe.source_key(c) for c in taught], [recipe.concept_key(c) for c in taught],
         list(task_ids))))


def _rows(kind: type[_T], task_ids: Sequence[int], recipe: Recipe) -> list[_T]:
    return fetch(kind, f"SELECT {', '.join(kind._fields)} FROM detection JOIN unnest(%(labels)s::text[], "
                 "%(keys)s::text[]) AS wanted (label, concept_key) USING (label, concept_key) "
                 "WHERE task_id = ANY(%(tasks)s)", {**_wanted(recipe), "tasks": list(task_ids)})


def _wanted(recipe: Recipe) -> dict[str, list[str]]:
    return {"labels": [c.label for c in recipe.concepts], "keys": [recipe.concept_key(c) for c in recipe.concepts]}
