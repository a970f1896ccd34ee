"""What embedding reads and writes of objects: which detections are due, and the rows `object`.

A detection's items wait (`detection.objects`) until each has a row `object`; a row is there exactly when the current
model's vector is. What only a preview found waits for somebody to ask for its label.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from psycopg import sql
from psycopg.types.json import Jsonb

from argus.answers.projects import ObjectProgress
from argus.db import together
from argus.db.statements import execute, fetch, fetch_numbers, fetch_one
from argus.errors import ArgusError
from search_service.embedding.store import Due, Tried
from search_service.vectors import model_change
from search_service.vectors.model_change import MAX_ATTEMPTS
from search_service.vectors.store import Model

_WAITING = "d.objects = 'waiting' AND d.best_score IS NOT NULL AND NOT d.previewed"
_PAUSED = ("t.object_attempts > 0 AND t.object_error IS NOT NULL AND (t.object_error->>'at')::timestamptz "
           "BETWEEN now() - make_interval(secs => 5 * power(2, t.object_attempts)) AND now()")


class Crop(NamedTuple):
    """An object that needs a vector; `box` is x0, y0, x1, y1 in pixels of an image of `width` × `height`.

    Attributes:
        place: in the detection's items, from 1.
        object: its row, when only the next model's vector is missing.
    """

    task_id: int
    label: str
    concept_key: str
    place: int
    score: float
    box: list[float]
    width: int
    height: int
    object: int | None

    @property
    def part(self) -> list[float]:
        """The box as fractions of the image's sides."""
        return [round(v / side, 6) for v, side in zip(self.box, [self.width, self.height] * 2, strict=True)]


class _Made(NamedTuple):
    id: int
    task_id: int
    label: str
    concept_key: str
    place: int


class _Item(NamedTuple):
    task_id: int
    label: str
    concept_key: str
    place: int
    box: list[float]


def due_tasks(project_id: int, following: Model | None, limit: int) -> list[Due]:
    """Return the first tasks with objects that wait, or that lack the next model's vector, and do not pause: 10 s after
    a failure, then twice as long each time."""
    return fetch(Due, sql.SQL(
        "SELECT t.id, t.object_attempts AS attempts FROM task t WHERE t.project_id = %s AND {} AND NOT ({}) "
        "ORDER BY t.id LIMIT %s").format(_due(following), sql.SQL(_PAUSED)), (project_id, limit))


def _due(following: Model | None) -> sql.Composable:
    waiting = sql.SQL("EXISTS (SELECT FROM detection d WHERE d.task_id = t.id AND {})").format(sql.SQL(_WAITING))
    if following is None:
        return waiting
    return sql.SQL("({} OR EXISTS (SELECT FROM object o WHERE o.task_id = t.id AND {}))").format(
        waiting, model_change.objects_to_embed(following))


def begin_try(project_id: int, task_ids: Sequence[int], following: Model | None) -> list[Tried]:
    """Count a try of those of the tasks whose objects need vectors of the current model, or of the `following` one."""
    return fetch(Tried, sql.SQL(
        "UPDATE task t SET object_attempts = object_attempts + 1 WHERE t.id = ANY(%s) AND t.project_id = %s AND {} "
        "RETURNING t.id, t.image, t.object_attempts AS attempts").format(_due(following)),
        (list(task_ids), project_id))


def take_back_try(task_ids: Sequence[int]) -> None:
    execute("UPDATE task SET object_attempts = greatest(object_attempts - 1, 0) WHERE id = ANY(%s)", (list(task_ids),))


def end_try(task_ids: Sequence[int]) -> None:
    """Forget what went wrong before with tasks that are done."""
    execute("UPDATE task SET object_attempts = 0, object_error = NULL WHERE id = ANY(%s)", (list(task_ids),))


def crops(task_ids: Sequence[int], following: Model | None) -> list[Crop]:
    """Return the objects of tasks that need a vector."""
    found = fetch(
        Crop,
        "SELECT d.task_id, d.label, d.concept_key, i.place::int, d.scores[i.place] AS score, i.item->'box' AS box, "
        "d.width, d.height, NULL::bigint AS object FROM detection d CROSS JOIN LATERAL jsonb_array_elements(d.items) "
        f"WITH ORDINALITY AS i (item, place) WHERE d.task_id = ANY(%s) AND {_WAITING} AND NOT EXISTS (SELECT FROM "
        "object o WHERE (o.task_id, o.label, o.concept_key, o.place) = (d.task_id, d.label, d.concept_key, i.place)) "
        "ORDER BY 1, 2, 3, 4", (list(task_ids),))
    if following is None:
        return found
    return found + fetch(Crop, sql.SQL(
        "SELECT o.task_id, o.label, o.concept_key, o.place, o.score, d.items->(o.place - 1)->'box' AS box, d.width, "
        "d.height, o.id AS object FROM object o JOIN detection d USING (task_id, label, concept_key) "
        "WHERE o.task_id = ANY(%s) AND {} ORDER BY 1, 2, 3, 4").format(model_change.objects_to_embed(following)),
        (list(task_ids),))


def record_failure(task_id: int, error: ArgusError, *, passing: bool, final: bool) -> None:
    """Keep what went wrong with a task's objects. When it is `final` those that wait have failed, and the next model
    gives the others up."""
    with together():
        execute("UPDATE detection d SET objects = 'failed' WHERE d.task_id = %s AND %s AND " + _WAITING,
                (task_id, final))
        execute("UPDATE task SET object_error = %s || jsonb_build_object('at', now()), "
                "object_attempts = CASE WHEN %s THEN %s ELSE object_attempts END WHERE id = %s",
                (Jsonb(error.to_json() | {"may_pass": passing}), final, MAX_ATTEMPTS, task_id))


def retry_failed(project_id: int) -> int:
    """Let objects that failed wait again; return how many detections that are."""
    with together():
        count = execute("UPDATE detection d SET objects = 'waiting' FROM task t WHERE t.id = d.task_id "
                        "AND t.project_id = %s AND d.objects = 'failed'", (project_id,))
        execute("UPDATE task SET object_attempts = 0, object_error = NULL WHERE project_id = %s "
                "AND object_error IS NOT NULL", (project_id,))
    return count


def retry_later(project_id: int, *, attempts: int, later_seconds: float) -> None:
    """Let objects that failed longer ago than `later_seconds` and may pass be tried again, as if for the `attempts`-th
    time."""
    execute("WITH again AS (UPDATE task SET object_attempts = %s WHERE project_id = %s AND object_error IS NOT NULL "
            "AND object_attempts > 0 AND (object_error->>'may_pass')::boolean AND (object_error->>'at')::timestamptz "
            "NOT BETWEEN now() - make_interval(secs => %s) AND now() RETURNING id) UPDATE detection d "
            "SET objects = 'waiting' FROM again WHERE d.task_id = again.id AND d.objects = 'failed'",
            (attempts, project_id, later_seconds))


def make(project_id: int, found: Sequence[Crop]) -> dict[int, Crop]:
    """Lock the detections of crops until the transaction ends, and return the crops that may get their vectors, by the
    row `object`, which is made where there is none. What was detected again, deleted or is just being done by somebody
    else is left out.

    Only to be called inside of `together`.
    """
    keys = [list(column) for column in zip(*{crop[:3] for crop in found}, strict=True)]
    locked = {item[:4]: item.box for item in fetch(
        _Item, "SELECT d.task_id, d.label, d.concept_key, i.place::int, i.item->'box' AS box FROM (SELECT d.* FROM "
        "detection d JOIN unnest(%s::bigint[], %s::text[], %s::text[]) AS w (task_id, label, concept_key) "
        "USING (task_id, label, concept_key) ORDER BY d.task_id, d.label, d.concept_key FOR UPDATE OF d SKIP LOCKED) d "
        "CROSS JOIN LATERAL jsonb_array_elements(d.items) WITH ORDINALITY AS i (item, place)", keys)}
    same = {crop[:4]: crop for crop in found if locked.get(crop[:4]) == crop.box}
    kept = set(fetch_numbers("SELECT id FROM object WHERE id = ANY(%s) FOR KEY SHARE",
                             ([crop.object for crop in same.values() if crop.object],)))
    new = [crop for crop in same.values() if crop.object is None]
    made = fetch(
        _Made, "INSERT INTO object (project_id, task_id, label, concept_key, place, score, box) "
        "SELECT %s, w.task_id, w.label, w.concept_key, w.place, w.score, ARRAY[w.x0, w.y0, w.x1, w.y1] FROM "
        "unnest(%s::bigint[], %s::text[], %s::text[], %s::int[], %s::real[], %s::real[], %s::real[], %s::real[], "
        "%s::real[]) AS w (task_id, label, concept_key, place, score, x0, y0, x1, y1) ON CONFLICT DO NOTHING "
        "RETURNING id, task_id, label, concept_key, place",
        [project_id, *([list(column) for column in zip(*((*crop[:5], *crop.part) for crop in new), strict=True)]
                       or [[]] * 9)])
    return ({crop.object: crop for crop in same.values() if crop.object in kept}
            | {row.id: same[row[1:]] for row in made})


def mark_embedded(task_ids: Sequence[int]) -> None:
    """Note which detections of tasks wait no longer: each of their items has a row `object`."""
    execute(f"UPDATE detection d SET objects = 'embedded' WHERE d.task_id = ANY(%s) AND {_WAITING} AND "
            "cardinality(d.scores) = (SELECT count(*) FROM object o WHERE (o.task_id, o.label, o.concept_key) = "
            "(d.task_id, d.label, d.concept_key))", (list(task_ids),))


def progress(project_id: int) -> ObjectProgress:
    """Return how many of a project's objects are embedded, wait, and have failed."""
    found = fetch_one(
        ObjectProgress,
        "SELECT (SELECT count(*) FROM object WHERE project_id = %(project)s) AS embedded, "
        "coalesce(sum(n) FILTER (WHERE objects = 'waiting'), 0)::bigint AS waiting, "
        "coalesce(sum(n) FILTER (WHERE objects = 'failed'), 0)::bigint AS failed FROM (SELECT d.objects, "
        "cardinality(d.scores) - (SELECT count(*) FROM object o WHERE (o.task_id, o.label, o.concept_key) = "
        "(d.task_id, d.label, d.concept_key)) AS n FROM detection d JOIN task t ON t.id = d.task_id "
        f"WHERE t.project_id = %(project)s AND (({_WAITING}) OR d.objects = 'failed')) left_over",
        {"project": project_id})
    assert found is not None  # an aggregate without groups gives one row
    return found
