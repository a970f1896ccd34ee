"""How a project's review stands, counted in Label Studio."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from argus.answers.projects import Bands
from argus.answers.review import ReviewStatus
from argus.labelstudio.client import LabelStudio
from argus.labelstudio.filters import ANNOTATED, HAS_REGIONS, NO_SCORE, SKIPPED, UNREVIEWED, chunks, completed_since
from argus.labelstudio.regions import count_objects
from label_studio_config.bands import BANDS, NOTHING_FOUND
from search_service.review import prediction_store, store
from search_service.review.candidates import (
    CHUNK,
    Review,
    band_conditions,
    count_tasks,
    list_ids,
    of_version,
    open_review,
    predictions_of,
    prepare,
    read_tasks,
    walk_tasks,
)
from search_service.review.set_aside import open_tasks

_UNSCORED = (
    "{count} tasks have a prediction with regions but without a score, so no band shows them. Label Studio reads "
    "scores of the project's current model version only, and of predictions that carry one: another program may "
    "have written these. A new run (argus annotate) replaces them.")


def review_status(project_id: int, *, ls: LabelStudio | None = None) -> ReviewStatus:
    """Return where a project's review stands, counted in Label Studio.

    A project whose scores were switched to another version is put right first, because its bands would all look empty.
    Raises `unknown_project`.
    """
    review = open_review(project_id, ls)
    prepare(review)
    version, high, medium = of_version(review), review.edges.high, review.edges.medium
    ranges = {band: band_conditions(review, band) for band in BANDS}
    bands = {band: count_tasks(review, [version, *UNREVIEWED, *ranges[band]]) for band in BANDS}
    total, left = count_tasks(review, [version]), sum(bands.values())
    ours = store.accepted_tasks(project_id)
    accepted = count_tasks(review, [version, ANNOTATED], sorted(ours))
    by_hand: Counter[str] = Counter()
    done = set(ours)
    if total - left > accepted:
        drawn = sorted(set(list_ids(review, [version, ANNOTATED])) - ours)
        skipped = list_ids(review, [version, *SKIPPED])
        by_hand = _by_hand(review, drawn) + Counter(skipped=len(skipped))
        done |= {*drawn, *skipped}
    unscored = _unscored(review, bands)
    return ReviewStatus(
        project=project_id, model_version=review.model_version, edges=Bands(high=high, medium=medium), bands=bands,
        regions=_regions(review, bands, ranges, done), accepted=accepted, checked=by_hand["checked"],
        fixed=by_hand["fixed"], skipped=by_hand["skipped"], reviewed=total - left, left=left, total=total,
        outdated=prediction_store.count_outdated(project_id, review.model_version),
        added=store.count_added_tasks(project_id), set_aside=len(open_tasks(review)),
        unscored=unscored, notes=[_UNSCORED.format(count=unscored)] if unscored else [],
        all_tasks=count_tasks(review, []), annotated=count_tasks(review, [ANNOTATED]),
        last_hour=count_tasks(review, [completed_since(1)]))


def _unscored(review: Review, bands: Mapping[str, int]) -> int:
    """Tell predictions that lack their score from predictions without regions: both have none in Label Studio."""
    if not bands[NOTHING_FOUND]:
        return 0
    return count_tasks(review, [of_version(review), *UNREVIEWED, NO_SCORE, HAS_REGIONS])


def count_delivered(review: Review, ids: Sequence[int]) -> int:
    """Return the objects on these tasks: as delivered, and counted in Label Studio for those we have no record of."""
    known = {row.task_id: row.regions for row in prediction_store.delivered_on(ids, review.model_version)}
    return sum(known.values()) + sum(
        count_objects(p["result"]) for chunk in chunks([task for task in ids if task not in known], CHUNK)
        for task in read_tasks(review, chunk) for p in predictions_of(review, task))


def _regions(review: Review, bands: Mapping[str, int], ranges: Mapping[str, list[dict[str, Any]]],
             done: Collection[int]) -> dict[str, int]:
    """Return the objects on the unreviewed tasks of each band.

    As they were delivered, when our record has the same tasks in each band as Label Studio; else counted there.
    """
    tasks, objects = Counter(dict.fromkeys(BANDS, 0)), Counter(dict.fromkeys(BANDS, 0))
    for row in prediction_store.delivered(review.project_id, review.model_version):
        if row.task_id not in done:
            band = review.edges.band(row.score)
            tasks[band] += 1
            objects[band] += row.regions
    if tasks == bands:
        return dict(objects)
    return {band: sum(count_objects(p["result"]) for page in walk_tasks(
        review, [of_version(review), *UNREVIEWED, *ranges[band]], CHUNK) for task in page
        for p in predictions_of(review, task)) if band != NOTHING_FOUND else 0 for band in BANDS}


def _by_hand(review: Review, ids: Sequence[int]) -> Counter[str]:
    """Count what people did on tasks that were not accepted in bulk: checked or fixed."""
    counts: Counter[str] = Counter()
    for chunk in chunks(ids, CHUNK):
        for task in read_tasks(review, chunk):
            predicted = [_content(p["result"]) for p in predictions_of(review, task)]
            same = any(_content(a["result"]) in predicted for a in task["annotations"] if not a["was_cancelled"])
            counts["checked" if same else "fixed"] += 1
    return counts


def _content(result: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return what the regions say, comparable: without ids and scores, positions to a hundredth of a percent."""
    def rounded(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: rounded(item) for key, item in value.items()}
        if isinstance(value, list):
            return [rounded(item) for item in value]
        return round(value, 2) if isinstance(value, float) else value

    return sorted(json.dumps([item.get("from_name"), rounded(item.get("value"))], sort_keys=True) for item in result)
