"""Verdicts on many objects at once: rows of `verdict`, and of `set_aside` where a verdict keeps its task back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from argus.audit import Actor
from argus.db import together
from argus.db.statements import execute, fetch, fetch_numbers
from search_service.review.prediction_store import Said

# A task with a wrong or unsure object takes no part in bulk acceptance; of the others it is known what they are.
ASIDE: dict[Said, str] = {"wrong": "rejected", "unsure": "fix", "relabelled": "", "moved": "", "added": "",
                          "right": ""}
_GIVEN = "unnest(%(tasks)s::bigint[], %(objects)s::text[], %(labels)s::text[], %(scores)s::float8[]) " \
         "AS g (task_id, object, label, score)"
_ADD = f"""
    WITH old AS (
        UPDATE verdict v SET taken_back_at = clock_timestamp() FROM {_GIVEN} WHERE v.project_id = %(project)s
        AND v.model_version = %(version)s AND v.task_id = g.task_id AND v.object = g.object AND v.sample_id IS NULL
        AND v.edit_id IS NULL AND v.taken_back_at IS NULL AND v.person_id IS NOT DISTINCT FROM %(person)s
        AND v.decided_by = %(name)s RETURNING v.id, v.task_id, v.object)
    INSERT INTO verdict (project_id, model_version, task_id, object, label, score, verdict, new_label, person_id,
                         decided_by, replaces, aside_before)
    SELECT %(project)s, %(version)s, g.task_id, g.object, g.label, g.score, %(verdict)s, %(new_label)s, %(person)s,
           %(name)s, (SELECT max(id) FROM old WHERE old.task_id = g.task_id AND old.object = g.object),
           coalesce((SELECT s.verdict FROM set_aside s WHERE s.task_id = g.task_id AND s.object = g.object
                     AND s.model_version = %(version)s), '')
    FROM {_GIVEN} RETURNING id"""


class Named(NamedTuple):
    """An object that is shown."""

    task_id: int
    object: str
    label: str
    score: float


class Judged(NamedTuple):
    """The last verdict on an object."""

    task_id: int
    object: str
    verdict: Said
    new_label: str


class _Row(NamedTuple):
    id: int
    task_id: int
    object: str
    replaces: int | None
    aside_before: str | None


def add(project_id: int, version: str, objects: Sequence[Named], verdict: Said, new_label: str,
        who: Actor) -> list[int]:
    """Store one verdict on all objects, each instead of the person's earlier one; return the verdicts' ids."""
    tasks, names, labels, scores = zip(*objects, strict=True)
    given = {"project": project_id, "version": version, "tasks": list(tasks), "objects": list(names),
             "labels": list(labels), "scores": list(scores), "verdict": verdict, "new_label": new_label,
             "person": who.person, "name": who.verified_name}
    with together():
        ids = fetch_numbers(_ADD, given)
        decide(project_id, version, [(one.task_id, one.object, ASIDE[verdict]) for one in objects], who)
    return ids


def decide(project_id: int, version: str, decisions: Sequence[tuple[int, str, str]], who: Actor) -> None:
    """Put what is decided of each object in place of what was; '': nothing is."""
    tasks, objects, said = (list(column) for column in zip(*decisions, strict=True))
    given = {"project": project_id, "version": version, "tasks": tasks, "objects": objects, "said": said,
             "name": who.verified_name}
    rows = "unnest(%(tasks)s::bigint[], %(objects)s::text[], %(said)s::text[]) AS g (task_id, object, verdict)"
    execute(f"DELETE FROM set_aside s USING {rows} WHERE s.project_id = %(project)s AND s.model_version = %(version)s "
            "AND s.task_id = g.task_id AND s.object = g.object AND g.verdict = ''", given)
    execute("INSERT INTO set_aside (task_id, project_id, model_version, object, verdict, decided_by) "
            f"SELECT g.task_id, %(project)s, %(version)s, g.object, g.verdict, %(name)s FROM {rows} WHERE "
            "g.verdict <> '' ON CONFLICT (task_id, model_version, object) DO UPDATE SET verdict = excluded.verdict, "
            "decided_by = excluded.decided_by, decided_at = now(), sample_id = NULL", given)


def take_back(project_id: int, ids: Sequence[int], who: Actor) -> list[int]:
    """Take a person's verdicts back, and bring back what they replaced; return the tasks they were on."""
    with together():
        rows = fetch(_Row, "UPDATE verdict SET taken_back_at = clock_timestamp() WHERE project_id = %s "
                     "AND id = ANY(%s) AND aside_before IS NOT NULL AND taken_back_at IS NULL "
                     "AND person_id IS NOT DISTINCT FROM %s "
                     "AND decided_by = %s RETURNING id, task_id, object, replaces, aside_before",
                     (project_id, list(ids), who.person, who.verified_name))
        execute("UPDATE verdict SET taken_back_at = NULL WHERE id = ANY(%s)",
                ([row.replaces for row in rows if row.replaces],))
        if rows:
            (version,) = {one.model_version for one in fetch(
                _Version, "SELECT DISTINCT model_version FROM verdict WHERE id = ANY(%s)", ([row.id for row in rows],))}
            decide(project_id, version, [(row.task_id, row.object, row.aside_before or "") for row in rows], who)
    return sorted({row.task_id for row in rows})


class _Version(NamedTuple):
    model_version: str


def judged(project_id: int, version: str, task_ids: Sequence[int]) -> list[Judged]:
    """Return the last verdict on each object of these tasks that somebody judged."""
    return fetch(Judged, "SELECT DISTINCT ON (task_id, object) task_id, object, verdict, new_label FROM verdict "
                 "WHERE project_id = %s AND model_version = %s AND task_id = ANY(%s) AND object <> '' "
                 "AND verdict <> 'implied' AND taken_back_at IS NULL ORDER BY task_id, object, id DESC",
                 (project_id, version, list(task_ids)))
