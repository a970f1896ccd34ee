"""What runs read and write beside the states of their tasks (`task_states`): work that is left, and times of chunks."""

from __future__ import annotations

from typing import NamedTuple

from argus.db import only_if_writable, together
from argus.db.statements import execute, fetch, fetch_number, fetch_numbers
from label_studio_config.recipe import Recipe

_TIMINGS_KEPT = 1000  # of a checkpoint
_PRUNE_EVERY = 100


class Timing(NamedTuple):
    """One chunk: its images, its (image, prompt) pairs, and the seconds they took."""

    images: int
    pairs: int
    seconds: float


class OldClaims(NamedTuple):
    """A project's claims on predictions that nobody confirmed in time, by task."""

    project_id: int
    tasks: list[int]


def projects_with_work() -> list[int]:
    """Return the projects that have a run with waiting tasks."""
    return fetch_numbers("SELECT DISTINCT project_id FROM run WHERE state IN ('queued', 'running') "
                         "AND EXISTS (SELECT FROM run_task WHERE run_id = run.id AND state = 'waiting')")


def undelivered_runs() -> list[int]:
    """Return the runs with detected tasks. Those of a cancelled run still have their prediction delivered."""
    return fetch_numbers("SELECT DISTINCT run_id FROM run_task WHERE state = 'detected'")


def ended_runs() -> list[int]:
    """Return the runs that go on although every task of theirs has ended."""
    return fetch_numbers("SELECT id FROM run WHERE state IN ('queued', 'running') AND NOT EXISTS (SELECT FROM run_task "
                         "WHERE run_id = run.id AND state IN ('waiting', 'detected'))")


def projects_to_reshape() -> list[int]:
    """Return the connected projects whose labelling config asks for other shapes than their predictions have."""
    return fetch_numbers("SELECT id FROM project WHERE reshape_after IS NOT NULL AND connected_at IS NOT NULL "
                         "AND missing_since IS NULL")


def pull_back_claims(far_seconds: float) -> None:
    """Let claims begin now that were made while the server's clock was ahead: nobody would look at them until the clock
    gets there again."""
    execute("UPDATE prediction SET claimed_at = now() WHERE state = 'claimed' "
            "AND claimed_at > now() + make_interval(secs => %s)", (far_seconds,))


def old_claims(grace_seconds: float) -> list[OldClaims]:
    """Return what was claimed longer ago than `grace_seconds` and never confirmed."""
    return fetch(OldClaims,
                 "SELECT project_id, array_agg(task_id ORDER BY task_id) AS tasks FROM prediction WHERE state = "
                 "'claimed' AND claimed_at < now() - make_interval(secs => %s) GROUP BY project_id", (grace_seconds,))


def projects_with_old_versions() -> list[int]:
    """Return the projects with predictions of other versions than their own two: three looks into an index."""
    return fetch_numbers(
        "SELECT id FROM (SELECT id, least(model_version, other_version) AS low, greatest(model_version, other_version) "
        "AS high FROM project WHERE model_version <> '') own WHERE "
        "EXISTS (SELECT FROM prediction p WHERE p.project_id = own.id AND p.model_version < own.low) OR "
        "EXISTS (SELECT FROM prediction p WHERE p.project_id = own.id AND p.model_version > own.low "
        "AND p.model_version < own.high) OR "
        "EXISTS (SELECT FROM prediction p WHERE p.project_id = own.id AND p.model_version > own.high)")


def outdated_tasks(project_id: int, recipe: Recipe) -> list[int]:
    """Return the predicted tasks that were looked at for a label of the recipe with other prompts or weights only."""
    return fetch_numbers(
        "SELECT DISTINCT p.task_id FROM prediction p JOIN detection d USING (task_id) "
        "JOIN unnest(%s::text[], %s::text[]) AS w (label, concept_key) ON w.label = d.label "
        "WHERE p.project_id = %s AND NOT d.previewed "
        "AND NOT EXISTS (SELECT FROM detection n WHERE n.task_id = p.task_id "
        "AND n.label = w.label AND n.concept_key = w.concept_key) ORDER BY p.task_id",
        ([c.label for c in recipe.concepts], [recipe.source_key(c) for c in recipe.concepts], project_id))


def count_predicted(project_id: int) -> int:
    """Return how many tasks of a project have a prediction, of whatever version."""
    return fetch_number("SELECT count(DISTINCT task_id) AS n FROM prediction WHERE project_id = %s", (project_id,))


def predicted_tasks(project_id: int, model_version: str) -> list[int]:
    """Return the tasks with a prediction of a version, by id."""
    return fetch_numbers("SELECT task_id FROM prediction WHERE project_id = %s AND model_version = %s ORDER BY task_id",
                         (project_id, model_version))


def count_waiting() -> int:
    """Return how many tasks of runs that go on still wait for the model."""
    return fetch_number("SELECT count(*) AS n FROM run_task JOIN run ON run.id = run_id "
                        "WHERE run.state IN ('queued', 'running') AND run_task.state = 'waiting'")


def record_timing(checkpoint: str, worker: str, timing: Timing) -> None:
    """Keep what a chunk cost, and forget the oldest now and then."""
    with only_if_writable("timing"), together():
        row = fetch_number(
            "INSERT INTO timing (checkpoint, worker, images, pairs, seconds) VALUES (%s, %s, %s, %s, %s) RETURNING id",
            (checkpoint, worker, *timing))
        if row % _PRUNE_EVERY == 0:
            execute("DELETE FROM timing WHERE checkpoint = %s AND id <= (SELECT id FROM timing "
                    "WHERE checkpoint = %s ORDER BY id DESC OFFSET %s LIMIT 1)",
                    (checkpoint, checkpoint, _TIMINGS_KEPT))


def timings(checkpoint: str, newest: int) -> list[Timing]:
    """Return what the newest chunks of a checkpoint cost."""
    return fetch(Timing, "SELECT images, pairs, seconds FROM timing WHERE checkpoint = %s ORDER BY id DESC LIMIT %s",
                 (checkpoint, newest))
