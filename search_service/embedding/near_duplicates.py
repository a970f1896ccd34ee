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

from argus.db import connect, together
from argus.settings import get_settings
from search_service.embedding import store
from search_service.embedding.store import FrameRow
from search_service.vectors import store as vectors
from search_service.vectors.store import Model, Vectors

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
    model = vectors.current_model()
    if model is None:
        return 0
    return sum(_mark_video(model, project_id, video.video_key, video.first)
               for video in store.videos_with_new_frames(project_id))


def _mark_video(model: Model, project_id: int, key: str, first: float) -> int:
    settings, compared = get_settings(), 0
    while True:
        with together():
            frames = _frames(model, project_id, store.frames_from(project_id, key, first, BATCH))
            kept = _frames(model, project_id, store.originals_between(
                project_id, key, first - settings.duplicate_seconds, first, BATCH))
            store.mark_duplicates(duplicates(frames, kept, seconds=settings.duplicate_seconds,
                                             bits=settings.duplicate_bits, similarity=settings.duplicate_similarity))
        compared += len(frames)
        if len(frames) < BATCH or frames[-1].seconds <= first:
            return compared
        first = frames[-1].seconds


def _frames(model: Model, project_id: int, rows: Sequence[FrameRow]) -> list[Frame]:
    """Return the frames that have a vector."""
    with connect() as connection:
        known = vectors.of_tasks(connection, model, project_id, [row.id for row in rows])
    return [Frame(row.id, row.video_time, bytes(row.dhash), known[row.id]) for row in rows if row.id in known]
