"""Suspicions kept up to date with the stored detections: told anew where something arrived and for frames around."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from argus.db import together
from label_studio_config import projects
from label_studio_config.recipe import Recipe, other_recipe
from ml_backend.suspicion import motion, store
from ml_backend.suspicion.compared import OF_TWO_MODELS, disagreements
from ml_backend.suspicion.frames import LACKING, Frame, Suspicion, overlap
from ml_backend.suspicion.geometry import odd
from ml_backend.suspicion.missing import REACH, SAME, WEAKEST, lacking
from ml_backend.suspicion.pictures import unusable
from ml_backend.suspicion.store import Place, StoredSuspicion

TOUCHED = REACH + motion.AROUND  # frames before and after one that is new, of which it may change the suspicions
COMPARED = 60  # frames before and after, or images, that tell what is usual
_IDS = 4  # times as many ids are searched for them: other projects have numbers in between


def refresh(project_id: int, recipe: Recipe, task_ids: Sequence[int]) -> None:
    """Tell what is suspected of these tasks and of the frames around them, and store it, all at once.

    What was answered stays as it is and is not asked again, and so does what is suspected of a task that has an
    annotation, in case that is taken back. A project that asks for no kind costs one look.
    """
    if not task_ids or not (asked := store.asked(project_id)):
        return
    # What to compare with: nothing, unless that is asked for and a detector was chosen.
    other = other_recipe(projects.load(project_id)) if asked & set(OF_TWO_MODELS) else None
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
            touched -= store.annotated(touched).keys()
            found = tell([listed[i] for i in around], recipe, other, asked)
            _keep(project_id, recipe.model_version, touched, [one for one in found if one.task in touched])


def _windows(ids: Sequence[int], new: set[int], touched: int) -> tuple[list[int], set[int]]:
    """Return the places in `ids` to be looked at around the new ones, and the ids that are computed again."""
    at = [i for i, task in enumerate(ids) if task in new]
    near = {k for i in at for k in range(max(0, i - COMPARED), min(len(ids), i + COMPARED + 1))}
    return sorted(near), {ids[k] for i in at for k in range(max(0, i - touched), min(len(ids), i + touched + 1))}


def tell(listed: Sequence[Place], recipe: Recipe, other: Recipe | None = None,
         asked: Collection[str] = ()) -> list[Suspicion]:
    """Return every suspicion of these tasks: frames of one video in the order of time, or images of no video.

    Args:
        other: of the model that these are compared with; None for none.
        asked: the kinds that the project asks for.
    """
    frames = store.frames(listed, recipe)
    sequences: list[list[Frame]] = [frames] if listed and listed[0].key else [[frame] for frame in frames]
    missing = [one for sequence in sequences for one in lacking(sequence, least=WEAKEST)]
    compared = _compared(listed, frames, other) if other else []
    # One question about one place: the one that the project asks, and of two the one that a model's find stands behind.
    seen = [one for one in compared if one.kind == "only_other"] if "only_other" in asked else []
    missing = [one for one in missing if not any(_one_place(one, here) for here in seen)]
    compared = [one for one in compared if one in seen or not any(
        one.kind == "only_other" and _one_place(one, here) for here in missing)]
    return [*missing, *compared, *odd(frames), *unusable(store.pictures(listed))]


def _compared(listed: Sequence[Place], frames: Sequence[Frame], other: Recipe) -> list[Suspicion]:
    theirs = {frame.task: frame for frame in store.frames(listed, other)}
    return [one for frame in frames if frame.task in theirs for one in disagreements(frame, theirs[frame.task])]


def _one_place(one: Suspicion, other: Suspicion) -> bool:
    if (one.task, one.label) != (other.task, other.label) or one.box is None or other.box is None:
        return False
    return _overlap(one.box, other.box) > SAME


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
    return _overlap(row.box, one.box) > SAME


def _overlap(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the IoU of two boxes x, y, width, height."""
    a, b = (np.array([x, y, x + width, y + height]) for x, y, width, height in (one, other))
    return float(overlap(a, b[None])[0])
