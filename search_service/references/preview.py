"""A preview of labels that are looked for by references: the crops of what was found, scored by their likeness."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from argus import queue_names
from argus.answers.runs import Preview, PreviewObject, PreviewTask
from argus.images.memory import picture_part
from argus.jobs import queues
from argus.ttl_cache import Expiring
from label_studio_config import projects
from label_studio_config.recipe import Recipe, recipe_for
from search_service.embedding.object_crops import cut
from search_service.pictures import thumbnails
from search_service.review.teaching import likeness, scoring
from search_service.review.teaching.fit import Floats, Verifier
from search_service.vectors.store import Model
from search_service.vectors.tables import current_model

_SIDE, _CROP_SIDE = 2048, 512  # pixels of an image that crops are cut from, and of a crop that is sent
_AT_ONCE, _SECONDS = 64, 60.0  # crops of a job, and how long one is waited for
_Key = tuple[int, int, tuple[tuple[float, ...], ...]]  # model, task, boxes
_known = Expiring[_Key, Floats](seconds=900)  # a preview is asked for again until it is ready


def scored(project_id: int, found: Preview) -> Preview:
    """Return a preview whose objects of labels with references have the scores that a run would give them.

    Raises:
        ArgusError: `worker_missing` and what else a query to the SigLIP worker raises; what fetching an image raises.
    """
    project, model = projects.load(project_id), current_model()
    recipe = recipe_for(project)
    makes = {one.label: scoring.verifier_of(scoring.row_of(project_id, _by_references(recipe), one))
             for one in recipe.concepts if recipe.made_by_references(one)}
    if not makes or model is None:
        return found
    return found.model_copy(update={"tasks": [_scored(project_id, model, makes, one) for one in found.tasks]})


def _by_references(recipe: Recipe) -> Recipe:
    return Recipe(recipe.checkpoint, recipe.concepts, referenced=recipe.referenced)


def _scored(project_id: int, model: Model, makes: dict[str, Verifier], task: PreviewTask) -> PreviewTask:
    ours = [one for one in task.objects if one.label in makes]
    if not ours:
        return task
    crops = _crops(project_id, model, task.task, [one.box for one in ours])
    scores = {id(one): float(likeness.scores(makes[one.label], crop[None])[0])
              for one, crop in zip(ours, crops, strict=True)}
    objects: list[PreviewObject] = [
        one.model_copy(update={"score": round(scores[id(one)], 4)}) if id(one) in scores else one
        for one in task.objects]
    return task.model_copy(update={"objects": objects})


def _crops(project_id: int, model: Model, task: int, boxes: Sequence[Sequence[float]]) -> Floats:
    """Return the embeddings of parts of a task's image, (n, d)."""
    key = (model.id, task, tuple(map(tuple, boxes)))
    if (known := _known.get(key)) is not None:
        return known
    with thumbnails.open_file(thumbnails.task_image(task, project_id)) as file:
        image = picture_part(file, _SIDE)
    found: list[list[float]] = []
    for begin in range(0, len(boxes), _AT_ONCE):
        sent = [_jpeg(cut(image, box)) for box in boxes[begin:begin + _AT_ONCE]]
        found += queues.call(queue_names.SIGLIP_NOW, "search_service.embedding.worker.encode_crops", sent, model.id,
                             deadline=_SECONDS)
    _known[key] = made = np.array(found, np.float64)
    return made


def _jpeg(image: Image.Image) -> str:
    image.thumbnail((_CROP_SIDE, _CROP_SIDE))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=92)
    return base64.b64encode(buffer.getvalue()).decode()
