"""How near the frames of validation and test are to those of training, in time and in looks. Arrays, no I/O.

Splits are made so that none is too near; this looks at what was really written: vectors may have come later than the
division, and settings may have changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search_service.export.divide import Rules
from search_service.export.frames import SAME_INSTANT, Frames, nearest_in_time
from search_service.export.vector_file import Flags, Ints, VectorFile

TRAIN = "train"
_NO_COSINE = 2.0  # nothing is so alike: neighbours are not counted, only the nearest is found


@dataclass(frozen=True)
class Leaks:
    """Frames that are in a split other than training, a row each.

    Attributes:
        tasks: int64 (n,).
        by_time: int64 (n,): task of the nearest training frame of the same video, -1 without one.
        seconds: float64 (n,): how far that is, infinite without one.
        by_looks: int64 (n,): task of the training frame that looks most like it, -1 without one.
        cosine: float32 (n,): how much, -2 without one.
        leaks: bool (n,): nearer than the gap, or a near-duplicate.
        unseen: frames, of training too, that have no vector yet: they are compared by time alone.
        alike: the cosine of near-duplicates.
    """

    tasks: Ints
    by_time: Ints
    seconds: NDArray[np.float64]
    by_looks: Ints
    cosine: NDArray[np.float32]
    leaks: Flags
    unseen: int
    alike: float

    @property
    def share(self) -> float:
        """Leaking frames of all, from 0 to 1."""
        return float(self.leaks.mean()) if len(self.leaks) else 0.0

    def worst(self, most: int) -> Ints:
        """Return the rows of the worst frames: those that leak first, then what looks most like a training frame."""
        order: Ints = np.lexsort((self.seconds, -self.cosine, ~self.leaks))
        return order[:most]

    def partner(self, row: int) -> int:
        """Return the task of the training frame that makes a frame bad: the one most like it, unless only another one
        is too near in time; -1 without any."""
        alike, near = int(self.by_looks[row]), int(self.by_time[row])
        only_time = self.leaks[row] and self.cosine[row] < self.alike
        return near if near >= 0 and (alike < 0 or only_time) else alike


def find(frames: Frames, splits: Mapping[int, str], vectors: VectorFile, rules: Rules) -> Leaks:
    """Return the nearest training frames of all frames in other splits.

    Args:
        splits: `{task: split}` of the frames that were written; others are not looked at.
        vectors: of those frames that have one.
    """
    of_frame = [splits.get(task, "") for task in frames.tasks.tolist()]
    train = np.array([split == TRAIN for split in of_frame], bool)
    checked = np.array([split not in ("", TRAIN) for split in of_frame], bool)
    rows = vectors.rows_of(frames.tasks)
    place, seconds = nearest_in_time(frames, checked, train)
    by_looks, cosine = _by_looks(vectors, rows[checked], rows[train & (rows >= 0)])
    near = (seconds < max(rules.gap, SAME_INSTANT)) | (cosine >= rules.cosine)
    return Leaks(frames.tasks[checked], np.where(place >= 0, frames.tasks[place], -1), seconds, by_looks, cosine, near,
                 int((rows[train | checked] < 0).sum()), rules.cosine)


def _by_looks(vectors: VectorFile, mine: Ints, theirs: Ints) -> tuple[Ints, NDArray[np.float32]]:
    task: Ints = np.full(len(mine), -1)
    cosine = np.full(len(mine), -2, np.float32)
    seen = np.flatnonzero(mine >= 0)
    if len(seen) and len(theirs):
        found = vectors.near(mine[seen], theirs, _NO_COSINE)
        task[seen], cosine[seen] = vectors.tasks[found.best], found.cosine
    return task, cosine
