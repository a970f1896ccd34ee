"""How good a model version's predictions are, measured by people's annotations.

Shares and figures are from 0 to 1; null where there is nothing to measure. AP and AR are COCO's.
"""

from __future__ import annotations

from typing import Literal

from argus.answers.base import Answer, Error, Moment
from argus.answers.export import SkippedTasks

Split = Literal["test", "val", "train", "all"]
EvaluationState = Literal["queued", "running", "done", "failed", "cancelled"]


class Interval(Answer):
    """Where a figure lies in 95 of 100 resamples."""

    low: float
    high: float


class Figures(Answer):
    """AP and AR as COCO defines them, of up to 100 detections of a label on an image."""

    objects: int
    """Annotated ones; regions that hold many things (crowds) are none."""
    ap50: float | None
    """Average precision where boxes count as right from an IoU of 0.5 on."""
    ap: float | None
    """Its mean over the IoUs 0.5, 0.55, …, 0.95."""
    ar: float | None
    """Average recall: the share of objects found, over the same IoUs."""


class LabelFigures(Figures):
    """The figures of one label."""

    label: str
    detections: int


class SizeFigures(Figures):
    """The figures of objects of one size: below 32² pixels of area, up to 96², and above."""

    size: Literal["small", "medium", "large"]


class ShapeFigures(Figures):
    """The figures of masks and outlines. An object that is only a box has its four corners."""

    only_boxes: int
    """Objects and detections that are only boxes."""


class Confusion(Answer):
    """What was annotated and what the model said of it, by boxes with an IoU of 0.5 or more.

    Of a detection and an object of the same label first, then of different labels; higher scores first.
    """

    labels: list[str]
    rows: list[list[int]]
    """A row for each label as people annotated it, and one for detections where nothing is annotated (false); a column
    for each label as the model said it, and one for objects that it missed."""


class ScoreBin(Answer):
    """The detections whose score is at least `low` and below `high`; the last bin has those of 1, too."""

    low: float
    high: float
    detections: int
    right: int
    share: float | None
    """How many of them are right."""
    mean_score: float | None


class Calibration(Answer):
    """Whether a score says how often a detection is right."""

    bins: list[ScoreBin]
    error: float | None
    """Mean distance between score and share of right ones over all detections (expected calibration error)."""


class JudgedBox(Answer):
    """A detection, or an object that was missed. The box is x0, y0, x1, y1 as fractions of the image's sides."""

    task: int
    label: str
    """What the model said; of an object that was missed, what people annotated."""
    annotated: str | None = None
    """Of a confusion: what people annotated."""
    score: float | None
    box: list[float]


class JudgedList(Answer):
    """What a model got wrong in one way, the worst first: by score, of misses by size."""

    count: int
    tasks: list[int]
    """All tasks concerned, each once."""
    boxes: list[JudgedBox]
    """The first ones, as many as were asked for."""


class ModelFigures(Figures):
    """One model version, judged."""

    model_version: str
    detections: int
    without_prediction: int
    """Images without a prediction of this version: nothing is found on them, unless they were left out."""
    without_score: int
    """Detections without a score, which count as scored 1."""
    ap50_interval: Interval | None
    labels: list[LabelFigures]
    sizes: list[SizeFigures]
    shapes: ShapeFigures | None
    """Where both annotations and predictions have masks, outlines or ellipses."""
    confusion: Confusion
    calibration: Calibration
    false_positives: JudgedList
    misses: JudgedList
    confusions: JudgedList


class Resampling(Answer):
    """What intervals come from: videos, or blocks of time where there are few videos, drawn with replacement."""

    over: Literal["videos", "blocks"]
    units: int
    resamples: int
    seed: int


class Evaluation(Answer):
    """Predictions judged by annotations, on one split."""

    project: int
    on: Split
    division: str
    """The splits of the division, as `test,train,val`; "" for all annotated images."""
    images: int
    locked: int
    """Images of the locked test set among them."""
    min_score: float
    """Detections below this score are in no table of confusions and in no list; AP, AR and calibration have them."""
    only_predicted: bool
    accepted: int
    """Objects whose annotation is a prediction that was accepted as it was."""
    resampling: Resampling | None
    """None where there are fewer than two videos or blocks."""
    model: ModelFigures
    against: ModelFigures | None
    difference: Interval | None
    """Of AP50, the model's less the other's."""
    model_versions: dict[str, int]
    """Images of the split with a prediction, by model version."""
    skipped: list[SkippedTasks]


class EvaluationJob(Answer):
    """An evaluation that the default worker computes."""

    id: int
    project: int
    on: Split
    model_version: str
    """As it was asked for: "" for the project's own."""
    against: str
    splits: str
    state: EvaluationState
    read: int
    """Images that were read, of at most `total`."""
    total: int
    error: Error | None
    """Why it failed, or why it waits for another attempt."""
    asked_by: str
    created_at: Moment
    finished_at: Moment | None


class EvaluationResult(EvaluationJob):
    """An evaluation with what it found; `result` is None until it is done."""

    result: Evaluation | None


class Evaluations(Answer):
    """The last evaluations of a project, newest first, and how many predictions there are of each model version."""

    project: int
    evaluations: list[EvaluationJob]
    model_versions: dict[str, int]
