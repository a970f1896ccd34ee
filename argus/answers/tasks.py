"""One task with everything known of it."""

from __future__ import annotations

from argus.answers.base import Answer, Error, Moment


class DataNote(Answer):
    """A value of the task's data that could not be taken over."""

    key: str
    reason: str


class TaskObject(Answer):
    """A predicted or drawn object; positions are fractions of the image's sides."""

    object: str
    """Its name; together with the label that tells the objects of a picture apart."""
    label: str
    score: float | None
    movable: bool
    """Whether it has an upright box, whose edges can be moved."""
    box: list[float]
    """x0, y0, x1, y1."""
    rings: list[list[list[float]]]
    """Outlines."""
    mask: str | None
    """The part inside the box, as a PNG in base64."""


class Neighbour(Answer):
    """A frame of the same video."""

    task: int
    video_time: float
    """Seconds."""
    frame_number: int | None
    same: bool
    """Whether it shows the same as the frame that was asked about, or is that frame."""


class Neighbours(Answer):
    """The frames of a video around one of them."""

    frames: list[Neighbour]
    """By time, with the frame itself; nothing for an image of no video, or without a time."""
    earlier: bool
    """Whether there are frames before them."""
    later: bool
    """Whether there are frames after them."""
    previous_change: int | None
    """The task of the nearest earlier frame that does not show the same; None when there is none."""
    next_change: int | None
    """The task of the nearest later one."""


class TaskPrediction(Answer):
    """A prediction in Label Studio."""

    id: int
    model_version: str | None
    current: bool
    """Of the current recipe."""
    score: float | None
    objects: list[TaskObject]


class TaskAnnotation(Answer):
    """An annotation in Label Studio."""

    id: int
    updated_at: Moment | None
    cancelled: bool
    """Skipped."""
    from_prediction: int | None
    objects: list[TaskObject]


class Task(Answer):
    """A task with the objects of its predictions and annotations."""

    task: int
    video: str | None
    """The file's name, which several videos may have."""
    video_id: str | None
    video_name: str | None
    """As shown: with the beginning of the id where two videos of the project share a name."""
    video_time: float | None
    """Seconds."""
    frame_number: int | None
    notes: list[DataNote]
    """Values of its data that could not be taken over."""
    captured_at: Moment | None
    state: str
    """waiting, embedded, failed, or video: its file is one."""
    error: Error | None
    label_studio: str
    """Its address in Label Studio."""
    model_version: str
    """Of the current recipe."""
    predictions: list[TaskPrediction]
    annotations: list[TaskAnnotation]


class BoxedObject(Answer):
    """An object of a picture, as thumbnails show it."""

    label: str
    score: float | None
    """None: of an annotation."""
    box: tuple[float, float, float, float]
    """x0, y0, x1, y1 as fractions of the image's sides."""


class BoxedTask(Answer):
    """A task's objects: of its newest annotation, as of the last poll, else those that its current prediction shows."""

    task: int
    annotated: bool
    """Whether they are an annotation's."""
    width: int
    height: int
    """Of the image, pixels."""
    objects: list[BoxedObject]


class Boxes(Answer):
    """The objects of several tasks; a task without any is left out."""

    tasks: list[BoxedTask]
