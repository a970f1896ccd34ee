"""Annotations made or changed on the page."""

from __future__ import annotations

from argus.answers.base import Answer, Moment
from argus.answers.tasks import TaskObject


class EditCounts(Answer):
    """What an edit says of the predicted objects."""

    kept: int
    moved: int
    relabelled: int
    deleted: int
    added: int
    """Objects that were missing."""


class Edited(Answer):
    """An edit that was saved as the annotation of its task."""

    edit: int
    task: int
    annotation: int
    """In Label Studio."""
    updated_at: Moment
    objects: int
    """On the task now."""
    counts: EditCounts


class EditUndone(Answer):
    """An edit that was taken back."""

    edit: int
    task: int
    annotation: int | None
    """That is as it was before; None: the edit had made it, and it is gone."""


class Segment(Answer):
    """What a click found; both are None when that is nothing."""

    segment: int | None
    """To be sent along when it is saved."""
    object: TaskObject | None
