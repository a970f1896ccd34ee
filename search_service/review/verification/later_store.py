"""The rows of what people corrected after a verified acceptance, and what that does to its certificates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from argus.db.statements import execute_many, fetch


class Changed(NamedTuple):
    """An accepted task of a valid or refuted certificate that was changed in Label Studio, at `changed_at`."""

    acceptance_id: int
    task_id: int
    sample_id: int
    changed_at: datetime


class ListedObject(NamedTuple):
    """An object as it was listed; `box` is x0, y0, x1, y1 as fractions of the image's sides."""

    task_id: int
    object: str
    label: str
    score: float
    box: list[float]


class Standing(NamedTuple):
    """A valid or refuted certificate.

    Attributes:
        kind: what these are: objects, or frames in which nothing was found.
        accepted: objects, or frames, that it is about.
        allowed: of these are wrong at most, as it says.
        corrected: of these were corrected later, on the tasks `tasks`.
    """

    id: int
    state: str
    kind: str
    accepted: int
    allowed: int
    corrected: int
    tasks: list[int]


def changed(project_id: int) -> list[Changed]:
    """Return the accepted tasks that were changed since they were accepted or last looked at, as of the last poll."""
    return fetch(
        Changed,
        "SELECT DISTINCT ON (i.acceptance_id, i.task_id, c.sample_id) i.acceptance_id, i.task_id, c.sample_id, "
        "t.updated_at AS changed_at FROM certificate c JOIN acceptance_item i ON i.acceptance_id = ANY(c.acceptances) "
        "JOIN task t ON t.id = i.task_id LEFT JOIN later_correction l ON l.acceptance_id = i.acceptance_id "
        "AND l.task_id = i.task_id AND l.sample_id = c.sample_id "
        "WHERE c.project_id = %s AND c.state IN ('valid', 'refuted') AND i.state = 'accepted' "
        "AND t.updated_at > coalesce(l.seen_at, i.task_updated_at, i.updated_at) "
        "ORDER BY i.acceptance_id, i.task_id, c.sample_id",
        (project_id,))


def listed(sample_id: int, task_ids: Sequence[int]) -> list[ListedObject]:
    """Return the objects of a sample's list on these tasks."""
    return fetch(ListedObject, "SELECT task_id, object, label, score, box FROM sample_item WHERE sample_id = %s "
                 "AND task_id = ANY(%s) ORDER BY task_id, object", (sample_id, list(task_ids)))


def keep(looked_at: Iterable[Changed], corrected: Mapping[int, Sequence[str]]) -> None:
    """Keep which objects of tasks were corrected, in place of what was kept before."""
    execute_many("INSERT INTO later_correction (acceptance_id, task_id, sample_id, objects, seen_at) VALUES "
                 "(%s, %s, %s, %s, %s) ON CONFLICT (acceptance_id, task_id, sample_id) DO UPDATE SET "
                 "objects = excluded.objects, seen_at = excluded.seen_at",
                 [(one.acceptance_id, one.task_id, one.sample_id, list(corrected[one.task_id]), one.changed_at)
                  for one in looked_at if one.task_id in corrected])


def standings(project_id: int) -> list[Standing]:
    """Return the certificates of a project that are not void, with what was corrected of their objects."""
    return fetch(
        Standing,
        "WITH read AS MATERIALIZED (SELECT id, state, sample_id, acceptances, body::jsonb AS made FROM certificate "
        "WHERE project_id = %s AND state IN ('valid', 'refuted')) "
        "SELECT r.id, r.state, coalesce(made ->> 'kind', 'objects') AS kind, "
        "(made ->> 'accepted_objects')::int AS accepted, "
        "(made ->> 'most_wrong')::int - (made ->> 'wrong')::int AS allowed, "
        "coalesce(c.corrected, 0)::int AS corrected, coalesce(c.tasks, '{}') AS tasks FROM read r CROSS JOIN LATERAL ("
        "SELECT sum(cardinality(l.objects)) AS corrected, array_agg(l.task_id ORDER BY l.task_id) AS tasks "
        "FROM later_correction l WHERE l.acceptance_id = ANY(r.acceptances) AND l.sample_id = r.sample_id "
        "AND cardinality(l.objects) > 0 AND made -> 'accepted_tasks' @> to_jsonb(l.task_id)) c ORDER BY r.id",
        (project_id,))


def set_states(states: Iterable[tuple[int, str, str]]) -> None:
    """Write (certificate, state, reason); one that became void meanwhile stays void."""
    execute_many("UPDATE certificate SET state = %s, reason = %s WHERE id = %s AND state <> 'void'",
                 [(state, reason, number) for number, state, reason in states])


class Certified(NamedTuple):
    """A valid certificate that a task stands under; `label`: the only one it is about, None: all, or an empty frame."""

    task_id: int
    label: str | None
    certificate: int


def certified_tasks(project_id: int) -> list[Certified]:
    """Return the tasks that stand as valid certificates say: of each label, and of all of them, the newest one."""
    return fetch(
        Certified,
        "WITH read AS MATERIALIZED (SELECT c.id, c.acceptances, c.sample_id, c.body::jsonb -> 'accepted_tasks' AS "
        "tasks, CASE s.kind WHEN 'objects' THEN s.labels[1] END AS label FROM certificate c "
        "JOIN sample s ON s.id = c.sample_id WHERE c.project_id = %s AND c.state = 'valid') "
        "SELECT DISTINCT ON (i.task_id, r.label) i.task_id, r.label, r.id AS certificate FROM read r "
        "CROSS JOIN LATERAL jsonb_array_elements_text(r.tasks) AS listed (task) "
        "JOIN acceptance_item i ON i.acceptance_id = ANY(r.acceptances) AND i.task_id = listed.task::bigint "
        "LEFT JOIN later_correction l ON l.acceptance_id = i.acceptance_id AND l.task_id = i.task_id "
        "AND l.sample_id = r.sample_id WHERE i.state = 'accepted' AND coalesce(cardinality(l.objects), 0) = 0 "
        "ORDER BY i.task_id, r.label, r.id DESC", (project_id,))
