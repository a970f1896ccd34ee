"""The rows that people's verdicts on scores are read from."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from argus.db.statements import fetch
from label_studio_config.version_store import VersionLabel
from search_service.review.calibration.hints import Judged

# A frame's outcomes belong together with those of its near-duplicates and of ten seconds of its video.
GROUP = """
    CASE WHEN root.video_key IS NULL THEN 'task ' || coalesce(root.id, t.id)
         ELSE root.video_key || ' ' || floor(coalesce(root.video_time, 0) / 10)::text END
"""
_ASKED_THE_SAME = "(SELECT * FROM unnest(%(versions)s::text[], %(labels)s::text[]))"  # versions with their labels
# What was judged in samples, each in drawn order up to the first open one of its step on the ladder: within a step the
# judged objects are a random sample of the step's.
_OF_SAMPLES = f"""
    WITH listed AS (
        SELECT i.*, s.model_version, (SELECT count(*) FROM unnest(s.edges) AS e WHERE e > i.low) AS step
        FROM sample s JOIN sample_item i ON i.sample_id = s.id
        WHERE s.project_id = %(project)s AND s.model_version = ANY(%(versions)s)),
    steps AS (
        SELECT sample_id, step, count(*) AS size, min(place) FILTER (WHERE is_right IS NULL) AS open
        FROM listed GROUP BY sample_id, step),
    judged AS (
        SELECT l.model_version, l.task_id, l.object, l.label, l.score, l.is_right,
            s.size::float8 / count(*) OVER (PARTITION BY l.sample_id, l.step) AS weight
        FROM listed l JOIN steps s USING (sample_id, step) WHERE s.open IS NULL OR l.place < s.open)
    SELECT j.task_id, j.object, j.label, j.score, j.is_right, j.weight, {GROUP} AS "group"
    FROM judged j JOIN task t ON t.id = j.task_id LEFT JOIN task root ON root.id = coalesce(t.duplicate_of, t.id)
    WHERE t.project_id = %(project)s AND (j.model_version, j.label) IN {_ASKED_THE_SAME} ORDER BY j.task_id, j.object
"""
# What was said on the page; an object is right when everybody says so. Nobody said what a bulk acceptance implies.
_OF_PAGE = f"""
    SELECT v.task_id, v.object, v.label, max(v.score) AS score, bool_and(v.verdict IN ('right', 'moved')) AS is_right,
        1.0::float8 AS weight, {GROUP} AS "group"
    FROM verdict v JOIN task t ON t.id = v.task_id LEFT JOIN task root ON root.id = coalesce(t.duplicate_of, t.id)
    WHERE v.project_id = %(project)s AND (v.model_version, v.label) IN {_ASKED_THE_SAME} AND v.sample_id IS NULL
    AND v.taken_back_at IS NULL AND v.object <> '' AND v.score IS NOT NULL
    AND v.verdict IN ('right', 'moved', 'wrong', 'relabelled', 'unsure')
    GROUP BY v.task_id, v.object, v.label, 7 ORDER BY v.task_id, v.object
"""


# What people left of a prediction in Label Studio, where they began with it.
_OF_ANNOTATIONS = f"""
    SELECT a.task_id, a.object, a.label, a.score, a.change IN ('right', 'moved') AS is_right, 1.0::float8 AS weight,
        {GROUP} AS "group"
    FROM annotated_outcome a JOIN task t ON t.id = a.task_id
    LEFT JOIN task root ON root.id = coalesce(t.duplicate_of, t.id)
    WHERE t.project_id = %(project)s AND (a.model_version, a.label) IN {_ASKED_THE_SAME}
    ORDER BY a.task_id, a.object
"""


class Outcome(NamedTuple):
    """What people said of a predicted object.

    Attributes:
        weight: 1 / chance that it was looked at.
        group: what counts as one with it.
    """

    task_id: int
    object: str
    label: str
    score: float
    is_right: bool
    weight: float
    group: str


class Actions(NamedTuple):
    """What people did in review, each counted once, and how many objects stand accepted."""

    judgements: int
    verdicts: int
    acceptances: int
    set_aside: int
    accepted_objects: int


def of_samples(project_id: int, asked: Collection[VersionLabel]) -> list[Outcome]:
    """Return what was judged of these labels in samples of their model versions."""
    return fetch(Outcome, _OF_SAMPLES, _parameters(project_id, asked))


def of_page(project_id: int, asked: Collection[VersionLabel]) -> list[Outcome]:
    """Return what was said on the page of objects of these labels and their model versions."""
    return fetch(Outcome, _OF_PAGE, _parameters(project_id, asked))


def of_annotations(project_id: int, asked: Collection[VersionLabel]) -> list[Outcome]:
    """Return what people who annotated in Label Studio left of objects of these labels and their model versions."""
    return fetch(Outcome, _OF_ANNOTATIONS, _parameters(project_id, asked))


def _parameters(project_id: int, asked: Collection[VersionLabel]) -> dict[str, int | list[str]]:
    return {"project": project_id, "versions": [one.model_version for one in asked],
            "labels": [one.label for one in asked]}


def judged(project_id: int, versions: Sequence[str]) -> list[Judged]:
    """Return what was last said of each predicted object of these model versions, in whichever way."""
    return fetch(Judged, "SELECT label, score, verdict, new_label FROM (SELECT DISTINCT ON (task_id, object) * "
                 "FROM verdict WHERE project_id = %s AND model_version = ANY(%s) AND taken_back_at IS NULL "
                 "AND object <> '' AND score IS NOT NULL AND verdict <> 'implied' "
                 "ORDER BY task_id, object, id DESC) last",
                 (project_id, list(versions)))


def asked_below(project_id: int, versions: Sequence[str]) -> list[Judged]:
    """Return the answers about stored detections below the threshold."""
    return fetch(Judged, "SELECT label, score, verdict, '' AS new_label FROM suspicion WHERE project_id = %s "
                 "AND model_version = ANY(%s) AND kind = 'below_threshold' AND score IS NOT NULL "
                 "AND verdict IN ('add', 'nothing_there')", (project_id, list(versions)))


def count_actions(project_id: int) -> Actions:
    """Count what people did in review; an implied verdict and a repeated acceptance of nothing are no actions."""
    (found,) = fetch(Actions, "SELECT "
        "(SELECT count(*) FROM verdict WHERE project_id = %(project)s AND sample_id IS NOT NULL) AS judgements, "
        "(SELECT count(*) FROM verdict WHERE project_id = %(project)s AND sample_id IS NULL AND verdict <> 'implied') "
        "AS verdicts, (SELECT count(*) FROM acceptance WHERE project_id = %(project)s) AS acceptances, "
        "(SELECT count(*) FROM set_aside WHERE project_id = %(project)s AND sample_id IS NULL) AS set_aside, "
        "(SELECT coalesce(sum(i.regions), 0)::int FROM acceptance a JOIN acceptance_item i ON i.acceptance_id = a.id "
        "WHERE a.project_id = %(project)s AND i.state = 'accepted') AS accepted_objects", {"project": project_id})
    return found


class Drawn(NamedTuple):
    """An object of a sample: its task's lowest score, and whether it counts as right; None while it is open."""

    low: float
    is_right: bool | None


def in_drawn_order(sample_id: int) -> list[Drawn]:
    """Return the objects of a sample in the order they are judged."""
    return fetch(Drawn, "SELECT low, is_right FROM sample_item WHERE sample_id = %s ORDER BY place", (sample_id,))
