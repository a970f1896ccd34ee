"""Everything like this: a label looked for by 1 to 5 reference regions.

The model looks for general words, and the score that is shown is the likeness of each find's crop to the references:
it measures better than references and image on one canvas (`ml_backend.engines.canvas`). What makes the score is stored
as a verifier is, so runs, delivery and rebuilding are the same for both.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
from PIL import Image

from argus import audit
from argus.answers import references as answers
from argus.db import connect
from argus.errors import ArgusError
from argus.images.memory import picture_part
from label_studio_config import engine_store, projects
from label_studio_config.class_mapping import ByReferences
from label_studio_config.label_config import Override
from label_studio_config.projects import ProjectRow
from label_studio_config.recipe import plan_for, recipe_for, reference_key
from ml_backend.runs import scheduling
from search_service.embedding.object_crops import MARGIN, corners
from search_service.pictures import thumbnails
from search_service.references import store
from search_service.references.store import PictureRow, ReferenceRow
from search_service.review.teaching import likeness, scoring
from search_service.review.teaching import store as verifiers
from search_service.review.teaching.fit import Floats
from search_service.review.teaching.service import check_samples, locked
from search_service.review.teaching.store import VerifierRow
from search_service.search import store as tasks
from search_service.search.query_vectors import encode_image, stored_vectors
from search_service.vectors import store as vectors
from search_service.vectors.store import Model
from search_service.vectors.tables import current_model

GENERAL = ("object",)  # what the model looks for under a label with references, unless people say otherwise
KEPT_MARGIN, KEPT_SIDE = 1.0, 768  # of a reference's picture: around the region, of its longer side; pixels
SHOWN_MARGIN, SHOWN_SIDE = 0.15, 192
_OTHERS, _FEW = 600, 20  # crops that say what else there is; of fewer objects, whole images count too
_BIGGEST = 0.0001  # fractions: rounding of a region's edges


class Region(NamedTuple):
    """A region of a task's image: x0, y0, x1, y1 as fractions of its sides."""

    task: int
    box: list[float]


def show(project_id: int) -> answers.References:
    """Return the labels of a project and their references. Raises `unknown_project`, `bad_label_config`."""
    project = projects.load(project_id)
    rows = store.of_project(project_id)
    return answers.References(project=project_id, most=likeness.MOST, labels=[
        answers.LabelReferences(
            label=one.label, by="proposals" if one.label in project["label_references"] else "words",
            words=list(one.prompts), references=[_told(row) for row in rows if row.label == one.label])
        for one in plan_for(project).concepts])


def _told(row: ReferenceRow) -> answers.Reference:
    x0, y0, x1, y1 = (100 * v for v in row.box)
    return answers.Reference(id=row.id, task=row.task_id, box=[round(v, 3) for v in (x0, y0, x1 - x0, y1 - y0)],
                             created_by=row.created_by, created_at=row.created_at)


def region_of(project_id: int, task: int | None, box: Sequence[float] | None, number: int | None) -> Region:
    """Return the region of a task's box, x, y, width, height in percent, or of an object, of which one is given.

    Raises:
        ArgusError: `unknown_object`; `bad_request` for both or neither, and for a box as of `of_percent`.
    """
    if number is not None and task is None and box is None:
        return of_object(project_id, number)
    if number is not None or task is None or box is None:
        raise ArgusError("bad_request", "A reference is either an object, or a task with a box on its image.")
    return of_percent(task, box)


def of_percent(task: int, box: Sequence[float]) -> Region:
    """Return a region given as Label Studio has it: x, y, width, height in percent.

    Raises:
        ArgusError: `bad_request` for one without area or outside its image.
    """
    x, y, width, height = (float(v) / 100 for v in box)
    if not all(map(math.isfinite, (x, y, width, height))) or width <= 0 or height <= 0:
        raise ArgusError("bad_request", "The reference has no area.", "Draw a box around the thing to be found.")
    if min(x, y) < -_BIGGEST or max(x + width, y + height) > 1 + _BIGGEST:
        raise ArgusError("bad_request", "The reference lies outside its image.",
                         "x, y, width and height are percent of the image, and all of the box lies inside it.")
    return Region(task, [max(0.0, x), max(0.0, y), min(1.0, x + width), min(1.0, y + height)])


def of_object(project_id: int, number: int) -> Region:
    """Return the region of an object. Raises `unknown_object`."""
    found = tasks.object_rows([number])
    if not found or tasks.task_state(project_id, found[0].task_id) is None:
        raise ArgusError("unknown_object", f"The project {project_id} has no object {number} any more.",
                         "Its task was deleted, or its label was detected again: search anew.")
    return Region(found[0].task_id, [float(v) for v in found[0].box])


def add(project_id: int, label: str, region: Region, *, end_samples: bool = False) -> answers.References:
    """Let a label be looked for by a region, beside those it has. With the first one its words become general ones,
    and the next run looks for them; further ones change the scores of what is stored at once.

    Args:
        end_samples: although verification samples end by that.

    Raises:
        ArgusError: `unknown_project`, `unknown_label`, `unknown_task`, `worker_missing`, `busy`, what fetching the
            image raises; `bad_request` for a sixth reference, or the same once more; `conflict` when samples are open.
    """
    project = projects.load(project_id)
    if project["engine"] == "detector":
        raise ArgusError("bad_request", "A detector of your own looks in this project, and it knows its classes alone.",
                         "Let SAM 3 look: `argus engine`.")
    label = plan_for(project).concept(label).label
    _check_room(project_id, label, region)
    model = _model()
    picture = _picture(project_id, region)
    crop = encode_image(model, picture.picture, picture.part, MARGIN)
    with locked(project_id):
        _check_room(project_id, label, region)
        if project["label_references"].get(label):
            check_samples(project_id, end_samples)
        who = audit.actor()
        store.add(project_id, label, region.task, region.box, picture, model.id, crop.tolist(), who.person,
                  who.verified_name)
        _use(project_id, label, model)
    return show(project_id)


def remove(project_id: int, reference_id: int, *, end_samples: bool = False) -> answers.References:
    """Forget a reference. After a label's last one its own words count again, from the next run on.

    Raises:
        ArgusError: `unknown_project`; `not_found`; `conflict` when samples are open; as `add` when embeddings are those
            of an earlier search model.
    """
    projects.require(project_id)
    with locked(project_id):
        row = store.one(project_id, reference_id)
        if row is None:
            raise _no_reference(project_id, reference_id)
        last = len(store.of_label(project_id, row.label)) == 1
        if not last:
            check_samples(project_id, end_samples)
        model = None if last else _model()
        store.remove(project_id, reference_id)
        if model:
            _use(project_id, row.label, model)
        else:
            _forget(project_id, row.label)
    return show(project_id)


def picture(project_id: int, reference_id: int) -> bytes:
    """Return a small picture of a reference, a JPEG. Raises `unknown_project`, `not_found`."""
    projects.require(project_id)
    row = store.picture(project_id, reference_id)
    if row is None:
        raise _no_reference(project_id, reference_id)
    image = picture_part(row.picture, SHOWN_SIDE, lambda whole: corners(row.part, whole, SHOWN_MARGIN))
    return _jpeg(image)


def _no_reference(project_id: int, reference_id: int) -> ArgusError:
    return ArgusError("not_found", f"The project {project_id} has no reference {reference_id}.",
                      "`argus references list` names them.")


def _check_room(project_id: int, label: str, region: Region) -> None:
    rows = store.of_label(project_id, label)
    if len(rows) >= likeness.MOST:
        raise ArgusError("bad_request", f"{label!r} has {likeness.MOST} references already, and more are not taken.",
                         "Remove one first.")
    if any(row.task_id == region.task and np.allclose(row.box, region.box, atol=_BIGGEST) for row in rows):
        raise ArgusError("bad_request", f"This region is a reference of {label!r} already.", "Choose another one.")


def _model() -> Model:
    if (model := current_model()) is None:
        raise ArgusError("not_ready", "There is no search model yet, so crops have no embeddings.",
                         "A SigLIP worker has to run once: `argus worker siglip`.")
    return model


def _picture(project_id: int, region: Region) -> PictureRow:
    """Return the region with what is around it, and where it lies on that."""
    part: list[float] = []

    def place(whole: tuple[int, int]) -> tuple[int, int, int, int]:
        left, top, right, lower = found = corners(region.box, whole, KEPT_MARGIN)
        pixels = [side * v for side, v in zip(whole * 2, region.box, strict=True)]
        part[:] = [(v - start) / size for v, start, size in zip(
            pixels, (left, top) * 2, (right - left, lower - top) * 2, strict=True)]
        return found

    with thumbnails.open_file(thumbnails.task_image(region.task, project_id)) as file:
        image = picture_part(file, KEPT_SIDE, place)
    return PictureRow(_jpeg(image, 92), [min(1.0, max(0.0, v)) for v in part])


def _jpeg(image: Image.Image, quality: int = 85) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def follow(project_id: int) -> None:
    """Make the scores of labels with references anew after a change of the search model. Raises as `add`."""
    project = projects.load(project_id)
    model = current_model()
    for label in project["label_references"] if model else ():
        if any(row.model_id != model.id for row in store.crops(project_id, label)):  # type: ignore[union-attr]
            with locked(project_id):
                _use(project_id, label, _model())


def _use(project_id: int, label: str, model: Model) -> None:
    """Let a label's references make its scores."""
    project = projects.load(project_id)
    made = likeness.by_references(_crops(project_id, label, model), _others(project_id, model))
    name = likeness.name(made)
    used: dict[str, ByReferences] = dict(project["label_references"])
    overrides: dict[str, Override] = {key: value.copy() for key, value in project["overrides"].items()}
    first = label not in used
    if first:
        own = overrides.setdefault(label, {})
        used[label] = {"made": name, "prompts": own.get("prompts")}
        own["prompts"] = list(GENERAL)
    else:
        used[label] = {**used[label], "made": name}
    row: ProjectRow = {**project, "label_references": used, "overrides": overrides}
    recipe = recipe_for(row)
    concept = next(one for one in recipe.concepts if one.label == label)
    source = recipe.source_key(concept)
    who = audit.actor()
    verifiers.keep(project_id, VerifierRow(
        0, label, source, reference_key(source, name), model.id, made.bias, made.slope, made.weights.tolist(), [],
        {"ranked": 0.0, "ranked_by_score": 0.0, "loss": 0.0, "loss_of_curve": 0.0}, who.verified_name,
        datetime.now(UTC), name), who.person)
    if not first:
        former = recipe_for(project).concept_key(concept)
        scoring.score_all(project_id, scoring.row_of(project_id, recipe, concept), former)
    engine_store.use_references(project_id, used, overrides, shown=not first)
    if not first:
        scheduling.enqueue_cleanup(project_id)  # builds the predictions anew first


def _forget(project_id: int, label: str) -> None:
    """Let a label's own words count again."""
    project = projects.load(project_id)
    used: dict[str, ByReferences] = dict(project["label_references"])
    before = used.pop(label, None)
    overrides: dict[str, Override] = {key: value.copy() for key, value in project["overrides"].items()}
    own = overrides.get(label, {})
    if before and own.get("prompts") == list(GENERAL):
        own.pop("prompts")
        if before["prompts"]:
            own["prompts"] = before["prompts"]
        elif not own:
            overrides.pop(label)
    engine_store.use_references(project_id, used, overrides, shown=False)


def _crops(project_id: int, label: str, model: Model) -> Floats:
    """Return the embeddings of a label's references by the current search model, (n, d)."""
    found = []
    for row in store.crops(project_id, label):
        crop = row.crop
        if row.model_id != model.id and (kept := store.picture(project_id, row.id)):
            crop = encode_image(model, kept.picture, kept.part, MARGIN).tolist()
            store.set_crop(row.id, model.id, crop)
        found.append(crop)
    return np.array(found, np.float64)


def _others(project_id: int, model: Model) -> Floats:
    """Return embeddings of what else there is, (m, d): objects, and images as long as there are few objects."""
    with connect() as connection:
        found = vectors.of_tasks(connection, model.objects, project_id, store.some_objects(project_id, _OTHERS)) \
            if store.some_objects(project_id, 1) else {}
    if len(found) < _FEW:
        images = stored_vectors(model.images, project_id, store.some_tasks(project_id, _OTHERS))
        return np.array([*found.values(), *images.values()], np.float64).reshape(-1, model.dim) \
            if found or images else np.zeros((1, model.dim))
    return np.array(list(found.values()), np.float64)
