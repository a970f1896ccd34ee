"""Labels that are taught by examples."""

from __future__ import annotations

from argus.answers.base import Answer, Moment
from argus.answers.review import WallObject

Box = tuple[float, float, float, float]


class TaughtObject(Answer):
    """An object that a verifier was taught by, or whose score it changes."""

    task: int
    object: str
    """Its name on the task, as review has it; "" where only its place is known."""
    box: Box
    """x0, y0, x1, y1 as fractions of the image's sides."""
    before: float
    """The score that is shown now."""
    after: float
    """The score that would be shown; of an example, that of a verifier that did not see its moment."""
    right: bool | None = None
    """What people said of it; null where nobody did."""


class VerifierFigures(Answer):
    """What cross-validation says of a verifier: frames of one moment stand on one side of it."""

    ranked: float
    """How often a right example has a higher score than a wrong one, 0-1."""
    ranked_by_score: float
    """The same by the model's own score."""
    loss: float
    """Mean of -log of the chance given to what is true: less is better."""
    loss_of_curve: float
    """The same by the best curve of the model's own score alone."""


class VerifierState(Answer):
    """A verifier that is or was in use."""

    key: str
    in_use: bool
    right: int
    wrong: int
    """Examples it was made of, of each kind."""
    figures: VerifierFigures
    created_by: str
    created_at: Moment


class VerifierChanges(Answer):
    """What would change if a verifier was used."""

    objects: int
    """Detections that were looked at."""
    of: int
    """Detections there are; more than `objects` in a large project, where the newest are looked at."""
    shown: int
    """Hidden now, and shown then."""
    hidden: int
    into_high: int
    """Shown, and in the high band only then."""
    out_of_high: int
    crops: list[TaughtObject]
    """Some of them, those that change most first."""


class VerifierDraft(Answer):
    """What the examples that are there would make."""

    key: str
    paid: bool
    """Whether it is better than the model's own score and than its best curve, so that it can be used."""
    figures: VerifierFigures
    changes: VerifierChanges
    pulling: list[TaughtObject]
    """The examples that change the scores of others most."""
    mistakes: list[TaughtObject]
    """The examples it gets most wrong."""


class TaughtLabel(Answer):
    """How far a label is taught."""

    label: str
    right: int
    wrong: int
    """Examples of each kind that can be used: of several verdicts on an object, one."""
    waiting: int
    """Examples whose crops are not embedded yet."""
    gone: int
    """Examples that cannot be used: their task was deleted, or the label was asked for otherwise then."""
    in_use: bool


class Teaching(Answer):
    """How far the labels of a project are taught."""

    project: int
    labels: list[TaughtLabel]


class LabelTeaching(TaughtLabel):
    """How far a label is taught, and what its examples would make."""

    wanted: int
    """Examples that are still needed, as far as can be told."""
    line: str
    """Where it stands, in a sentence."""
    draft: VerifierDraft | None
    states: list[VerifierState]
    """Verifiers that are or were in use, the newest first."""
    open_samples: list[int]
    """Verification samples that end when a verifier comes into use or is switched off."""
    rebuilding: int
    """Tasks whose predictions still have other scores."""


class LastVerdicts(Answer):
    """What the last verdicts changed in the drafts of their labels, of the objects under review."""

    verdicts: int
    shown: int
    """Objects that a draft would show, and would not have shown before these verdicts."""
    hidden: int
    """Objects that a draft would hide, and would not have hidden before."""
    crops: list[TaughtObject]
    """Some of these, those whose score changed most first."""


class TeachMe(Answer):
    """The objects whose verdicts would teach most."""

    shown: list[WallObject]
    left: int
    """Objects under review of which nothing was said, those shown included."""
    waiting: int
    """Those of them whose crops are not embedded: they are not asked about."""
    objects: dict[str, int]
    """Objects under review, by label."""
    learned: LastVerdicts | None
    """Null before the first verdict."""
