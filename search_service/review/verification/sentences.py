"""What people read about a sample. Only `promise` is a guarantee."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from search_service.review.verification.sample import ALL_LABELS, FRAMES, Scope
from search_service.review.verification.thresholds import Step

BUDGET = 250  # judgements after which another threshold is the better way


def percent(share: float) -> str:
    """Return a share as a percentage that is not above it: one decimal, rounded down."""
    return f"{math.floor(share * 1000 + 1e-9) / 10:.1f} %"


def promise(accepted: int, least: float, judged: int, wrong: int, people: Sequence[str], confidence: float,
            scope: Scope = ALL_LABELS, others: int = 0) -> str:
    """Return the one sentence that a certificate promises; of one label, also what it does not speak of.

    Args:
        accepted: objects of the scope, or frames.
        least: least share of right ones, 0 to 1.
        judged, wrong: of the sample.
        people: e-mails of who judged; without any, they were not named.
        others: objects of other labels that were accepted with them.
    """
    known = [name for name in people if name]
    names = " and ".join(known + ["somebody who was not named"] * (len(known) < len(people) or not people))
    what, share = _claim(scope)
    once, unit = round(1 / (1 - confidence)), _unit(scope)
    return (f"Of the {accepted:,} {what}, at least {percent(least)} {share} as {names} judged; a sentence like this is "
            f"false at most once in {once}. {judged:,} random {unit} were looked at, {wrong:,} were wrong."
            f"{_not_verified(others)}")


def _unit(scope: Scope) -> str:
    return "frames" if scope.kind == FRAMES else f"objects of {scope.label}" if scope.label else "objects"


def _claim(scope: Scope) -> tuple[str, str]:
    """Return what was accepted, and what at least a share of it is."""
    if scope.kind != FRAMES:
        return f"{_unit(scope)} accepted here", "are right (label, IoU >= 0.5)"
    labels = "label" if len(scope.labels) == 1 else "labels"
    return "frames accepted here as empty", f"hold none of the {labels} {', '.join(scope.labels)}"


def _not_verified(others: int) -> str:
    if not others:
        return ""
    objects, they = ("object", "that was") if others == 1 else ("objects", "that were")
    return (f" Nothing is said of the {others:,} {objects} of other labels on the same frames {they} accepted with "
            "them.")


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


def progress(step: Step, target: float, scope: Scope = ALL_LABELS) -> str:
    """Return where a threshold stands, and what would certify it. Frames have no threshold."""
    seen, goal, frames = step.count, f"{target * 100:g} %", scope.kind == FRAMES
    if not seen.accepted:
        return f"{'Here' if frames else f'From {seen.edge:g} up'} there is nothing that could be accepted."
    said = (f"{seen.judged:,} looked at, {seen.wrong:,} wrong: at least {percent(step.least_right)} "
            f"{'hold nothing' if frames else 'are right'}")
    if step.least_right >= target:
        return f"{said}." if step.certified else f"{said}, but a higher threshold has not passed."
    left = seen.objects - seen.judged
    if is_beyond_budget(step, target):
        here, do = ("", "Look") if frames else (f" from {seen.edge:g} up", "Raise the threshold, or look")
        return (f"{seen.wrong:,} wrong of {seen.judged:,}: {goal} cannot be shown{here} with {BUDGET} judgements. "
                f"{do} at all {seen.objects:,}.")
    return f"{said}; {min(step.more, left):,} more right ones certify {goal}."
