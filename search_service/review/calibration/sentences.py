"""What people read about scores, missing objects and work. Nothing here is a guarantee."""

from __future__ import annotations

from collections.abc import Sequence

from argus.answers.calibration import Arm, RecallFigures, ScoreClassSeen

LEAST = 20  # outcomes that a class has to be worth to be spoken of


def percent(share: float) -> str:
    return f"{share * 100:.1f} %"


def label_line(label: str, outcomes: int, classes: Sequence[ScoreClassSeen]) -> str:
    """Return what was seen of a label's highest class with enough outcomes."""
    if not outcomes:
        return f"{label}: nobody has judged objects of it yet, so its scores are only scores."
    told = [one for one in classes if one.outcomes >= LEAST]
    if not told:
        return f"{label}: {outcomes:,} objects judged, too few to say how often a score is right."
    top = told[-1]
    upper = "" if top.end == 1 else f" to {top.end:g}"
    return (f"{label}: of objects scored {top.start:g}{upper or ' or more'}, between {percent(top.low)} and "
            f"{percent(top.high)} are right (95 % interval).")


def recall_line(frames: int, of_frames: int, checked: int, result: RecallFigures | None) -> str:
    """Return where a frame sample stands; its result only when all frames are checked."""
    if result is None:
        return f"{checked} of {frames} frames checked; the result is shown after the last."
    said = (f"{frames:,} random frames of {of_frames:,}: {result.found:,} objects found, {result.missing:,} missing on "
            f"{result.lacking:,} of them. Nothing is missing on {percent(result.complete_low)} to "
            f"{percent(result.complete_high)} of all frames (95 % interval).")
    if result.recall is None:
        return f"{said} They show no object, so there is no recall."
    if result.low is None or result.high is None:
        return f"{said} Too few frames lack something for an interval of the recall: check more frames."
    return f"{said} About {percent(result.low)} to {percent(result.high)} of all objects are found."


def labour_line(total: int, objects: int) -> str:
    """Return what review took, in actions: without a control arm nobody can say in minutes what was saved."""
    if not objects:
        return f"Actions so far: {total:,}. Nothing is accepted yet."
    return f"Actions so far: {total:,}. Accepted objects: {objects:,}, with {total / objects:.2f} actions each."


def arm_line(arm: Arm) -> str:
    """Return what the control arm says of time; nothing where there never was one."""
    if not arm.drawn and not arm.share:
        return ""
    if None in (arm.ratio, arm.low, arm.high, arm.seconds_without, arm.minutes_saved):
        return (f"Timed so far: {arm.timed_with:,} tasks with predictions, {arm.timed_without:,} without; minutes are "
                f"told from {arm.least} of each.")
    said = (f"A task with predictions takes {arm.ratio:.2f} (95 % interval {arm.low:.2f} to {arm.high:.2f}) of the "
            f"{arm.seconds_without:.0f} seconds that it takes without, by {arm.timed_with:,} and {arm.timed_without:,} "
            "tasks")
    if (arm.low or 0) <= 1 <= (arm.high or 0):
        return f"{said}: no difference is shown yet."
    minutes = arm.minutes_saved or 0.0
    became = "saved" if minutes > 0 else "lost"
    return f"{said}: about {abs(minutes):.0f} minutes {became} on the tasks with predictions."
