"""Delivered predictions and the detections they were built from, as runs wrote them; and what people say of these."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal, NamedTuple, TypedDict

from argus.db.statements import execute, execute_many, fetch, fetch_number
from label_studio_config.recipe import Recipe
from label_studio_config.version_store import Asked

# A detection that its version shows and Label Studio has, with its task: `s.score` is compared as the prediction's
# builder does. Of a prediction without a record of its labels, all that was asked for counts.
_SHOWN = """
    FROM unnest(%(labels)s::text[], %(keys)s::text[], %(thresholds)s::float8[]) AS w (label, concept_key, threshold)
    JOIN detection d USING (label, concept_key)
    LEFT JOIN prediction p ON p.task_id = d.task_id AND p.model_version = %(version)s
    CROSS JOIN LATERAL unnest(d.scores) WITH ORDINALITY AS s (score, place)
    WHERE d.task_id = ANY(%(tasks)s) AND s.score::float8 >= w.threshold AND NOT d.previewed
    AND (p.labels IS NULL OR d.label = ANY(p.labels))
"""
Said = Literal["right", "wrong", "unsure", "relabelled", "moved", "added"]
Stored = Said | Literal["implied"]
Position = tuple[float, int, int, str]  # score, task, place among the detections, label: the order is total


class Delivered(NamedTuple):
    """A prediction that Label Studio has, its objects (`regions`) and lowest score, 0-1."""

    task_id: int
    prediction_id: int | None
    regions: int
    score: float | None


class Computed(NamedTuple):
    """When the detections of a label were computed on a task."""

    task_id: int
    label: str
    created_at: datetime


class ShownObject(NamedTuple):
    """An object that a prediction shows.

    Attributes:
        raw: its score, unrounded.
        place: its place among the detections of its label on the task, from 1.
        of: objects on the task, and how many of these are `unsure`: their rounded score lies below the high band.
        width, height: of the image, pixels; `box` `[x0, y0, x1, y1]` in them.
    """

    task_id: int
    label: str
    place: int
    raw: float
    of: int
    unsure: int
    width: int
    height: int
    box: list[float]


class ShownScore(NamedTuple):
    """The label and the score of an object that a prediction shows."""

    task_id: int
    label: str
    score: float


def not_accepted(project_id: int, model_version: str, task_ids: Sequence[int] | None) -> list[Delivered]:
    """Return the predictions whose id is known and whose task no acceptance has taken, by task."""
    return fetch(
        Delivered,
        "SELECT task_id, prediction_id, regions, score FROM prediction p WHERE project_id = %(project)s "
        "AND model_version = %(version)s AND state = 'stored' AND prediction_id IS NOT NULL "
        "AND (%(tasks)s::bigint[] IS NULL OR task_id = ANY(%(tasks)s)) AND NOT EXISTS (SELECT 1 FROM "
        "acceptance_item i WHERE i.task_id = p.task_id AND i.state IN ('accepted', 'kept')) ORDER BY task_id",
        {"project": project_id, "version": model_version, "tasks": list(task_ids) if task_ids is not None else None})


def delivered(project_id: int, model_version: str) -> list[Delivered]:
    """Return every prediction of a version that a project has."""
    return fetch(Delivered, "SELECT task_id, prediction_id, regions, score FROM prediction WHERE project_id = %s "
                 "AND model_version = %s AND state = 'stored'", (project_id, model_version))


def delivered_on(task_ids: Sequence[int], model_version: str) -> list[Delivered]:
    """Return the predictions of a version on these tasks."""
    return fetch(Delivered, "SELECT task_id, prediction_id, regions, score FROM prediction WHERE model_version = %s "
                 "AND state = 'stored' AND task_id = ANY(%s)", (model_version, list(task_ids)))


def count_outdated(project_id: int, model_version: str) -> int:
    """Return how many tasks have a prediction of older versions and none of this."""
    return fetch_number(
        "SELECT count(DISTINCT old.task_id) AS n FROM prediction old WHERE old.project_id = %(project)s "
        "AND old.model_version <> %(version)s AND old.model_version <> (SELECT other_version FROM project "
        "WHERE id = %(project)s) AND NOT EXISTS (SELECT 1 FROM prediction new WHERE "
        "new.task_id = old.task_id AND new.model_version = %(version)s)",
        {"project": project_id, "version": model_version})


def computed(project_id: int, recipe: Recipe) -> list[Computed]:
    """Return when the labels of a recipe were computed on the tasks of a project."""
    return fetch(
        Computed,
        "SELECT d.task_id, d.label, d.created_at FROM unnest(%s::text[], %s::text[]) AS w (label, concept_key) "
        "JOIN detection d USING (label, concept_key) JOIN task t ON t.id = d.task_id WHERE t.project_id = %s "
        "AND NOT d.previewed",
        ([c.label for c in recipe.concepts], [recipe.concept_key(c) for c in recipe.concepts], project_id))


def shown_objects(asked: Sequence[Asked], version: str, task_ids: Sequence[int], label: str | None, after: Position,
                  limit: int | None, high: float) -> list[ShownObject]:
    """Return the first objects behind a position, of one label or of all, lowest score first."""
    return fetch(
        ShownObject,
        "SELECT o.task_id, o.label, o.place, o.raw, o.of, o.unsure, d.width, d.height, "
        "d.items -> (o.place - 1)::int -> 'box' AS box FROM ("
        "SELECT d.task_id, d.label, d.concept_key, s.place, s.score::float8 AS raw, "
        "count(*) OVER (PARTITION BY d.task_id) AS of, count(*) FILTER (WHERE round(s.score::numeric, 4) < %(high)s) "
        f"OVER (PARTITION BY d.task_id) AS unsure {_SHOWN}) o "
        "JOIN detection d USING (task_id, label, concept_key) WHERE (%(only)s::text IS NULL OR label = %(only)s) "
        "AND (o.raw, o.task_id, o.place, o.label) > (%(score)s, %(task)s, %(place)s, %(label)s) "
        "ORDER BY o.raw, o.task_id, o.place, o.label LIMIT %(limit)s",
        {**_parameters(asked, version, task_ids), "only": label, "limit": limit, "high": high,
         **dict(zip(("score", "task", "place", "label"), after, strict=True))})


def shown_scores(asked: Sequence[Asked], version: str, task_ids: Sequence[int]) -> list[ShownScore]:
    """Return the score of every object that the predictions of these tasks show."""
    return fetch(ShownScore, f"SELECT d.task_id, d.label, s.score::float8 AS score {_SHOWN}",
                 _parameters(asked, version, task_ids))


class _ShownParameters(TypedDict):
    """The parameters of `_SHOWN`; `keys` are of the stored detections of each label."""

    labels: list[str]
    keys: list[str]
    thresholds: list[float]
    tasks: list[int]
    version: str


def _parameters(asked: Sequence[Asked], version: str, task_ids: Sequence[int]) -> _ShownParameters:
    return {"labels": [one.label for one in asked], "keys": [one.concept_key for one in asked],
            "thresholds": [one.threshold for one in asked], "tasks": [*task_ids], "version": version}


class Verdict(NamedTuple):
    """What a person says of an object on the page; `object` is "" and `score` None for one that was added."""

    task_id: int
    object: str
    label: str
    score: float | None
    verdict: str
    new_label: str = ""
    box: list[float] | None = None


class VerdictRow(NamedTuple):
    """A verdict that was not taken back; `sample_id` is None for one of the page."""

    id: int
    task_id: int
    object: str
    label: str
    verdict: Stored
    new_label: str
    box: tuple[float, float, float, float] | None
    sample_id: int | None
    decided_by: str
    decided_at: datetime


def add_verdict(project_id: int, model_version: str, said: Verdict, person_id: int | None, decided_by: str) -> int:
    """Store a verdict, with what was decided of its object before if it changes that, and return its id."""
    return fetch_number(
        "INSERT INTO verdict (project_id, model_version, task_id, object, label, score, verdict, new_label, box, "
        "person_id, decided_by, aside_before) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, CASE WHEN %s NOT "
        "IN ('right', 'added') THEN coalesce((SELECT verdict FROM set_aside WHERE task_id = %s AND object = %s "
        "AND model_version = %s), '') END) RETURNING id",
        (project_id, model_version, *said, person_id, decided_by, said.verdict, said.task_id, said.object,
         model_version))


class TakenBack(NamedTuple):
    """A verdict that was taken back; `aside_before`: the decision on its object that it replaced, None: it did not."""

    id: int
    aside_before: str | None


def take_verdict_back(project_id: int, model_version: str, task_id: int, object_id: str, person_id: int | None,
                      decided_by: str) -> list[TakenBack]:
    """Take back a person's last verdict of the page on an object; return it, if there is one."""
    return fetch(
        TakenBack, "UPDATE verdict SET taken_back_at = clock_timestamp() WHERE id IN (SELECT id FROM verdict "
        "WHERE project_id = %s AND model_version = %s AND task_id = %s AND object = %s AND sample_id IS NULL "
        "AND edit_id IS NULL AND taken_back_at IS NULL AND person_id IS NOT DISTINCT FROM %s AND decided_by = %s "
        "ORDER BY id DESC LIMIT 1) RETURNING id, aside_before",
        (project_id, model_version, task_id, object_id, person_id, decided_by))


class JudgedObject(NamedTuple):
    task_id: int
    object: str


def right_objects(project_id: int, model_version: str, task_ids: Sequence[int] | None) -> list[JudgedObject]:
    """Return the objects that everybody who judged them, on the page or in a sample, found right in the end."""
    return _said_of(project_id, model_version, task_ids, "bool_and(verdict = 'right')")


def disputed_objects(project_id: int, model_version: str, task_ids: Sequence[int]) -> list[JudgedObject]:
    """Return the objects that somebody found right in the end, and somebody else did not."""
    return _said_of(project_id, model_version, task_ids,
                    "bool_or(verdict = 'right') AND NOT bool_and(verdict = 'right')")


def _said_of(project_id: int, model_version: str, task_ids: Sequence[int] | None, having: str) -> list[JudgedObject]:
    """Return the objects of which the last words of all persons, one each, meet a condition."""
    tasks = list(task_ids) if task_ids is not None else None
    return fetch(JudgedObject, "SELECT task_id, object FROM (SELECT DISTINCT ON (task_id, object, person_id, "
                 "decided_by) task_id, object, verdict FROM verdict WHERE project_id = %s AND model_version = %s "
                 "AND taken_back_at IS NULL AND object <> '' AND verdict <> 'implied' "
                 "AND (%s::bigint[] IS NULL OR task_id = ANY(%s::bigint[])) "
                 "ORDER BY task_id, object, person_id, decided_by, id DESC) last "
                 f"GROUP BY task_id, object HAVING {having}", (project_id, model_version, tasks, tasks))


class CorrectedObject(NamedTuple):
    """What was last said of an object; "" for one that was added. `label` is the predicted one, of an added one its
    own."""

    task_id: int
    object: str
    label: str
    verdict: str
    new_label: str
    box: list[float] | None


def corrected_objects(project_id: int, model_version: str, task_ids: Sequence[int] | None) -> list[CorrectedObject]:
    """Return the objects of which the last verdict on the page says another label or other edges, and all that were
    added, by task. What an edit says stands in the annotation that it made."""
    tasks = list(task_ids) if task_ids is not None else None
    return fetch(CorrectedObject, "SELECT task_id, object, label, verdict, new_label, box FROM (SELECT DISTINCT ON "
                 "(task_id, object, CASE object WHEN '' THEN id END) * FROM verdict WHERE project_id = %s "
                 "AND model_version = %s AND taken_back_at IS NULL AND sample_id IS NULL AND edit_id IS NULL "
                 "AND verdict <> 'implied' AND (%s::bigint[] IS NULL OR task_id = ANY(%s::bigint[])) "
                 "ORDER BY task_id, object, CASE object WHEN '' THEN id END, id DESC) last "
                 "WHERE verdict IN ('relabelled', 'moved', 'added') ORDER BY task_id, id",
                 (project_id, model_version, tasks, tasks))


class ImageSize(NamedTuple):
    """Pixels of an image as a person sees it."""

    width: int
    height: int


def image_sizes(task_ids: Sequence[int]) -> list[ImageSize]:
    """Return the size of each task's image, as the detections on it state it."""
    return fetch(ImageSize, "SELECT DISTINCT ON (task_id) width, height FROM detection WHERE task_id = ANY(%s) "
                 "ORDER BY task_id", (list(task_ids),))


def add_implied(project_id: int, model_version: str, acceptance: int, implied: Iterable[Verdict]) -> None:
    """Store what an acceptance implies of objects that nobody judged."""
    execute_many("INSERT INTO verdict (project_id, model_version, task_id, object, label, score, verdict, "
                 "acceptance_id) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
                 [(project_id, model_version, *one[:5], acceptance) for one in implied])


def take_implied_back(acceptance: int) -> None:
    """Take back what an acceptance implied on the tasks of which it was taken back itself."""
    execute("UPDATE verdict v SET taken_back_at = clock_timestamp() FROM acceptance_item i WHERE "
            "v.acceptance_id = %s AND v.taken_back_at IS NULL AND i.acceptance_id = v.acceptance_id "
            "AND i.task_id = v.task_id AND i.state = 'undone'", (acceptance,))


def verdicts(project_id: int, model_version: str, task_id: int | None, limit: int = 1000) -> list[VerdictRow]:
    """Return what was said of objects and not taken back, newest first."""
    return fetch(VerdictRow, "SELECT id, task_id, object, label, verdict, new_label, box, sample_id, decided_by, "
                 "decided_at FROM verdict WHERE project_id = %s AND model_version = %s AND taken_back_at IS NULL "
                 "AND (%s::bigint IS NULL OR task_id = %s) ORDER BY id DESC LIMIT %s",
                 (project_id, model_version, task_id, task_id, limit))
