"""Rows `label_reference`: the regions that labels are looked for by, with their pictures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from argus.db.statements import execute, fetch, fetch_number, fetch_numbers, fetch_one


class ReferenceRow(NamedTuple):
    """A reference; `box` on the task's image as fractions of its sides."""

    id: int
    label: str
    task_id: int
    box: list[float]
    created_by: str
    created_at: datetime


class PictureRow(NamedTuple):
    """A reference's picture, a JPEG, and the region on it as fractions of its sides."""

    picture: bytes
    part: list[float]


class CropRow(NamedTuple):
    """The embedding of a reference's crop, float (d,), by the search model `model_id`."""

    id: int
    model_id: int
    crop: list[float]


_ROW = ", ".join(ReferenceRow._fields)


def of_project(project_id: int) -> list[ReferenceRow]:
    """Return a project's references, by label, the oldest first."""
    return fetch(ReferenceRow, f"SELECT {_ROW} FROM label_reference WHERE project_id = %s ORDER BY label, id",
                 (project_id,))


def of_label(project_id: int, label: str) -> list[ReferenceRow]:
    """Return a label's references, the oldest first."""
    return fetch(ReferenceRow, f"SELECT {_ROW} FROM label_reference WHERE project_id = %s AND label = %s ORDER BY id",
                 (project_id, label))


def one(project_id: int, reference_id: int) -> ReferenceRow | None:
    """Return a reference; None when the project has none of this number."""
    return fetch_one(ReferenceRow, f"SELECT {_ROW} FROM label_reference WHERE project_id = %s AND id = %s",
                     (project_id, reference_id))


def picture(project_id: int, reference_id: int) -> PictureRow | None:
    """Return a reference's picture; None when the project has none of this number."""
    return fetch_one(PictureRow, "SELECT picture, part FROM label_reference WHERE project_id = %s AND id = %s",
                     (project_id, reference_id))


def crops(project_id: int, label: str) -> list[CropRow]:
    """Return the embeddings of a label's references, the oldest first."""
    return fetch(CropRow, "SELECT id, model_id, crop FROM label_reference WHERE project_id = %s AND label = %s "
                 "ORDER BY id", (project_id, label))


def add(project_id: int, label: str, task_id: int, box: Sequence[float], picture: PictureRow, model_id: int,
        crop: Sequence[float], person: int | None, name: str) -> int:
    """Keep a reference; return its number."""
    return fetch_number(
        "INSERT INTO label_reference (project_id, label, task_id, box, picture, part, model_id, crop, person_id, "
        "created_by) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id",
        (project_id, label, task_id, list(box), picture.picture, picture.part, model_id, list(crop), person, name))


def set_crop(reference_id: int, model_id: int, crop: Sequence[float]) -> None:
    """Keep a reference's embedding by another search model."""
    execute("UPDATE label_reference SET model_id = %s, crop = %s WHERE id = %s", (model_id, list(crop), reference_id))


def remove(project_id: int, reference_id: int) -> None:
    execute("DELETE FROM label_reference WHERE project_id = %s AND id = %s", (project_id, reference_id))


def some_objects(project_id: int, most: int) -> list[int]:
    """Return the newest objects of a project whose crops are embedded, of all labels."""
    return fetch_numbers("SELECT id FROM object WHERE project_id = %s ORDER BY id DESC LIMIT %s", (project_id, most))


def some_tasks(project_id: int, most: int) -> list[int]:
    """Return the newest tasks of a project."""
    return fetch_numbers("SELECT id FROM task WHERE project_id = %s ORDER BY id DESC LIMIT %s", (project_id, most))
