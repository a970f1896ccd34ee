"""The rows of review: acceptances, what each made (`acceptance_item`) or added to (`addition_item`), decisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from psycopg.types.json import Jsonb

from argus.db.statements import execute, execute_many, fetch, fetch_number, fetch_numbers
from argus.errors import ArgusError

Item = tuple[int, int, int]  # task, prediction, objects
_ITEM = "acceptance_id, task_id, prediction_id, regions, annotation_id, updated_at, task_updated_at, undo_asked_at"
_ADDITION = "acceptance_id, task_id, annotation_id, region_ids, regions, updated_at, undo_asked_at"


class AcceptedItem(NamedTuple):
    """A task of an acceptance.

    Attributes:
        regions: objects of its prediction.
        annotation_id: None until it is looked up.
        updated_at: when the annotation was made, `task_updated_at` when Label Studio changed the task for it.
        undo_asked_at: when its deletion was asked for, if that was not answered.
    """

    acceptance_id: int
    task_id: int
    prediction_id: int
    regions: int
    annotation_id: int | None
    updated_at: datetime | None
    task_updated_at: datetime | None
    undo_asked_at: datetime | None


class AddedItem(NamedTuple):
    """An annotation that regions were added to, and their ids; the times are as in `AcceptedItem`."""

    acceptance_id: int
    task_id: int
    annotation_id: int
    region_ids: list[str]
    regions: int
    updated_at: datetime | None
    undo_asked_at: datetime | None


class Made(NamedTuple):
    """What is known of an annotation that an acceptance made."""

    annotation_id: int | None
    created_at: str | None
    task_updated_at: str | None


class Change(NamedTuple):
    """An annotation that our undo changed: its `updated_at` after it, and before we first touched it."""

    annotation_id: int
    updated_at: datetime
    before_at: datetime


class AcceptanceRow(NamedTuple):
    """An acceptance, with its tasks by outcome."""

    id: int
    state: str
    selection: dict[str, Any]
    accepted_by: str
    created_at: datetime
    error: dict[str, Any] | None
    accepted: int
    undone: int
    kept: int
    verified: bool
    verified_labels: list[str]


class Decision(NamedTuple):
    """What was decided on an object of a task; object '': on the task as a whole."""

    task_id: int
    object: str
    verdict: Literal["rejected", "fix"]


def open_acceptance(project_id: int, model_version: str, selection: Mapping[str, Any], accepted_by: str,
                    person_id: int | None) -> int:
    """Begin the record of an acceptance; return its id."""
    return fetch_number("INSERT INTO acceptance (project_id, model_version, selection, accepted_by, person_id) VALUES "
                        "(%s, %s, %s, %s, %s) RETURNING id",
                        (project_id, model_version, Jsonb(selection), accepted_by, person_id))


def close_acceptance(acceptance: int | None, state: str, error: ArgusError | None) -> None:
    execute("UPDATE acceptance SET state = %s, error = %s, finished_at = now() WHERE id = %s",
            (state, Jsonb(error.to_json()) if error else None, acceptance))


def fail_cut_off(acceptance: int, error: ArgusError) -> None:
    """End an acceptance whose process stopped; an error that it recorded itself stays."""
    execute("UPDATE acceptance SET state = 'failed', finished_at = now(), error = coalesce(error, %s) WHERE id = %s",
            (Jsonb(error.to_json()), acceptance))


def mark_acceptance_undone(acceptance: int) -> None:
    execute("UPDATE acceptance SET state = 'undone' WHERE id = %s", (acceptance,))


def void_certificates(acceptance: int, reason: str) -> None:
    execute("UPDATE certificate SET state = 'void', reason = %s WHERE state <> 'void' "
            "AND acceptances @> ARRAY[%s]::bigint[]", (reason, acceptance))


def count_refuted(project_id: int) -> int:
    """Return how many certificates of a project later corrections refute."""
    return fetch_number("SELECT count(*) FROM certificate WHERE project_id = %s AND state = 'refuted'", (project_id,))


def project_of(acceptance: int) -> int | None:
    """Return the project of an acceptance; None when there is no such acceptance."""
    return next(iter(fetch_numbers("SELECT project_id FROM acceptance WHERE id = %s", (acceptance,))), None)


def unsettled(project_id: int) -> list[int]:
    """Return the acceptances of a project that were cut off."""
    return fetch_numbers(
        "SELECT DISTINCT a.id FROM acceptance a LEFT JOIN acceptance_item i ON i.acceptance_id = a.id "
        "LEFT JOIN addition_item n ON n.acceptance_id = a.id WHERE a.project_id = %s "
        "AND (a.state = 'open' OR i.state = 'asked' OR n.state = 'asked' OR a.has_copies)", (project_id,))


def mark_copies(acceptance: int | None, there: bool) -> None:
    """Record whether Label Studio holds copies of predictions for an acceptance."""
    execute("UPDATE acceptance SET has_copies = %s WHERE id = %s", (there, acceptance))


def is_of_judged(acceptance: int) -> bool:
    """Return whether an acceptance selected tasks that were judged."""
    return fetch_number("SELECT count(*) FROM acceptance WHERE id = %s AND (selection -> 'judged')::boolean",
                        (acceptance,)) > 0


def has_copies(acceptance: int) -> bool:
    return fetch_number("SELECT count(*) FROM acceptance WHERE id = %s AND has_copies", (acceptance,)) > 0


def acceptances(project_id: int, limit: int) -> list[AcceptanceRow]:
    """Return a project's last acceptances, newest first."""
    return fetch(
        AcceptanceRow,
        "SELECT a.id, a.state, a.selection, a.accepted_by, a.created_at, a.error, "
        "count(*) FILTER (WHERE i.state = 'accepted') AS accepted, count(*) FILTER (WHERE i.state = 'undone') AS "
        "undone, count(*) FILTER (WHERE i.state = 'kept') AS kept, EXISTS (SELECT 1 FROM certificate c JOIN sample s "
        "ON s.id = c.sample_id WHERE c.acceptances @> ARRAY[a.id] AND c.state = 'valid' AND (s.kind <> 'objects' OR "
        "s.labels = '{}')) AS verified, ARRAY(SELECT DISTINCT s.labels[1] FROM certificate c JOIN sample s ON s.id = "
        "c.sample_id WHERE c.acceptances @> ARRAY[a.id] AND c.state = 'valid' AND s.kind = 'objects' AND s.labels <> "
        "'{}' ORDER BY 1) AS verified_labels FROM acceptance a "
        "LEFT JOIN (SELECT acceptance_id, state FROM acceptance_item UNION ALL SELECT acceptance_id, state FROM "
        "addition_item) i ON i.acceptance_id = a.id WHERE a.project_id = %s "
        "GROUP BY a.id ORDER BY a.id DESC LIMIT %s", (project_id, limit))


def request_items(acceptance: int | None, items: Iterable[Item]) -> None:
    """Record which tasks Label Studio is about to be asked for."""
    execute_many("INSERT INTO acceptance_item (acceptance_id, task_id, prediction_id, regions) "
                 "VALUES (%s, %s, %s, %s)", [(acceptance, *item) for item in items])


def requested_items(acceptance: int | None) -> list[AcceptedItem]:
    """Return what was asked for, and no answer recorded."""
    return fetch(AcceptedItem, f"SELECT {_ITEM} FROM acceptance_item WHERE acceptance_id = %s AND state = 'asked'",
                 (acceptance,))


def settle_items(items: Iterable[AcceptedItem], made: Mapping[int, Made]) -> None:
    """Record which of the items got an annotation, by task; the others are skipped."""
    execute_many("UPDATE acceptance_item SET state = %s, annotation_id = %s, updated_at = %s, task_updated_at = %s "
                 "WHERE acceptance_id = %s AND task_id = %s",
                 [("accepted" if item.task_id in made else "skipped", *made.get(item.task_id, Made(None, None, None)),
                   item.acceptance_id, item.task_id) for item in items])


def accepted_items(acceptance: int) -> list[AcceptedItem]:
    """Return what an acceptance made and no undo has taken back, by task."""
    return fetch(AcceptedItem, f"SELECT {_ITEM} FROM acceptance_item WHERE acceptance_id = %s "
                 "AND state IN ('accepted', 'kept') ORDER BY task_id", (acceptance,))


def accepted_tasks(project_id: int) -> set[int]:
    """Return the tasks of a project that were accepted in bulk and not taken back."""
    return set(fetch_numbers(
        "SELECT i.task_id FROM acceptance_item i JOIN acceptance a ON a.id = i.acceptance_id "
        "WHERE a.project_id = %s AND i.state IN ('accepted', 'kept')", (project_id,)))


def request_undo(acceptance: int, tasks: Sequence[int]) -> None:
    """Record that the annotations of these tasks are about to be deleted."""
    execute("UPDATE acceptance_item SET undo_asked_at = now() WHERE acceptance_id = %s AND task_id = ANY(%s)",
            (acceptance, list(tasks)))


def unsettled_undo(project_id: int) -> list[AcceptedItem]:
    """Return the items of a project whose undo was cut off."""
    columns = ", ".join(f"i.{name}" for name in _ITEM.split(", "))
    return fetch(AcceptedItem,
                 f"SELECT {columns} FROM acceptance_item i JOIN acceptance a ON a.id = i.acceptance_id WHERE "
                 "a.project_id = %s AND i.state = 'accepted' AND i.undo_asked_at IS NOT NULL", (project_id,))


def settle_undo(items: Iterable[AcceptedItem], state: str) -> None:
    """Record what the undo of these items came to: "undone", "kept", or "accepted" as before."""
    execute_many("UPDATE acceptance_item SET state = %s, undo_asked_at = NULL WHERE acceptance_id = %s "
                 "AND task_id = %s", [(state, item.acceptance_id, item.task_id) for item in items])


def request_addition(acceptance: int, task: int, annotation: int, region_ids: Sequence[str], objects: int,
                     before_at: str) -> None:
    """Record that regions are about to be added to an annotation, last changed `before_at`."""
    execute("INSERT INTO addition_item (acceptance_id, task_id, annotation_id, region_ids, regions, before_at) "
            "VALUES (%s, %s, %s, %s, %s, %s)", (acceptance, task, annotation, Jsonb(region_ids), objects, before_at))


def requested_additions(acceptance: int) -> list[AddedItem]:
    return fetch(AddedItem, f"SELECT {_ADDITION} FROM addition_item WHERE acceptance_id = %s AND state = 'asked'",
                 (acceptance,))


def settle_addition(acceptance: int, task: int, state: str, updated_at: str | None) -> None:
    execute("UPDATE addition_item SET state = %s, updated_at = %s WHERE acceptance_id = %s AND task_id = %s",
            (state, updated_at, acceptance, task))


def accepted_additions(acceptance: int) -> list[AddedItem]:
    """Return the annotations that an acceptance added to, as far as no undo has taken it back, by task."""
    return fetch(AddedItem, f"SELECT {_ADDITION} FROM addition_item WHERE acceptance_id = %s "
                 "AND state IN ('accepted', 'kept') ORDER BY task_id", (acceptance,))


def count_added_tasks(project_id: int) -> int:
    """Return how many tasks have an annotation that labels were added to, and not taken out again."""
    return fetch_number(
        "SELECT count(DISTINCT i.task_id) AS n FROM addition_item i JOIN acceptance a ON a.id = i.acceptance_id "
        "WHERE a.project_id = %s AND i.state IN ('accepted', 'kept')", (project_id,))


def undone_changes(tasks: Sequence[int]) -> list[Change]:
    """Return the annotations of these tasks from which our undo took regions."""
    return fetch(Change, "SELECT annotation_id, updated_at, before_at FROM addition_item "
                 "WHERE task_id = ANY(%s) AND state = 'undone'", (list(tasks),))


def request_addition_undo(item: AddedItem) -> None:
    execute("UPDATE addition_item SET undo_asked_at = now() WHERE acceptance_id = %s AND task_id = %s",
            (item.acceptance_id, item.task_id))


def settle_addition_undo(item: AddedItem, state: str, updated_at: datetime | str | None) -> None:
    execute("UPDATE addition_item SET state = %s, updated_at = %s, undo_asked_at = NULL "
            "WHERE acceptance_id = %s AND task_id = %s", (state, updated_at, item.acceptance_id, item.task_id))


def decide(project_id: int, model_version: str, task_id: int, object_id: str, verdict: str, decided_by: str) -> bool:
    """Record a decision; return whether the task has a prediction of this version, without which there is nothing to
    decide on."""
    return execute(
        "INSERT INTO set_aside (task_id, project_id, model_version, object, verdict, decided_by) "
        "SELECT task_id, project_id, model_version, %s, %s, %s FROM prediction WHERE task_id = %s "
        "AND project_id = %s AND model_version = %s ON CONFLICT (task_id, model_version, object) DO UPDATE "
        "SET verdict = excluded.verdict, decided_by = excluded.decided_by, decided_at = now(), "
        "sample_id = NULL",
        (object_id, verdict, decided_by, task_id, project_id, model_version)) > 0


def take_back_decisions(project_id: int, model_version: str, task_id: int, object_id: str | None) -> int:
    """Delete the decisions on a task, or on one object of it; return how many there were."""
    return execute(
        "DELETE FROM set_aside WHERE project_id = %s AND task_id = %s AND model_version = %s "
        "AND (%s::text IS NULL OR object = %s)", (project_id, task_id, model_version, object_id, object_id))


def decisions(project_id: int, model_version: str, task_ids: Sequence[int] | None) -> list[Decision]:
    """Return what was decided in a project, or on some of its tasks, by task."""
    tasks = list(task_ids) if task_ids is not None else None
    return fetch(Decision, "SELECT task_id, object, verdict FROM set_aside WHERE project_id = %s "
                 "AND model_version = %s AND (%s::bigint[] IS NULL OR task_id = ANY(%s::bigint[])) ORDER BY task_id",
                 (project_id, model_version, tasks, tasks))
