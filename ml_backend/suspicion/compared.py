"""Where the two models of a project disagree: SAM 3 and a detector looked for the same labels on the same image.

Only labels that both looked for count, and of each what it would show. Boxes are matched from the surest on: first
those with one label, then those of two labels on one thing.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ml_backend.suspicion.frames import Frame, Kind, Suspicion, percent

OF_TWO_MODELS: tuple[Kind, ...] = ("only_other", "only_here", "other_label")
SAME_THING = 0.5  # IoU from which two boxes of two models are one thing


def disagreements(frame: Frame, other: Frame) -> Iterator[Suspicion]:
    """Yield what the other model shows and this one does not, the other way round, and things with two labels.

    Args:
        frame: what the project's prediction is made of.
        other: of the same image, by the other model.
    """
    both = _computed(frame) & _computed(other)
    mine, theirs = (_shown(one, both) for one in (frame, other))
    left = set(theirs)
    alone = [k for k in mine if not _matched(frame, k, other, left, same=True)]
    for k in alone:
        twin = _matched(frame, k, other, left, same=False)
        said = str(other.labels[twin[0]]) if twin else ""
        yield Suspicion(frame.task, "other_label" if twin else "only_here", str(frame.labels[k]),
                        percent(frame.boxes[k]), _strength(other.scores[twin[0]] if twin else 1 - frame.scores[k]),
                        score=round(float(frame.scores[k]), 6), said=said)
    for k in sorted(left):
        # Of two boxes of the other model on a thing that both show, the second is no object that is missing here.
        if not _covered(frame, mine, other, k):
            yield Suspicion(frame.task, "only_other", str(other.labels[k]), percent(other.boxes[k]),
                            _strength(other.scores[k]))


def _computed(frame: Frame) -> set[str]:
    return set(frame.labels.tolist()) if frame.computed is None else set(frame.computed)


def _shown(frame: Frame, labels: set[str]) -> list[int]:
    """Return the places of what is shown of these labels, the surest first."""
    order = np.argsort(-frame.scores, kind="stable").tolist()
    return [k for k in order if frame.shown[k] and str(frame.labels[k]) in labels]


def _matched(frame: Frame, k: int, other: Frame, left: set[int], *, same: bool) -> list[int]:
    """Return the box of the other model that lies on `k`, taken out of those that are left; none, or one."""
    over = other.overlap(frame.boxes[k])
    found = [i for i in left if over[i] >= SAME_THING and (other.labels[i] == frame.labels[k]) == same]
    best = sorted(found, key=lambda i: -over[i])[:1]
    left.difference_update(best)
    return best


def _covered(frame: Frame, mine: list[int], other: Frame, k: int) -> bool:
    over: NDArray[np.float64] = frame.overlap(other.boxes[k])
    return any(over[i] >= SAME_THING and frame.labels[i] == other.labels[k] for i in mine)


def _strength(value: float) -> float:
    return round(min(1.0, max(0.0, float(value))), 4)
