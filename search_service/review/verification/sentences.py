"""What people read about a sample. Only `promise` is a guarantee."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from search_service.review.verification.thresholds import Step

BUDGET = 250  # judgements after which another threshold is the better way


def percent(share: float) -> str:
    """Return a share as a percentage that is not above it: one decimal, rounded down."""
    return f"{math.floor(share * 1000 + 1e-9) / 10:.1f} %"


def promise(accepted: int, least: float, judged: int, wrong: int, people: Sequence[str], confidence: float) -> str:
    """Return the one sentence that a certificate promises.

    Args:
        accepted: objects.
        least: least share of right ones, 0 to 1.
        judged, wrong: objects of the sample.
        people: e-mails of who judged; without any, they were not named.
    """
    known = [name for name in people if name]
    names = " and ".join(known + ["somebody who was not named"] * (len(known) < len(people) or not people))
    once = round(1 / (1 - confidence))
    return (f"Of the {accepted:,} objects accepted here, at least {percent(least)} are right (label, IoU >= 0.5) as "
            f"{names} judged; a sentence like this is false at most once in {once}. {judged:,} random objects were "
            f"looked at, {wrong:,} were wrong.")


def is_beyond_budget(step: Step, target: float) -> bool:
    """Whether wrong objects were seen and even right ones from here on would not show the target within the budget."""
    return step.least_right < target and step.count.wrong > 0 and step.count.judged + step.more > BUDGET


def state_of(steps: Sequence[Step], target: float) -> Literal["open", "certified", "stopped"]:
    """Return where a sample stands: `stopped` when no threshold can be shown within the budget. It can still be gone on
    with; it is never drawn anew."""
    if any(step.certified for step in steps):
        return "certified"
    used = [step for step in steps if step.count.objects]
    stopped = all(is_beyond_budget(step, target) or not step.count.accepted for step in used)
    return "stopped" if used and stopped else "open"


def progress(step: Step, target: float) -> str:
    """Return where a threshold stands, and what would certify it."""
    seen, goal = step.count, f"{target * 100:g} %"
    if not seen.accepted:
        return f"From {seen.edge:g} up there is nothing that could be accepted."
    said = f"{seen.judged:,} looked at, {seen.wrong:,} wrong: at least {percent(step.least_right)} are right"
    if step.least_right >= target:
        return f"{said}." if step.certified else f"{said}, but a higher threshold has not passed."
    left = seen.objects - seen.judged
    if is_beyond_budget(step, target):
        return (f"{seen.wrong:,} wrong of {seen.judged:,}: {goal} cannot be shown from {seen.edge:g} up with {BUDGET} "
                f"judgements. Raise the threshold, or look at all {seen.objects:,}.")
    return f"{said}; {min(step.more, left):,} more right ones certify {goal}."
