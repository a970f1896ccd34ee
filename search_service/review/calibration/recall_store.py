"""The rows of frame samples."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from argus.db.statements import execute, execute_many, fetch, fetch_number


class FrameSampleRow(NamedTuple):
    """A frame sample without its frames."""

    id: int
    project_id: int
    model_version: str
    frames: int
    of_frames: int
    digest: str
    seed: str
    created_by: str
    created_at: datetime


class Check(NamedTuple):
    """A frame at its place; `found` and `missing` are None until it is checked."""

    place: int
    task_id: int
    found: int | None
    missing: int | None


def begin(project_id: int, model_version: str, frames: int, of_frames: int, digest: str,
          person: tuple[int | None, str]) -> FrameSampleRow:
    """Store and return a sample without its frames; its seed is drawn after the digest is written."""
    number = fetch_number("INSERT INTO frame_sample (project_id, model_version, frames, of_frames, digest, seed, "
                          "person_id, created_by) VALUES (%s, %s, %s, %s, %s, '', %s, %s) RETURNING id",
                          (project_id, model_version, frames, of_frames, digest, *person))
    execute("UPDATE frame_sample SET seed = %s WHERE id = %s", (secrets.token_hex(16), number))
    return next(row for row in of_project(project_id) if row.id == number)


def put_frames(sample_id: int, tasks: Sequence[int]) -> None:
    """Store the frames of a sample in their drawn order."""
    execute_many("INSERT INTO frame_check (sample_id, place, task_id) VALUES (%s, %s, %s)",
                 [(sample_id, place, task) for place, task in enumerate(tasks)])


def of_project(project_id: int) -> list[FrameSampleRow]:
    """Return a project's samples, newest first."""
    return fetch(FrameSampleRow, "SELECT id, project_id, model_version, frames, of_frames, digest, seed, created_by, "
                 "created_at FROM frame_sample WHERE project_id = %s ORDER BY id DESC", (project_id,))


def checks(sample_id: int) -> list[Check]:
    """Return the frames of a sample in drawn order."""
    return fetch(Check, "SELECT place, task_id, found, missing FROM frame_check WHERE sample_id = %s ORDER BY place",
                 (sample_id,))


def check(sample_id: int, task_id: int, found: int, missing: int, person: tuple[int | None, str]) -> bool:
    """Store what a person saw on a frame, in place of what was said of it before; False for one that is not listed."""
    return execute("UPDATE frame_check SET found = %s, missing = %s, person_id = %s, decided_by = %s, "
                   "decided_at = clock_timestamp() WHERE sample_id = %s AND task_id = %s",
                   (found, missing, *person, sample_id, task_id)) > 0
