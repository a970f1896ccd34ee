"""The rows that labels are taught from and with: what people said of detections, verifiers, and what these make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, TypedDict

from psycopg.types.json import Jsonb

from argus.db import connect
from argus.db.statements import execute, execute_many, fetch, fetch_number, fetch_numbers, fetch_one
from argus.errors import ArgusError
from label_studio_config.recipe import reference_key
from ml_backend.detection.store import Item
from search_service.review.calibration.store import GROUP
from search_service.vectors import store as vectors
from search_service.vectors.store import Model, Vectors

# What was said of each object, by whoever: on the page, in samples, and by annotating in Label Studio. An object is
# right when nobody says otherwise. What an acceptance in bulk implies was said by nobody.
_SAID = f"""
    WITH said AS (
        SELECT task_id, object, verdict IN ('right', 'moved') AS is_right FROM verdict
        WHERE project_id = %(project)s AND label = %(label)s AND taken_back_at IS NULL AND object <> ''
        AND verdict IN ('right', 'moved', 'wrong', 'relabelled')
        UNION ALL
        SELECT a.task_id, a.object, a.change IN ('right', 'moved') FROM annotated_outcome a
        JOIN task ON task.id = a.task_id WHERE task.project_id = %(project)s AND a.label = %(label)s)
    SELECT s.task_id, s.object, bool_and(s.is_right) AS is_right, t.id IS NOT NULL AS there,
        coalesce({GROUP}, '') AS "group"
    FROM said s LEFT JOIN task t ON t.id = s.task_id
    LEFT JOIN task root ON root.id = coalesce(t.duplicate_of, t.id)
    GROUP BY s.task_id, s.object, 4, 5 ORDER BY s.task_id, s.object
"""
# Of detections that were not looked at by a verifier, those whose crops are embedded, or never will be.
_READY = "NOT d.previewed AND (d.objects <> 'waiting' OR d.best_score IS NULL)"


class Said(NamedTuple):
    """What people said of an object; `there`: its task was not deleted; `group`: its moment."""

    task_id: int
    object: str
    is_right: bool
    there: bool
    group: str


class LastSaid(NamedTuple):
    """An object of which something was said on the page or in a sample."""

    task_id: int
    object: str
    label: str


class Found(NamedTuple):
    """A detection: its own score, its box in pixels of an image of `width` × `height`, and its row `object`, when its
    crop is embedded."""

    task_id: int
    score: float
    box: list[float]
    width: int
    height: int
    object: int | None


class Embedded(NamedTuple):
    """An object whose crop is embedded; `box` as fractions of the image's sides."""

    id: int
    task_id: int
    score: float
    box: list[float]


class ExampleRow(TypedDict):
    """An example that a verifier was made of; `held_out`: its chance by one that did not see its moment."""

    task: int
    object: str
    right: bool
    held_out: float
    box: list[float]


class Figures(TypedDict):
    """What cross-validation said of a verifier, as in `trial.Trial`."""

    ranked: float
    ranked_by_score: float
    loss: float
    loss_of_curve: float


class VerifierRow(NamedTuple):
    """A verifier as it is stored."""

    id: int
    label: str
    source_key: str
    key: str
    model_id: int
    bias: float
    slope: float
    weights: list[float]
    examples: list[ExampleRow]
    figures: Figures
    created_by: str
    created_at: datetime
    made: str = ""  # by references: names its parameters, whatever it looks at


class Waiting(NamedTuple):
    """A detection that a verifier is to look at."""

    task_id: int
    width: int
    height: int
    items: list[Item]
    left_out: int
    brightness: float | None
    sharpness: float | None
    created_at: datetime


class _Row(NamedTuple):
    id: int
    task_id: int
    place: int


_VERIFIER = ", ".join(VerifierRow._fields)


def said(project_id: int, label: str) -> list[Said]:
    """Return what people said of the objects of a label."""
    return fetch(Said, _SAID, {"project": project_id, "label": label})


def last_said(project_id: int, most: int) -> list[LastSaid]:
    """Return the objects of the last verdicts that can teach, the newest first."""
    return fetch(LastSaid, "SELECT task_id, object, label FROM verdict WHERE project_id = %s AND object <> '' "
                 "AND verdict IN ('right', 'moved', 'wrong', 'relabelled') AND taken_back_at IS NULL "
                 "ORDER BY id DESC LIMIT %s", (project_id, most))


def found(label: str, source_key: str, task_ids: Sequence[int]) -> list[Found]:
    """Return the detections of a label on these tasks."""
    return fetch(
        Found, "SELECT d.task_id, d.scores[i.place]::float8 AS score, i.item->'box' AS box, d.width, d.height, "
        "o.id AS object FROM detection d CROSS JOIN LATERAL jsonb_array_elements(d.items) WITH ORDINALITY "
        "AS i (item, place) LEFT JOIN object o ON (o.task_id, o.label, o.concept_key, o.place) = "
        "(d.task_id, d.label, d.concept_key, i.place) WHERE d.label = %s AND d.concept_key = %s "
        "AND d.task_id = ANY(%s) AND NOT d.previewed", (label, source_key, list(task_ids)))


def first_embedded(project_id: int, asked: Mapping[str, str], most: int) -> list[int]:
    """Return the oldest objects whose crops are embedded, as many of each label: the same ones while others arrive.

    Args:
        asked: source keys by label.
        most: of one label.
    """
    return fetch_numbers(
        "SELECT o.id FROM unnest(%s::text[], %s::text[]) AS w (label, concept_key) CROSS JOIN LATERAL (SELECT id "
        "FROM object WHERE project_id = %s AND label = w.label AND concept_key = w.concept_key ORDER BY id LIMIT %s) o "
        "ORDER BY o.id", (list(asked), list(asked.values()), project_id, most))


def embedded(project_id: int, label: str, source_key: str, most: int) -> list[Embedded]:
    """Return the newest objects of a label whose crops are embedded."""
    return fetch(Embedded, "SELECT id, task_id, score::float8, box FROM object WHERE project_id = %s AND label = %s "
                 "AND concept_key = %s ORDER BY id DESC LIMIT %s", (project_id, label, source_key, most))


def count_embedded(project_id: int, label: str, source_key: str) -> int:
    return fetch_number("SELECT count(*) FROM object WHERE project_id = %s AND label = %s AND concept_key = %s",
                        (project_id, label, source_key))


def crops(project_id: int, model: Model, objects: Sequence[int]) -> dict[int, Vectors]:
    """Return the embedding, float32 (d,), of each of the objects that has one."""
    with connect() as connection:
        return vectors.of_tasks(connection, model.objects, project_id, objects)


def keep(project_id: int, made: VerifierRow, person: int | None) -> int:
    """Store a verifier, whose id and time are not read; return its id."""
    return fetch_number(
        "INSERT INTO verifier (project_id, label, source_key, key, model_id, bias, slope, weights, examples, figures, "
        "person_id, created_by, made) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id",
        (project_id, made.label, made.source_key, made.key, made.model_id, made.bias, made.slope, made.weights,
         Jsonb(made.examples), Jsonb(made.figures), person, made.created_by, made.made))


def verifiers(project_id: int, label: str, source_key: str) -> list[VerifierRow]:
    """Return the verifiers that a label was taught as it is asked for, the newest first."""
    return fetch(VerifierRow, f"SELECT {_VERIFIER} FROM verifier WHERE project_id = %s AND label = %s "
                 "AND source_key = %s AND made = '' ORDER BY id DESC", (project_id, label, source_key))


def by_references(project_id: int, label: str, source_key: str, made: str) -> VerifierRow:
    """Return what references make of the detections of `source_key`; a row for these is added where there is none.

    Args:
        made: as `keep` was given it, for whatever detections.

    Raises:
        ArgusError: `not_found`.
    """
    key = reference_key(source_key, made)
    execute("INSERT INTO verifier (project_id, label, source_key, key, model_id, bias, slope, weights, examples, "
            "figures, person_id, created_by, made) SELECT project_id, label, %s, %s, model_id, bias, slope, weights, "
            "examples, figures, person_id, created_by, made FROM verifier WHERE project_id = %s AND label = %s "
            "AND made = %s AND NOT EXISTS (SELECT FROM verifier v WHERE v.project_id = %s AND v.key = %s) "
            "ORDER BY id LIMIT 1",
            (source_key, key, project_id, label, made, project_id, key))
    return verifier(project_id, key)


def verifier(project_id: int, key: str) -> VerifierRow:
    """Return a verifier by its key. Raises `not_found`."""
    row = fetch_one(VerifierRow, f"SELECT {_VERIFIER} FROM verifier WHERE project_id = %s AND key = %s "
                    "ORDER BY id DESC LIMIT 1", (project_id, key))
    if row is None:
        raise ArgusError("not_found", f"Project {project_id} has no verifier {key}.", "`argus teach show` lists them.")
    return row


def waiting(project_id: int, made: VerifierRow, most: int) -> list[Waiting]:
    """Lock detections that the verifier is to look at, and return them, by task.

    Only to be called inside of `together`.
    """
    return fetch(
        Waiting, "SELECT d.task_id, d.width, d.height, d.items, d.left_out, d.brightness, d.sharpness, d.created_at "
        "FROM detection d JOIN task t ON t.id = d.task_id WHERE t.project_id = %s AND d.label = %s "
        f"AND d.concept_key = %s AND {_READY} AND NOT EXISTS (SELECT FROM detection made WHERE "
        "made.task_id = d.task_id AND made.label = d.label AND made.concept_key = %s) "
        "ORDER BY d.task_id LIMIT %s FOR UPDATE OF d SKIP LOCKED",
        (project_id, made.label, made.source_key, made.key, most))


def crops_of(project_id: int, model: Model, made: VerifierRow,
             task_ids: Sequence[int]) -> dict[tuple[int, int], Vectors]:
    """Return the embeddings of a label's detections by task and place among them, from 0."""
    rows = fetch(_Row, "SELECT id, task_id, place FROM object WHERE label = %s AND concept_key = %s "
                 "AND task_id = ANY(%s)", (made.label, made.source_key, list(task_ids)))
    known = crops(project_id, model, [row.id for row in rows])
    return {(row.task_id, row.place - 1): known[row.id] for row in rows if row.id in known}


def added_by_hand(label: str, key: str, task_ids: Sequence[int]) -> dict[int, list[Item]]:
    """Return the detections of a key that people added: their score is 1."""
    found: dict[int, list[Item]] = {}
    with connect() as connection:
        for row in connection.execute(
                "SELECT d.task_id, i.item FROM detection d CROSS JOIN LATERAL jsonb_array_elements(d.items) AS i (item)"
                " WHERE d.label = %s AND d.concept_key = %s AND d.task_id = ANY(%s) AND d.best_score >= 1 "
                "AND (i.item->>'score')::float8 >= 1", (label, key, list(task_ids))):
            found.setdefault(row["task_id"], []).append(row["item"])
    return found


def store_made(made: VerifierRow, rows: Sequence[tuple[Waiting, list[Item]]]) -> None:
    """Store what a verifier made of detections."""
    execute_many(
        "INSERT INTO detection (task_id, label, concept_key, width, height, items, left_out, previewed, brightness, "
        "sharpness, created_at, objects) VALUES (%s, %s, %s, %s, %s, %s, %s, false, %s, %s, %s, 'embedded') "
        "ON CONFLICT DO NOTHING",
        [(row.task_id, made.label, made.key, row.width, row.height, Jsonb(items), row.left_out, row.brightness,
          row.sharpness, row.created_at) for row, items in rows])


def forget_unused(project_id: int, keys: Sequence[str]) -> int:
    """Delete what verifiers made, those of these keys left out; return how many tasks' detections that were."""
    return execute("DELETE FROM detection d USING verifier v, task t WHERE v.project_id = %s AND v.key <> ALL(%s) "
                   "AND t.project_id = v.project_id AND d.task_id = t.id AND d.label = v.label "
                   "AND d.concept_key = v.key", (project_id, keys))
