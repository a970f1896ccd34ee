"""The frames that are divided, as arrays: 100,000 of them take some 10 MB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search_service.export.vector_file import Flags, Ints

NEW, NONE = -2, -1  # a frame that nothing was decided about yet, and one that is in no split
SAME_INSTANT = 1e-9  # seconds


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a frame comes from.

    Attributes:
        video: a text that only frames of one video have; '' for an image that is no frame.
        seconds: its time in the video, None when that is not known.
    """

    video: str = ""
    seconds: float | None = None


@dataclass(frozen=True)
class Frames:
    """Frames by video and time; images of no video come last, by task.

    Attributes:
        tasks: int64 (n,).
        video: int64 (n,): a number for each video, -1 for an image of none.
        seconds: float64 (n,): 0 throughout in videos of which one frame's time is not known: such a video stays whole.
        names: of the videos, by number.
        labels: float32 (n, labels): 1 where the frame shows the label.
        split: int64 (n,): what earlier exports decided: the place of a split, `NONE`, or `NEW`.
        locked: bool (n,): frames of the locked test set.
    """

    tasks: Ints
    video: Ints
    seconds: NDArray[np.float64]
    names: Sequence[str]
    labels: NDArray[np.float32]
    split: Ints
    locked: Flags

    def __len__(self) -> int:
        return len(self.tasks)


def frames_of(origins: Mapping[int, Origin], labels: Mapping[int, Sequence[str]], known: Mapping[int, int],
              locked: frozenset[int] = frozenset()) -> Frames:
    """Return frames in their order.

    Args:
        labels: of each task that has some.
        known: `{task id: what earlier exports decided}`.
    """
    whole = {one.video for one in origins.values() if one.video and one.seconds is None}
    names = sorted({one.video for one in origins.values() if one.video})
    numbers = {name: number for number, name in enumerate(names)}
    rows = sorted((numbers.get(one.video, len(names)), 0.0 if one.video in whole else one.seconds or 0.0, task)
                  for task, one in origins.items())
    columns = {label: place for place, label in enumerate(sorted({one for some in labels.values() for one in some}))}
    shown = np.zeros((len(rows), len(columns)), np.float32)
    for line, (_, _, task) in enumerate(rows):
        for label in labels.get(task, ()):
            shown[line, columns[label]] = 1
    video = np.array([row[0] for row in rows], np.int64)
    return Frames(np.array([row[2] for row in rows], np.int64), np.where(video == len(names), -1, video),
                  np.array([row[1] for row in rows], np.float64), names, shown,
                  np.array([known.get(row[2], NEW) for row in rows], np.int64),
                  np.array([row[2] in locked for row in rows], bool))


def nearest_in_time(frames: Frames, some: Flags, others: Flags) -> tuple[Ints, NDArray[np.float64]]:
    """Return for each of `some` the nearest of `others` in its video: its place among the frames, -1 without one, and
    the seconds between them, infinite without one. No frame stands on both sides."""
    mine, theirs = np.flatnonzero(some), np.flatnonzero(others & (frames.video >= 0))
    place: Ints = np.full(len(mine), -1)
    seconds: NDArray[np.float64] = np.full(len(mine), np.inf)
    if not len(theirs):
        return place, seconds
    width = 4 * float(np.abs(frames.seconds).max()) + 1
    keys = frames.video * width + frames.seconds  # frames are in the order of their keys, but for images of no video
    right = np.searchsorted(keys[theirs], keys[mine])
    for side in (right - 1, right):
        other = theirs[side.clip(0, len(theirs) - 1)]
        apart = np.abs(frames.seconds[other] - frames.seconds[mine])
        apart[(frames.video[other] != frames.video[mine]) | (frames.video[mine] < 0)] = np.inf
        place, seconds = np.where(apart < seconds, other, place), np.minimum(apart, seconds)
    return place, seconds


def near_in_time(frames: Frames, some: Flags, others: Flags, gap: float) -> Flags:
    """Tell, a flag for each frame, which of `some` are nearer than `gap` seconds to one of `others`."""
    found = np.zeros(len(frames), bool)
    found[some] = nearest_in_time(frames, some, others)[1] < max(gap, SAME_INSTANT)
    return found
