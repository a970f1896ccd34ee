"""The rows of edits: the tables `edit` and `segment`, and the verdicts that an edit stands for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from psycopg.types.json import Jsonb

from argus.audit import Actor
from argus.db import together
from argus.db.statements import execute, execute_many, fetch_number, fetch_numbers, fetch_one
from argus.labelstudio.types import Region
from search_service.review.comparison import Outcome

_KEPT = "1 day"  # that a click's find waits to be saved


class EditRow(NamedTuple):
    """An edit.

    Attributes:
        before: the annotation's regions before it; None: the edit made the annotation.
        updated_at: Label Studio's, after it; None: it has not answered.
    """

    id: int
    project_id: int
    task_id: int
    annotation_id: int | None
    before: list[Region] | None
    updated_at: datetime | None
    replaced: list[int]
    undone_at: datetime | None


class SegmentRow(NamedTuple):
    """What a click found."""

    regions: list[Region]


def begin(project_id: int, task_id: int, model_version: str, annotation_id: int | None, before: Sequence[Region] | None,
          who: Actor) -> int:
    """Record that Label Studio is about to be asked for an annotation; return the edit's id."""
    return fetch_number(
        "INSERT INTO edit (project_id, task_id, model_version, annotation_id, before, person_id, edited_by) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id",
        (project_id, task_id, model_version, annotation_id, None if before is None else Jsonb(before), who.person,
         who.verified_name))


def give_up(edit: int) -> None:
    """Forget an edit that Label Studio refused."""
    execute("DELETE FROM edit WHERE id = %s", (edit,))


def complete(edit: int, annotation_id: int, updated_at: str, outcomes: Sequence[Outcome]) -> None:
    """Record what Label Studio answered, and the verdicts instead of those of an earlier edit of the task."""
    with together():
        execute(
            "WITH old AS (UPDATE verdict v SET taken_back_at = clock_timestamp() FROM edit e WHERE e.id = %(edit)s "
            "AND v.task_id = e.task_id AND v.model_version = e.model_version AND v.edit_id IS NOT NULL "
            "AND v.taken_back_at IS NULL RETURNING v.id) UPDATE edit SET annotation_id = %(annotation)s, "
            "updated_at = %(at)s, replaced = ARRAY(SELECT id FROM old) WHERE id = %(edit)s",
            {"edit": edit, "annotation": annotation_id, "at": updated_at})
        execute_many(
            "INSERT INTO verdict (project_id, model_version, task_id, edit_id, person_id, decided_by, object, label, "
            "score, verdict, new_label, box, iou) SELECT project_id, model_version, task_id, id, person_id, edited_by, "
            "%s, %s, %s, %s, %s, %s, %s FROM edit WHERE id = %s",
            [(one.object, one.label, one.score, one.verdict, one.new_label, list(one.box) if one.box else None,
              one.iou, edit) for one in outcomes])


def find(edit: int) -> EditRow | None:
    return fetch_one(EditRow, "SELECT id, project_id, task_id, annotation_id, before, updated_at, replaced, undone_at "
                     "FROM edit WHERE id = %s", (edit,))


def undo(edit: EditRow, updated_at: str | None) -> None:
    """Take an edit's verdicts back, and let those count again that it replaced.

    Args:
        updated_at: of the annotation, by this undo; None: it is deleted.
    """
    with together():
        execute("UPDATE edit SET undone_at = clock_timestamp() WHERE id = %s", (edit.id,))
        execute("UPDATE verdict SET taken_back_at = clock_timestamp() WHERE edit_id = %s AND taken_back_at IS NULL",
                (edit.id,))
        execute("UPDATE verdict SET taken_back_at = NULL WHERE id = ANY(%s)", (edit.replaced,))
        # The edit before this one can be taken back as well: the annotation is as that left it.
        execute("UPDATE edit SET updated_at = %s WHERE id = (SELECT max(id) FROM edit WHERE task_id = %s AND id < %s "
                "AND undone_at IS NULL AND annotation_id = %s) AND %s::timestamptz IS NOT NULL",
                (updated_at, edit.task_id, edit.id, edit.annotation_id, updated_at))


def keep_segment(task_id: int, regions: Sequence[Region]) -> int:
    """Keep what a click found until it is saved; return its number."""
    execute("DELETE FROM segment WHERE made_at < now() - %s::interval", (_KEPT,))
    return fetch_number("INSERT INTO segment (task_id, regions) VALUES (%s, %s) RETURNING id",
                        (task_id, Jsonb(regions)))


def segment(task_id: int, number: int) -> SegmentRow | None:
    """Return what a click on the task found; None once it is forgotten."""
    return fetch_one(SegmentRow, "SELECT regions FROM segment WHERE id = %s AND task_id = %s", (number, task_id))


def verdicts_of(edit: int) -> list[int]:
    """Return the ids of an edit's verdicts that count."""
    return fetch_numbers("SELECT id FROM verdict WHERE edit_id = %s AND taken_back_at IS NULL ORDER BY id", (edit,))
