"""Files that people send in to be imported."""

from __future__ import annotations

from typing import Literal

from argus.answers.base import Answer, Error, Moment

Purpose = Literal["frames", "labels"]
UploadState = Literal["receiving", "queued", "running", "done", "failed", "cancelled"]


class Upload(Answer):
    """One file, and how far it is: first its bytes arrive, then it is imported. One with labels is done when its bytes
    are here: their import is asked for apart."""

    id: str
    project: int
    name: str
    purpose: Purpose
    """`frames`: a video or an image. `labels`: label files, or the images of labels."""
    modified: str
    """What the client told the file apart by, beside name and size."""
    size: int
    """Bytes."""
    received: int
    """Bytes that are stored; the next ones are expected from here."""
    fps: str
    """Frames taken per second of a video."""
    scene: float
    """Above 0: of these frames only those that differ so much from the last one taken."""
    state: UploadState
    on_disk: bool
    """Whether the service still has the file."""
    progress: float
    """Of the import, from 0 to 1."""
    frames: int
    imported: int
    """Tasks that were made."""
    skipped: int
    """Frames that were tasks before."""
    tasks: list[int]
    """The first of its tasks that Argus knows; their small pictures can be had."""
    lost: list[str]
    """What of the file could not be read, in sentences."""
    error: Error | None
    created_at: Moment
    finished_at: Moment | None


class VideoFile(Answer):
    """A task whose own file is a video, as when somebody uploads one in Label Studio."""

    task: int
    name: str
    state: Literal["new", "queued", "running", "done", "failed"]
    """Of its cutting into frames."""
    upload: str | None
    """Its last import, among the uploads of whoever asked for it."""
    imported: int
    """Tasks that the last import made."""
    error: Error | None


class CutRule(Answer):
    """How videos are cut into frames without anybody asking."""

    fps: str
    """Frames per second of video: a number or a fraction such as 1/5."""
    scene: float
    """Above 0: of these frames only those that differ so much from the last one taken."""
    made_by: str


class VideoFiles(Answer):
    """Tasks whose own file is a video."""

    files: list[VideoFile]
    rule: CutRule | None = None
    """How those that are uploaded in Label Studio are cut automatically; null: they wait until somebody asks."""


class UploadLimits(Answer):
    """What may be sent in."""

    max_bytes: int
    """Of one file."""
    at_once: int
    """Files whose bytes are arriving, of one person."""
    max_frames: int
    """Of one video."""
    chunk_bytes: int
    """Of one request, at most."""
    keeps_files: bool
    """Whether a file stays on the service's disk after its import."""


class Uploads(Answer):
    """The caller's uploads into a project, newest first."""

    uploads: list[Upload]
    limits: UploadLimits
