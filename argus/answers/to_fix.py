"""Tasks that are set aside, and those that wait so."""

from __future__ import annotations

from typing import Literal

from argus.answers.base import Answer


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


WhyToFix = Literal["whole", "unsure", "gone", "check_first", "disputed", "unjudged"]
"""Why a task cannot be accepted without its rejected objects: it was sent to be fixed as a whole; somebody is unsure of
one of its objects; what was said is about an object that is not shown any more; it is to be checked first; people
differ on an object; an object was not judged yet."""


class LeftToFix(Answer):
    """Tasks that wait for the same reason, the first that is met in the order of `WhyToFix`."""

    reason: WhyToFix
    tasks: list[int]


class ToFix(Answer):
    """The tasks that are set aside."""

    tasks: int
    ready: int
    """Of these can be accepted without their rejected objects."""
    left: list[LeftToFix]
    """The others."""
