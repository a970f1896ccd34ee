"""What the runs' stored detections come to: objects by label, and the images with and without any."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypedDict

from argus.db.statements import fetch, fetch_number, fetch_numbers
from label_studio_config.version_store import Asked

# The objects that a run showed on the tasks that it ended with; `%(other)s`: of those, on what another run ended with.
_SHOWN = """
    FROM unnest(%(labels)s::text[], %(keys)s::text[], %(thresholds)s::float8[]) AS w (label, concept_key, threshold)
    JOIN detection d USING (label, concept_key) JOIN run_task r ON r.task_id = d.task_id
    CROSS JOIN LATERAL unnest(d.scores) AS s (score)
    WHERE r.run_id = %(run)s AND r.state = 'done' AND s.score::float8 >= w.threshold
    AND (%(other)s::bigint IS NULL OR EXISTS (SELECT FROM run_task o WHERE o.run_id = %(other)s
                                              AND o.task_id = r.task_id AND o.state = 'done'))
"""


class LabelCount(NamedTuple):
    """The objects of a label: how many, in which bands, on how many images."""

    label: str
    objects: int
    high: int
    medium: int
    images: int


class Earlier(NamedTuple):
    """An earlier run and its labels."""

    id: int
    labels: list[str]


def counts(run_id: int, asked: Sequence[Asked], high: float, medium: float,
           other: int | None = None) -> list[LabelCount]:
    """Return the objects of each label that has any, on the tasks that a run ended with.

    Args:
        high, medium: the lowest score of each band.
        other: only on tasks that this run ended with too.
    """
    return fetch(LabelCount, "SELECT d.label, count(*) AS objects, "
                 "count(*) FILTER (WHERE round(s.score::numeric, 4) >= %(high)s) AS high, "
                 "count(*) FILTER (WHERE round(s.score::numeric, 4) >= %(medium)s "
                 "AND round(s.score::numeric, 4) < %(high)s) AS medium, "
                 f"count(DISTINCT d.task_id) AS images {_SHOWN} GROUP BY d.label",
                 {**_parameters(run_id, asked, other), "high": high, "medium": medium})


def images_with(run_id: int, asked: Sequence[Asked]) -> list[int]:
    """Return the tasks on which a run found anything, by id."""
    return fetch_numbers(f"SELECT DISTINCT d.task_id {_SHOWN} ORDER BY 1", _parameters(run_id, asked, None))


def images_of(run_id: int) -> list[int]:
    """Return the tasks that a run ended with, by id."""
    return fetch_numbers("SELECT task_id FROM run_task WHERE run_id = %s AND state = 'done' ORDER BY task_id",
                         (run_id,))


def count_common(run_id: int, other: int) -> int:
    """Return how many tasks both runs ended with."""
    return fetch_number("SELECT count(*) FROM run_task r JOIN run_task o USING (task_id) WHERE r.run_id = %s "
                        "AND o.run_id = %s AND r.state = 'done' AND o.state = 'done'", (run_id, other))


def earlier_runs(project_id: int, run_id: int, labels: Sequence[str]) -> list[Earlier]:
    """Return of each label the last earlier run that looked for it and ended, newest first."""
    return fetch(Earlier, "SELECT id, array_agg(label ORDER BY label) AS labels FROM (SELECT DISTINCT ON (w.label) "
                 "w.label, r.id FROM unnest(%s::text[]) AS w (label) JOIN run r ON w.label = ANY(r.labels) "
                 "WHERE r.project_id = %s AND r.id < %s AND r.state NOT IN ('queued', 'running') "
                 "ORDER BY w.label, r.id DESC) last GROUP BY id ORDER BY id DESC",
                 (list(labels), project_id, run_id))


class _Parameters(TypedDict):
    """The parameters of `_SHOWN`."""

    labels: list[str]
    keys: list[str]
    thresholds: list[float]
    run: int
    other: int | None


def _parameters(run_id: int, asked: Sequence[Asked], other: int | None) -> _Parameters:
    return {"labels": [one.label for one in asked], "keys": [one.concept_key for one in asked],
            "thresholds": [one.threshold for one in asked], "run": run_id, "other": other}
