"""Runs of SAM 3, and what comes before one: recipe, preview, estimate."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, JsonValue

from argus.answers.base import Answer, Error, Moment

RunState = Literal["queued", "running", "done", "failed", "cancelled"]


class RunError(Answer):
    """Why a task failed; in a list of runs, one example of each kind of error."""

    task: int
    code: str
    message: str
    hint: str = ""
    tasks: int = 1
    """How many tasks failed so."""


class LeftOut(Answer):
    """Objects found beyond the number that is kept of an image and label, and their tasks."""

    objects: int
    tasks: int


class Run(Answer):
    """A run of SAM 3; counts are tasks."""

    id: int
    project: int
    labels: list[str]
    state: RunState
    requested: int
    waiting: int
    """Tasks that have not ended."""
    detected: int
    """Tasks whose prediction is on its way to Label Studio."""
    done: int
    failed: int
    cancelled: int
    in_work: int
    """Tasks the model has now."""
    computed: int
    """Tasks that needed the model."""
    model_version: str
    settings: dict[str, JsonValue]
    """Where the tasks came from, and the recipe at the start."""
    errors: list[RunError]
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    seconds: float | None
    rate: float | None
    """Tasks a second, lately."""
    seconds_left: float | None
    left_out: LeftOut
    without_predictions: int
    """Selected tasks that it leaves out: the control arm drew them to be labelled without predictions."""

    @property
    def ended(self) -> bool:
        return self.state not in ("queued", "running")


class EarlierCount(Answer):
    """A label's objects on the images that a run and an earlier one looked at."""

    run: int
    """The earlier one."""
    images: int
    """That both looked at."""
    objects: int
    """Of the earlier run."""
    objects_now: int


class LabelResult(Answer):
    """What a run found of a label: objects at or above its threshold, all of them and by band."""

    label: str
    objects: int
    high: int
    medium: int
    low: int
    images: int
    """With at least one."""
    before: EarlierCount | None
    """The last earlier run that looked for it; None without one, or when it looked at none of these images."""


class RunResult(Answer):
    """What a run found on the images that it ended with."""

    run: int
    project: int
    images: int
    images_with_nothing: int
    objects: int
    labels: list[LabelResult]
    examples: list[int]
    """A few tasks with objects."""
    nothing_examples: list[int]
    """A few without any."""


class Runs(Answer):
    """The runs of a project, newest first."""

    runs: list[Run]


class Unread(Answer):
    """A prompt that may be longer than the model reads."""

    prompt: str
    unread: str | None
    """The end that is not read; None when no worker could say whether there is one."""


class Cost(Answer):
    """What a run would cost."""

    tasks: int
    to_compute: int
    """Tasks that still need the model."""
    labels: list[str]
    workers: int
    """SAM 3 workers that share the run."""
    tasks_ahead: int
    """Waiting tasks of other runs that share the workers."""
    measured_images: int
    """Images the estimate rests on."""
    seconds_per_image: float | None
    seconds: float | None
    """None: this checkpoint has not worked here yet."""


class Estimate(Cost):
    """What a run would cost, and the prompts that are longer than the model reads."""

    unread: list[Unread]


class ConceptValues(Answer):
    """What a label is asked for."""

    prompts: list[str]
    threshold: float


class RecipeConcept(ConceptValues):
    """What a label is asked for now, and by the labelling config."""

    label: str
    config: ConceptValues
    changed: bool
    """Whether a person changed it."""
    by: Literal["words", "proposals"] = "words"
    """`proposals`: the prompts are general words, and the score is the likeness of crops to the label's references."""


class ProjectRecipe(Answer):
    """Prompts and thresholds of a project's labels."""

    model_version: str
    keep_threshold: float
    """The lowest score that is stored."""
    concepts: list[RecipeConcept]
    unread: list[Unread]


class RecipeChange(Answer):
    """What a change of prompts and thresholds does to predictions, with the next run."""

    model_version: str
    changed: list[str]
    """Labels."""
    unread: list[Unread]
    rebuilt: int
    """Predicted tasks that need no model."""
    again: int
    """Predicted tasks that the model must look at again because of new prompts."""
    dry_run: bool


class RunView(Answer):
    """A view in Label Studio that a run can be started from."""

    id: int
    title: str


class RunSources(Answer):
    """What a run can be started from."""

    all: int
    unlabelled: int
    views: list[RunView]


class PreviewMask(Answer):
    """The pixels of an object."""

    x: int
    """Of its first pixel in the image."""
    y: int
    w: int
    h: int
    bits: str
    """Row by row, packed into bytes, deflated and in base 64."""


class PreviewObject(Answer):
    """An object that a run would find."""

    object: str
    label: str
    score: float
    box: list[float]
    """x0, y0, x1, y1 as fractions of the image's sides."""
    mask: PreviewMask | None


class PreviewTask(Answer):
    """What is known of one image of a preview."""

    task: int
    state: Literal["waiting", "done", "failed"]
    error: Error | None = None
    objects: list[PreviewObject] = Field(default_factory=list)
    """Down to the lowest score that is stored."""
    width: int | None = None
    """Pixels."""
    height: int | None = None


class Preview(Answer):
    """What a run would find on some images."""

    ready: bool
    """Whether nothing is under way."""
    tasks: list[PreviewTask]
    unread: list[Unread]
