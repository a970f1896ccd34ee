"""What the web services' probes and metrics read of the database."""

from __future__ import annotations

from typing import NamedTuple

from argus.db.statements import fetch, fetch_number


class StateCount(NamedTuple):
    """How many tasks or runs are in a state."""

    state: str
    n: int


class RunTasks(NamedTuple):
    """How many tasks of runs are in a state, of the runs that go on or of all others."""

    goes_on: bool
    state: str
    n: int


def database_answers() -> bool:
    return fetch_number("SELECT 1") == 1


def tasks_by_state() -> list[StateCount]:
    return fetch(StateCount, "SELECT state, count(*) AS n FROM task GROUP BY state")


def objects_by_state() -> list[StateCount]:
    """Those that wait and that failed are counted by the scores of their detections: no box or mask is read."""
    return fetch(StateCount, """
        SELECT 'embedded' AS state, count(*) AS n FROM object UNION ALL
        SELECT objects, coalesce(sum(cardinality(scores)), 0)::bigint FROM detection
        WHERE (objects = 'waiting' AND best_score IS NOT NULL AND NOT previewed) OR objects = 'failed' GROUP BY 1""")


def runs_by_state() -> list[StateCount]:
    return fetch(StateCount, "SELECT state, count(*) AS n FROM run GROUP BY state")


def run_tasks_by_state() -> list[RunTasks]:
    """One pass over the index `run_task_state`, in its order: nothing is sorted, and no row of the table is read."""
    return fetch(RunTasks, """
        SELECT run.state = 'running' AS goes_on, counted.state, sum(n)::bigint AS n
        FROM (SELECT run_id, state, count(*) AS n FROM run_task GROUP BY run_id, state) counted
        JOIN run ON run.id = run_id GROUP BY goes_on, counted.state""")
