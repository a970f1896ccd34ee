"""The model's side of a chunk: fetch, detect what is missing, store. The engine is given, so this needs no torch.

Images are fetched and decoded by threads while the model works, and detections are packed and stored by another thread.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from PIL import Image
from rq.timeouts import BaseTimeoutException

from argus import metrics
from argus.errors import ArgusError, as_argus_error, is_outage
from argus.images.fetcher import get_images, open_image
from argus.images.measures import measure
from argus.labelstudio.task_data import TaskImage
from label_studio_config import projects
from label_studio_config.label_config import Concept
from label_studio_config.recipe import Recipe
from ml_backend.detection import store
from ml_backend.detection.ahead import Ahead
from ml_backend.detection.step_size import Pace
from ml_backend.engines.base import Detections, Engine, numbers

log = logging.getLogger(__name__)
Group = tuple[tuple[str, ...], list[int]]  # labels, and the tasks that lack them


@dataclass
class Outcome:
    """How a chunk ended: `done` have every wanted label stored, `failed` say why not, `rest` were left for later.

    `seconds` is what each task cost that had to be computed, an equal share of its step; `pairs` counts the
    (image, prompt) pairs of all steps.
    """

    done: list[int] = field(default_factory=list)
    failed: dict[int, ArgusError] = field(default_factory=dict)
    rest: list[int] = field(default_factory=list)
    seconds: dict[int, float] = field(default_factory=dict)
    pairs: int = 0

    def count(self, tasks: Collection[int], prompts: int, seconds: float) -> None:
        """Record one step."""
        self.seconds |= dict.fromkeys(tasks, seconds / max(1, len(tasks)))
        self.pairs += prompts * len(tasks)


def detect_tasks(engine: Engine, recipe: Recipe, labels: Sequence[str], task_ids: Sequence[int],
                 budget: float, *, previewed: bool = False, pace: Pace | None = None,
                 ahead: Ahead | None = None) -> Outcome:
    """Compute and store the labels that these tasks lack; one bad image is one failed task.

    Args:
        budget: seconds after which no further step is begun, so that a person's click does not wait for a whole chunk.
            At least one step is always made, and a step has as many images as should fit into what is left, one at
            least.
        previewed: a preview asks: no prediction is to show what is found.
        pace: what the engine took for the images before these; None when there were none.
        ahead: where images are that were loaded for the chunk before, and did not come to the model; None for nowhere.

    Raises:
        BaseTimeoutException: RQ's, when the job's time is over: it comes once, and who goes on is stopped by nobody.
    """
    pace, ahead = pace or Pace(), ahead or Ahead()
    recipe, outcome = recipe.untaught, Outcome()
    lacking = store.missing(task_ids, recipe, labels)
    outcome.done = [t for t in task_ids if t not in lacking]
    known = projects.task_images(list(lacking))
    for task in lacking.keys() - known.keys():
        outcome.failed[task] = ArgusError("unknown_task", f"Task {task} was deleted.", task=task)
    groups = _groups({t: names for t, names in lacking.items() if t in known})
    order = [task for _, tasks in groups for task in tasks]
    end, begun = time.monotonic() + budget, 0
    saved: dict[int, Future[None]] = {}
    with ahead.chunk(), ThreadPoolExecutor(1, "store") as keeper:
        for names, tasks in _steps(groups, lambda names: pace.images(
                _prompts(recipe, names), end - time.monotonic(), engine.images_per_step)):
            began = time.monotonic()
            if begun and began > end:
                break
            begun += len(tasks)
            for task in order[begun - len(tasks):begun + engine.images_per_step]:  # the next step's too
                ahead.load(known[task], fetch_image)
            images = _collect({task: ahead.take(known[task]) for task in tasks}, outcome)
            for task, found in _detect(engine, recipe, names, images, outcome, pace).items():
                saved[task] = keeper.submit(_store, task, recipe, images[task], found, previewed)
            outcome.count(images, _prompts(recipe, names), time.monotonic() - began)
        outcome.rest = order[begun:]
        _await(saved, outcome)
    if not previewed:
        store.adopt(outcome.done, recipe, labels)
    return outcome


def _store(task: int, recipe: Recipe, image: Image.Image, found: dict[str, Detections], previewed: bool) -> None:
    # The image is decoded here; nobody needs to do so again.
    store.store(task, recipe, image.size, found, previewed, measure(image))


def _groups(lacking: dict[int, list[str]]) -> list[Group]:
    groups: dict[tuple[str, ...], list[int]] = {}
    for task, names in lacking.items():
        groups.setdefault(tuple(names), []).append(task)
    return list(groups.items())


def _steps(groups: Sequence[Group], size: Callable[[tuple[str, ...]], int]) -> Iterator[Group]:
    """Cut groups into steps; how many images the next one has is asked when the one before is done."""
    for names, tasks in groups:
        first = 0
        while first < len(tasks):
            count = size(names)
            yield names, tasks[first:first + count]
            first += count


def _prompts(recipe: Recipe, names: Sequence[str]) -> int:
    return len({prompt for c in recipe.concepts if c.label in names for prompt in c.prompts})


def fetch_image(image: TaskImage) -> Image.Image:
    """Return a task's image as a person sees it. Raises what `argus.images.fetcher` raises."""
    return open_image(get_images().fetch(image).data)


def _collect(ready: dict[int, Future[Image.Image]], outcome: Outcome) -> dict[int, Image.Image]:
    images: dict[int, Image.Image] = {}
    for task, future in ready.items():
        try:
            images[task] = future.result()
        except BaseTimeoutException:
            raise
        except Exception as error:
            outcome.failed[task] = _told(task, error)
    return images


def _detect(engine: Engine, recipe: Recipe, names: Sequence[str], images: dict[int, Image.Image],
            outcome: Outcome, pace: Pace) -> dict[int, dict[str, Detections]]:
    """Run the engine on one step; when it fails, image by image, so that the one it cannot bear fails alone."""
    concepts = [c for c in recipe.concepts if c.label in names]
    if not images:
        return {}
    began = time.perf_counter()
    try:
        found = dict(zip(images, _answers(engine, list(images.values()), concepts), strict=True))
        seconds = time.perf_counter() - began
        metrics.model_batch("detector" if recipe.detector else "sam3", len(images), seconds)
        pace.measured(len(images), _prompts(recipe, names), seconds)
        return found
    except BaseTimeoutException:
        raise
    except Exception as error:
        log.warning("a step failed; its images are tried one by one", exc_info=error)
    found = {}
    for task, image in images.items():
        try:
            found[task] = _answers(engine, [image], concepts)[0]
        except BaseTimeoutException:
            raise
        except Exception as error:
            outcome.failed[task] = _told(task, error)
    return found


def _answers(engine: Engine, images: list[Image.Image],
             concepts: Sequence[Concept]) -> list[dict[str, Detections]]:
    """Return what the engine finds. Raises `model_broken` when it answers for one image with what is no number."""
    return [{label: numbers(one) for label, one in found.items()} for found in engine.detect(images, concepts)]


def _await(saved: dict[int, Future[None]], outcome: Outcome) -> None:
    """Wait until everything is stored. An unreachable database is not the task's fault and ends the job."""
    for task, future in saved.items():
        try:
            future.result()
        except BaseTimeoutException:
            raise
        except Exception as error:
            if is_outage(error):
                raise
            outcome.failed[task] = _told(task, error)
        else:
            outcome.done.append(task)


def _told(task: int, error: Exception) -> ArgusError:
    ours = as_argus_error(error, task=task)  # which logs what is not ours
    if ours is error:
        log.warning("a task failed", extra={"task": task, "code": ours.code, "reason": ours.message})
    return ours
