"""What the home of a project is counted from: a handful of queries over the tables of tasks and of work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from argus.db.statements import execute, fetch, fetch_number
from label_studio_config.version_store import Asked

# Each image with its prediction of a version, and whether it is annotated, accepted in bulk, skipped or set aside.
_MARKED = """
    FROM task t
    LEFT JOIN prediction p ON p.task_id = t.id AND p.project_id = %(project)s AND p.model_version = %(version)s
        AND p.state = 'stored'
    LEFT JOIN (SELECT DISTINCT i.task_id FROM acceptance_item i JOIN acceptance a ON a.id = i.acceptance_id
        WHERE a.project_id = %(project)s AND i.state IN ('accepted', 'kept')) a ON a.task_id = t.id
    LEFT JOIN (SELECT task_id FROM reviewed_task WHERE project_id = %(project)s AND state = 'skipped') k
        ON k.task_id = t.id
    LEFT JOIN (SELECT DISTINCT task_id FROM set_aside WHERE project_id = %(project)s
        AND model_version = %(version)s) s ON s.task_id = t.id
"""


class VideoRow(NamedTuple):
    """A video; `seconds` is the time of its last frame, None when no frame has one."""

    video_key: str
    video: str | None
    video_id: str | None
    seconds: float | None


class MarkedRow(NamedTuple):
    """Images of a part of a video, or those with a score.

    Attributes:
        place: the video, from 1 on, as asked; 0: another one; None: no video.
        part: of its length, from 0 on; None for a frame without a time, and outside of the videos that were asked for.
        aside: whether something was decided against them.
        by_place: whether `place` and `part` say which images these are; else `score` and `aside` do.
        open: predicted and not yet reviewed.
        untouched: neither predicted nor annotated nor skipped.
    """

    place: int | None
    part: int | None
    score: float | None
    aside: bool | None
    by_place: bool
    images: int
    predicted: int
    open: int
    annotated: int
    accepted: int
    skipped: int
    untouched: int


class LabelRow(NamedTuple):
    """The detected objects of a label, and on how many images they are."""

    label: str
    objects: int
    images: int


class AnnotatedRow(NamedTuple):
    """Images whose annotations have a label."""

    label: str
    images: int


class WorkRow(NamedTuple):
    """Work under way; `progress` from 0 to 1."""

    kind: str
    id: str
    names: list[str]
    queued: bool
    progress: float


def begin() -> None:
    """Let this transaction (`together`) join by hashing: right after an import nothing is known of the new rows yet,
    and what is planned for a few then takes minutes."""
    execute("SET LOCAL enable_nestloop = off")


def videos(project_id: int) -> list[VideoRow]:
    """Return a project's videos by name."""
    return fetch(VideoRow, "SELECT video_key, min(video) AS video, min(video_id) AS video_id, "
                 "max(video_time) AS seconds FROM task WHERE project_id = %s AND video_key IS NOT NULL "
                 "GROUP BY video_key ORDER BY 2 NULLS LAST, 1", (project_id,))


def count_video_tasks(project_id: int) -> int:
    """Return how many tasks have a video for their file."""
    return fetch_number("SELECT count(*) FROM task WHERE project_id = %s AND state = 'video'", (project_id,))


def marked(project_id: int, version: str, shown: Sequence[VideoRow], bins: int) -> list[MarkedRow]:
    """Return the images of a project counted twice in one pass: by video and part of it, where the videos that are not
    shown come together, and by the score of their prediction."""
    return fetch(
        MarkedRow,
        "SELECT place, part, score, aside, grouping(score) = 1 AS by_place, count(*) AS images, "
        "count(*) FILTER (WHERE predicted) AS predicted, count(*) FILTER (WHERE predicted AND open) AS open, "
        "count(*) FILTER (WHERE annotated) AS annotated, count(*) FILTER (WHERE accepted) AS accepted, "
        "count(*) FILTER (WHERE skipped) AS skipped, count(*) FILTER (WHERE open AND NOT predicted) AS untouched "
        "FROM (SELECT CASE WHEN t.video_key IS NOT NULL THEN coalesce(v.place, 0) END::int AS place, "
        "least(floor(t.video_time * %(bins)s / v.seconds), %(bins)s - 1)::int AS part, p.score, "
        "s.task_id IS NOT NULL AS aside, p.task_id IS NOT NULL AS predicted, "
        "NOT (t.labelled OR a.task_id IS NOT NULL OR k.task_id IS NOT NULL) AS open, "
        "t.labelled OR a.task_id IS NOT NULL AS annotated, a.task_id IS NOT NULL AS accepted, "
        f"k.task_id IS NOT NULL AS skipped {_MARKED} "
        "LEFT JOIN unnest(%(keys)s::text[], %(seconds)s::float8[]) WITH ORDINALITY AS v (video_key, seconds, place) "
        "ON v.video_key = t.video_key WHERE t.project_id = %(project)s AND t.state <> 'video') image "
        "GROUP BY GROUPING SETS ((place, part), (score, aside))",
        {"project": project_id, "version": version, "bins": bins, "keys": [one.video_key for one in shown],
         "seconds": [max(one.seconds or 0, 1e-9) for one in shown]})


def detected(project_id: int, asked: Sequence[Asked]) -> list[LabelRow]:
    """Return the objects of each label from its threshold on; labels without any are left out."""
    return fetch(
        LabelRow,
        "SELECT label, sum(n)::bigint AS objects, count(*) AS images FROM (SELECT d.label, "
        "(SELECT count(*) FROM unnest(d.scores) s WHERE s::float8 >= w.threshold) AS n "
        "FROM unnest(%(labels)s::text[], %(keys)s::text[], %(thresholds)s::float8[]) AS w (label, concept_key, "
        "threshold) JOIN detection d USING (label, concept_key) JOIN task t ON t.id = d.task_id "
        "WHERE t.project_id = %(project)s AND NOT d.previewed AND d.best_score::float8 >= w.threshold) found "
        "GROUP BY label",
        {"project": project_id, "labels": [one.label for one in asked], "keys": [one.concept_key for one in asked],
         "thresholds": [one.threshold for one in asked]})


def annotated(project_id: int) -> list[AnnotatedRow]:
    return fetch(AnnotatedRow, "SELECT label, count(*) AS images FROM task, unnest(labels) AS label "
                 "WHERE project_id = %s AND labelled GROUP BY label", (project_id,))


def work(project_id: int) -> list[WorkRow]:
    """Return the runs, imports and evaluations that are under way. The files that people send in are their own: their
    names are left out."""
    return fetch(
        WorkRow,
        "SELECT 'run' AS kind, r.id::text AS id, r.labels AS names, r.state = 'queued' AS queued, "
        "(SELECT coalesce(avg((t.state NOT IN ('waiting', 'detected'))::int), 0) FROM run_task t WHERE t.run_id = r.id)"
        "::float8 AS progress FROM run r WHERE project_id = %(project)s AND state IN ('queued', 'running') "
        "UNION ALL SELECT 'upload', id, '{}', state = 'queued', share::float8 FROM upload "
        "WHERE project_id = %(project)s AND purpose = 'frames' AND state IN ('queued', 'running') "
        "UNION ALL SELECT 'label_import', id::text, '{}', state = 'queued', done::float8 / greatest(total, 1) "
        "FROM label_import_job WHERE project_id = %(project)s AND state IN ('planning', 'queued', 'running') "
        "UNION ALL SELECT 'evaluation', id::text, '{}', state = 'queued', images_read::float8 / greatest(total, 1) "
        "FROM evaluation_job WHERE project_id = %(project)s AND state IN ('queued', 'running') ORDER BY kind, id",
        {"project": project_id})
