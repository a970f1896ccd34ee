"""What Label Studio says of a project against what we have on record: both must be the same to the last task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from argus.db import connect
from argus.labelstudio import LabelStudio
from search_service.vectors import store


@dataclass(frozen=True)
class Counts:
    """One project: tasks, tasks with a vector, images given up, predictions, annotations, tasks of runs by state."""

    tasks: int
    embedded: int
    given_up: int
    predictions: int
    annotations: int
    run_tasks: Mapping[str, int]

    def __str__(self) -> str:
        counts = asdict(self)
        ended = ", ".join(f"{n} {state}" for state, n in sorted(counts.pop("run_tasks").items())) or "none"
        return ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in counts.items()) + f"; of runs: {ended}"


def compare(label_studio: LabelStudio, project: int) -> tuple[Counts, list[str]]:
    """Return the counts, and each difference between Label Studio and our database as a sentence.

    Annotations are compared with acceptances: it holds for projects in which nobody annotates by hand.
    """
    tasks = list(label_studio.tasks(project))
    ours = _ours(project)
    there = {task["id"] for task in tasks}
    shown = {(task["id"], p["model_version"]) for task in tasks for p in task["predictions"]}
    annotated = {task["id"] for task in tasks if task["annotations"]}
    said = [_twice("predictions", [t["id"] for t in tasks if len({p["model_version"] for p in t["predictions"]})
                                   < len(t["predictions"])]),
            _twice("annotations", [t["id"] for t in tasks if len(t["annotations"]) > 1]),
            _apart("tasks", there, ours["tasks"]),
            _apart("vectors and embedded tasks", ours["vectors"], ours["embedded"]),
            _apart("predictions", shown, ours["stored"]),
            _apart("annotations and acceptances", annotated, ours["accepted"])]
    if ours["claimed"]:
        said.append(f"deliveries that nobody settled: {sorted(ours['claimed'])}")
    counts = Counts(len(there), len(ours["embedded"]), len(ours["given_up"]), len(shown), len(annotated), ours["runs"])
    return counts, [sentence for sentence in said if sentence]


def whole(project: int) -> bool:
    """Whether nothing is outstanding: all runs ended, no image waits, every delivery is settled."""
    with connect() as connection:
        return not connection.execute(
            "SELECT 1 FROM task WHERE project_id = %(p)s AND state = 'waiting' UNION ALL "
            "SELECT 1 FROM run WHERE project_id = %(p)s AND state IN ('queued', 'running') UNION ALL "
            "SELECT 1 FROM prediction WHERE project_id = %(p)s AND state = 'claimed'", {"p": project}).fetchall()


def _ours(project: int) -> dict[str, Any]:
    with connect() as connection:
        def ids(query: str) -> set[Any]:
            rows = connection.execute(query.encode(), {"project": project}).fetchall()
            return {values[0] if len(values) == 1 else values for values in (tuple(row.values()) for row in rows)}

        model = store.current_model()
        return {
            "tasks": ids("SELECT id FROM task WHERE project_id = %(project)s"),
            "embedded": ids("SELECT id FROM task WHERE project_id = %(project)s AND state = 'embedded'"),
            "given_up": ids("SELECT id FROM task WHERE project_id = %(project)s AND state = 'failed'"),
            "vectors": ids(f"SELECT task_id FROM embedding_{model.dim} WHERE project_id = %(project)s "
                           f"AND model_id = {model.id}") if model else set(),
            "stored": ids("SELECT task_id, model_version FROM prediction WHERE project_id = %(project)s "
                          "AND state = 'stored'"),
            "claimed": ids("SELECT task_id FROM prediction WHERE project_id = %(project)s AND state = 'claimed'"),
            # The last word on each task counts: it may have been accepted, taken back and accepted again. The record
            # of a task that was deleted stays, and Label Studio's annotation went with the task.
            "accepted": ids("SELECT task_id FROM (SELECT DISTINCT ON (task_id) task_id, i.state FROM acceptance_item i "
                            "JOIN acceptance a ON a.id = acceptance_id WHERE project_id = %(project)s "
                            "ORDER BY task_id, a.id DESC) last WHERE state = 'accepted' AND task_id IN "
                            "(SELECT id FROM task WHERE project_id = %(project)s)"),
            "runs": {row["state"]: row["n"] for row in connection.execute(
                "SELECT run_task.state, count(*) AS n FROM run_task JOIN run ON run.id = run_id "
                "WHERE project_id = %s GROUP BY run_task.state", (project,))}}


def _twice(what: str, tasks: list[int]) -> str:
    return f"tasks with several {what}: {sorted(tasks)}" if tasks else ""


def _apart(what: str, first: set[Any], second: set[Any]) -> str:
    """Say what only one side has; the first side is Label Studio's, or what stands for it."""
    return f"{what}: only there {sorted(first - second)}, only here {sorted(second - first)}" if first != second else ""
