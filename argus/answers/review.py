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
    """Unreviewed tasks by band."""
    regions: dict[str, int]
    """Objects on them, a box and its mask once."""
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
    total: int
    outdated: int
    """Tasks that have only a prediction of an older recipe; they are in none of the other numbers."""
    added: int
    """Annotated tasks that labels computed later were added to; they are counted above as well."""
    set_aside: int
    """Tasks in the bands that wait to be fixed and that no bulk acceptance takes."""
    unscored: int
    """Tasks counted as "nothing found" whose prediction has regions but no score."""
    notes: list[str]
    """Sentences that explain what is odd."""
    all_tasks: int
    """Of the project, whatever their prediction."""
    annotated: int
    """Of the project, whatever their prediction."""
    last_hour: int
    """Tasks completed in it."""


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
    verdict: Literal["rejected", "fix", ""]
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
    regions: int
    """Objects on them."""
    set_aside: int
    """Tasks of the range that stay out because of a decision."""


class Accepted(Answer):
    """What an acceptance did."""

    acceptance: int | None
    """None: there was nothing to accept."""
    accepted_tasks: int
    accepted_regions: int
    """Objects, a box and its mask once."""
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
    regions: int
    """Objects, a box and its mask once."""
    examples: list[AdditionExample]
    """Of the lowest scores; an object without an upright box is none."""


class AdditionsPlan(Answer):
    """What labels computed later would add to annotations that are there."""

    tasks: int
    regions: int
    bands: dict[str, AdditionsBand]


class Added(Answer):
    """What was added to annotations that are there."""

    acceptance: int | None
    """None: there was nothing to add."""
    added_tasks: int
    added_regions: int
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
    """Whether a valid certificate covers it."""


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


class SetAside(Answer):
    """A decision on an object, or on a task as a whole."""

    task: int
    verdict: str
    object: str
    to_fix: int
    """Tasks set aside."""
    view: int | None
    """Of theirs in Label Studio."""


class PutBack(Answer):
    """Decisions taken back."""

    task: int
    put_back: int
    to_fix: int
    """Tasks that are still set aside."""
