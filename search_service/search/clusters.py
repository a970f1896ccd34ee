"""Images of a project in groups of alike ones: each with a picture, a count, and words that are likely for it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from argus.answers.browse import Cluster, Clusters
from argus.errors import ArgusError
from label_studio_config import projects
from label_studio_config.recipe import plan_for
from search_service.embedding.texts import UNAVAILABLE, encode_texts
from search_service.search.common_words import COMMON_WORDS
from search_service.search.filters import Filters
from search_service.search.images import found_images, look, unit
from search_service.search.query_vectors import calibration
from search_service.search.relevance import LIKELY_FROM
from search_service.vectors import store
from search_service.vectors.store import Vectors

MOST = 24  # clusters
EACH = 12  # images for which there is one cluster more
WORDS = 3
_ROUNDS = 25


def clusters(project_id: int, filters: Filters) -> Clusters:
    """Return the clusters of the images that pass the filters, the largest first.

    Raises:
        ArgusError: `bad_request`, `unknown_project`, `not_ready`.
    """
    looked = look(project_id, filters)
    groups = grouped(looked.vectors)
    rows = found_images([int(looked.tasks[group[0]]) for group in groups])
    words = _words(project_id, looked.vectors[[group[0] for group in groups]]) if groups else []
    return Clusters(project=project_id, total=looked.total, looked_at=len(looked.tasks), clusters=[
        Cluster(picture=rows[task], images=len(group), words=said)
        for group, said in zip(groups, words, strict=True) if (task := int(looked.tasks[group[0]])) in rows])


def cluster_around(project_id: int, filters: Filters, task: int) -> NDArray[np.int64]:
    """Return the tasks of the cluster that a task is in, int64 `(n,)`, the most typical first. Raises `unknown_task`
    when the task is in none, and as `clusters`."""
    looked = look(project_id, filters)
    for group in grouped(looked.vectors):
        tasks = looked.tasks[group]
        if task in tasks:
            return tasks
    raise ArgusError("unknown_task", f"Task {task} is in no cluster of these images.",
                     "It may have been deleted, or a filter leaves it out: ask for the clusters again.", task=task)


def grouped(vectors: Vectors) -> list[NDArray[np.intp]]:
    """Return the rows of each cluster, the largest cluster first, in each the row that is most like its mean first.

    K-means on directions, from which the mean of all is taken away: what all images share tells none apart. There is
    one cluster for every 12 rows, at least 2 and at most 24. The same rows give the same clusters.

    Args:
        vectors: float32 `(n, dim)` of length 1.
    """
    if not len(vectors):
        return []
    apart = unit(vectors - vectors.mean(0))
    centres = _spread(apart, min(MOST, max(2, round(len(apart) / EACH))))
    for _ in range(_ROUNDS):
        of = (apart @ centres.T).argmax(1)
        before, centres = centres, np.stack([
            unit(apart[of == number].mean(0)) if (of == number).any() else centre
            for number, centre in enumerate(centres)])
        if np.allclose(before, centres, atol=1e-6):
            break
    likeness = apart @ centres.T
    of = likeness.argmax(1)
    groups = [rows[np.argsort(-likeness[rows, number], kind="stable")] for number in range(len(centres))
              if len(rows := np.flatnonzero(of == number))]
    return sorted(groups, key=lambda rows: (-len(rows), int(rows[0])))


def _spread(vectors: Vectors, count: int) -> Vectors:
    """Return rows to begin with, each drawn the likelier the less it is like those before it (k-means++)."""
    random = np.random.default_rng(0)
    chosen = [int(random.integers(len(vectors)))]
    far = 1 - vectors @ vectors[chosen[0]]
    while len(chosen) < count:
        chance = np.maximum(far, 0).astype(np.float64)
        if not chance.sum():
            break
        chosen.append(int(random.choice(len(vectors), p=chance / chance.sum())))
        far = np.minimum(far, 1 - vectors @ vectors[chosen[-1]])
    return vectors[chosen]


def _words(project_id: int, pictures: Vectors) -> list[list[str]]:
    """Return for each picture up to three of the project's labels and of common words that are likely for it."""
    labels = [concept.label for concept in plan_for(projects.load(project_id)).concepts]
    words = list(dict.fromkeys([*labels, *COMMON_WORDS]))
    try:
        model = store.current_model()
        if model is None:
            return [[] for _ in pictures]
        chances = calibration(model.id).probability(pictures @ encode_texts(model, words).T)
    except ArgusError as error:
        if error.code not in UNAVAILABLE:
            raise
        return [[] for _ in pictures]
    return [_likely(words, row) for row in chances]


def _likely(words: Sequence[str], chances: NDArray[np.float32]) -> list[str]:
    best = np.argsort(-chances, kind="stable")[:WORDS]
    return [words[place] for place in best if chances[place] >= LIKELY_FROM]
