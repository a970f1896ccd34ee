"""Frames that show too little to be trusted: dark, blurred, or the same picture again."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from argus.images.measures import Measures
from ml_backend.suspicion.frames import Kind, Suspicion

DARK = 0.12  # brightness below which nothing can be judged
DARKER = 0.4  # of the video's usual brightness
BLURRED = 0.5  # of the video's usual sharpness
ENOUGH = 10  # frames that tell what is usual
SAME_BITS = 0  # of the image hash by which a frozen frame differs from the one before
STILL = 0.5  # share of frozen frames from which the camera simply shows what does not move


@dataclass(frozen=True)
class Picture:
    """What was measured of a task's image; `hash` is its image hash, None when it has none."""

    task: int
    measures: Measures
    hash: bytes | None = None


def unusable(pictures: Sequence[Picture]) -> list[Suspicion]:
    """Return the dark, blurred and frozen frames.

    Args:
        pictures: of one video in the order of time, or a single image.
    """
    found: list[Suspicion] = []
    bright, sharp = (float(np.median([picture.measures[i] for picture in pictures])) if len(pictures) >= ENOUGH else 0.0
                     for i in (0, 1))
    for picture in pictures:
        if picture.measures.brightness < max(DARK, DARKER * bright):
            found.append(_whole(picture.task, "dark"))
        elif picture.measures.sharpness < BLURRED * sharp:
            found.append(_whole(picture.task, "blurred"))
    frozen = [(now.task, before.task) for before, now in itertools.pairwise(pictures)
              if before.hash is not None and now.hash is not None and _bits(before.hash, now.hash) <= SAME_BITS]
    if len(frozen) < STILL * max(len(pictures) - 1, 1):
        found += [_whole(task, "frozen", other) for task, other in frozen]
    return found


def _bits(a: bytes, b: bytes) -> int:
    return (int.from_bytes(a) ^ int.from_bytes(b)).bit_count()


def _whole(task: int, kind: Kind, other: int | None = None) -> Suspicion:
    return Suspicion(task, kind, "", None, 0.5, other)
