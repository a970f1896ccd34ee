"""What people's verdicts say of scores, of missing objects and of the work it took."""

from __future__ import annotations

from typing import Literal

from argus.answers.base import Answer, Moment


class ScoreClassSeen(Answer):
    """What was seen of a label's objects with a score from `start` to below `end`."""

    start: float
    end: float
    outcomes: float
    """As many independent ones as those seen are worth: near-duplicates and ten seconds of a video count as one."""
    share: float | None
    """Of right ones; null without any."""
    low: float
    """The share's exact interval at 95 %."""
    high: float


class CurvePoint(Answer):
    """How often objects with a score are right, by the fitted curve: advice, and no claim."""

    score: float
    chance: float


class CalibrationError(Answer):
    """D-ECE, and what a perfect score would show by chance with so few outcomes."""

    error: float
    noise: float


class LabelTrust(Answer):
    """What is known of a label's scores."""

    label: str
    outcomes: int
    """Objects that people judged and that count."""
    right: int
    left_out: int
    """Objects judged on the page in classes of scores that were not looked at in full: they are no random sample."""
    classes: list[ScoreClassSeen]
    curve: list[CurvePoint]
    """Empty without outcomes: then there is a score and no chance."""
    score_error: CalibrationError | None
    """Of the score, were it taken for a chance."""
    curve_error: CalibrationError | None
    """Of the curve, on outcomes that it was not fitted to."""
    line: str
    """The same in a sentence."""


class CorrectionHint(Answer):
    """What corrections suggest to change: advice, and no claim."""

    kind: Literal["relabelled", "raise_threshold", "lower_threshold"]
    label: str
    other: str
    """The label that its objects were given instead, of relabelled ones."""
    objects: int
    """That it stands on, and that the change puts right."""
    spoilt: int
    """Objects that a changed threshold makes wrong, among those that were judged."""
    threshold: float | None
    """To set, for a hint about a threshold."""
    line: str
    """The same in a sentence."""


class SweepStep(Answer):
    """What accepting from a threshold up would mean, by the newest sample."""

    edge: float
    objects: int
    kept: float
    """Share of the list's objects from there up: the yield."""
    judged: int
    wrong: int
    share: float | None
    """Of right ones among those judged: what it looks like."""
    low: float
    """The share's interval at 95 %, for a threshold chosen beforehand. No guarantee."""
    high: float
    on_ladder: bool
    certified: bool
    """Proven, as the sample's ladder has it. Only thresholds of the ladder can be."""
    least_right: float | None
    """What is proven of those accepted from there up; null off the ladder."""


class Sweep(Answer):
    """Thresholds of a sample, from high to low."""

    sample: int
    label: str | None
    """The label whose objects the sample is of; null: of all."""
    target: float
    steps: list[SweepStep]


class FrameToCheck(Answer):
    """A frame of a sample that has not been checked."""

    place: int
    task: int


class RecallFigures(Answer):
    """What random frames say of the objects that are missing; shares, 0 to 1."""

    found: int
    missing: int
    lacking: int
    """Frames that lack something."""
    recall: float | None
    low: float | None
    """Approximate interval at 95 %; null with fewer than 5 frames that lack something."""
    high: float | None
    complete: float
    """Share of frames on which nothing is missing, with its exact interval."""
    complete_low: float
    complete_high: float


class FrameSample(Answer):
    """Random frames to check in full. Their number is fixed before the first; the result comes after the last."""

    id: int
    project: int
    model_version: str
    frames: int
    of_frames: int
    checked: int
    next: list[FrameToCheck]
    result: RecallFigures | None
    line: str
    digest: str
    """Of what it was drawn from: SHA-256 of the sorted task ids, a line each."""
    seed: str
    created_by: str
    created_at: Moment
    continued: bool


class FrameSamples(Answer):
    """The frame samples of a project, newest first."""

    samples: list[FrameSample]


class Arm(Answer):
    """The control arm: new tasks that are drawn at random to be labelled without predictions."""

    share: float
    """Of new tasks is drawn, 0 to 0.5; 0: none is."""
    drawn: int
    """Tasks that came while there was an arm."""
    without: int
    """Of these were drawn to be labelled without predictions."""
    waiting: list[int]
    """Tasks among them that nobody has labelled yet; nothing is predicted on them."""
    timed_with: int
    """Labelled tasks with predictions whose time is known."""
    timed_without: int
    least: int
    """Tasks of each kind from which on times are compared."""
    seconds_with: float | None
    """That such a task typically takes (geometric mean, pauses over 10 minutes cut)."""
    seconds_without: float | None
    ratio: float | None
    """Of these two times; null for fewer tasks than `least` of a kind."""
    low: float | None
    """The ratio's interval at 95 %."""
    high: float | None
    minutes_saved: float | None
    """On the labelled tasks with predictions."""


class Labour(Answer):
    """What people did to get where the project stands."""

    project: int
    actions: dict[str, int]
    """judgements in samples, verdicts on the page, acceptances, tasks and objects set aside."""
    total: int
    accepted_objects: int
    actions_per_object: float | None
    minutes_saved: float | None
    """Null without enough tasks in the control arm: drawn at random beforehand and labelled without predictions."""
    arm: Arm
    line: str
