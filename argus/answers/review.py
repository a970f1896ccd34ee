"""Review by score: what is left, what was accepted, and what was taken back."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict  # pydantic reads the standard one from Python 3.12 on

from argus.answers.base import Answer, Error, Moment, nothing_required
from argus.answers.projects import Bands


class ReviewStatus(Answer):
    """Where a project's review stands. Every number is of tasks that have a prediction of the current version."""

    project: int
    model_version: str
    edges: Bands
    bands: dict[str, int]
    """Unreviewed tasks by band, without those set aside."""
    objects: dict[str, int]
    """On them, a box and its mask once."""
    accepted: int
    """In bulk."""
    checked: int
    """By a person who changed nothing."""
    fixed: int
    """By a person who did."""
    skipped: int
    """By a person."""
    reviewed: int
    """All four."""
    left: int
    """Tasks in the bands and those set aside."""
    total: int
    outdated: int
    """Tasks that have only a prediction of an older recipe; they are in none of the other numbers."""
    added: int
    """Annotated tasks that labels computed later were added to; they are counted above as well."""
    check_first: int
    """Unreviewed tasks with an open suspicion: they are in no band, and no bulk acceptance by score takes them."""
    check_first_chosen: bool
    """Whether it was chosen what is checked first; where it was not, no task waits."""
    set_aside: int
    """Tasks that wait to be fixed; they are in no band."""
    unscored: int
    """Tasks counted as "nothing found" whose prediction has objects but no score."""
    notes: list[str]
    """Sentences that explain what is odd."""
    refuted: int
    """Certificates of verified acceptance that later corrections refute."""
    all_tasks: int
    """Of the project, whatever their prediction."""
    annotated: int
    """Of the project, whatever their prediction."""
    looked_at: int
    """Tasks of the project that somebody decided one by one in the last day, here or in Label Studio; none of bulk."""
    seconds_each: float | None
    """That one of these took, without pauses of more than 10 minutes; None for fewer than 5."""


class Histogram(Answer):
    """How the scores of the unreviewed predictions are spread, in bins of one hundredth."""

    bins: int
    labels: dict[str, list[int]]
    """Objects of each label by their own score."""
    tasks: list[int]
    """Tasks by their lowest score."""
    objects: list[int]
    """Objects by their task's lowest score."""
    edges: Bands


class BandObject(Answer):
    """An object under review; a task where nothing was found is an entry without one."""

    task: int
    object: str
    label: str
    score: float | None
    box: list[float] | None
    """x0, y0, x1, y1 as fractions of the image's sides."""
    of: int
    """Objects on the task."""
    sure: bool
    """Whether its own score lies in the high band."""
    unsure: int
    """Objects on the task below the high band."""
    verdict: Literal["rejected", "fix", "right", "relabelled", "moved", ""]
    new_label: str
    aside: bool
    """Whether its task is set aside."""


class BandObjects(Answer):
    """A page of a band's objects, lowest score first."""

    band: str
    tasks: int
    """Unreviewed tasks of the band."""
    objects: list[BandObject]
    next: str | None
    """`after` of the next page."""


class MovedBands(Answer):
    """The band edges after a move, and the views of the bands."""

    edges: Bands
    views: dict[str, int]


class BandViews(Answer):
    """The views of the bands in Label Studio: their ids."""

    views: dict[str, int]


class AcceptPlan(Answer):
    """What an acceptance would accept now."""

    tasks: int
    objects: int
    set_aside: int
    """Tasks of the range that stay out because of a decision."""
    rejected: int
    """Objects of these tasks that are left out because they were rejected; not among `objects`."""
    corrected: int
    """Objects that get another label or other edges, or are added, because somebody said so."""


class Accepted(Answer):
    """What an acceptance did."""

    acceptance: int | None
    """None: there was nothing to accept."""
    accepted_tasks: int
    accepted_objects: int
    """A box and its mask once."""
    skipped: int
    reasons: dict[str, int]
    """Why tasks were skipped."""


class AdditionExample(Answer):
    """An object that could be added to an annotation."""

    task: int
    label: str
    score: float | None
    box: list[float]
    """x0, y0, x1, y1 as fractions of the image's sides."""


class AdditionsBand(Answer):
    """What could be added, of one band."""

    tasks: int
    objects: int
    """A box and its mask once."""
    examples: list[AdditionExample]
    """Of the lowest scores; an object without an upright box is none."""


class AdditionsPlan(Answer):
    """What labels computed later would add to annotations that are there."""

    tasks: int
    objects: int
    bands: dict[str, AdditionsBand]


class Added(Answer):
    """What was added to annotations that are there."""

    acceptance: int | None
    """None: there was nothing to add."""
    added_tasks: int
    added_objects: int
    skipped: int
    reasons: dict[str, int]
    """Why annotations were left alone."""


@nothing_required
class SelectionSpec(TypedDict, total=False):
    """What an acceptance selected, as its record keeps it."""

    min_score: float
    max_score: float | None
    nothing_found: bool
    task_ids: list[int]
    additions: bool
    sample: int
    """Whose objects were verified."""
    without_rejected: bool
    """Whether tasks with rejected objects were accepted without these."""
    judged: bool
    """Whether only tasks were selected whose unsure objects were all judged."""


class Acceptance(Answer):
    """The record of an acceptance; counts are tasks."""

    id: int
    state: str
    """open, done, failed or undone."""
    selection: SelectionSpec
    accepted_by: str | None
    created_at: Moment
    error: Error | None
    accepted: int
    undone: int
    kept: int
    """Left when it was taken back, because somebody had changed them."""
    verified: bool
    """Whether a valid certificate covers all of it; of `verified_labels` it covers the objects."""
    verified_labels: list[str]


class Acceptances(Answer):
    """The last acceptances, newest first."""

    acceptances: list[Acceptance]


class LeftAnnotation(Answer):
    """An annotation that was not taken back."""

    task: int
    annotation: int | None
    reason: str


class Undone(Answer):
    """What was taken back of an acceptance."""

    acceptance: int
    undone: int
    left: list[LeftAnnotation]


class WallObject(Answer):
    """An object on the wall, and the last verdict on it, '' without one; `new_label` is of a relabelled one."""

    task: int
    object: str
    label: str
    score: float
    box: list[float]
    """x0, y0, x1, y1 as fractions of the image's sides."""
    verdict: Literal["right", "wrong", "unsure", "relabelled", "moved", "added", ""]
    new_label: str


class Wall(Answer):
    """A page of the objects on unreviewed tasks, whatever their band, lowest score first."""

    objects: dict[str, int]
    """How many each label has."""
    shown: list[WallObject]
    next: str | None
    """`after` of the next page."""


class WallJudged(Answer):
    """Verdicts that were stored."""

    verdicts: list[int]
    """Their numbers, by which they are taken back."""
    to_fix: int
    """Tasks set aside."""


class WallTakenBack(Answer):
    """Verdicts that were taken back."""

    tasks: int
    """That they were on."""
    to_fix: int
