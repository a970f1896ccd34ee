"""The home of a project: what it holds, how far it is, and what to do next."""

from __future__ import annotations

from typing import Literal

from argus.answers.base import Answer

NextStep = Literal["add", "wait_import", "wait_embedding", "watch_run", "annotate", "check_first", "accept", "review",
                   "fix", "annotate_rest", "export"]
WorkKind = Literal["run", "upload", "label_import", "evaluation", "export"]


class HomeVideo(Answer):
    """A video, cut into `ProjectHome.bins` equal parts of its length; each list has a number of frames a part."""

    name: str
    filter: str
    """What the filter `video` takes for it."""
    seconds: float
    """Of the last frame."""
    images: int
    predicted: int
    """Frames with a prediction of the current version that nobody has annotated."""
    annotated: int
    frames_in: list[int]
    predicted_in: list[int]
    annotated_in: list[int]


class HomeImages(Answer):
    """Images that are shown together: those of no video, or those of the videos that are not listed."""

    images: int
    predicted: int
    annotated: int


class HomeLabel(Answer):
    """A label, and where it was found or drawn."""

    label: str
    objects: int
    """Detected with the current prompts, from the threshold on, previews left out."""
    images: int
    """On which they are."""
    annotated: int
    """Images whose annotations have the label."""


class HomeStates(Answer):
    """Tasks of a project by how far they are. An annotation is known as of the last poll, or of its acceptance."""

    images: int
    embedded: int
    waiting: int
    failed: int
    videos: int
    """Tasks whose file is a video; they are none of the images."""
    predicted: int
    """With a prediction of the current version, reviewed or not."""
    bands: dict[str, int]
    """Unreviewed ones of these by band; `check_first` and `to_fix` are bands of their own."""
    annotated: int
    accepted: int
    """In bulk; among the annotated ones."""
    skipped: int
    untouched: int
    """Neither predicted nor annotated nor skipped."""


class HomeWork(Answer):
    """A piece of work that is under way."""

    kind: WorkKind
    id: str
    names: list[str]
    """The labels of a run; the name of a file, where it is nobody's own."""
    queued: bool
    progress: float
    """From 0 to 1."""


class ProjectHome(Answer):
    """What a project holds, how far it is, and what to do next."""

    project: int
    next: NextStep
    next_count: int
    """What the next step is about: images, or tasks."""
    next_band: str
    """The band that it is about, "" for none."""
    states: HomeStates
    labels: list[HomeLabel]
    bins: int
    videos: list[HomeVideo]
    """The first 30, by name."""
    more_videos: int
    """Further videos; their images are in `others`."""
    others: HomeImages
    loose: HomeImages
    """Of no video."""
    under_way: list[HomeWork]
