"""Which model looks for a project's labels: SAM 3, or a detector of one's own with its classes."""

from __future__ import annotations

from typing import Literal

from argus.answers.base import Answer, Error

EngineName = Literal["sam3", "detector"]


class KnownDetector(Answer):
    """A folder among the detectors."""

    name: str
    architecture: str
    """The model's class in transformers; "" where it cannot be read."""
    classes: list[str]
    error: Error | None
    """Why it cannot be used."""


class LabelClasses(Answer):
    """The classes of the detector that stand for a label."""

    label: str
    classes: list[str]
    by_name: list[str]
    """Those that are called as the label."""
    changed: bool
    """Whether a person said which."""


class ProjectEngine(Answer):
    """Which model looks for a project's labels, and how a detector's classes are read."""

    engine: EngineName
    detector: str
    """The one that was chosen last; "" when none was."""
    masks: bool
    """Whether SAM 3 gives its boxes masks."""
    model_version: str
    other_version: str
    """Of the engine that is not chosen: its predictions stay; "" without a detector."""
    detectors: list[KnownDetector]
    mapping: list[LabelClasses]
    unused_classes: list[str]
    """Classes that stand for no label."""


class EngineChange(ProjectEngine):
    """The same after a change, and what it does to predictions."""

    again: int
    """Predicted tasks that the model must look at again."""
    dry_run: bool
