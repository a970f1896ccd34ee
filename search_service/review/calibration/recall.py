"""Recall by random frames: a person counts on each what was found and what is missing.

The number of frames is fixed before the first is shown and the result is shown after the last, so nobody can stop when
the figure looks good. A sample is continued, and drawn anew only when it is finished.
"""

from __future__ import annotations

from contextlib import AbstractContextManager

from argus import audit
from argus.answers import calibration as answers
from argus.db import alone, locks
from argus.errors import ArgusError
from search_service.review import prediction_store
from search_service.review.calibration import frames, recall_store
from search_service.review.calibration.recall_store import Check, FrameSampleRow
from search_service.review.calibration.sentences import recall_line
from search_service.review.candidates import open_review
from search_service.review.verification.sample import digest_of, drawn

_NEXT, _LOCK_SECONDS = 8, 60


def open_sample(project_id: int, count: int = frames.FRAMES) -> answers.FrameSample:
    """Return the newest frame sample of the current predictions that is not finished; else draw one.

    Args:
        count: frames to check; fewer when the project has not as many with predictions.

    Raises:
        ArgusError: `unknown_project`, `nothing_selected` without predictions, `conflict` when the open sample has
            another number of frames.
    """
    version = open_review(project_id).model_version
    with _locked(project_id):
        row = _open(project_id, version)
        if row is None:
            return _told(_draw(project_id, version, count))
        if row.frames != min(count, row.of_frames):
            raise ArgusError("conflict", f"Frame sample {row.id} has {row.frames} frames, and their number is fixed "
                             "before the first is checked.", f"Go on with its {row.frames}.")
        return _told(row, continued=True)


def _open(project_id: int, version: str) -> FrameSampleRow | None:
    """Return the frame sample of a version that is not finished, if there is one."""
    return next((row for row in recall_store.of_project(project_id) if row.model_version == version
                 and any(one.found is None for one in recall_store.checks(row.id))), None)


def _draw(project_id: int, version: str, count: int) -> FrameSampleRow:
    tasks = {str(one.task_id): one.task_id for one in prediction_store.delivered(project_id, version)}
    if not tasks:
        raise ArgusError("nothing_selected", f"Project {project_id} has no predictions to check.",
                         "Run the model first: argus annotate.")
    row = recall_store.begin(project_id, version, min(count, len(tasks)), len(tasks), digest_of(tasks), _who())
    recall_store.put_frames(row.id, [tasks[key] for key in drawn(tasks, row.seed)[:count]])
    return row


def check(project_id: int, task_id: int, found: int, missing: int) -> answers.FrameSample:
    """Store what was counted on a frame of the open sample: predicted objects that are right, and objects that no
    prediction shows. A frame can be counted again until the last one is.

    Raises:
        ArgusError: `unknown_project`, `not_found` without an open sample or for a task that is not in it.
    """
    audit.about(f"task {task_id}")
    with _locked(project_id):
        row = _open(project_id, open_review(project_id).model_version)
        if row is None:
            raise ArgusError("not_found", f"Project {project_id} has no open sample of frames of these predictions.",
                             "Draw one: argus trust recall.")
        if not recall_store.check(row.id, task_id, found, missing, _who()):
            raise ArgusError("not_found", f"Task {task_id} is not in frame sample {row.id}.",
                             "argus trust recall lists the next ones.")
    return _told(row)


def samples(project_id: int) -> answers.FrameSamples:
    """Return a project's frame samples, newest first. Raises `unknown_project`."""
    open_review(project_id)
    return answers.FrameSamples(samples=[_told(row) for row in recall_store.of_project(project_id)])


def _told(row: FrameSampleRow, *, continued: bool = False) -> answers.FrameSample:
    listed = recall_store.checks(row.id)
    left = [one for one in listed if one.found is None]
    result = None if left else _figures(listed)
    checked = len(listed) - len(left)
    return answers.FrameSample(
        id=row.id, project=row.project_id, model_version=row.model_version, frames=row.frames,
        of_frames=row.of_frames, checked=checked, result=result, digest=row.digest, seed=row.seed,
        line=recall_line(row.frames, row.of_frames, checked, result), created_by=row.created_by,
        created_at=row.created_at, continued=continued,
        next=[answers.FrameToCheck(place=one.place, task=one.task_id) for one in left[:_NEXT]])


def _figures(listed: list[Check]) -> answers.RecallFigures:
    found, missing = [one.found or 0 for one in listed], [one.missing or 0 for one in listed]
    said = frames.recall(found, missing)
    return answers.RecallFigures(
        found=sum(found), missing=sum(missing), lacking=said.lacking, recall=said.recall, low=said.low, high=said.high,
        complete=said.complete, complete_low=said.complete_low, complete_high=said.complete_high)


def _who() -> tuple[int | None, str]:
    return audit.actor().person, audit.actor().verified_name


def _locked(project_id: int) -> AbstractContextManager[None]:
    return alone(locks.SAMPLE, project_id, seconds=_LOCK_SECONDS, busy=ArgusError(
        "conflict", f"A sample of project {project_id} is being drawn or accepted.", "Try again when it is done."))
