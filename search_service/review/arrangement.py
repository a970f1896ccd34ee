"""Objects under review by the look of their crops: what is alike stands together, or what is unlike its label first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from argus.db import connect
from argus.errors import ArgusError
from label_studio_config.recipe import Recipe
from search_service.review import embedded_store
from search_service.review.prediction_store import ShownObject
from search_service.vectors import store
from search_service.vectors.store import Vectors

Order = Literal["score", "similar", "outliers"]
MOST = 10_000  # objects that are arranged; the others follow, lowest score first, as do those without an embedding
ROUNDS = 8  # in which groups are found
Places = NDArray[np.intp]


def page(project_id: int, recipe: Recipe, rows: Sequence[ShownObject], order: Order, limit: int,
         after: str) -> tuple[list[ShownObject], str | None]:
    """Return a page of objects in an order by their crops, and `after` of the next page.

    Args:
        rows: all objects, lowest score first.
        after: how many objects the pages before had; "" for the first.

    Raises:
        ArgusError: `bad_request` for another `after`.
    """
    if after and not (after.isascii() and after.isdigit() and len(after) < 10):
        raise ArgusError("bad_request", "after is not the `next` of an earlier page.")
    begin, arranged = int(after or 0), _arranged(project_id, recipe, rows, order)
    end = begin + limit
    return arranged[begin:end], str(end) if end < len(arranged) else None


class Embedded(NamedTuple):
    """The objects of a list that have an embedding.

    Attributes:
        places: their places in the list.
        crops: float32 `(n, dim)` of length 1.
        scores: the model's own, (n,).
    """

    places: list[int]
    crops: Vectors
    scores: NDArray[np.float64]


def embedded(project_id: int, recipe: Recipe, rows: Sequence[ShownObject]) -> Embedded | None:
    """Return what is known of the crops of the first `MOST` objects; None when none of them has an embedding."""
    first = rows[:MOST]
    known = {(row.task_id, row.label, row.place): row
             for row in embedded_store.embedded_objects(recipe, [row.task_id for row in first])}
    model = store.current_model()
    if model is None or not known:
        return None
    with connect() as connection:
        vectors = store.of_tasks(connection, model.objects, project_id, [row.id for row in known.values()])
    found = [(place, known[key]) for place, row in enumerate(first)
             if (key := (row.task_id, row.label, row.place)) in known and known[key].id in vectors]
    if not found:
        return None
    return Embedded([place for place, _ in found], np.stack([vectors[row.id] for _, row in found]),
                    np.array([row.score for _, row in found]))


def _arranged(project_id: int, recipe: Recipe, rows: Sequence[ShownObject], order: Order) -> list[ShownObject]:
    found = embedded(project_id, recipe, rows)
    if found is None:
        return list(rows)
    there, crops = found.places, found.crops
    best = together(crops) if order == "similar" else outliers(crops, [rows[place].label for place in there])
    chosen, known = [there[place] for place in best.tolist()], set(there)
    return [rows[place] for place in chosen] + [row for place, row in enumerate(rows) if place not in known]


def outliers(crops: Vectors, labels: Sequence[str]) -> Places:
    """Return an order of crops, float32 `(n, dim)` of length 1: the one least like its label's others first, by how
    many standard deviations of its label's similarities it lies below their mean."""
    names = np.array(labels)
    unlike = np.zeros(len(crops))
    for name in set(labels):
        mine = names == name
        centre = crops[mine].mean(0)
        similarity = crops[mine] @ (centre / max(float(np.linalg.norm(centre)), 1e-9))
        unlike[mine] = (similarity.mean() - similarity) / max(float(similarity.std()), 1e-6)
    return np.argsort(-unlike, kind="stable")


def together(crops: Vectors) -> Places:
    """Return an order of crops, float32 `(n, dim)` of length 1, in which neighbours are alike: groups of k-means,
    each and all of them walked from one to the one most like it. The same crops come in the same order."""
    groups = max(1, round(math.sqrt(len(crops))))
    first = np.linspace(0, len(crops) - 1, groups).round().astype(np.intp)
    centres = crops[first]
    for _ in range(ROUNDS):
        member = (crops @ centres.T).argmax(1)
        sums = np.zeros_like(centres)
        np.add.at(sums, member, crops)
        length = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(length > 1e-6, sums / np.maximum(length, 1e-6), centres)
    order: list[int] = []
    for group in _walk(centres, 0).tolist():
        mine = np.flatnonzero(member == group)
        if len(mine):
            begin = int((crops[mine] @ crops[order[-1]]).argmax()) if order else 0
            order += mine[_walk(crops[mine], begin)].tolist()
    return np.array(order, np.intp)


def _walk(crops: Vectors, begin: int) -> Places:
    """Return an order that goes on with the most similar of those that are left."""
    left, order = np.ones(len(crops), bool), [begin]
    left[begin] = False
    while left.any():
        similarity = np.where(left, crops @ crops[order[-1]], -np.inf)
        order.append(int(similarity.argmax()))
        left[order[-1]] = False
    return np.array(order, np.intp)
