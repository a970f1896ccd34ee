"""Exports: what one would hold, how far it is, and what it left out."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from argus.answers.base import Answer, Error, Moment

ExportState = Literal["queued", "running", "done", "failed", "cancelled"]
ExportSource = Literal["annotations", "predictions", "both"]


class SkippedTasks(Answer):
    """What was left out for one reason."""

    reason: str
    count: int
    tasks: list[int]
    """The first 20."""


class ExportReport(Answer):
    """What an export holds."""

    images: int
    objects: int
    categories: int
    splits: dict[str, int]
    """Images by split."""
    skipped: list[SkippedTasks]


class WrittenExport(ExportReport):
    """What an export holds, and where it is."""

    folder: str


class SplitSize(Answer):
    """The images of a split, and the videos that they are of."""

    images: int
    videos: int
    objects: dict[str, int]
    """By label, of the images that were counted."""


class StripPart(Answer):
    """Frames of a video that follow one another; `split` is "" for those in none."""

    split: str
    frames: int
    start: float
    """Seconds."""
    end: float


class VideoStrip(Answer):
    """A video and its parts by time."""

    video: str
    parts: list[StripPart]


class ExportPreview(Answer):
    """What an export would hold. An image that is of no video counts as one of its own."""

    images: int
    videos: int
    empty: int
    """Images without an object."""
    objects: dict[str, int]
    """By label, in the order of the label config."""
    counted: int
    """Images that `empty` and `objects` come from: the first 2,000 at most."""
    splits: dict[str, SplitSize]
    strips: list[VideoStrip] = Field(default_factory=list)
    """The first 50 videos."""
    left_out: list[SkippedTasks] = Field(default_factory=list)
    """Frames in no split, by reason."""
    gap: float | None = None
    """Seconds between frames of one video in different splits."""
    refused: Error | None = None
    """Why such an export would be refused."""


class Export(Answer):
    """An export that is made in the background."""

    id: int
    project: int
    format: str
    source: ExportSource = "annotations"
    masks: bool = False
    images: bool = True
    splits: dict[str, float] = Field(default_factory=dict)
    state: ExportState
    written: int = 0
    """Images that are written."""
    total: int | None = None
    created_at: Moment
    finished_at: Moment | None = None
    report: ExportReport | None = None
    error: Error | None = None
    bytes: int | None = None


class Exports(Answer):
    """The exports of a project, newest first."""

    exports: list[Export]
