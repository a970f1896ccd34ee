"""Versions of a dataset: what each export held, who made it, and how two differ."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from argus.answers.base import Answer, Moment
from argus.answers.export import ExportSource, LeakReport, SkippedTasks


class VersionConcept(Answer):
    """What SAM 3 was asked for, for one label."""

    label: str
    prompts: list[str]
    threshold: float


class VersionCertificate(Answer):
    """A certificate of the project that was valid when the version was made."""

    id: int
    sentence: str
    digest: str


class VersionBody(Answer):
    """What a version says about itself, and what `version.json` in its files says."""

    version: int
    project: int
    title: str
    note: str
    made_at: Moment
    made_by: str
    """E-mail of the owner of the token; "" when nobody was named."""
    argus: str
    """The version of Argus that wrote it."""
    format: str
    source: ExportSource
    masks: bool
    images_included: bool
    shares: dict[str, float]
    """The splits that were asked for."""
    gap: float | None
    """Seconds between frames of one video in different splits."""
    cosine: float | None
    """Frames as alike as this are in one split."""
    model_version: str
    """Of the recipe: that of the predictions that the project shows."""
    concepts: list[VersionConcept]
    label_config: str
    """SHA-256 of the labelling configuration."""
    certificates: list[VersionCertificate]
    images: int
    objects: dict[str, int]
    """By label."""
    splits: dict[str, int]
    """Images by split."""
    skipped: list[SkippedTasks]
    leaks: LeakReport | None
    licence: str = ""
    """Of images and labels; "" when nobody said."""


class Version(VersionBody):
    """An export as a version of the dataset, which nothing changes any more."""

    digest: str
    """SHA-256 of `SHA256SUMS`, which lists the digests of all other files."""
    export: int | None
    """The export that can be downloaded again; none when the files are elsewhere or were deleted."""
    bytes: int | None
    locked: int
    """Images of its test split that are in the locked test set."""


class Versions(Answer):
    """The versions of a project, newest first."""

    versions: list[Version]


class VersionDeleted(Answer):
    """A version that was deleted, with its files where the service kept them."""

    version: int
    project: int


class ObjectChange(Answer):
    """An object that differs. Boxes are x0, y0, x1, y1 as fractions of the image's sides."""

    kind: Literal["added", "removed", "moved", "relabelled"]
    label: str
    """The later one, or that of the object that went."""
    was_label: str | None = None
    box: list[float] | None = None
    """In the later version."""
    was_box: list[float] | None = None
    """In the earlier version."""


class ImageChange(Answer):
    """An image that differs: it came, went, shows something else, is in another split, or its objects changed."""

    task: int
    file_name: str
    kind: Literal["added", "removed", "changed"]
    split: str | None = None
    """In the later version; "" without splits."""
    was_split: str | None = None
    other_file: bool = False
    """The image file itself is another one."""
    objects: list[ObjectChange] = Field(default_factory=list)


class VersionDiff(Answer):
    """How two versions differ."""

    before: int
    after: int
    added: int
    """Images."""
    removed: int
    changed: int
    """Images in both whose objects or file differ."""
    moved: int
    """Images in both that are in another split."""
    same: int
    """Images in both that differ in nothing."""
    objects_before: dict[str, int]
    """By label."""
    objects_after: dict[str, int]
    images: list[ImageChange]
    """Those that differ, by task: `limit` of them after `after_task`."""
    next_task: int | None
    """Where the rest begins; none when these are all."""
