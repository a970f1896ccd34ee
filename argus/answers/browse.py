"""Images of a project, as they are looked at without a query."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from argus.answers.base import Answer

BrowseOrder = Literal["time", "varied", "rare"]


class FoundImage(Answer):
    """An image of a project."""

    task: int
    image: str = ""
    video: str | None = None
    """The file's name, which several videos may have."""
    video_id: str | None = None
    video_name: str | None = None
    """As shown: with the beginning of the id where two videos of the project share a name."""
    video_time: float | None = None
    """Seconds."""
    frame_number: int | None = None
    labelled: bool = False
    """Whether people have annotated it, as of the last poll."""
    labels: list[str] = Field(default_factory=list)
    """What its annotations say."""


class Browsed(Answer):
    """A page of a project's images without a query."""

    project: int
    order: BrowseOrder
    total: int
    """How many there are in this order."""
    limit: int
    offset: int
    images: list[FoundImage]
