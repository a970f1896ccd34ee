"""The rows of review that follow Label Studio: which tasks people reviewed there, and what is predicted on all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal, NamedTuple

from argus.db import together
from argus.db.statements import execute, execute_many, fetch, fetch_number, fetch_one

Done = Literal["annotated", "skipped"]


class Change(NamedTuple):
    """What became of a task in Label Studio; `state` None: nobody has reviewed it."""

    task_id: int
    state: Done | None
    changed_at: datetime


class Standing(NamedTuple):
    """A task with a delivered prediction of a version.

    Attributes:
        score: of its least sure object, 0-1; None where nothing was found.
        state: None as long as nobody has reviewed it.
        changed: whether its annotation differs from the prediction; None as long as nobody compared them.
        accepted: whether a bulk acceptance stands.
        aside: whether something was decided against it.
    """

    task_id: int
    regions: int
    score: float | None
    state: Done | None
    changed: bool | None
    accepted: bool
    aside: bool


class Totals(NamedTuple):
    """Tasks of a project, whatever their prediction."""

    tasks: int
    annotated: int


class _Cursor(NamedTuple):
    review_cursor: datetime | None


def cursor(project_id: int) -> datetime | None:
    """Return from when on changes are asked for; None: all of them."""
    row = fetch_one(_Cursor, "SELECT review_cursor FROM project WHERE id = %s", (project_id,))
    return row.review_cursor if row else None


def write_changes(project_id: int, changes: Iterable[Change], cursor_at: datetime | None) -> None:
    """Keep what became of tasks, and from when on to ask next."""
    changes = sorted(changes)
    with together():
        execute("DELETE FROM reviewed_task WHERE task_id = ANY(%s)",
                ([one.task_id for one in changes if one.state is None],))
        execute_many(
            "INSERT INTO reviewed_task AS r (task_id, project_id, state, changed_at) VALUES (%s, %s, %s, %s) "
            "ON CONFLICT (task_id) DO UPDATE SET state = excluded.state, changed_at = excluded.changed_at, "
            "compared_with = NULL, changed = NULL WHERE (r.state, r.changed_at) IS DISTINCT FROM "
            "(excluded.state, excluded.changed_at)",
            [(one.task_id, project_id, one.state, one.changed_at) for one in changes if one.state])
        if cursor_at:
            execute("UPDATE project SET review_cursor = GREATEST(review_cursor, %s) WHERE id = %s",
                    (cursor_at, project_id))


def standings(project_id: int, model_version: str) -> list[Standing]:
    """Return every task with a delivered prediction of a version, by id."""
    return fetch(
        Standing,
        "SELECT p.task_id, p.regions, p.score, r.state, "
        "CASE WHEN r.compared_with = p.model_version || p.digest THEN r.changed END AS changed, "
        "a.task_id IS NOT NULL AS accepted, s.task_id IS NOT NULL AS aside "
        "FROM prediction p LEFT JOIN reviewed_task r ON r.task_id = p.task_id "
        "LEFT JOIN (SELECT DISTINCT i.task_id FROM acceptance_item i JOIN acceptance a ON a.id = i.acceptance_id "
        "WHERE a.project_id = %(project)s AND i.state IN ('accepted', 'kept')) a ON a.task_id = p.task_id "
        "LEFT JOIN (SELECT DISTINCT task_id FROM set_aside WHERE project_id = %(project)s "
        "AND model_version = %(version)s) s ON s.task_id = p.task_id "
        "WHERE p.project_id = %(project)s AND p.model_version = %(version)s AND p.state = 'stored' ORDER BY p.task_id",
        {"project": project_id, "version": model_version})


def count_delivered(project_id: int, model_version: str) -> int:
    return fetch_number("SELECT count(*) FROM prediction WHERE project_id = %s AND model_version = %s "
                        "AND state = 'stored'", (project_id, model_version))


def keep_compared(model_version: str, changed: Mapping[int, bool]) -> None:
    """Keep whether the annotations of tasks say something else than their predictions of a version."""
    execute_many("UPDATE reviewed_task r SET compared_with = p.model_version || p.digest, changed = %s "
                 "FROM prediction p WHERE p.task_id = r.task_id AND p.model_version = %s AND r.task_id = %s",
                 [(differs, model_version, task) for task, differs in sorted(changed.items())])


def totals(project_id: int) -> Totals:
    found = fetch_one(Totals, "SELECT count(*) AS tasks, count(r.task_id) FILTER (WHERE r.state = 'annotated') AS "
                      "annotated FROM task t LEFT JOIN reviewed_task r ON r.task_id = t.id WHERE t.project_id = %s",
                      (project_id,))
    return found or Totals(0, 0)


class _Time(NamedTuple):
    at: datetime


def times_looked_at(project_id: int) -> list[datetime]:
    """Return when each task that somebody looked at in the last day was decided, one time a task.

    Looked at is what was annotated or skipped in Label Studio, and what was judged one by one on the page; not what an
    acceptance took in bulk.
    """
    return [row.at for row in fetch(
        _Time,
        "SELECT max(at) AS at FROM ("
        "SELECT r.task_id, r.changed_at AS at FROM reviewed_task r WHERE r.project_id = %(project)s AND NOT EXISTS ("
        "SELECT 1 FROM acceptance_item i WHERE i.task_id = r.task_id AND i.state IN ('accepted', 'kept')) "
        "UNION ALL SELECT task_id, decided_at FROM verdict WHERE project_id = %(project)s AND sample_id IS NULL "
        "AND verdict <> 'implied' "
        "UNION ALL SELECT task_id, decided_at FROM set_aside WHERE project_id = %(project)s AND sample_id IS NULL"
        ") looked WHERE at > now() - interval '1 day' GROUP BY task_id", {"project": project_id})]
