"""Suspicions kept up to date with the stored detections: told anew where something arrived and for frames around."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from argus.db import together
from label_studio_config.recipe import Recipe
from ml_backend.suspicion import motion, store
from ml_backend.suspicion.frames import LACKING, Frame, Suspicion, overlap
from ml_backend.suspicion.geometry import odd
from ml_backend.suspicion.missing import REACH, SAME, lacking
from ml_backend.suspicion.pictures import unusable
from ml_backend.suspicion.store import Place, StoredSuspicion

TOUCHED = REACH + motion.AROUND  # frames before and after one that is new, of which it may change the suspicions
COMPARED = 60  # frames before and after, or images, that tell what is usual
_IDS = 4  # times as many ids are searched for them: other projects have numbers in between


def refresh(project_id: int, recipe: Recipe, task_ids: Sequence[int]) -> None:
    """Tell what is suspected of these tasks and of the frames around them, and store it, all at once.

    What was answered stays as it is and is not asked again. A project that asks for no kind costs one look.
    """
    if not task_ids or not store.asks(project_id):
        return
    by_key: dict[str, list[Place]] = {}
    for place in store.places(task_ids):
        by_key.setdefault(place.key, []).append(place)
    for key, new in by_key.items():
        listed = store.of_video(project_id, recipe, key) if key else store.images_between(
            project_id, recipe, min(one.id for one in new) - _IDS * COMPARED,
            max(one.id for one in new) + _IDS * COMPARED)
        around, touched = _windows([one.id for one in listed], {one.id for one in new}, TOUCHED if key else 0)
        with together():
            store.lock(sorted(touched))
            found = tell([listed[i] for i in around], recipe)
            _keep(project_id, recipe.model_version, touched, [one for one in found if one.task in touched])


def _windows(ids: Sequence[int], new: set[int], touched: int) -> tuple[list[int], set[int]]:
    """Return the places in `ids` to be looked at around the new ones, and the ids that are computed again."""
    at = [i for i, task in enumerate(ids) if task in new]
    near = {k for i in at for k in range(max(0, i - COMPARED), min(len(ids), i + COMPARED + 1))}
    return sorted(near), {ids[k] for i in at for k in range(max(0, i - touched), min(len(ids), i + touched + 1))}


def tell(listed: Sequence[Place], recipe: Recipe) -> list[Suspicion]:
    """Return every suspicion of these tasks: frames of one video in the order of time, or images of no video."""
    frames = store.frames(listed, recipe)
    sequences: list[list[Frame]] = [frames] if listed and listed[0].key else [[frame] for frame in frames]
    missing = [one for sequence in sequences for one in lacking(sequence)]
    return [*missing, *odd(frames), *unusable(store.pictures(listed))]


def _keep(project_id: int, model_version: str, touched: set[int], found: Sequence[Suspicion]) -> None:
    before: dict[int, list[StoredSuspicion]] = {}
    for row in store.known(model_version, sorted(touched)):
        before.setdefault(row.task_id, []).append(row)
    fresh: list[tuple[int | None, Suspicion]] = []
    for one in found:
        rows = before.get(one.task, [])
        same = next((row for row in rows if _is_same(row, one)), None)
        if same is not None:
            rows.remove(same)
        if same is None or same.verdict is None:
            fresh.append((same.id if same else None, one))
    store.forget([row.id for rows in before.values() for row in rows if row.verdict is None])
    store.write(project_id, model_version, fresh)


def _is_same(row: StoredSuspicion, one: Suspicion) -> bool:
    """Whether a stored suspicion asks the same: of one label at one place, or of one kind."""
    if row.label != one.label or (row.kind != one.kind and not {row.kind, one.kind} <= set(LACKING)):
        return False
    if row.box is None or one.box is None:
        return row.box is None and one.box is None
    a, b = (np.array([x, y, x + width, y + height]) for x, y, width, height in (row.box, one.box))
    return bool(overlap(a, b[None])[0] > SAME)
