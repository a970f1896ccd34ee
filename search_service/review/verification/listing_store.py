"""The rows that decide what may be on a list, and what of a list may be accepted or stands accepted."""

from __future__ import annotations

from typing import NamedTuple

from argus.db import connect
from search_service.review.verification.sample import Scope
from search_service.review.verification.store import Head


class OnList(NamedTuple):
    """What a list has of a task: the names of its objects, "" for the frame itself; `others` of it are not listed."""

    names: frozenset[str]
    others: int

    @property
    def regions(self) -> int:
        """Return how many objects the task had when it was listed."""
        return len(self.names - {""}) + self.others


def listed_tasks(project_id: int, model_version: str, scope: Scope) -> set[int]:
    """Return the tasks that have on a list of this model version what a list of this scope would have of them."""
    with connect() as connection:
        return {row["task_id"] for row in connection.execute(
            "SELECT DISTINCT i.task_id FROM sample s JOIN sample_item i ON i.sample_id = s.id "
            "WHERE s.project_id = %(project)s AND s.model_version = %(version)s AND s.kind = %(kind)s "
            "AND (%(label)s::text IS NULL OR s.labels = '{}' OR %(label)s = ANY(s.labels))",
            {"project": project_id, "version": model_version, "kind": scope.kind, "label": scope.label})}


def delivered_objects(project_id: int, model_version: str) -> dict[int, int]:
    """Return how many objects the delivered prediction of each task has."""
    with connect() as connection:
        return {row["task_id"]: row["regions"] for row in connection.execute(
            "SELECT task_id, regions FROM prediction WHERE project_id = %s AND model_version = %s "
            "AND state = 'stored'", (project_id, model_version))}


def objects_by_task(sample_id: int, edge: float) -> dict[int, OnList]:
    """Return what is listed of each task from a threshold up that has nothing that was judged wrong."""
    with connect() as connection:
        rows = connection.execute(
            "SELECT task_id, array_agg(object) AS names, max(others) AS others FROM sample_item WHERE sample_id = %s "
            "AND low >= %s GROUP BY task_id HAVING NOT coalesce(bool_or(NOT is_right), false) ORDER BY task_id",
            (sample_id, edge)).fetchall()
    return {row["task_id"]: OnList(frozenset(row["names"]), row["others"]) for row in rows}


def others(sample: Head) -> list[int]:
    """Return, threshold by threshold, the objects of other labels that would be accepted with those on the list."""
    with connect() as connection:
        return [row["others"] for row in connection.execute(
            "SELECT coalesce(sum(t.others), 0)::int AS others "
            "FROM unnest(%(edges)s::float8[]) WITH ORDINALITY AS e (edge, step) LEFT JOIN ("
            "SELECT max(low) AS low, max(others) AS others FROM sample_item WHERE sample_id = %(sample)s "
            "GROUP BY task_id HAVING NOT coalesce(bool_or(NOT is_right), false)) t ON t.low >= e.edge "
            "GROUP BY e.step ORDER BY e.step", {"sample": sample.id, "edges": list(sample.edges)})]


class Standing(NamedTuple):
    """A task that stands accepted under a sample; `regions`: its objects then."""

    acceptance: int
    sample: int
    regions: int


def accepted(sample: Head) -> dict[int, Standing]:
    """Return the tasks of a sample's project and model version that stand accepted under a sample, whichever it is.

    Each such acceptance took them exactly as they were predicted.
    """
    with connect() as connection:
        return {row["task_id"]: Standing(row["acceptance_id"], row["sample"], row["regions"])
                for row in connection.execute(
            "SELECT i.task_id, i.acceptance_id, s.id AS sample, i.regions FROM sample s "
            "JOIN acceptance a ON a.project_id = s.project_id AND a.selection ->> 'sample' = s.id::text "
            "JOIN acceptance_item i ON i.acceptance_id = a.id WHERE s.project_id = %s AND s.model_version = %s "
            "AND i.state = 'accepted' AND a.state <> 'undone'", (sample.project, sample.model_version))}
