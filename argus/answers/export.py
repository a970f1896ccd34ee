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


class LeakPair(Answer):
    """A frame of a split other than training, and the training frames that are nearest to it."""

    task: int
    split: str
    file_name: str
    leaks: bool
    """It is nearer than the gap to a training frame, or looks like one."""
    nearest_in_time: int | None
    """A task, of the same video."""
    seconds: float | None
    nearest_in_looks: int | None
    """A task."""
    cosine: float | None
    """Of the two embeddings, 1 for equal ones."""
    shown: int | None
    """The task of the two that the picture shows beside it."""


class LeakReport(Answer):
    """How near the frames that a model is judged by are to those that it learns from."""

    checked: int
    """Frames in splits other than training."""
    leaking: int
    share: float
    """Leaking ones of those that were checked, from 0 to 1."""
    gap: float
    """Seconds to a training frame of the same video that are too few."""
    cosine: float
    """To a training frame that is too much."""
    without_vector: int
    """Frames that were compared by time alone."""
    worst: list[LeakPair]
    """The worst ten, the worst first."""


class ExportReport(Answer):
    """What an export holds."""

    images: int
    objects: int
    boxes: int = 0
    """Objects of which there is only a box: an export of outlines has its corners."""
    categories: int
    splits: dict[str, int]
    """Images by split."""
    skipped: list[SkippedTasks]
    leaks: LeakReport | None = None
    """Of an export with training and another split, unless it was switched off."""
    version: int | None = None
    """Its number as a version of the project; none when the database could not be written to."""


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
    outlines: bool = True
    """Whether labels have masks, outlines or ellipses that Argus fills; without, `argus connect --masks` adds masks."""
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
    leak_report: bool = True
    note: str = ""
    licence: str = ""
    made_by: str = ""
    """E-mail of who asked for it; "" when nobody was named."""
    version: int | None = None
    """Its number as a version of the project, once it is made."""
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
