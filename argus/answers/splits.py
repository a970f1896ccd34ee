"""How the frames of a project are divided for training."""

from __future__ import annotations

from argus.answers.base import Answer


class Division(Answer):
    """A division of frames into splits, which exports into these splits keep."""

    division: str
    """Its splits, in alphabetical order: `test,train,val`."""
    splits: dict[str, int]
    """Frames by split."""
    left_out: int
    """Frames that are in no split."""


class Divisions(Answer):
    """The divisions of a project, and its locked test set."""

    divisions: list[Division]
    locked: int
    """Frames of the locked test set."""
