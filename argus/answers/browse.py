"""Images of a project, as they are looked at without a query."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from argus.answers.base import Answer

BrowseOrder = Literal["time", "varied", "rare", "cluster"]


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


class Cluster(Answer):
    """Images that are alike."""

    picture: FoundImage
    """The most typical one."""
    images: int
    words: list[str]
    """What is likely on the picture, of the project's labels and of common words, the likeliest first."""


class Clusters(Answer):
    """A project's images in groups of alike ones, the largest first."""

    project: int
    total: int
    """How many embedded images pass the filters."""
    looked_at: int
    """How many of them are in the clusters: of more than 5,000 as many, evenly over time."""
    clusters: list[Cluster]
