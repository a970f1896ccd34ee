"""How a project's review stands: from our own tables where they know it, else counted in Label Studio."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from pydantic import JsonValue

from argus.answers.projects import Bands
from argus.answers.review import ReviewStatus
from argus.labelstudio.client import LabelStudio
from argus.labelstudio.filters import ANNOTATED, HAS_REGIONS, NO_SCORE, SKIPPED, UNREVIEWED, chunks
from argus.labelstudio.regions import count_objects
from argus.labelstudio.types import Condition, Region, Task
from label_studio_config.bands import BANDS, CHECK_FIRST, NOTHING_FOUND
from search_service.review import prediction_store, reviewed_store, standing, store
from search_service.review.candidates import (
    CHUNK,
    Review,
    band_conditions,
    count_tasks,
    list_ids,
    of_version,
    open_review,
    predictions_of,
    read_tasks,
    walk_tasks,
)
from search_service.review.pace import seconds_each
from search_service.review.reviewed_store import Standing
from search_service.review.set_aside import open_tasks

_UNSCORED = (
    "{count} tasks have a prediction with objects but without a score, so no band shows them. Label Studio reads "
    "scores of the project's current model version only, and of predictions that carry one: another program may "
    "have written these. A new run (argus annotate) replaces them.")


@dataclass
class _Counts:
    """Tasks with a prediction of the current version.

    Attributes:
        bands, objects: unreviewed tasks by band, and by `CHECK_FIRST`, and the objects on them, without what is set
            aside.
        done: tasks by what people did: accepted, checked, fixed, skipped.
    """

    bands: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(BANDS, 0)))
    objects: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(BANDS, 0)))
    done: Counter[str] = field(default_factory=Counter)
    aside: int = 0
    total: int = 0
    unscored: int = 0


def review_status(project_id: int, *, ls: LabelStudio | None = None) -> ReviewStatus:
    """Return where a project's review stands.

    A project whose scores were switched to another version is put right, because its bands would all look empty in
    Label Studio. Raises `unknown_project`.
    """
    review = open_review(project_id, ls)
    rows = standing.standings(review)
    found = _in_label_studio(review) if rows is None else _in_tables(review, rows)
    left, totals = sum(found.bands.values()) + found.aside, reviewed_store.totals(project_id)
    times = reviewed_store.times_looked_at(project_id)
    return ReviewStatus(
        project=project_id, model_version=review.model_version,
        edges=Bands(high=review.edges.high, medium=review.edges.medium),
        bands={band: found.bands[band] for band in BANDS}, objects={band: found.objects[band] for band in BANDS},
        check_first=found.bands[CHECK_FIRST], check_first_chosen=review.chosen,
        accepted=found.done["accepted"], checked=found.done["checked"], fixed=found.done["fixed"],
        skipped=found.done["skipped"], reviewed=found.total - left, left=left, total=found.total,
        outdated=prediction_store.count_outdated(project_id, review.model_version),
        added=store.count_added_tasks(project_id), set_aside=found.aside, unscored=found.unscored,
        notes=[_UNSCORED.format(count=found.unscored)] if found.unscored else [], all_tasks=totals.tasks,
        annotated=totals.annotated, looked_at=len(times), seconds_each=seconds_each(times),
        refuted=store.count_refuted(project_id))


def _in_tables(review: Review, rows: Sequence[Standing]) -> _Counts:
    found = _Counts(total=len(rows))
    drawn = {row.task_id: row.changed for row in rows if row.state == "annotated" and not row.accepted}
    drawn |= _compare(review, [task for task, changed in drawn.items() if changed is None])
    for row in rows:
        if row.state == "skipped":
            found.done["skipped"] += 1
        elif row.state == "annotated":
            found.done["accepted" if row.accepted else "fixed" if drawn[row.task_id] else "checked"] += 1
        elif row.aside:
            found.aside += 1
        else:
            band = review.edges.band(row.score)
            found.bands[band] += 1
            found.objects[band] += row.regions
    return found


def _in_label_studio(review: Review) -> _Counts:
    """Count there what our record does not fit."""
    standing.follow(review)
    version, aside = of_version(review), open_tasks(review)
    bands = (*BANDS, CHECK_FIRST) if review.edges.check_first else BANDS
    ranges = {band: band_conditions(review, band) for band in bands}
    found = _Counts(total=count_tasks(review, [version]), aside=len(aside))
    for band in bands:
        conditions = [version, *UNREVIEWED, *ranges[band]]
        found.bands[band] = count_tasks(review, conditions) - (count_tasks(review, conditions, aside) if aside else 0)
    ours, left = store.accepted_tasks(review.project_id), sum(found.bands.values()) + len(aside)
    found.done["accepted"] = count_tasks(review, [version, ANNOTATED], sorted(ours))
    done = ours | set(aside)
    if found.total - left > found.done["accepted"]:
        drawn = sorted(set(list_ids(review, [version, ANNOTATED])) - ours)
        skipped = list_ids(review, [version, *SKIPPED])
        changed = Counter(differs for _, differs in _differing(review, drawn))
        found.done += Counter(checked=changed[False], fixed=changed[True], skipped=len(skipped))
        done |= {*drawn, *skipped}
    found.objects = Counter(_objects(review, found.bands, ranges, done, aside))
    if found.bands[NOTHING_FOUND]:  # to Label Studio a prediction without its score looks like one without regions
        found.unscored = count_tasks(review, [version, *UNREVIEWED, NO_SCORE, HAS_REGIONS])
    return found


def count_delivered(review: Review, ids: Sequence[int]) -> int:
    """Return the objects on these tasks: as delivered, and counted in Label Studio for those we have no record of."""
    known = {row.task_id: row.regions for row in prediction_store.delivered_on(ids, review.model_version)}
    return sum(known.values()) + sum(
        count_objects(p["result"]) for chunk in chunks([task for task in ids if task not in known], CHUNK)
        for task in read_tasks(review, chunk) for p in predictions_of(review, task))


def _objects(review: Review, bands: Mapping[str, int], ranges: Mapping[str, list[Condition]],
             done: Collection[int], aside: Collection[int]) -> dict[str, int]:
    """Return the objects on the unreviewed tasks of each band, without those set aside.

    As they were delivered, when our record has the same tasks in each band as Label Studio; else counted there.
    """
    tasks, objects = Counter(dict.fromkeys(bands, 0)), Counter(dict.fromkeys(bands, 0))
    for row in prediction_store.delivered(review.project_id, review.model_version):
        if row.task_id not in done:
            band = review.edges.band(row.score)
            tasks[band] += 1
            objects[band] += row.regions
    if tasks == bands:
        return dict(objects)
    return {band: sum(count_objects(p["result"]) for page in walk_tasks(
        review, [of_version(review), *UNREVIEWED, *ranges[band]], CHUNK) for task in page if task["id"] not in aside
        for p in predictions_of(review, task)) if band != NOTHING_FOUND else 0 for band in bands}


def _compare(review: Review, ids: Sequence[int]) -> dict[int, bool]:
    """Return `{task: whether its annotation differs from its prediction}`, and keep it until one of them changes."""
    changed = dict(_differing(review, ids))
    reviewed_store.keep_compared(review.model_version, changed)
    return {task: changed.get(task, True) for task in ids}


def _differing(review: Review, ids: Sequence[int]) -> Iterator[tuple[int, bool]]:
    """Yield (task, whether what people said of it differs from its prediction)."""
    for chunk in chunks(ids, CHUNK):
        for task in read_tasks(review, chunk):
            yield task["id"], _differs(review, task)


def _differs(review: Review, task: Task) -> bool:
    predicted = [_content(p["result"]) for p in predictions_of(review, task)]
    return not any(_content(a["result"]) in predicted for a in task["annotations"] if not a["was_cancelled"])


def _content(result: Iterable[Region]) -> list[str]:
    """Return what the regions say, comparable: without ids and scores, positions to a hundredth of a percent."""
    def rounded(value: JsonValue) -> JsonValue:
        if isinstance(value, dict):
            return {key: rounded(item) for key, item in value.items()}
        if isinstance(value, list):
            return [rounded(item) for item in value]
        return round(value, 2) if isinstance(value, float) else value

    return sorted(json.dumps([item.get("from_name"), rounded(cast(JsonValue, item.get("value")))], sort_keys=True)
                  for item in result)
