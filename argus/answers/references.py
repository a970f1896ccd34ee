"""Labels that are looked for by reference regions."""

from __future__ import annotations

from typing import Literal

from argus.answers.base import Answer, Moment

By = Literal["words", "proposals"]


class Reference(Answer):
    """A region that a label is looked for by. It is kept as a picture, so it outlives its task."""

    id: int
    task: int
    """Where it comes from; the task may have been deleted since."""
    box: list[float]
    """x, y, width, height in percent of the task's image."""
    created_by: str
    created_at: Moment


class LabelReferences(Answer):
    """What a label is looked for by."""

    label: str
    by: By
    """`words`: what the model finds by them. `proposals`: what it finds by `words`, general ones, scored by the
    likeness of their crops to the references."""
    words: list[str]
    references: list[Reference]


class References(Answer):
    """The labels of a project and their references."""

    project: int
    most: int
    """References of a label at most."""
    labels: list[LabelReferences]
