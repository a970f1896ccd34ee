"""The threshold ladder: one sample tells of several thresholds how many of the objects from there up are right.

In the drawn order, the objects from a threshold up are a random sample of all objects from there up, so each threshold
has its own bound. They are tried from high to low, and one counts only when all above it do (fixed-sequence testing, as
in Angelopoulos et al., "Learn then test", 2021, arXiv:2110.01052): so to choose the lowest that passed costs no
confidence. The thresholds are fixed with the list, before anything is judged. Pure functions.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from search_service.review.verification.bound import judgements_needed, least_right, most_wrong
from search_service.review.verification.sample import judged_prefix

MOST_EDGES, LEAST_TARGET, MOST_TARGET = 8, 0.5, 0.999
COURSE_POINTS = 50
FRAME_EDGE = 1.0  # the only threshold of a sample of frames in which nothing was found: they have no score
CONFIDENCES = (0.9, 0.95, 0.99)  # false at most once in 10, 20, 100


@dataclass(frozen=True)
class Listed:
    """One object of the list; `low`, the lowest score of its task, is what a threshold is compared with.

    A frame in which nothing was found has the name "" and `low` 1.
    """

    task: int
    name: str
    low: float


@dataclass(frozen=True)
class Terms:
    """What a sample is drawn for: the thresholds from high to low, the share of right objects to show, how surely."""

    edges: tuple[float, ...]
    target: float = 0.95
    confidence: float = 0.95


@dataclass(frozen=True)
class Count:
    """What was seen from a threshold up.

    Args:
        objects: of the list, from the threshold up.
        judged, wrong: in drawn order, up to the first that nobody has judged.
        accepted: objects that would be accepted, or were: on tasks without an object that was judged wrong.
    """

    edge: float
    objects: int
    judged: int
    wrong: int
    accepted: int


@dataclass(frozen=True)
class Step:
    """What that shows of a threshold.

    Args:
        most_wrong: wrong objects from the threshold up at most.
        least_right: least share of right objects among those that would be accepted, 0 to 1.
        certified: whether the target is reached here and at all thresholds above.
        more: further judgements that would reach the target if all of them were right; 0 when it is reached.
    """

    count: Count
    most_wrong: int
    least_right: float
    certified: bool
    more: int


def check_terms(edges: Sequence[float], target: float, confidence: float) -> None:
    """Raise `ValueError`, with a sentence, for what a sample cannot be drawn with.

    Args:
        edges: one to eight thresholds, falling, above 0 and up to 1.
        target: 0.5 to 0.999.
        confidence: 0.9, 0.95 or 0.99.
    """
    falling = all(high > low for high, low in itertools.pairwise(edges))
    if not 1 <= len(edges) <= MOST_EDGES or not falling or not 0 < edges[-1] <= edges[0] <= 1:
        raise ValueError(f"Thresholds are one to {MOST_EDGES} falling numbers above 0 and up to 1, not "
                         f"{', '.join(f'{edge:g}' for edge in edges) or 'none'}.")
    if not LEAST_TARGET <= target <= MOST_TARGET:
        raise ValueError(f"The target lies from {LEAST_TARGET:g} to {MOST_TARGET:g}, and is not {target:g}.")
    if confidence not in CONFIDENCES:
        raise ValueError(f"The confidence is {', '.join(map(str, CONFIDENCES))}, and not {confidence:g}.")


def count(order: Sequence[Listed], verdicts: Mapping[int, bool], edges: Sequence[float]) -> list[Count]:
    """Count what was seen from each threshold up.

    Args:
        order: the list in drawn order.
        verdicts: of what was judged, by place in it: whether it counts as right.
    """
    spoilt = {order[place].task for place, right in verdicts.items() if not right}
    found = []
    for edge in edges:
        inside = [place for place, listed in enumerate(order) if listed.low >= edge]
        seen = judged_prefix(inside, verdicts)
        accepted = sum(order[place].task not in spoilt for place in inside)
        found.append(Count(edge, len(inside), len(seen), seen.count(False), accepted))
    return found


def course(judged: Sequence[tuple[int, bool, int]], objects: int, target: float, confidence: float, *,
           points: int = COURSE_POINTS) -> list[tuple[int, int, float]]:
    """Return how the bound of one threshold went: (judged, wrong, least share of right ones), in about `points` steps.

    Args:
        judged: in drawn order, up to the first that nobody has judged: task, whether it counts as right, and the
            objects of that task on the list.
        objects: of the list, from the threshold up.
    """
    every = -(-len(judged) // points) or 1
    found, wrong, spoilt, kept = [], 0, set[int](), objects
    for done, (task, right, of_task) in enumerate([(0, True, 0), *judged]):
        if not right:
            wrong += 1
            kept -= of_task if task not in spoilt else 0
            spoilt.add(task)
        if done % every == 0 or done == len(judged):
            most = most_wrong(objects, done, wrong, target, confidence)
            found.append((done, wrong, least_right(kept, most, wrong) if kept else 0.0))
    return found


def climb(counts: Sequence[Count], target: float, confidence: float) -> list[Step]:
    """Return what the counts show, threshold by threshold from high to low."""
    steps, passed = [], True
    for seen in counts:
        most = most_wrong(seen.objects, seen.judged, seen.wrong, target, confidence)
        least = least_right(seen.accepted, most, seen.wrong)
        if seen.objects:  # a threshold above all scores says nothing, and stands in the way of none below
            passed = passed and seen.accepted > 0 and least >= target
        needed = judgements_needed(seen.objects, seen.wrong, target, confidence, accepted=seen.accepted)
        more = 0 if least >= target else max(0, needed - seen.judged)
        steps.append(Step(seen, most, least, passed and seen.objects > 0, more))
    return steps
