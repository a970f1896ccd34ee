"""Check first: what may be missing or odd is looked at before its task can be accepted by score.

The answer "add" makes an object part of the stored detections, with the score 1 because a person saw it, and thereby of
the prediction; what was there before is kept with the answer, so that it can be taken back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import cast

import numpy as np
from numpy.typing import NDArray

from argus import audit
from argus.answers import check_first as answers
from argus.db import together
from argus.errors import ArgusError
from argus.labelstudio.client import LabelStudio
from argus.labelstudio.filters import chunks
from label_studio_config import projects
from label_studio_config.bands import CHECK_FIRST, CHECKED_AT_FIRST
from label_studio_config.recipe import Recipe, recipe_for
from label_studio_config.views import band_views
from ml_backend.detection import store as detections
from ml_backend.detection.store import Item
from ml_backend.predictions import delivery
from ml_backend.runs import scheduling
from ml_backend.runs import store as run_store
from ml_backend.suspicion.frames import KINDS, LACKING, overlap
from ml_backend.suspicion.store import suspected
from search_service.review import objects, set_aside, standing, suspicion_store
from search_service.review.candidates import Review, open_review, prepare
from search_service.review.suspicion_store import Added, SuspicionRow, Verdict

_CHUNK = 100  # tasks of one job that tells suspicions anew
_SAME_BOX = 0.98  # IoU from which a stored detection is the one that a suspicion is about
_SAME_THING = 0.5  # and from which a shown object is, that was detected anew since
_LAST = 20  # answers that can be taken back from the list


def listing(project_id: int, *, limit: int = 60, after: int = 0, ls: LabelStudio | None = None) -> answers.CheckFirst:
    """Return what is to be checked, task by task, and how each kind of suspicion stands.

    Args:
        limit: tasks of a page; after: the last task of the page before.

    Raises:
        ArgusError: `unknown_project`, `label_studio_unreachable`.
    """
    review = open_review(project_id, ls)
    prepare(review)
    ids = _waiting(review)
    page = [task for task in ids if task > after][:limit]
    rows = suspicion_store.open_ones(project_id, review.model_version, page)
    last = suspicion_store.answered(project_id, review.model_version, _LAST)
    return answers.CheckFirst(
        project=project_id, tasks=len(ids), suspicions=[_answer(row) for row in rows],
        answered=[_answer(row) for row in last], kinds=_kinds(review, ids),
        next=page[-1] if page and page[-1] != ids[-1] else None)


def at_once(project_id: int, *, limit: int = 60, ls: LabelStudio | None = None) -> answers.SuspicionWall:
    """Return the strongest suspicions of all unreviewed tasks, the weak ones for which no task waits included.

    Raises:
        ArgusError: `unknown_project`, `label_studio_unreachable`.
    """
    review = open_review(project_id, ls)
    prepare(review)
    ids = standing.unreviewed(review, None, ())
    rows = suspicion_store.strongest(project_id, review.model_version, ids, limit)
    return answers.SuspicionWall(project=project_id, suspicions=[_answer(row) for row in rows],
                                 left=suspicion_store.left(project_id, review.model_version, ids))


def _waiting(review: Review) -> list[int]:
    """Return the unreviewed tasks that are to be checked first, those that wait in *To fix* as well included: else
    nobody would see what keeps them there."""
    if not review.edges.check_first:
        return []
    aside = suspected(review.model_version, set_aside.open_tasks(review))
    return sorted({*standing.unreviewed(review, CHECK_FIRST, set_aside.decisions(review)), *aside})


def _kinds(review: Review, ids: Sequence[int]) -> list[answers.KindOfSuspicion]:
    known = {row.kind: row for row in suspicion_store.counts(review.project_id, review.model_version, ids)}
    on = set(projects.load(review.project_id)["check_first"] or ())
    return [answers.KindOfSuspicion(
        kind=kind, on=kind in on, open=known[kind].open if kind in known else 0,
        right=known[kind].right if kind in known else 0, wrong=known[kind].wrong if kind in known else 0)
        for kind in KINDS]


def _answer(row: SuspicionRow) -> answers.Suspicion:
    box = cast(answers.Percent, tuple(row.box)) if row.box else None
    return answers.Suspicion(
        id=row.id, task=row.task_id, kind=row.kind, label=row.label, box=box, strength=row.strength, score=row.score,
        other=row.other_task, lacking=row.kind in LACKING, verdict=row.verdict, decided_by=row.decided_by,
        decided_at=row.decided_at, said=row.said)


def decide(project_id: int, number: int, verdict: Verdict, *, label: str = "", box: Sequence[float] | None = None,
           ls: LabelStudio | None = None) -> answers.Decided:
    """Answer a suspicion, and let the prediction follow.

    Args:
        verdict: `add`: there is an object, and it becomes part of the prediction; `reject`: what is odd is wrong, and
            its task is set aside; `nothing_there`: nothing is wrong.
        label, box: of the object to add, where they differ; the box is x, y, width, height in percent.

    Raises:
        ArgusError: `not_found`; `conflict` when it was answered already, or belongs to an earlier recipe; `bad_request`
            for an answer or a box that does not fit; `unknown_label`. Nothing is stored then.
    """
    review = open_review(project_id, ls)
    recipe = recipe_for(projects.load(project_id))
    with together():
        row = _store(review, recipe, number, verdict, label, box)
    audit.about(f"task {row.task_id}")
    if verdict == "reject":
        with _later_if_away():
            _reject(review, [row])
    return _followed(review, row)


def decide_all(project_id: int, given: Sequence[tuple[int, Verdict]], *,
               ls: LabelStudio | None = None) -> answers.Answered:
    """Answer many suspicions, all or none, and let the predictions follow.

    Raises:
        ArgusError: as `decide`; `bad_request` for one that is answered twice.
    """
    review = open_review(project_id, ls)
    recipe = recipe_for(projects.load(project_id))
    audit.about(f"{len(given)} suspicions")
    if len({number for number, _ in given}) < len(given):
        raise ArgusError("bad_request", "A suspicion is answered twice.", "Each has one answer.")
    with together():
        rows = [(_store(review, recipe, number, verdict), verdict) for number, verdict in given]
    tasks = sorted({row.task_id for row, _ in rows})
    with _later_if_away():
        _reject(review, [row for row, verdict in rows if verdict == "reject"])
        delivery.push(project_id, tasks)
    return answers.Answered(answered=len(rows), tasks=len(tasks))


def _store(review: Review, recipe: Recipe, number: int, verdict: Verdict, label: str = "",
           box: Sequence[float] | None = None) -> SuspicionRow:
    """Store an answer, and what it adds. Raises as `decide`."""
    row = _open(review, number)
    if (verdict == "add") != (row.kind in LACKING) and verdict != "nothing_there":
            raise ArgusError("bad_request", f"The answer {verdict} does not fit a suspicion of the kind {row.kind}.",
                         "What may be missing is added, what is odd is rejected; nothing_there fits both.")
    added = _add(recipe, row, label or row.label, box) if verdict == "add" else None
    who = audit.actor()
    suspicion_store.answer(number, verdict, added, who.person, who.verified_name)
    return row


def _reject(review: Review, rows: Sequence[SuspicionRow]) -> None:
    """Set the tasks of what is wrong aside. An object that is not shown any more keeps no task waiting."""
    for row in rows:
        name = _object(review, row)
        if name is not None:
            set_aside.set_aside(review.project_id, row.task_id, "rejected" if name else "fix", object_id=name,
                                ls=review.ls)


def undo(project_id: int, number: int, *, ls: LabelStudio | None = None) -> answers.Decided:
    """Take an answer back: the suspicion is open again, and what was added is as it was before.

    Raises:
        ArgusError: `not_found`; `conflict` when it was not answered, or what was added was changed since.
    """
    review = open_review(project_id, ls)
    recipe = recipe_for(projects.load(project_id))
    with together():
        row = _known(review, number)
        audit.about(f"task {row.task_id}")
        if row.verdict is None:
            raise ArgusError("conflict", f"Suspicion {number} was not answered.")
        if row.added and not detections.replace_item(row.task_id, recipe, row.added["label"], row.added["after"],
                                                     row.added["before"]):
            raise ArgusError("conflict", f"What was added to task {row.task_id} was changed since.",
                             "Correct the task in Label Studio.")
        suspicion_store.take_back(number)
    if row.verdict == "reject" and (name := _object(review, row)) is not None:
        with _later_if_away():
            set_aside.put_back(project_id, row.task_id, object_id=name, ls=ls)
    return _followed(review, row._replace(verdict=None, decided_by="", decided_at=None))


def set_kinds(project_id: int, kinds: Sequence[str] | None, *,
              ls: LabelStudio | None = None) -> answers.CheckFirstKinds:
    """Choose the kinds of suspicions for which tasks wait; none switches *Check first* off. The tab in Label Studio
    follows at once, tasks within seconds.

    Args:
        kinds: None: those that new projects begin with.

    Raises:
        ArgusError: `bad_request` for a kind that there is not, `unknown_project`, `label_studio_unreachable`.
    """
    kinds = CHECKED_AT_FIRST if kinds is None else kinds
    if unknown := sorted(set(kinds) - set(KINDS)):
        raise ArgusError("bad_request", f"There is no kind of suspicion {unknown[0]!r}.", f"Kinds: {', '.join(KINDS)}.")
    chosen: list[str] = [kind for kind in KINDS if kind in set(kinds)]
    projects.require(project_id)
    projects.set_check_first(project_id, chosen)
    review = open_review(project_id, ls)
    prepare(review)
    band_views(review.ls, project_id, review.edges.ranges(), review.model_version)
    for tasks in chunks(run_store.predicted_tasks(project_id, review.model_version), _CHUNK):
        scheduling.enqueue_check(project_id, tasks)
    return answers.CheckFirstKinds(on=chosen)


def _known(review: Review, number: int) -> SuspicionRow:
    row = suspicion_store.load(review.project_id, number)
    if row is None:
        raise ArgusError("not_found", f"There is no suspicion {number} in project {review.project_id}.",
                         "It may have been resolved by a later frame; look at the list again.")
    if row.model_version != review.model_version:
        raise ArgusError("conflict", f"Suspicion {number} is about predictions of an earlier recipe.",
                         "Look at the list again.")
    return row


def _open(review: Review, number: int) -> SuspicionRow:
    row = _known(review, number)
    if row.verdict is not None:
        raise ArgusError("conflict", f"Suspicion {number} was answered already, by {row.decided_by or 'somebody'}.",
                         "Take that answer back first.")
    return row


def _add(recipe: Recipe, row: SuspicionRow, label: str, box: Sequence[float] | None) -> Added:
    """Make an object part of the stored detections. Raises as `decide`."""
    found = detections.load([row.task_id], recipe).get(row.task_id, {})
    if label not in found:
        raise ArgusError("unknown_label", f"Label {label!r} was not looked for on task {row.task_id}.",
                         f"It has: {', '.join(sorted(found)) or 'none'}.")
    x, y, width, height = box or row.box or (0.0, 0.0, 0.0, 0.0)
    if width <= 0 or height <= 0 or min(x, y) < 0 or max(x + width, y + height) > 100.001:
        raise ArgusError("bad_request", "The box has no area or lies outside the image.",
                         "It is x, y, width, height in percent of the image.")
    entry = found[label]
    pixels = np.array([x * entry.width, y * entry.height, (x + width) * entry.width, (y + height) * entry.height]) / 100
    before, after = None, Item(score=1.0, box=[round(float(value), 2) for value in pixels], mask=None)
    if box is None and label == row.label and row.score:
        before = _stored(detections.to_items(entry.detections), pixels)
        after = Item(score=1.0, box=before["box"], mask=before["mask"]) if before else after
    if not detections.replace_item(row.task_id, recipe, label, before, after):
        raise ArgusError("conflict", f"The detections of task {row.task_id} were changed just now.", "Try again.")
    return Added(label=label, before=before, after=after)


def _stored(items: Sequence[Item], pixels: NDArray[np.float64]) -> Item | None:
    """Return the stored detection that lies where the suspicion says."""
    if not items:
        return None
    over = overlap(pixels, np.array([item["box"] for item in items], np.float64))
    return items[int(np.argmax(over))] if over.max() >= _SAME_BOX else None


def _object(review: Review, row: SuspicionRow) -> str | None:
    """Return the name of the shown object that a suspicion is about, "" for the whole task; None when the prediction
    does not show it any more."""
    if row.box is None:
        return ""
    x, y, width, height = (value / 100 for value in row.box)
    mine = [one for one in objects.shown(review.project_id, review.model_version, [row.task_id])
            if one.label == row.label]
    over = overlap(np.array([x, y, x + width, y + height]), np.array([one.box for one in mine]).reshape(-1, 4))
    return mine[int(np.argmax(over))].name if len(mine) and over.max() >= _SAME_THING else None


def _followed(review: Review, row: SuspicionRow) -> answers.Decided:
    """Bring the prediction up to date and return how things stand; one that was taken back may not be told again."""
    with _later_if_away():
        delivery.follow(review.project_id, [row.task_id])
    rows = suspicion_store.open_ones(review.project_id, review.model_version, [row.task_id])
    return answers.Decided(suspicion=_answer(suspicion_store.load(review.project_id, row.id) or row), left=len(rows))


@contextmanager
def _later_if_away() -> Iterator[None]:
    """Let Label Studio follow later when it cannot be reached: what was said is stored by then."""
    try:
        yield
    except ArgusError as error:
        if error.code != "label_studio_unreachable":
            raise
