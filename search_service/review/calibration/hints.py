"""What corrections suggest to change: prompts that take one label for another, and thresholds. Pure functions.

Advice and no claim: what was corrected is no random sample, people look where it is worth it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from argus.answers.calibration import CorrectionHint

LEAST = 5  # objects that a hint stands on
_GOOD_FOR_ONE_SPOILT = 4  # objects that a threshold puts right for each that it spoils
_STEP = 0.05


class Judged(NamedTuple):
    """What was last said of an object.

    Attributes:
        verdict: right, moved, wrong or relabelled as a person said of a predicted one; add or nothing_there of a stored
            detection below the threshold.
    """

    label: str
    score: float
    verdict: str
    new_label: str


def hints(judged: Sequence[Judged], below: Sequence[Judged], thresholds: Mapping[str, float]) -> list[CorrectionHint]:
    """Return the hints, those that stand on most objects first.

    Args:
        judged: predicted objects.
        below: stored detections below the threshold that somebody was asked about.
        thresholds: of the labels as they are; what was said of other labels says nothing now.
    """
    found = [_mistaken(label, other, count) for (label, other), count in Counter(
        (one.label, one.new_label) for one in judged if one.verdict == "relabelled").items()
        if count >= LEAST and label in thresholds]
    for label, threshold in thresholds.items():
        found += _raise(label, threshold, [one for one in judged if one.label == label])
        found += _lower(label, threshold, [one for one in below if one.label == label])
    return sorted(found, key=lambda one: (-one.objects, one.kind, one.label, one.other))


def _mistaken(label: str, other: str, count: int) -> CorrectionHint:
    return CorrectionHint(
        kind="relabelled", label=label, other=other, objects=count, spoilt=0, threshold=None,
        line=f"{label}: {count:,} objects were relabelled {other}. Choose prompts that tell the two apart.")


def _raise(label: str, threshold: float, judged: Iterable[Judged]) -> list[CorrectionHint]:
    wrong = [one.score for one in judged if one.verdict == "wrong"]
    right = [one.score for one in judged if one.verdict in ("right", "moved", "relabelled")]
    tried = [(sum(score < edge for score in wrong), -edge, sum(score < edge for score in right))
             for edge in _grid(threshold + _STEP, 0.95)]
    if not (fits := [one for one in tried if _pays(one[0], one[2])]):
        return []
    good, edge, spoilt = max(fits)
    return [CorrectionHint(
        kind="raise_threshold", label=label, other="", objects=good, spoilt=spoilt, threshold=-edge,
        line=f"{label}: {good:,} objects with a score below {-edge:g} were wrong, and {spoilt:,} were not. A threshold "
             f"of {-edge:g} leaves them out.")]


def _lower(label: str, threshold: float, below: Iterable[Judged]) -> list[CorrectionHint]:
    there = [one.score for one in below if one.verdict == "add"]
    nothing = [one.score for one in below if one.verdict == "nothing_there"]
    tried = [(sum(score >= edge for score in there), edge, sum(score >= edge for score in nothing))
             for edge in _grid(_STEP, threshold - 1e-9)]
    if not (fits := [one for one in tried if _pays(one[0], one[2])]):
        return []
    good, edge, spoilt = max(fits)
    return [CorrectionHint(
        kind="lower_threshold", label=label, other="", objects=good, spoilt=spoilt, threshold=edge,
        line=f"{label}: {good:,} objects that were added had been detected with a score of {edge:g} or more, and "
             f"{spoilt:,} such detections were nothing. A threshold of {edge:g} shows them.")]


def _pays(good: int, spoilt: int) -> bool:
    return good >= LEAST and spoilt * _GOOD_FOR_ONE_SPOILT <= good


def _grid(start: float, end: float) -> list[float]:
    """Return the multiples of 0.05 from `start` to `end`."""
    return [round(step * _STEP, 2) for step in range(1, 20) if start - 1e-9 <= step * _STEP <= end]
