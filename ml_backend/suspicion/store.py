"""The table `suspicion`, and the stored detections that suspicions are computed from."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from argus.db.statements import execute, execute_many, fetch, fetch_numbers
from argus.images.measures import Measures
from label_studio_config.recipe import Recipe
from ml_backend.suspicion.frames import Box, Frame, Suspicion
from ml_backend.suspicion.missing import LEAST
from ml_backend.suspicion.pictures import Picture

_WANTED = "unnest(%(labels)s::text[], %(keys)s::text[], %(thresholds)s::float8[]) AS w (label, concept_key, threshold)"
_DETECTED = ("EXISTS (SELECT FROM detection d JOIN unnest(%(labels)s::text[], %(keys)s::text[]) "
             "AS w (label, concept_key) USING (label, concept_key) WHERE d.task_id = t.id AND NOT d.previewed)")
# Of the kinds that the project asks for; weak ones are told apart where an object may be missing.
ASKED = "s.verdict IS NULL AND s.kind = ANY(p.check_first)"
STRONG = f"(s.strength >= {LEAST} OR s.kind NOT IN ('below_threshold', 'seen_around', 'nothing_found'))"
OPEN = f"{ASKED} AND {STRONG}"
_LATE = ("SELECT d.task_id FROM suspicion s JOIN project p ON p.id = s.project_id "
         "JOIN prediction d ON d.task_id = s.task_id AND d.model_version = s.model_version "
         "WHERE s.project_id = %(project)s AND s.model_version = %(version)s AND d.state = 'stored' "
         f"AND d.score IS DISTINCT FROM 0 AND {OPEN}")


_UNCHANGED = 0.9  # IoU of an annotated object with the detection that it was


class Place(NamedTuple):
    """A task and its time in a video, seconds; key "" and no time: an image of its own."""

    id: int
    key: str
    seconds: float | None


class StoredSuspicion(NamedTuple):
    """A suspicion that is known; `box` as in `Suspicion`."""

    id: int
    task_id: int
    kind: str
    label: str
    box: list[float] | None
    verdict: str | None


class Suspecting(NamedTuple):
    """A project and the version of its recipe."""

    id: int
    model_version: str


class _Found(NamedTuple):
    task_id: int
    label: str
    width: int
    height: int
    scores: list[float]
    boxes: list[list[float]]
    threshold: float


class _Annotated(NamedTuple):
    id: int
    boxes: list[tuple[str, float, float, float, float]]


class _Asked(NamedTuple):
    kinds: list[str]


class _Measured(NamedTuple):
    id: int
    brightness: float
    sharpness: float
    dhash: bytes | None


def places(task_ids: Sequence[int]) -> list[Place]:
    """Return where these tasks' images are in their videos."""
    return fetch(Place, "SELECT id, CASE WHEN video_time IS NULL THEN '' ELSE coalesce(video_key, '') END AS key, "
                 "video_time AS seconds FROM task WHERE id = ANY(%s)", (list(task_ids),))


def of_video(project_id: int, recipe: Recipe, key: str) -> list[Place]:
    """Return the frames of a video that were looked at, in the order of time."""
    return fetch(Place, "SELECT id, video_key AS key, video_time AS seconds FROM task t WHERE project_id = %(project)s "
                 f"AND video_key = %(key)s AND video_time IS NOT NULL AND {_DETECTED} ORDER BY video_time, id",
                 {**_wanted(recipe), "project": project_id, "key": key})


def images_between(project_id: int, recipe: Recipe, first: int, last: int) -> list[Place]:
    """Return the images of no video, with ids from `first` to `last`, that were looked at, by id."""
    return fetch(Place, "SELECT id, '' AS key, NULL::float8 AS seconds FROM task t WHERE project_id = %(project)s "
                 "AND (video_key IS NULL OR video_time IS NULL) AND id BETWEEN %(first)s AND %(last)s "
                 f"AND {_DETECTED} ORDER BY id",
                 {**_wanted(recipe), "project": project_id, "first": first, "last": last})


def annotated(task_ids: Collection[int]) -> dict[int, list[tuple[str, float, float, float, float]]]:
    """Return the objects of those of the tasks that have an annotation: label, x0, y0, x1, y1 as fractions."""
    return {row.id: row.boxes for row in fetch(
        _Annotated, "SELECT t.id, coalesce(b.boxes, '[]') AS boxes FROM task t LEFT JOIN annotated_boxes b "
        "ON b.task_id = t.id WHERE t.id = ANY(%s) AND t.labelled", (list(task_ids),))}


def frames(listed: Sequence[Place], recipe: Recipe) -> list[Frame]:
    """Return the stored detections of tasks, in their order; without masks, and without what only a preview found. Of
    a task that has an annotation, what that says: a person knows better."""
    rows: dict[int, list[_Found]] = {}
    for row in fetch(_Found, "SELECT d.task_id, d.label, d.width, d.height, d.scores, "
                     "jsonb_path_query_array(d.items, '$[*].box') AS boxes, w.threshold FROM "
                     f"{_WANTED} JOIN detection d USING (label, concept_key) "
                     "WHERE d.task_id = ANY(%(tasks)s) AND NOT d.previewed ORDER BY d.task_id, d.label",
                     {**_wanted(recipe), "tasks": [place.id for place in listed]}):
        rows.setdefault(row.task_id, []).append(row)
    said = annotated(rows)
    return [_said(found, said[place.id]) if place.id in said else found
            for place in listed if place.id in rows for found in [_frame(place, rows[place.id])]]


def _said(frame: Frame, objects: Sequence[tuple[str, float, float, float, float]]) -> Frame:
    """Return a frame that shows what its annotation says. An object that stands as it was predicted keeps its score:
    whoever accepts in bulk has looked at nothing."""
    mine = [one for one in objects if frame.computed is None or one[0] in frame.computed]
    boxes = np.array([one[1:] for one in mine], np.float64).reshape(-1, 4)
    scores = [_score(frame, one[0], box) for one, box in zip(mine, boxes, strict=True)]
    below = ~frame.shown
    return replace(frame, labels=np.concatenate([np.array([one[0] for one in mine], np.str_), frame.labels[below]]),
                   scores=np.concatenate([np.array(scores, np.float64), frame.scores[below]]),
                   boxes=np.concatenate([boxes, frame.boxes[below]]),
                   shown=np.concatenate([np.ones(len(mine), np.bool_), frame.shown[below]]))


def _score(frame: Frame, label: str, box: Box) -> float:
    """Return the score of the shown detection that an annotated object was; 1 where a person made or moved it."""
    same = frame.shown & (frame.labels == label) & (frame.overlap(box) >= _UNCHANGED)
    return float(frame.scores[same].max()) if same.any() else 1.0


def _frame(place: Place, rows: Sequence[_Found]) -> Frame:
    scores = np.concatenate([np.array(row.scores, np.float64) for row in rows])
    boxes = np.concatenate([np.array(row.boxes, np.float64).reshape(-1, 4)
                            / [row.width, row.height, row.width, row.height] for row in rows])
    labels = np.array([row.label for row in rows for _ in row.scores], np.str_)
    shown = np.concatenate([np.array(row.scores, np.float64) >= row.threshold for row in rows])
    return Frame(place.id, place.seconds, labels, scores, boxes, shown, frozenset(row.label for row in rows),
                 rows[0].width / rows[0].height)


def pictures(listed: Sequence[Place]) -> list[Picture]:
    """Return what was measured of these tasks' images, in their order."""
    rows = {row.id: row for row in fetch(
        _Measured, "SELECT DISTINCT ON (t.id) t.id, d.brightness, d.sharpness, t.dhash FROM detection d "
        "JOIN task t ON t.id = d.task_id WHERE d.task_id = ANY(%s) AND d.brightness IS NOT NULL "
        "ORDER BY t.id, d.created_at DESC", ([place.id for place in listed],))}
    return [Picture(row.id, Measures(row.brightness, row.sharpness), row.dhash)
            for place in listed if (row := rows.get(place.id))]


def lock(task_ids: Sequence[int]) -> None:
    """Let nobody else refresh these tasks until the transaction ends (`together`)."""
    fetch_numbers("SELECT id FROM task WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", (list(task_ids),))


def known(model_version: str, task_ids: Sequence[int]) -> list[StoredSuspicion]:
    """Return what is suspected, or was, of these tasks."""
    return fetch(StoredSuspicion, "SELECT id, task_id, kind, label, box, verdict FROM suspicion "
                 "WHERE model_version = %s AND task_id = ANY(%s) ORDER BY id", (model_version, list(task_ids)))


def forget(ids: Sequence[int]) -> None:
    execute("DELETE FROM suspicion WHERE id = ANY(%s) AND verdict IS NULL", (list(ids),))


def write(project_id: int, model_version: str, found: Sequence[tuple[int | None, Suspicion]]) -> None:
    """Store suspicions; one with the id of a row that is there replaces what it says."""
    execute_many("UPDATE suspicion SET kind = %s, label = %s, box = %s, strength = %s, score = %s, other_task = %s, "
                 "said = %s WHERE id = %s AND verdict IS NULL",
                 [(*_values(one), number) for number, one in found if number])
    execute_many("INSERT INTO suspicion (kind, label, box, strength, score, other_task, said, task_id, "
                 "project_id, model_version) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                 [(*_values(one), one.task, project_id, model_version) for number, one in found if not number])


def _values(one: Suspicion) -> tuple[str, str, list[float] | None, float, float | None, int | None, str]:
    return one.kind, one.label, list(one.box) if one.box else None, one.strength, one.score, one.other, one.said


def suspected(model_version: str, task_ids: Sequence[int]) -> set[int]:
    """Return those of the tasks that have a suspicion to be checked first."""
    return set(fetch_numbers("SELECT DISTINCT s.task_id FROM suspicion s JOIN project p ON p.id = s.project_id "
                             f"WHERE s.model_version = %s AND s.task_id = ANY(%s) AND {OPEN}",
                             (model_version, list(task_ids))))


def out_of_step(project_id: int, model_version: str, limit: int) -> list[int]:
    """Return delivered tasks whose score does not say what is suspected: it is 0 while something is, and only then."""
    return fetch_numbers(
        "SELECT task_id FROM (SELECT d.task_id FROM prediction d JOIN project p ON p.id = d.project_id "
        "WHERE d.project_id = %(project)s AND d.model_version = %(version)s AND d.state = 'stored' AND d.score = 0 "
        "AND NOT EXISTS (SELECT FROM suspicion s WHERE s.task_id = d.task_id AND s.model_version = d.model_version "
        f"AND {OPEN}) UNION {_LATE}) o ORDER BY task_id LIMIT %(limit)s",
        {"project": project_id, "version": model_version, "limit": limit})


def suspected_late(project_id: int, model_version: str) -> set[int]:
    """Return tasks with a suspicion that were delivered with a score that does not say so."""
    return set(fetch_numbers(_LATE, {"project": project_id, "version": model_version}))


def suspecting() -> list[Suspecting]:
    """Return the connected projects with suspicions, or with scores that say so."""
    return fetch(Suspecting, "SELECT id, model_version FROM project p WHERE connected_at IS NOT NULL AND (EXISTS ("
                 "SELECT FROM suspicion s WHERE s.project_id = p.id AND s.verdict IS NULL) OR EXISTS (SELECT FROM "
                 "prediction d WHERE d.project_id = p.id AND d.score = 0)) ORDER BY id")


def asked(project_id: int) -> set[str]:
    """Return the kinds that the project asks for."""
    rows = fetch(_Asked, "SELECT coalesce(check_first, '{}') AS kinds FROM project WHERE id = %s", (project_id,))
    return {kind for row in rows for kind in row.kinds}


def _wanted(recipe: Recipe) -> dict[str, list[str] | list[float]]:
    return {"labels": [c.label for c in recipe.concepts], "keys": [recipe.concept_key(c) for c in recipe.concepts],
            "thresholds": [c.threshold for c in recipe.concepts]}
