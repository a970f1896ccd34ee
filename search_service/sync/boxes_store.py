"""The table `annotated_boxes`: where the objects of annotations are, so that thumbnails show them without a request to
Label Studio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from psycopg.types.json import Jsonb

from argus.db.statements import execute, execute_many, fetch

Boxed = tuple[str, float, float, float, float]
"""A label and x0, y0, x1, y1 as fractions of the image's sides."""


class Drawn(NamedTuple):
    """The objects of an image of `width` × `height` pixels."""

    width: int
    height: int
    boxes: list[Boxed]


class DrawnRow(NamedTuple):
    """A task's row."""

    task_id: int
    width: int
    height: int
    boxes: list[Boxed]


def write(drawn: Mapping[int, Drawn]) -> None:
    """Keep the objects of tasks; of tasks without any, nothing."""
    forget([task for task, one in drawn.items() if not one.boxes])
    execute_many("INSERT INTO annotated_boxes (task_id, width, height, boxes) SELECT id, %s, %s, %s FROM task "
                 "WHERE id = %s ON CONFLICT (task_id) DO UPDATE SET width = excluded.width, height = excluded.height, "
                 "boxes = excluded.boxes",
                 [(one.width, one.height, Jsonb(one.boxes), task) for task, one in drawn.items() if one.boxes])


def forget(task_ids: Sequence[int]) -> None:
    if task_ids:
        execute("DELETE FROM annotated_boxes WHERE task_id = ANY(%s)", (list(task_ids),))


def of_tasks(task_ids: Sequence[int]) -> list[DrawnRow]:
    """Return what is kept of these tasks."""
    return fetch(DrawnRow, "SELECT task_id, width, height, boxes FROM annotated_boxes WHERE task_id = ANY(%s)",
                 (list(task_ids),))
