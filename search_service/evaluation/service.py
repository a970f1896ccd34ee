"""An evaluation from start to end: which images, what is on them, and the figures."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from argus.answers.evaluation import (
    Evaluation,
    Interval,
    LabelFigures,
    ModelFigures,
    Resampling,
    ShapeFigures,
    SizeFigures,
    Split,
)
from argus.errors import ArgusError
from argus.images.fetcher import ImageFetcher, get_images
from argus.labelstudio import listing
from argus.labelstudio.client import LabelStudio, get_label_studio
from argus.labelstudio.filters import ANNOTATED
from label_studio_config.project_shape import ProjectShape, read_project
from search_service.evaluation import intervals, matching, parts
from search_service.evaluation.coco_figures import SIZES, CocoFigures, measure
from search_service.evaluation.parts import Part
from search_service.evaluation.reading import Material, read
from search_service.evaluation.records import JudgedImage

MIN_SCORE = 0.25
LISTED = 50  # boxes of a list
MOST = 2000  # images that are judged in a request: some 70 MB while it lasts
_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Asked:
    """What is to be judged.

    Attributes:
        model_version: "" for the project's own.
        against: another model version to compare with; "" for none.
        splits: names the division; see `parts.find`.
        min_score: detections below are in no table of confusions and in no list.
        only_predicted: leave out images without a prediction of the model versions. Else nothing is found on them.
        limit: boxes of each list.
    """

    model_version: str = ""
    on: Split = "test"
    against: str = ""
    splits: str = ""
    min_score: float = MIN_SCORE
    only_predicted: bool = False
    limit: int = LISTED


def evaluate(project_id: int, asked: Asked, *, label_studio: LabelStudio | None = None,
             images: ImageFetcher | None = None,
             progress: Callable[[int, int], None] = lambda read, total: None) -> Evaluation:
    """Judge a model version's predictions by people's annotations.

    Args:
        progress: called with (annotated images read, images that there are at most).

    Raises:
        ArgusError: `unknown_project`, `bad_label_config`; `not_found` without such a split, `bad_request` when several
            divisions have it, or without a model version; `nothing_selected` when nothing of it is annotated, or the
            model version predicted nothing.
    """
    ls = label_studio or get_label_studio()
    part = parts.find(project_id, asked.on, asked.splits)
    shape = read_project(ls, project_id)
    versions = _versions(shape, asked)
    total = listing.count(ls, project_id, [ANNOTATED]) if part.tasks is None else len(part.tasks)
    material = read(ls, shape, part.tasks, versions, images or get_images(), lambda done: progress(done, total))
    _check(material, versions, asked)
    if asked.only_predicted:
        _narrow(material)
    return _answer(shape, asked, part, material, versions)


def evaluate_in_request(project_id: int, asked: Asked) -> Evaluation:
    """Judge as `evaluate` does, unless that takes too long for a request, or too much of the web process' memory.

    Raises:
        ArgusError: as `evaluate`; `bad_request` for more than 2,000 images, `busy` while another one is judged.
    """
    tasks = parts.find(project_id, asked.on, asked.splits).tasks
    count = listing.count(get_label_studio(), project_id, [ANNOTATED]) if tasks is None else len(tasks)
    if count > MOST:
        raise ArgusError("bad_request", f"These are {count} images; a request judges up to {MOST}.",
                         "POST /projects/{id}/evaluations and `argus evaluate` judge any number.", images=count)
    if not _one_at_a_time.acquire(blocking=False):
        raise ArgusError("busy", "Another evaluation is being computed.", "Try again in a moment.")
    try:
        return evaluate(project_id, asked)
    finally:
        _one_at_a_time.release()


def _versions(shape: ProjectShape, asked: Asked) -> list[str]:
    version = asked.model_version or shape.model_version
    if not version:
        raise ArgusError("bad_request", f"Project {shape.project_id} has no model version of its own.",
                         "Say which one to judge with --model-version, in REST `model_version`.")
    if version == asked.against:
        raise ArgusError("bad_request", f"The model version {version} cannot be compared with itself.",
                         "Name another one with --against.")
    return [version, asked.against] if asked.against else [version]


def _check(material: Material, versions: Sequence[str], asked: Asked) -> None:
    where = "of the project" if asked.on == "all" else f"of the split {asked.on}"
    if not material.images[versions[0]]:
        left_out = "; ".join(f"{entry.count}: {entry.reason}" for entry in material.skipped.report())
        raise ArgusError("nothing_selected", f"No image {where} is annotated, so there is nothing to judge by"
                         + (f" (left out {left_out})." if left_out else "."),
                         "Annotate its images in Label Studio, or accept predictions that you have checked.")
    for version in versions:
        if not material.predicted[version]:
            there = ", ".join(sorted(material.versions))
            raise ArgusError("nothing_selected", f"The model version {version} has no prediction on an annotated image "
                             f"{where}.", f"There are predictions of: {there}." if there else
                             "Make some with `argus annotate`, or import them.")
    if asked.only_predicted and not set.intersection(*material.predicted.values()):
        raise ArgusError("nothing_selected", "No annotated image has predictions of both model versions.",
                         "Without --only-predicted, nothing is found on images without a prediction.")


def _narrow(material: Material) -> None:
    kept = set.intersection(*material.predicted.values())
    for version, images in material.images.items():
        material.images[version] = [image for image in images if image.task in kept]


def _answer(shape: ProjectShape, asked: Asked, part: Part, material: Material, versions: Sequence[str]) -> Evaluation:
    images = material.images[versions[0]]
    units = intervals.units_of(images)
    drawn = intervals.draw(units)
    judged = [_model(shape, asked, material, version, units, drawn) for version in versions]
    difference = None
    if len(judged) > 1 and judged[0][1] is not None and judged[1][1] is not None:
        difference = intervals.interval(judged[0][1] - judged[1][1])
    return Evaluation(
        project=shape.project_id, on=asked.on, division=part.division, images=len(images),
        locked=sum(image.task in part.locked for image in images), min_score=asked.min_score,
        only_predicted=asked.only_predicted, accepted=sum(material.accepted[image.task] for image in images),
        resampling=drawn[1] if drawn else None,
        model=judged[0][0], against=judged[1][0] if len(judged) > 1 else None, difference=difference,
        model_versions=dict(sorted(material.versions.items())), skipped=material.skipped.report())


def _model(shape: ProjectShape, asked: Asked, material: Material, version: str, units: intervals.Units,
           drawn: tuple[NDArray[np.int64], Resampling] | None) -> tuple[ModelFigures, NDArray[np.float64] | None]:
    """Return one model version's figures, and AP50 by resample."""
    images = material.images[version]
    figures = measure(images)
    verdicts = matching.judge(images, asked.min_score)
    resampled = intervals.resampled_ap50(figures, units, drawn[0]) if drawn else None
    spread: Interval | None = intervals.interval(resampled) if resampled is not None else None
    return ModelFigures(
        model_version=version, objects=figures.objects(), detections=sum(len(image.found) for image in images),
        ap50=figures.ap50(), ap=figures.ap(), ar=figures.ar(), ap50_interval=spread,
        without_prediction=sum(image.task not in material.predicted[version] for image in images),
        without_score=material.unscored[version], labels=_labels(shape, images, figures),
        sizes=[SizeFigures(size=name, objects=figures.objects(size=size), ap50=figures.ap50(size=size),
                           ap=figures.ap(size=size), ar=figures.ar(size=size)) for size, name in enumerate(SIZES, 1)],
        shapes=_shapes(images), confusion=matching.confusion(verdicts, shape.labels),
        calibration=matching.calibration(matching.judge(images)),
        false_positives=matching.listing(verdicts, "false", asked.limit),
        misses=matching.listing(verdicts, "missed", asked.limit),
        confusions=matching.listing(verdicts, "confused", asked.limit)), resampled


def _labels(shape: ProjectShape, images: Sequence[JudgedImage], figures: CocoFigures) -> list[LabelFigures]:
    found = {label: sum(one.label == label for image in images for one in image.found) for label in shape.labels}
    return [LabelFigures(
        label=label, detections=found[label], objects=figures.objects(label) if label in figures.labels else 0,
        **{name: getattr(figures, name)(label) if label in figures.labels else None for name in ("ap50", "ap", "ar")})
        for label in shape.labels]


def _shapes(images: Sequence[JudgedImage]) -> ShapeFigures | None:
    objects = [one for image in images for one in image.objects]
    found = [one for image in images for one in image.found]
    if not any(one.shape for one in objects) or not any(one.shape for one in found):
        return None
    figures = measure(images, "segm")
    return ShapeFigures(objects=figures.objects(), ap50=figures.ap50(), ap=figures.ap(), ar=figures.ar(),
                        only_boxes=sum(one.shape is None for one in [*objects, *found]))
