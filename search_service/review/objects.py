"""The objects under review one by one: a band's objects from the lowest score up, and how all scores are spread.

Which tasks are left is in our own tables, brought up to date each time with what changed in Label Studio, so that what
other people do there shows at once; what is on them comes from the stored detections of the labels that were delivered,
because Label Studio would send every mask along.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from argus.answers.projects import Bands
from argus.answers.review import BandObject, BandObjects, Histogram
from argus.errors import ArgusError
from argus.labelstudio.client import LabelStudio
from argus.labelstudio.regions import object_id
from label_studio_config import projects, version_store
from label_studio_config.bands import BANDS, CHECK_FIRST, NOTHING_FOUND
from label_studio_config.recipe import recipe_for
from label_studio_config.version_store import Asked
from label_studio_config.views import TO_FIX
from search_service.review import arrangement, prediction_store, standing
from search_service.review.candidates import Review, open_review
from search_service.review.corrections import corrected_objects
from search_service.review.prediction_store import CorrectedObject, Position, ShownObject
from search_service.review.set_aside import Verdict, decisions

BINS = 100  # of one hundredth each, so that a band edge on a hundredth never cuts a bin


def band_objects(project_id: int, band: str, *, label: str | None = None, limit: int = 60, after: str = "",
                 order: arrangement.Order = "score", ls: LabelStudio | None = None) -> BandObjects:
    """Return a page of the objects on the unreviewed tasks of a band, lowest score first.

    Args:
        band: high, medium, low; nothing_found, whose tasks come as entries without an object; to_fix for what was set
            aside, whatever its score, at the end the tasks in which nothing was found.
        label: only objects of this label.
        limit: objects (tasks, for nothing_found) of a page.
        after: `next` of the page before, in the same order.
        order: similar: those whose crops are alike stand together; outliers: those that are least like their label's
            others come first.

    Raises:
        ArgusError: `bad_request` for another band, `unknown_project`, `unknown_label`.
    """
    if band not in (*BANDS, TO_FIX):
        raise ArgusError("bad_request", f"There is no band {band!r}.", f"Bands: {', '.join((*BANDS, TO_FIX))}.")
    project = projects.load(project_id)
    recipe = recipe_for(project)
    review = open_review(project_id, ls)
    asked = version_store.asked_for(review.model_version, recipe)
    aside = decisions(review)
    ids = standing.unreviewed(review, band, aside)
    if band == NOTHING_FOUND:
        return _page_of_tasks(ids, limit, after, aside)
    if order != "score":
        every = _objects(asked, review.model_version, ids, label, None, _position(""), review.edges.high)
        rows, following = arrangement.page(project_id, recipe, every, order, limit, after)
    else:
        rows = _objects(asked, review.model_version, ids, label, limit, _position(after), review.edges.high)
        following = _next(rows, limit)
    tasks = sorted({row.task_id for row in rows[:limit]})
    said = _Said(aside, right_objects(review, tasks), corrected_objects(review, tasks))
    found = [_object(row, review.edges.high, said) for row in rows[:limit]]
    if band == TO_FIX and label is None and following is None:
        found += [_frame(one.task_id, aside) for one in prediction_store.delivered_on(ids, review.model_version)
                  if not one.regions]
    return BandObjects(band=band, tasks=len(ids), objects=found, next=following)


def asked_for(project_id: int, model_version: str) -> list[Asked]:
    """Return what a project's predictions of a version were made of. Raises `unknown_project`."""
    return version_store.asked_for(model_version, recipe_for(projects.load(project_id)))


@dataclass(frozen=True)
class Shown:
    """An object of a task as review shows it; `box` is x0, y0, x1, y1 as fractions of the image's sides."""

    task: int
    name: str
    label: str
    score: float
    box: tuple[float, ...]


def shown(project_id: int, model_version: str, task_ids: Sequence[int]) -> list[Shown]:
    """Return every object that review shows on these tasks, those that are reviewed included.

    Raises:
        ArgusError: `unknown_project`.
    """
    return [named(row) for row in rows_of(project_id, model_version, task_ids, None)]


def rows_of(project_id: int, model_version: str, task_ids: Sequence[int], label: str | None) -> list[ShownObject]:
    """Return the rows of all objects that these tasks show, of one label or of all, lowest score first.

    Raises:
        ArgusError: `unknown_project`, `unknown_label`.
    """
    return _objects(asked_for(project_id, model_version), model_version, task_ids, label, None, _position(""), 1.0)


def named(row: ShownObject) -> Shown:
    """Return an object under the name that the page has for it."""
    one = _object(row, 1.0, _Said())
    return Shown(one.task, one.object, one.label, one.score or 0.0, tuple(one.box or ()))


def page_of_objects(project_id: int, model_version: str, task_ids: Sequence[int], label: str | None, limit: int,
                    after: str) -> tuple[list[Shown], str | None]:
    """Return a page of the objects that these tasks show, lowest score first, and `after` of the next page.

    Raises:
        ArgusError: `unknown_project`, `unknown_label`, `bad_request` for another `after`.
    """
    rows = _objects(asked_for(project_id, model_version), model_version, task_ids, label, limit,
                    _position(after), 1.0)
    return [named(row) for row in rows[:limit]], _next(rows, limit)


def _next(rows: Sequence[ShownObject], limit: int) -> str | None:
    if len(rows) <= limit:
        return None
    last = rows[limit - 1]
    return f"{last.raw!r},{last.task_id},{last.place},{last.label}"


def right_objects(review: Review, task_ids: Sequence[int] | None) -> dict[int, set[str]]:
    """Return the objects that everybody who judged them found right, by task; with `task_ids`, of those only."""
    right: dict[int, set[str]] = {}
    for row in prediction_store.right_objects(review.project_id, review.model_version, task_ids):
        right.setdefault(row.task_id, set()).add(row.object)
    return right


def _page_of_tasks(ids: Sequence[int], limit: int, after: str,
                   aside: Mapping[int, Mapping[str, Verdict]]) -> BandObjects:
    try:
        begin = int(after or 0)
    except ValueError as error:
        raise _bad_position() from error
    left = sorted(task for task in ids if task > begin)
    entries = [_frame(task, aside) for task in left[:limit]]
    return BandObjects(band=NOTHING_FOUND, tasks=len(ids), objects=entries,
                       next=str(left[limit - 1]) if len(left) > limit else None)


def _frame(task: int, aside: Mapping[int, Mapping[str, Verdict]]) -> BandObject:
    """Return the entry of a task in which nothing was found."""
    return BandObject(task=task, object="", label="", score=None, box=None, of=0, sure=False, unsure=0,
                      verdict=aside.get(task, {}).get("", ""), new_label="", aside=task in aside)


def _position(after: str) -> Position:
    if not after:
        return (-1.0, 0, 0, "")
    try:
        score, task, place, label = after.split(",", 3)
        return (float(score), int(task), int(place), label)
    except ValueError as error:
        raise _bad_position() from error


def _bad_position() -> ArgusError:
    return ArgusError("bad_request", "after is not the `next` of an earlier page.")


def _objects(asked: Sequence[Asked], version: str, ids: Sequence[int], label: str | None, limit: int | None,
             after: Position, high: float) -> list[ShownObject]:
    """Return up to `limit + 1` objects, or all, behind `after`; the order (score, task, place, label) is total."""
    names = {one.label for one in asked}
    if label is not None and label not in names:
        raise ArgusError("unknown_label", f"The project has no label {label!r}.",
                         f"It has: {', '.join(sorted(names))}.")
    return prediction_store.shown_objects(asked, version, ids, label, after,
                                          None if limit is None else limit + 1, high)


class _Said(NamedTuple):
    """What was said of objects, by task: decided, found right, relabelled or moved."""

    aside: Mapping[int, Mapping[str, Verdict]] = {}
    right: Mapping[int, set[str]] = {}
    corrected: Mapping[int, Mapping[str, CorrectedObject]] = {}


def _object(row: ShownObject, high: float, said: _Said) -> BandObject:
    name = object_id(row.label, [float(v) for v in np.array(row.box, np.float32)])
    score = round(row.raw, 4)
    box = [round(v / side, 5) for v, side in zip(row.box, [row.width, row.height] * 2, strict=True)]
    decided: Mapping[str, Verdict] = said.aside.get(row.task_id, {})
    corrected = said.corrected.get(row.task_id, {}).get(name)
    heard: Literal["relabelled", "moved", "right", ""] = "right" if name in said.right.get(row.task_id, ()) else ""
    if corrected:
        heard = "moved" if corrected.verdict == "moved" else "relabelled"
    return BandObject(task=row.task_id, object=name, label=row.label, score=score, box=box, of=row.of,
                      sure=score >= high, unsure=row.unsure, aside=bool(decided),
                      verdict=decided.get(name) or decided.get("") or heard,
                      new_label=corrected.new_label if corrected else "")


def histogram(project_id: int, *, ls: LabelStudio | None = None) -> Histogram:
    """Return how the scores of the unreviewed predictions are spread, in hundred bins of one hundredth each.

    For edges on a hundredth the tasks and objects of a band are exact sums. Raises `unknown_project`.
    """
    review = open_review(project_id, ls)
    asked = asked_for(project_id, review.model_version)
    checked_first = set(standing.unreviewed(review, CHECK_FIRST, ())) if review.edges.check_first else set()
    ids = [task for task in standing.unreviewed(review, None, decisions(review)) if task not in checked_first]
    labels = {one.label: [0] * BINS for one in asked}
    by_task: dict[int, list[float]] = {}
    for row in prediction_store.shown_scores(asked, review.model_version, ids):
        labels[row.label][_bin(row.score)] += 1
        by_task.setdefault(row.task_id, []).append(row.score)
    tasks, objects = [0] * BINS, [0] * BINS
    for scores in by_task.values():
        tasks[_bin(min(scores))] += 1
        objects[_bin(min(scores))] += len(scores)
    return Histogram(bins=BINS, labels=labels, tasks=tasks, objects=objects,
                     edges=Bands(high=review.edges.high, medium=review.edges.medium))


def _bin(score: float) -> int:
    return min(int(round(score, 4) * BINS + 1e-6), BINS - 1)
