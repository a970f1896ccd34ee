"""Frames of a video that show the same as an earlier one: marked (`task.duplicate_of`), never dropped.

Two signs must agree. The difference hash sees where things are but not what they are; the embedding sees what there is
but hardly where. A frame is compared with the frames of the same video that are no duplicates themselves and at most
`ARGUS_DUPLICATE_SECONDS` older, so a still belt keeps one frame a window, and a chain of small steps does not drift.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from argus.db import connect
from argus.settings import get_settings
from search_service.vectors import store
from search_service.vectors.store import Connection, Model, Vectors

SIDE = 16  # cells of the hash in each direction: 256 bits
MARGIN = 2  # grey levels
BATCH = 2000  # frames compared in one transaction


@dataclass(frozen=True)
class Frame:
    """A frame of a video: its task, its time in seconds, its hash and its vector of length 1."""

    task_id: int
    seconds: float
    dhash: bytes
    vector: Vectors


def dhash(image: Image.Image) -> bytes:
    """Return the difference hash of an image, 32 bytes: one bit a cell, whether it is brighter than its left neighbour.

    The brightness of the whole image does not change it; a thing that moves by a sixteenth of the image does. Grey
    levels that differ by less than `MARGIN` count as equal, so a flat background's noise sets no bits.
    """
    cells = np.asarray(image.convert("L").resize((SIDE + 1, SIDE), Image.Resampling.BOX), np.int16)
    return np.packbits(cells[:, 1:] >= cells[:, :-1] + MARGIN).tobytes()


def distance(first: bytes, second: bytes) -> int:
    """Return in how many of the 256 bits two hashes differ."""
    return (int.from_bytes(first, "big") ^ int.from_bytes(second, "big")).bit_count()


def duplicates(frames: Sequence[Frame], kept: Sequence[Frame] = (), *, seconds: float, bits: int,
               similarity: float) -> dict[int, int | None]:
    """Return for each frame the task id of the earlier one that shows the same, or None.

    Args:
        frames: of one video, by time.
        kept: earlier ones that are no duplicates, by time.
        seconds: how much older the earlier one may be.
        bits, similarity: hashes may differ in at most so many bits, vectors must have at least this cosine.
    """
    window = deque(kept)
    found: dict[int, int | None] = {}
    for frame in frames:
        while window and frame.seconds - window[0].seconds > seconds:
            window.popleft()
        found[frame.task_id] = next(
            (old.task_id for old in reversed(window) if distance(old.dhash, frame.dhash) <= bits
             and float(old.vector @ frame.vector) >= similarity), None)
        if found[frame.task_id] is None:
            window.append(frame)
    return found


def mark(project_id: int) -> int:
    """Compare frames that were embedded since the last call with those before them; return how many were compared.

    From the earliest new frame of a video on everything is compared again: a frame that comes in between changes what
    the later ones are duplicates of.
    """
    model = store.current_model()
    if model is None:
        return 0
    compared = 0
    with connect() as connection:
        videos = connection.execute(
            "SELECT video_key, min(video_time) AS first FROM task WHERE project_id = %s AND state = 'embedded' "
            "AND NOT compared AND video_key IS NOT NULL AND video_time IS NOT NULL AND dhash IS NOT NULL "
            "GROUP BY video_key",
            (project_id,)).fetchall()
    for row in videos:
        compared += _mark_video(model, project_id, row["video_key"], row["first"])
    return compared


def _mark_video(model: Model, project_id: int, key: str, first: float) -> int:
    settings, compared = get_settings(), 0
    while True:
        with connect() as connection:
            frames = _frames(connection, model, project_id, "t.video_key = %s AND t.video_time >= %s", (key, first),
                             BATCH)
            kept = _frames(connection, model, project_id, "t.video_key = %s AND t.video_time >= %s "
                           "AND t.video_time < %s AND t.duplicate_of IS NULL",
                           (key, first - settings.duplicate_seconds, first), BATCH)
            marks = duplicates(frames, kept, seconds=settings.duplicate_seconds, bits=settings.duplicate_bits,
                               similarity=settings.duplicate_similarity)
            with connection.cursor() as cursor:
                cursor.executemany("UPDATE task SET duplicate_of = %s, compared = true WHERE id = %s "
                                   "AND (NOT compared OR duplicate_of IS DISTINCT FROM %s)",
                                   [(original, task_id, original) for task_id, original in marks.items()])
        compared += len(frames)
        if len(frames) < BATCH or frames[-1].seconds <= first:
            return compared
        first = frames[-1].seconds


def _frames(connection: Connection, model: Model, project_id: int, where: str, values: tuple[object, ...],
            limit: int) -> list[Frame]:
    rows = connection.execute(
        f"SELECT t.id, t.video_time, t.dhash FROM task t WHERE t.project_id = %s AND t.state = 'embedded' "
        f"AND t.dhash IS NOT NULL AND {where} ORDER BY t.video_time, t.id LIMIT %s",
        (project_id, *values, limit)).fetchall()
    found = store.of_tasks(connection, model, project_id, [row["id"] for row in rows])
    return [Frame(row["id"], row["video_time"], bytes(row["dhash"]), found[row["id"]]) for row in rows
            if row["id"] in found]


def forget(connection: Connection, task_ids: Sequence[int]) -> None:
    """Unmark tasks whose image changed or goes away, and compare what was a duplicate of them again."""
    connection.execute("UPDATE task SET duplicate_of = NULL, compared = false WHERE id = ANY(%s) "
                       "OR duplicate_of = ANY(%s)", (list(task_ids), list(task_ids)))
