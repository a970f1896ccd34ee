"""Check first: what may be missing or odd, and what was said of it."""

from __future__ import annotations

from typing import Literal

from argus.answers.base import Answer, Moment

Percent = tuple[float, float, float, float]


class Suspicion(Answer):
    """Something to look at before its task is accepted."""

    id: int
    task: int
    kind: str
    label: str
    """Of the object in question; "" for the whole image."""
    box: Percent | None
    """x, y, width, height in percent of the image; null for the whole image."""
    strength: float
    """0-1."""
    score: float | None
    """Of the stored detection in question; null where there is none."""
    other: int | None
    """The neighbouring task that suggested it."""
    lacking: bool
    """Whether an object may be missing: then the answer is `add`, else `reject`; `nothing_there` fits both."""
    verdict: Literal["add", "reject", "nothing_there"] | None
    decided_by: str
    decided_at: Moment | None
    said: str = ""
    """The label that the project's other model gives to the same thing; "" where that is not the question."""


class KindOfSuspicion(Answer):
    """How a kind of suspicion stands in a project."""

    kind: str
    on: bool
    """Whether tasks wait for it."""
    open: int
    right: int
    """Answers so far by which something was missing or wrong."""
    wrong: int
    """Answers so far by which nothing was."""


class CheckFirst(Answer):
    """What is to be checked before it is accepted, task by task."""

    project: int
    tasks: int
    """Unreviewed tasks that wait."""
    suspicions: list[Suspicion]
    """Of a page of tasks, the strongest of a task first."""
    answered: list[Suspicion]
    """The last answers, the newest first."""
    kinds: list[KindOfSuspicion]
    next: int | None
    """`after` of the next page."""


class Decided(Answer):
    """A suspicion after it was answered, or its answer was taken back."""

    suspicion: Suspicion
    left: int
    """Open suspicions of its task: without any, the task goes back to its band."""


class SuspicionWall(Answer):
    """Suspicions of all tasks at once, the strongest first; also weak ones, for which no task waits."""

    project: int
    suspicions: list[Suspicion]
    left: int
    """All that are open, those that are not returned included."""


class Answered(Answer):
    """Suspicions after they were answered together."""

    answered: int
    tasks: int
    """That they were about."""


class CheckFirstKinds(Answer):
    """The kinds of suspicions for which tasks wait."""

    on: list[str]
