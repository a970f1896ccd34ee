"""How good the search of a project is, by what people said: thumbs on hits, or the labels already in the project.

Only judged images are ranked against each other (condensed lists): an image that nobody judged is neither right nor
wrong, and counting it as wrong would punish a search for finding what people have not looked at yet.
Measures as in Manning, Raghavan and Schütze, Introduction to Information Retrieval, chapter 8; nDCG with gains 0 and 1.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence

from argus import audit
from argus.answers.search import Hit, Judgement, MeanQuality, QueryQuality, SearchQuality
from argus.errors import ArgusError
from argus.typed_text import fold
from label_studio_config import projects
from search_service.search import store
from search_service.search.filters import Filters
from search_service.search.query import SearchQuery
from search_service.search.query_text import parse_query
from search_service.search.relevance import RELEVANCE
from search_service.search.search import MAX_LIMIT, find

CUTS = (10, 50)
MAX_DEPTH = 10 * MAX_LIMIT  # judged images below it in a ranking count as not found


def judge(project_id: int, query: str, task_id: int, relevant: bool | None) -> int:
    """Store a person's word on a hit of a query; None takes it back. Return how many words there are on the query."""
    projects.require(project_id)
    projects.require_tasks(project_id, [task_id])
    parse_query(query)  # what cannot be searched for has no hits
    audit.about(f"task {task_id}")
    text = _query(query)
    if relevant is None:
        store.take_back_judgement(project_id, text, task_id)
    else:
        store.judge(project_id, text, task_id, relevant, audit.actor().person)
    return store.count_judgements(project_id, text)


def judgements(project_id: int, query: str | None = None) -> list[Judgement]:
    """Return what people said, of one query or of all, by query and task."""
    projects.require(project_id)
    return [Judgement(query=row.query, task=row.task_id, relevant=row.relevant)
            for row in store.judgements(project_id, None if query is None else _query(query))]


def forget_judgements(project_id: int, query: str | None = None, *, person: int | None = None) -> int:
    """Delete the words on one query, or all; with `person`, only theirs. Return how many there were."""
    return store.forget_judgements(project_id, None if query is None else _query(query), person)


def evaluate(project_id: int, source: str = "thumbs", cuts: Sequence[int] = CUTS) -> SearchQuality:
    """Search for each judged query and measure what comes first.

    Args:
        source: `thumbs`, the words on hits; or `labels`: each label in the project's annotations is a query, the tasks
            that carry it are right, and other annotated tasks are wrong.
        cuts: the k of recall@k and nDCG@k.

    Returns:
        Queries without a relevant image are listed with `recall` and `ndcg` None, and are only in the mean of the
        precision.

    Raises:
        ArgusError: `unknown_project`; `nothing_selected` when there is nothing to measure by; what a search raises.
    """
    projects.require(project_id)
    said = _by_thumbs(project_id) if source == "thumbs" else _by_labels(project_id)
    if not said:
        raise ArgusError("nothing_selected", f"The project {project_id} has nothing to measure a search by.",
                         "Judge hits with thumbs up or down." if source == "thumbs" else "Annotate some tasks first.")
    filters = Filters(labelled=True) if source == "labels" else Filters()
    rows = [_measured(project_id, query, judged, filters, cuts) for query, judged in said.items()]
    return SearchQuality(project=project_id, source=source, queries=rows, mean=MeanQuality(
        recall={k: _mean(row.recall[k] for row in rows if row.recall) for k in map(str, cuts)},
        ndcg={k: _mean(row.ndcg[k] for row in rows if row.ndcg) for k in map(str, cuts)},
        precision={band: _mean(row.precision[band] for row in rows) for band in RELEVANCE}))


def _measured(project_id: int, query: str, judged: Mapping[int, bool], filters: Filters,
              cuts: Sequence[int]) -> QueryQuality:
    hits = _ranking(project_id, SearchQuery(text=query, filters=filters), judged)
    ranked = [hit for hit in hits if hit.task in judged]
    right = {task_id for task_id, relevant in judged.items() if relevant}
    order = [hit.task for hit in ranked]
    bands = {band: [hit.task in right for hit in ranked if hit.relevance == band] for band in RELEVANCE}
    return QueryQuality(
        query=query, judged=len(judged), relevant=len(right),
        recall={str(k): recall_at(order, right, k) for k in cuts} if right else None,
        ndcg={str(k): ndcg_at(order, right, k) for k in cuts} if right else None,
        precision={band: round(sum(found) / len(found), 4) if found else None for band, found in bands.items()},
        hits={band: len(found) for band, found in bands.items()})


def _ranking(project_id: int, ask: SearchQuery, judged: Collection[int]) -> list[Hit]:
    """Return the ranking down to the last judged image, to 10,000 hits at most."""
    hits: list[Hit] = []
    left = set(judged)
    while left and len(hits) < MAX_DEPTH:
        page = find(project_id, ask, MAX_LIMIT, len(hits), record=False).hits
        hits += page
        left -= {hit.task for hit in page}
        if len(page) < MAX_LIMIT:
            break
    return hits


def recall_at(order: Sequence[int], right: Collection[int], k: int) -> float:
    """Return the share of the right ones that are among the first k; of more than k right ones, k are all there is."""
    return round(sum(task in right for task in order[:k]) / min(k, len(right)), 4)


def ndcg_at(order: Sequence[int], right: Collection[int], k: int) -> float:
    """Return the gain of the first k, 1/log2(rank + 1) for each right one, as a share of that of the best order."""
    gain = sum(1 / math.log2(rank + 1) for rank, task in enumerate(order[:k], 1) if task in right)
    return round(gain / sum(1 / math.log2(rank + 1) for rank in range(1, min(k, len(right)) + 1)), 4)


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(sum(known) / len(known), 4) if known else None


def _by_thumbs(project_id: int) -> dict[str, dict[int, bool]]:
    said: dict[str, dict[int, bool]] = {}
    for row in judgements(project_id):
        said.setdefault(row.query, {})[row.task] = row.relevant
    return said


def _by_labels(project_id: int) -> dict[str, dict[int, bool]]:
    tasks = store.labelled_tasks(project_id)
    labels = sorted({label for task in tasks for label in task.labels})
    return {label: {task.id: label in task.labels for task in tasks} for label in labels}


def _query(query: str) -> str:
    text = " ".join(fold(query).split())
    if not text or "\0" in text:
        raise ArgusError("empty_query", "The query is empty: there is nothing to judge hits of.")
    return text
