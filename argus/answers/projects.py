"""Projects, and how far their images are."""

from __future__ import annotations

from pydantic import Field

from argus.answers.base import Answer, Moment


class ProjectSummary(Answer):
    """One project in the list of those that Argus knows."""

    id: int
    title: str
    connected: bool
    missing_since: Moment | None
    """Since when Label Studio has no such project any more."""
    images: int
    embedded: int


class Projects(Answer):
    """The projects Argus knows."""

    projects: list[ProjectSummary]


class TaskError(Answer):
    """Why a task's image failed, or was tried again."""

    task: int
    state: str
    code: str
    message: str
    hint: str


class TaskNote(Answer):
    """A value of a task's data that could not be taken over."""

    task: int
    key: str
    reason: str


class ObjectProgress(Answer):
    """How many objects of a project have the embedding of their crop, wait for it, or failed."""

    embedded: int
    waiting: int
    failed: int


class Sync(Answer):
    """How far a project's images are. Every one seen is waiting, embedded or failed."""

    seen: int
    """Tasks: those that wait, are embedded, or have failed."""
    fetched: int = 0
    """Tasks whose image file was had, whatever became of it."""
    waiting: int
    embedded: int
    failed: int
    videos: int = 0
    """Tasks whose file is a video; they are none of the images seen."""
    duplicates: int = 0
    """Frames marked as near-duplicates of an earlier one; they are embedded like all others."""
    oldest_waiting_seconds: float | None = None
    errors: list[TaskError] = Field(default_factory=list)
    noted: int = 0
    """Tasks whose data hold a value that could not be taken over."""
    notes: list[TaskNote] = Field(default_factory=list)


class SyncReport(Answer):
    """What a look for changed tasks found."""

    created: int
    changed: int
    deleted: int
    sync: Sync


class Retried(Answer):
    """How many failed images are tried again."""

    retried: int


class Bands(Answer):
    """The band edges of a project: the score from which a prediction is in the high, and in the medium band."""

    high: float
    medium: float


class SearchIndex(Answer):
    """How searches of a project are answered."""

    kind: str
    """exact, hnsw or ivfflat."""
    state: str
    """ready or building."""
    percent: int | None
    """Of the build's current phase."""


class ModelChange(Answer):
    """Images and objects are embedded again for another checkpoint; searches use the old one until none is left."""

    model: str
    embedded: int
    left: int
    objects_left: int = 0


class Project(Answer):
    """One project as the page and scripts see it."""

    id: int
    title: str
    connected: bool
    missing_since: Moment | None
    """Since when Label Studio has no such project any more."""
    labels: list[str]
    colours: dict[str, str]
    """Of the labels, as Label Studio shows them: CSS colours."""
    model_version: str
    bands: Bands
    label_studio: str
    """Its address in Label Studio."""
    search_model: str | None
    search_index: SearchIndex | None
    sync: Sync
    objects: ObjectProgress
    model_change: ModelChange | None


class LabelStudioProject(Answer):
    """A project of Label Studio, connected or not."""

    id: int
    title: str
    tasks: int
    connected: bool


class LabelStudioProjects(Answer):
    """Every project in Label Studio."""

    projects: list[LabelStudioProject]


class Disconnected(Answer):
    """What was taken out of a project, in sentences."""

    removed: list[str]


class Connection(Answer):
    """What connecting a project made, changed and kept, in sentences."""

    project_id: int | None
    """None: a project that a dry run would create."""
    title: str
    dry_run: bool
    model_version: str
    labels: list[str]
    created: list[str]
    changed: list[str]
    kept: list[str]
    fills: list[str]
    notes: list[str]
    warnings: list[str]
    """What will not be as the labelling config asks."""
    prompts: list[str]
    """What the model is asked for."""


class Video(Answer):
    """A video that frames come from."""

    video: str | None
    """The file's name, which several videos may have."""
    video_id: str | None
    name: str
    """As shown: with the beginning of the id where two share a name."""
    filter: str
    """What the search filter `video` takes for it."""
    frames: int
    seconds: float | None
    """Of the last frame."""


class Videos(Answer):
    """The videos of a project, and when its first and its last image were captured."""

    videos: list[Video]
    captured: tuple[Moment, Moment] | None
